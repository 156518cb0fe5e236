"""When the periodic tasks of automation run."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from nocode.automation import tasks
from nocode.foundation.queue.periodic import periodic

periodic(tasks.process_scheduled_triggers, _("Starts the workflows whose schedule is due."), minutes=1)
periodic(
    tasks.cleanup_stale_executions,
    _("Starts again what the queue has lost, and ends executions no worker has touched for two hours."),
    minutes=1,
)
periodic(
    tasks.cleanup_old_executions,
    _("Deletes finished executions that are older than their workflow, or the installation, keeps them."),
    at=time(3, 10),
)
periodic(
    tasks.update_integration_stats,
    _("Counts how calls made with integrations went, and how long they took."),
    minutes=5,
)
