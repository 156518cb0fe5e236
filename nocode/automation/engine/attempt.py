"""One try at one step: from its settings to how it ended."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import Error
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import backoff, calls, store, subworkflows
from nocode.automation.engine.answers import Place
from nocode.automation.engine.graph import ERROR_PORT, GraphNode
from nocode.automation.engine.peritem import PerItem
from nocode.automation.engine.prepared import PreparedNode
from nocode.automation.engine.progress import Progress, Spot
from nocode.automation.engine.store import StepRow
from nocode.automation.errors import TransientFailure
from nocode.automation.models import StepRun
from nocode.automation.nodes import Outcome, Step
from nocode.foundation.database import is_connection_lost
from nocode.foundation.errors import NoCodeError

logger = logging.getLogger(__name__)

PASSING = {"55P03", "40P01", "40001", "57014"}  # lock timeout, deadlock, serialization failure, statement timeout


class Attempt:
    """One try at one step: prepares its settings, performs it, and keeps how it ended in `row`."""

    def __init__(self, progress: Progress, spot: Spot):
        self.progress, self.spot = progress, spot
        self.node: GraphNode = progress.graph.nodes[spot.key]
        self.prepared: PreparedNode | None = None
        self.output: Any = None
        self.response: dict | None = None
        self.calls_off = False
        self.logs: list[dict] = []
        self.calls: list[dict] = []  # made with integrations
        earlier = spot.scope.begun.get(spot.key)
        self.woken = earlier is not None and earlier.status == StepRun.Status.WAITING
        self.answer = json.loads(earlier.answer) if earlier is not None and earlier.answer is not None else None
        failed_before = earlier is not None and earlier.status == StepRun.Status.FAILED
        self.row = StepRow(
            node_key=spot.key,
            iteration=spot.scope.iteration,
            attempt=earlier.attempt + failed_before if earlier else 1,
            status=StepRun.Status.RUNNING,
            started_at=earlier.started_at if self.woken else timezone.now(),
            settings=earlier.settings if earlier else None,
        )
        self.step = self.settings = None
        self.items: PerItem | None = None

    def prepare(self) -> bool:
        """Fill in the settings; False when that failed, which is then the outcome."""
        try:
            self._guarded(self._prepare)
        except (NoCodeError, Error) as error:
            if is_connection_lost(error):
                raise
            self.fail(error)
            return False
        return True

    def perform(self, *, reraise: bool = False) -> "Attempt":
        """Do the work. With `reraise`, failures are left to the caller, who must roll back first."""
        try:
            self._guarded(self._work)
        except (NoCodeError, Error) as error:
            if reraise or is_connection_lost(error):
                raise
            self.fail(error)
        return self

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (NoCodeError, Error):
            raise
        except Exception as error:  # a step type's own fault must end the step, not leave the execution hanging
            logger.exception("execution %s: step %s broke", self.progress.leased.id, self.node.key)
            raise NoCodeError(_broken(error)) from error

    def _work(self) -> None:
        if self.step is None and self.items is None:
            self._prepare()
        self._succeed(self.items.run() if self.items else self.prepared.type.run(self.settings, self.step))

    def fail(self, error: Exception) -> None:
        """Record a failure: to be tried again, to go on along the error branch, or the end."""
        row, now = self.row, timezone.now()
        row.status, row.finished_at = StepRun.Status.FAILED, now
        row.output, row.ports, row.wake_at = None, [], None
        row.error = error.message if isinstance(error, NoCodeError) else str(error).strip()
        if self.will_repeat(error):
            row.wake_at = now + backoff.delay(row.attempt, asked=_asked_pause(error))
            self.note("warning", _("Attempt %d failed and will be repeated.") % row.attempt, error=row.error)
        elif self.node.on_error != "stop":
            row.ports = [ERROR_PORT] if self.node.on_error == "branch" else [self.usual_port()]
            self._keep({"error": row.error, "input": self.progress.input_of(self.spot)})

    def will_repeat(self, error: Exception) -> bool:
        """Whether a failure is one that passes, and the step has tries left."""
        return is_transient(error) and self.row.attempt <= self.node.max_retries

    def _keep(self, output: Any) -> None:
        self.row.output, self.output = store.to_json(output), output

    def _prepare(self) -> None:
        self.prepared = self.progress.prepared[self.node.key]
        sandbox = self.progress.sandbox
        self.progress.show(self.spot.scope)
        data = self.progress.input_of(self.spot)
        if self.prepared.per_item and isinstance(data, list):
            self.row.settings = self.prepared.as_written
            self.items = PerItem(self, data)
            return
        sandbox.set("input", data)
        self.settings = json.loads(self.row.settings) if self.enters_again else self.prepared.settings(sandbox)
        self.row.settings = self.prepared.stored(self.settings)
        self.step = self.step_on(data)
        self.step.loaded = self.prepared.type.load(self.settings, self.step)
        if self.node.is_loop:
            self.row.settings = store.to_json(self.settings)  # with what it found to go through

    def step_on(self, data: Any, **differing: Any) -> Step:
        """What the step may know and use, on what enters it."""
        leased = self.progress.leased
        known = dict(
            key=self.node.key,
            execution_id=leased.id,
            organization_id=leased.organization_id,
            project_id=leased.project_id,
            workflow_name=leased.workflow_name,
            input=data,
            iteration=self.row.iteration,
            attempt=self.row.attempt,
            idempotency_key=f"{leased.id}:{self.node.key}:{self.row.iteration}",
            resolve=self._resolve,
            script=self.progress.sandbox.run_script,
            woken=self.woken,
            answer=self.answer,
            log=self.note,
            count_call=self._count_call,
            call=self._call_workflow,
        )
        return Step(**known | differing)

    @property
    def enters_again(self) -> bool:
        """Whether it is a loop that was entered before: it goes on through the same items."""
        return self.node.is_loop and self.row.settings is not None

    def _resolve(self, value: Any, item: Any) -> Any:
        self.progress.sandbox.set("item", item)
        try:
            return self.progress.sandbox.resolve(value)
        finally:
            self.progress.show_item(self.spot.scope)

    def _succeed(self, result: Any) -> None:
        row = self.row
        outcome = result if isinstance(result, Outcome) else Outcome(result, (self.usual_port(),))
        if outcome.waits or (outcome.wake_at is not None and outcome.wake_at > timezone.now()):
            row.status, row.wake_at = StepRun.Status.WAITING, outcome.wake_at
            return
        self._keep(outcome.output)  # refuses, as this step's failure, what could not be stored
        row.status, row.finished_at = StepRun.Status.COMPLETED, timezone.now()
        row.ports, self.response, self.calls_off = list(outcome.ports), outcome.response, outcome.calls_off

    def usual_port(self) -> str:
        """The output through which a step leaves that takes no other."""
        ports = self.prepared.type.ports(self.node.config) if self.prepared else []
        return ports[0][0] if ports else "main"

    def note(self, level: str, message: str, **details: Any) -> None:
        self.logs.append(
            {
                "at": timezone.now(),
                "level": level,
                "node_key": self.node.key,
                "message": str(message),
                "details": details or None,
            }
        )

    def _call_workflow(self, workflow_id: UUID, input: Any, waits: bool) -> UUID:
        leased, row = self.progress.leased, self.row
        place = Place(leased.id, row.node_key, row.iteration, row.attempt)
        request = subworkflows.Call(place, leased.organization_id, leased.depth, workflow_id, input, waits)
        return subworkflows.call(request, self.progress.queue)

    def _count_call(self, integration_id: UUID, seconds: float, error: str) -> None:
        self.calls.append(calls.row(integration_id, seconds, error))


def is_transient(error: Exception) -> bool:
    return isinstance(error, TransientFailure) or passes(error)


def passes(error: Exception) -> bool:
    """Whether the database refused only because of what others were doing."""
    return any(getattr(cause, "pgcode", None) in PASSING for cause in _causes_of(error))


def _causes_of(error: Exception) -> Iterator[BaseException]:
    """What lies behind an error: the database's own, said in our words or not."""
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _asked_pause(error: Exception) -> float:
    """Seconds the other side asked us to stay away for (Retry-After)."""
    return (error.details.get("retry_after") or 0) if isinstance(error, NoCodeError) else 0


def _broken(error: Exception) -> str:
    return _("The step broke (%s); the server's log has the details.") % type(error).__name__
