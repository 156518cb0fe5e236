"""Runs executions: takes the lease, runs as many steps as it may, and commits by effect.

Pure steps are kept in memory and committed together with the next step that has an effect, waits or ends the run. A
step that writes to our database commits in one transaction with its result. Before a call to the outside world
"started" is committed, after it the result. A worker that dies loses only work that had no effect yet; another one
replays the finished steps and goes on.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import backoff, heartbeat, store
from nocode.automation.engine.context import roots_of
from nocode.automation.engine.expressions import Sandbox
from nocode.automation.engine.frontier import Frontier
from nocode.automation.engine.graph import ERROR_PORT
from nocode.automation.engine.prepared import PreparedGraph, PreparedNode, graph_of
from nocode.automation.engine.store import Leased, StepRow
from nocode.automation.errors import LeaseLost, TransientFailure
from nocode.automation.events import transition_payload
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.nodes import Effect, Outcome, Step
from nocode.foundation.errors import NoCodeError

logger = logging.getLogger(__name__)

SLICE_SECONDS = 10.0  # how long one execution may hold a worker before others get their turn
FLUSH_SECONDS, FLUSH_ROWS = 0.5, 200  # how much pure work may be lost, and how soon people see progress
PARALLEL_CALLS = 8
MAX_CRASHES = 5

ContinueLater = Callable[[UUID, datetime | None], None]


def run(
    execution_id: UUID | str,
    *,
    continue_later: ContinueLater,
    budget: float = SLICE_SECONDS,
    until_response: bool = False,
) -> None:
    """Run an execution until it ends, waits, has used its budget (seconds) or, if asked, has a response.

    `continue_later(execution_id, due_at)` is called in the transaction that leaves work to be done. Runs nothing when
    the execution is finished, not due, or held by another worker.
    """
    execution_id = UUID(str(execution_id))
    leased = store.take(execution_id)
    if leased is None:
        _come_back(execution_id, continue_later)
        return
    with heartbeat.keep(leased.token):
        try:
            Run(leased, continue_later).go(budget, until_response)
        except LeaseLost:
            logger.info("execution %s: lease lost or cancelled, stopped", leased.id)


def _come_back(execution_id: UUID, continue_later: ContinueLater) -> None:
    """Somebody else holds it, perhaps a worker that died: look again when its lease or its pause is over."""
    pause = store.seconds_until_free(execution_id)
    if pause is not None:
        continue_later(execution_id, timezone.now() + timedelta(seconds=pause + 0.1))


class Run:
    """One slice of one execution, in one worker."""

    def __init__(self, leased: Leased, continue_later: ContinueLater):
        self.leased = leased
        self.continue_later = continue_later
        self.prepared: PreparedGraph = graph_of(leased.version_id)
        self.graph = self.prepared.graph
        self.frontier = Frontier(self.graph, leased.entry, self.prepared.joins_any)
        self.sandbox = Sandbox(roots_of(leased, self.graph))
        self.outputs: dict[str, Any] = {}
        self.begun: dict[str, StepRow] = {}  # steps that began earlier and have not ended: waiting, to retry, cut off
        self.rows: list[StepRow] = []  # not committed yet
        self.logs: list[dict] = []
        self.flushed_at = time.monotonic()
        self.response: dict | None = None
        self.failure: tuple[str, str] | None = None  # (message, node key)

    def go(self, budget: float, until_response: bool) -> None:
        """The slice."""
        ends = time.monotonic() + budget
        if not self.leased.is_first:
            self._replay()
        while not self.failure and (batch := self._next_batch()):
            self._check_limits()
            if self.failure:
                break
            self._execute(batch)
            if (until_response and self.response) or time.monotonic() > ends:
                break
            self._flush_now_and_then()
        self._let_go()

    # --- Where we are ---------------------------------------------------------------------------------------------

    def _replay(self) -> None:
        """Recompute the frontier and the values from the steps that have run."""
        for row in store.latest_steps(self.leased.id):
            if row.node_key not in self.graph.nodes:
                continue
            if row.status == StepRun.Status.COMPLETED or row.ports:
                self._remember(row)
            else:
                self.begun[row.node_key] = row
        if self.leased.lost_worker:
            self._log("warning", _("The worker that ran this execution stopped; another one went on."))

    def _next_batch(self) -> list[str]:
        """The next step, or all outside calls that may run side by side; steps that must wait are left out."""
        due = [key for key in self.frontier.ready if not self._sleeps(key)]
        inner = next((key for key in due if self._effect(key) is not Effect.OUTSIDE), None)
        return [inner] if inner else due[:PARALLEL_CALLS]

    def _sleeps(self, key: str) -> bool:
        row = self.begun.get(key)
        return row is not None and row.wake_at is not None and row.wake_at > timezone.now()

    def _effect(self, key: str) -> Effect:
        try:
            return self.prepared[key].type.effect
        except NoCodeError:
            return Effect.PURE  # it cannot run at all; the attempt will say why

    def _check_limits(self) -> None:
        if timezone.now() > self.leased.deadline_at:
            self.failure = (_("The execution took longer than its limit of %d seconds.") % self.leased.timeout, "")
        elif self.leased.crashes > MAX_CRASHES:
            step = next(iter(self.begun), "")
            self.failure = (_("The worker stopped %d times while running this step.") % self.leased.crashes, step)

    # --- Running steps ---------------------------------------------------------------------------------------------

    def _execute(self, batch: list[str]) -> None:
        attempts = [Attempt(self, key) for key in batch]
        effect = self._effect(batch[0])
        if effect is Effect.TRANSACTION:
            self._in_transaction(attempts[0])
        elif effect is Effect.OUTSIDE:
            self._outside(attempts)
        else:
            self._conclude(attempts[0].perform())

    def _in_transaction(self, attempt: "Attempt") -> None:
        try:
            with transaction.atomic():
                connection.cursor().execute(
                    "SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '60s', true)"
                )
                attempt.perform(reraise=True)
                self._flush([attempt.row])
        except LeaseLost:
            raise
        except (NoCodeError, Error) as error:
            if isinstance(error, OperationalError) and not connection.is_usable():
                raise  # the database went away: nothing was written, the next worker repeats the step
            attempt.fail(error)
            self._conclude(attempt)
        else:
            self._committed()
            self._conclude(attempt, written=True)

    def _outside(self, attempts: list["Attempt"]) -> None:
        runnable = [attempt for attempt in attempts if attempt.prepare()]
        self._flush([attempt.row for attempt in runnable])
        self._committed()
        if len(runnable) > 1:
            with ThreadPoolExecutor(len(runnable)) as pool:
                list(pool.map(Attempt.perform, runnable))
        elif runnable:
            runnable[0].perform()
        for attempt in attempts:
            self._conclude(attempt)
        if not self.failure:
            self._flush()
            self._committed()

    def _conclude(self, attempt: "Attempt", written: bool = False) -> None:
        """Take in how an attempt ended."""
        row, node = attempt.row, attempt.node
        if not written:
            self.rows.append(row)
        if attempt.response is not None and self.response is None:
            self.response = attempt.response
        self.logs.extend(attempt.logs)
        if row.wake_at is not None:
            self.begun[node.key] = row
        elif row.status == StepRun.Status.COMPLETED or row.ports:
            self._remember(row)
        else:
            self.failure = (row.error, node.key)

    def _remember(self, row: StepRow) -> None:
        self.begun.pop(row.node_key, None)
        self.outputs[row.node_key] = row.output
        self.sandbox.set_step(row.node_key, row.output)
        self.frontier.complete(row.node_key, row.ports)

    def input_of(self, key: str) -> Any:
        """What enters a step: the trigger's data, the output before it, or a list of several outputs."""
        sources = self.frontier.sources(key)
        if not sources:
            return self.leased.input
        values = [self.outputs[source] for source in sources]
        return values if self.prepared.is_join(key) or len(values) > 1 else values[0]

    # --- Committing ------------------------------------------------------------------------------------------------

    def _flush_now_and_then(self) -> None:
        if self.rows and (time.monotonic() - self.flushed_at > FLUSH_SECONDS or len(self.rows) >= FLUSH_ROWS):
            self._flush()
            self._committed()

    def _flush(self, extra: list[StepRow] | None = None, **changes: Any) -> None:
        store.flush(self.leased, self.rows + (extra or []), self.logs, response=self.response, **changes)

    def _committed(self) -> None:
        """What was flushed is durable now."""
        self.rows, self.logs = [], []
        self.flushed_at = time.monotonic()

    def _let_go(self) -> None:
        """Commit the rest and release the lease: ended, waiting, or to be continued by the next worker."""
        if self.failure:
            self._end(WorkflowExecution.Status.FAILED, error=self.failure)
        elif not self.frontier.ready:
            self._end(WorkflowExecution.Status.COMPLETED, output=store.to_json(self._result()))
        elif self._next_batch():
            self._pause(WorkflowExecution.Status.RUNNING, None)
        else:
            wake_at = min(self.begun[key].wake_at for key in self.frontier.ready)
            self._pause(WorkflowExecution.Status.WAITING, wake_at)

    def _end(self, status: str, error: tuple[str, str] = ("", ""), output: str | None = None) -> None:
        now = timezone.now()
        payload = transition_payload(self.leased, status, now, error[0])
        event = f"automation.execution.{status}"
        self._flush(
            keep=False, status=status, completed_at=now, error=error, output=output, event=event, payload=payload
        )

    def _pause(self, status: str, wake_at: datetime | None) -> None:
        with transaction.atomic():
            self._flush(keep=False, status=status, wake_at=wake_at)
            self.continue_later(self.leased.id, wake_at)

    def _result(self) -> Any:
        """The output of the last step; of several last steps, an object by their keys."""
        ends = {key: self.outputs[key] for key in self.graph.leaves if key in self.outputs}
        return next(iter(ends.values())) if len(ends) == 1 else ends

    def _log(self, level: str, message: str, node_key: str = "", details: dict | None = None) -> None:
        self.logs.append(
            {"at": timezone.now(), "level": level, "node_key": node_key, "message": message, "details": details}
        )


class Attempt:
    """One try at one step: prepares its settings, performs it, and keeps how it ended in `row`."""

    def __init__(self, slice_: Run, key: str):
        self.run = slice_
        self.node = slice_.graph.nodes[key]
        self.prepared: PreparedNode | None = None
        self.response: dict | None = None
        self.logs: list[dict] = []
        earlier = slice_.begun.get(key)
        self.woken = earlier is not None and earlier.status == StepRun.Status.WAITING
        failed_before = earlier is not None and earlier.status == StepRun.Status.FAILED
        self.row = StepRow(
            node_key=key,
            attempt=earlier.attempt + failed_before if earlier else 1,
            status=StepRun.Status.RUNNING,
            started_at=earlier.started_at if self.woken else timezone.now(),
        )
        self.step = self.settings = None

    def prepare(self) -> bool:
        """Fill in the settings; False when that failed, which is then the outcome."""
        try:
            self._prepare()
        except NoCodeError as error:
            self.fail(error)
            return False
        return True

    def perform(self, *, reraise: bool = False) -> "Attempt":
        """Do the work. With `reraise`, failures are left to the caller, who must roll back first."""
        try:
            if self.step is None:
                self._prepare()
            self._succeed(self.prepared.type.run(self.settings, self.step))
        except (NoCodeError, Error) as error:
            if reraise:
                raise
            self.fail(error)
        except Exception as error:  # a step type's own fault must end the step, not leave the execution hanging
            logger.exception("execution %s: step %s broke", self.run.leased.id, self.node.key)
            if reraise:
                raise NoCodeError(_broken(error)) from error
            self.fail(NoCodeError(_broken(error)))
        return self

    def fail(self, error: Exception) -> None:
        """Record a failure: to be tried again, to go on along the error branch, or the end."""
        row, now = self.row, timezone.now()
        row.status, row.finished_at = StepRun.Status.FAILED, now
        row.output, row.ports, row.wake_at = None, [], None
        row.error = error.message if isinstance(error, NoCodeError) else str(error).strip()
        if _is_transient(error) and row.attempt <= self.node.max_retries:
            row.wake_at = now + backoff.delay(row.attempt, asked=_asked_pause(error))
            self._note("warning", _("Attempt %d failed and will be repeated.") % row.attempt, error=row.error)
        elif self.node.on_error != "stop":
            row.ports = [ERROR_PORT] if self.node.on_error == "branch" else [self._usual_port()]
            row.output = {"error": row.error, "input": self.run.input_of(self.node.key)}

    def _prepare(self) -> None:
        self.prepared = self.run.prepared[self.node.key]
        leased, sandbox = self.run.leased, self.run.sandbox
        data = self.run.input_of(self.node.key)
        sandbox.set("input", data)
        self.settings = self.prepared.settings(sandbox)
        self.row.settings = self.prepared.type.redact(self.settings)
        self.step = Step(
            key=self.node.key,
            execution_id=leased.id,
            organization_id=leased.organization_id,
            project_id=leased.project_id,
            input=data,
            idempotency_key=f"{leased.id}:{self.node.key}:{self.row.iteration}",
            resolve=self._resolve,
            woken=self.woken,
            log=self._note,
        )

    def _resolve(self, value: Any, item: Any) -> Any:
        self.run.sandbox.set("item", item)
        return self.run.sandbox.resolve(value)

    def _succeed(self, result: Any) -> None:
        row = self.row
        outcome = result if isinstance(result, Outcome) else Outcome(result, (self._usual_port(),))
        if outcome.wake_at is not None and outcome.wake_at > timezone.now():
            row.status, row.wake_at = StepRun.Status.WAITING, outcome.wake_at
            return
        store.to_json(outcome.output)  # refuse here, as this step's failure, what could not be stored
        row.status, row.finished_at = StepRun.Status.COMPLETED, timezone.now()
        row.output, row.ports, self.response = outcome.output, list(outcome.ports), outcome.response

    def _usual_port(self) -> str:
        ports = self.prepared.type.ports(self.node.config) if self.prepared else []
        return ports[0][0] if ports else "main"

    def _note(self, level: str, message: str, **details: Any) -> None:
        self.logs.append(
            {
                "at": timezone.now(),
                "level": level,
                "node_key": self.node.key,
                "message": str(message),
                "details": details or None,
            }
        )


_PASSING = {"55P03", "40P01", "40001", "57014"}  # lock timeout, deadlock, serialization failure, statement timeout


def _is_transient(error: Exception) -> bool:
    return isinstance(error, TransientFailure) or getattr(error.__cause__, "pgcode", None) in _PASSING


def _asked_pause(error: Exception) -> float:
    """Seconds the other side asked us to stay away for (Retry-After)."""
    return (error.details.get("retry_after") or 0) if isinstance(error, NoCodeError) else 0


def _broken(error: Exception) -> str:
    return _("The step broke (%s); the server's log has the details.") % type(error).__name__
