"""What the starts of workflows by events have in common: each on its own, and never in an endless chain."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine.start import create_execution
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import Trigger, WorkflowExecution
from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import OutboxEvent

logger = logging.getLogger(__name__)

Queue = Callable[[UUID, datetime | timedelta | None], None]

LONGEST_CHAIN = 5  # executions that were each started by what the one before has done
CHAINED = (Trigger.Kind.RECORD, Trigger.Kind.EVENT)
NOTED_EACH = timedelta(minutes=1)


def start_each(triggers: Iterable[Trigger], event: OutboxEvent, start: Callable[[Trigger], bool]) -> int:
    """Call `start` for each trigger; returns how many said they have started something.

    What keeps one from starting is kept with its trigger and does not keep the others.
    """
    started = 0
    for trigger in triggers:
        try:
            with transaction.atomic():
                started += start(trigger)
        except NoCodeError as error:
            logger.warning("trigger %s starts nothing on event %s: %s", trigger.pk, event.pk, error)
            Trigger.objects.filter(pk=trigger.pk).update(last_error=error.message)
    return started


def start(trigger: Trigger, input: dict[str, Any], queue: Queue) -> None:
    """Start the workflow of a trigger with an input that holds its `chain`. Raises NoCodeError."""
    if input["chain"] > LONGEST_CHAIN:
        raise WorkflowNotRunnable(
            _("Not started: workflows have started each other %d times in a row.") % LONGEST_CHAIN
        )
    execution = create_execution(trigger.workflow, trigger=trigger, input=input)
    queue(execution.pk, None)
    _note_start(trigger)


def chain_after(cause: Any) -> int:
    """How many executions in a row were started by events, with one that an execution `cause` brings about.

    One that was called, or run because another failed, goes on with the row of its caller.
    """
    rows = WorkflowExecution.objects.values_list("trigger_kind", "parent_id", "input__chain")
    while cause and (found := rows.filter(pk=cause).first()):
        kind, cause, so_far = found
        if kind in CHAINED:  # run again by hand, it has the input that somebody typed
            return 1 + (so_far if isinstance(so_far, int) else 0)
    return 1


def _note_start(trigger: Trigger) -> None:
    """Keep when it last fired: not each time, or many events at once would queue up for the row of their trigger."""
    now = timezone.now()
    if trigger.last_error or trigger.last_run_at is None or now - trigger.last_run_at > NOTED_EACH:
        Trigger.objects.filter(pk=trigger.pk).update(last_run_at=now, last_error="")
