"""When the periodic tasks of the studio run."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from nocode.foundation.queue.periodic import periodic
from nocode.studio import tasks

periodic(
    tasks.empty_trash,
    _("Deletes projects, tables and fields that lay in the trash for the whole grace period."),
    at=time(3, 25),
)
