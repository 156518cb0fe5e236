"""`manage.py qcluster`: run what was queued."""

import sys

from django.core.management.base import BaseCommand
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django_q.brokers import get_broker
from django_q.cluster import Cluster
from django_q.conf import Conf

from nocode.foundation.queue.broker import PostgresBroker
from nocode.foundation.queue.cluster import PullCluster


class Command(BaseCommand):
    """Our workers on our broker; django-q2's own on any other of its brokers."""

    help = _("Run background tasks, until SIGTERM or Ctrl-C; the current ones are finished first.")

    def add_arguments(self, parser):
        parser.add_argument("-n", "--name", help=_("the queue to work on, instead of the one in Q_CLUSTER"))

    def handle(self, *args, **options):
        if options["name"]:
            Conf.CLUSTER_NAME = options["name"]
        autodiscover_modules("tasks")  # once, before the processes part: their memory stays shared
        broker = get_broker()
        if isinstance(broker, PostgresBroker):
            sys.exit(PullCluster(broker).run())
        Cluster(broker).start()
