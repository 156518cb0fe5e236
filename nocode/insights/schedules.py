"""When the periodic task of insights runs."""

from django.utils.translation import gettext_lazy as _

from nocode.foundation.queue.periodic import periodic
from nocode.insights.tasks import roll_up_metrics

periodic(roll_up_metrics, _("Counts what happened today, for the charts and figures."), minutes=60)
