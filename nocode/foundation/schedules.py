"""When the periodic tasks of foundation run."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from nocode.foundation.queue.periodic import periodic
from nocode.foundation.services.billing.renewal import renew_due
from nocode.foundation.tasks.retention import forget_old_rows

periodic(renew_due, _("Renews subscriptions whose period is over, and writes their invoices."), at=time(2, 15))
periodic(
    forget_old_rows,
    _("Deletes what nobody needs any more: old deliveries, events, notifications, e-mails and results of tasks."),
    at=time(3, 40),
)
