"""Runs executions: takes the lease, runs as many steps as it may, and commits by effect.

An execution that is still pending needs no lease before the first commit, which takes it: until then nothing has
happened that another worker could repeat. Of two workers that begin the same one, the first to commit goes on; the
other has computed in vain, and its commit writes nothing.

Pure steps are kept in memory and committed together with the next step that has an effect, waits or ends the run. A
step that writes to our database commits in one transaction with its result. Before a call to the outside world
"started" is committed, after it the result. A worker that dies loses only work that had no effect yet; another one
replays the finished steps and goes on.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import Error, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.engine import answers, heartbeat, store
from nocode.automation.engine.attempt import Attempt
from nocode.automation.engine.prepared import PreparedGraph, graph_of
from nocode.automation.engine.progress import Progress, Spot
from nocode.automation.engine.scopes import Turn
from nocode.automation.engine.store import Leased, StepRow
from nocode.automation.errors import LeaseLost
from nocode.automation.models import StepRun, WorkflowExecution
from nocode.automation.nodes import Effect
from nocode.foundation.database import is_connection_lost
from nocode.foundation.errors import NoCodeError

logger = logging.getLogger(__name__)

SLICE_SECONDS = 10.0  # how long one execution may hold a worker before others get their turn
FLUSH_SECONDS, FLUSH_ROWS = 0.5, 200  # how much pure work may be lost, and how soon people see progress
MAX_CRASHES = 5
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "10s", "60s"  # of a step that writes to our database

ContinueLater = Callable[[UUID, datetime | timedelta | None], None]


def run(
    execution_id: UUID | str,
    *,
    continue_later: ContinueLater,
    budget: float = SLICE_SECONDS,
    until_response: bool = False,
    cautious: bool = False,
) -> None:
    """Run an execution until it ends, waits, has used its budget (seconds) or, if asked, has a response.

    `continue_later(execution_id, due_at)` is called in the transaction that leaves work to be done. Runs nothing when
    the execution is finished, not due, or held by another worker. `cautious`: whoever tried before may have died of it;
    the lease is taken before anything runs, so that deaths are counted.
    """
    execution_id = UUID(str(execution_id))
    try:
        if leased := store.take(execution_id, cautious=cautious):
            with heartbeat.keep(leased.id, leased.token):
                Run(leased, continue_later).go(budget, until_response)
            return
    except LeaseLost:
        logger.info("execution %s: begun by another worker, lost or cancelled; stopped", execution_id)
    _come_back(execution_id, continue_later)


def _come_back(execution_id: UUID, continue_later: ContinueLater) -> None:
    """Somebody else holds it, perhaps a worker that died: look again when its lease or its pause is over."""
    pause = store.seconds_until_free(execution_id)
    if pause is not None:
        continue_later(execution_id, timedelta(seconds=pause + 0.1))


class Run:
    """One slice of one execution, in one worker."""

    def __init__(self, leased: Leased, continue_later: ContinueLater):
        self.leased = leased
        self.continue_later = continue_later
        self.prepared: PreparedGraph = graph_of(leased.version_id)
        self.progress = Progress(leased, self.prepared, continue_later)
        self.rows: dict[tuple[str, int, int], StepRow] = {}  # not committed yet
        self.logs: list[dict] = []
        self.calls: list[dict] = []
        self.has_called_off = False
        self.flushed_at = time.monotonic()
        self.response: dict | None = None
        self.failure: tuple[str, str] | None = None  # (message, node key)

    def go(self, budget: float, until_response: bool) -> None:
        """The slice."""
        ends = time.monotonic() + budget
        if self.leased.is_begun:
            self.progress.replay(store.latest_steps(self.leased.id, self.prepared.loops))
            for spot in self.progress.entered_loops():
                self._enter_loop(Attempt(self.progress, spot))
        if self.leased.lost_worker:
            self._log("warning", _("The worker that ran this execution stopped; another one went on."))
        self._turn_loops()
        while not self.failure and (batch := self.progress.next_batch()):
            self._check_limits()
            if self.failure:
                break
            self._execute(batch)
            self._turn_loops()
            if (until_response and self.response) or time.monotonic() > ends:
                break
            self._flush_now_and_then()
        self._let_go()

    def _check_limits(self) -> None:
        if timezone.now() > self.leased.deadline_at:
            self.failure = (_("The execution took longer than its limit of %d seconds.") % self.leased.timeout, "")
        elif self.leased.crashes > MAX_CRASHES:
            step = next(iter(self.progress.root.begun), "")
            self.failure = (_("The worker stopped %d times while running this step.") % self.leased.crashes, step)

    # --- Running steps ---------------------------------------------------------------------------------------------

    def _execute(self, batch: list[Spot]) -> None:
        attempts = [Attempt(self.progress, spot) for spot in batch]
        effect = self.prepared.effect_of(batch[0].key)
        if self.prepared.is_loop(batch[0].key):
            self._enter_loop(attempts[0])
        elif effect is Effect.TRANSACTION:
            self._in_transaction(attempts[0])
        elif effect is Effect.OUTSIDE:
            self._outside(attempts)
        else:
            self._conclude(attempts[0].perform())

    def _enter_loop(self, attempt: Attempt) -> None:
        if not attempt.prepare():
            self._conclude(attempt)
            return
        loop = self.progress.begin_loop(attempt.row, attempt.settings, attempt.enters_again)
        loop.follow(attempt.prepared.type.items(attempt.settings, attempt.step, loop.begun, loop.last))
        self._keep(attempt.row)

    def _turn_loops(self) -> None:
        """Begin the turns of loops that may run now; to read their items may fail."""
        for loop in list(self.progress.loops.values()):
            try:
                for row in self.progress.turn(loop):
                    self._keep(row)
            except (NoCodeError, Error) as error:
                if is_connection_lost(error):
                    raise
                self.failure = (error.message if isinstance(error, NoCodeError) else str(error).strip(), loop.key)

    def _in_transaction(self, attempt: Attempt) -> None:
        try:
            with transaction.atomic():
                self._limit_waiting()
                attempt.perform(reraise=True)
                self._flush([attempt.row])
        except LeaseLost:
            raise
        except (NoCodeError, Error) as error:
            if is_connection_lost(error):
                raise  # nothing was written: the step is repeated when the database is back
            attempt.fail(error)
            self._conclude(attempt)
        else:
            self._committed()
            self._conclude(attempt, written=True)

    @staticmethod
    def _limit_waiting() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                [LOCK_TIMEOUT, STATEMENT_TIMEOUT],
            )

    def _outside(self, attempts: list[Attempt]) -> None:
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

    def _conclude(self, attempt: Attempt, written: bool = False) -> None:
        """Take in how an attempt ended."""
        row, node = attempt.row, attempt.node
        if not written:
            self._keep(row)
        if attempt.response is not None and self.response is None:
            self.response = attempt.response
        self.logs.extend(attempt.logs)
        self.calls.extend(attempt.calls)
        scope = attempt.spot.scope
        loop = self.progress.loops[scope.loop] if isinstance(scope, Turn) else None
        if attempt.calls_off:
            for each in self.progress.call_off_others(attempt.spot):
                self._keep(each)
            self.has_called_off = True
        if row.is_left:
            self.progress.complete(attempt.spot, row, attempt.output)
        elif row.wake_at is not None or row.status == StepRun.Status.WAITING:
            scope.begun[node.key] = row
        elif loop is None or not loop.goes_on:
            self.failure = (row.error, node.key)
        else:
            scope.error = scope.error or row.error
        if loop and scope.is_over:
            for ended in loop.end(scope):
                self._keep(ended)
                self.has_called_off |= ended.status == StepRun.Status.CANCELLED

    # --- Committing ------------------------------------------------------------------------------------------------

    def _flush_now_and_then(self) -> None:
        if self.rows and (time.monotonic() - self.flushed_at > FLUSH_SECONDS or len(self.rows) >= FLUSH_ROWS):
            self._flush()
            self._committed()

    def _keep(self, row: StepRow) -> None:
        self.rows[row.node_key, row.iteration, row.attempt] = row

    def _flush(self, extra: list[StepRow] | None = None, **changes: Any) -> datetime | None:
        rows = [*self.rows.values(), *(extra or [])]
        told = {"calls": self.calls, "response": self.response, "called_off": self.has_called_off}
        return store.flush(self.leased, rows, self.logs, **told, **changes)

    def _committed(self) -> None:
        """What was flushed is durable now, and with the first of it the lease."""
        self.leased.is_begun = True
        self.rows, self.logs, self.calls, self.has_called_off = {}, [], [], False
        self.flushed_at = time.monotonic()

    def _let_go(self) -> None:
        """Commit the rest and release the lease: ended, waiting, or to be continued by the next worker."""
        if self.failure:
            self._close_cut_off(self.failure[0])
            self._end(WorkflowExecution.Status.FAILED, error=self.failure)
        elif self.progress.is_over:
            self._end(WorkflowExecution.Status.COMPLETED, output=store.to_json(self.progress.result()))
        elif self.progress.next_batch():
            self._pause(WorkflowExecution.Status.RUNNING, None)
        else:
            self._pause(WorkflowExecution.Status.WAITING, self.progress.wake_at)

    def _close_cut_off(self, error: str) -> None:
        """A step that was cut off by a crash ends with its execution, as failed: it can be tried again."""
        for row in self.progress.cut_off():
            if row.status == StepRun.Status.RUNNING:
                row.status, row.error, row.finished_at = StepRun.Status.FAILED, error, timezone.now()
                self._keep(row)

    def _end(self, status: str, error: tuple[str, str] = ("", ""), output: str | None = None) -> None:
        """End the execution, and tell the step that called it in the same transaction."""
        with transaction.atomic() if self.leased.parent_attempt else nullcontext():
            self._flush(keep=False, status=status, completed_at=timezone.now(), error=error, output=output)
            answers.tell_caller(self.leased, status, self.continue_later)

    def _pause(self, status: str, wake_at: datetime | None) -> None:
        with transaction.atomic():
            due_at = self._flush(keep=False, status=status, wake_at=wake_at)
            if status == WorkflowExecution.Status.RUNNING or due_at:  # otherwise, whoever answers queues it
                self.continue_later(self.leased.id, due_at)

    def _log(self, level: str, message: str, node_key: str = "", details: dict | None = None) -> None:
        self.logs.append(
            {"at": timezone.now(), "level": level, "node_key": node_key, "message": message, "details": details}
        )
