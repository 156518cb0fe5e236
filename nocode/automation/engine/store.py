"""What the engine reads and writes: each write is fenced by the lease, and keeps progress, status and outbox as one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from nocode.automation.engine import statements
from nocode.automation.errors import LeaseLost, NoSuchId, PermanentFailure
from nocode.automation.events import transition_payload
from nocode.automation.models import StepRun
from nocode.foundation.events import bus
from nocode.foundation.ids import uuid7

LEASE_SECONDS = 8
FRESH = timedelta(minutes=5)  # what is pending for longer may have been tried by a task that ran out of its time

_write = DjangoJSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


def to_json(value: Any) -> str:
    """JSON that PostgreSQL's jsonb accepts: NUL and lone surrogates become U+FFFD, NaN is refused."""
    try:
        text = _write(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise PermanentFailure(f"The value cannot be written as JSON: {error}") from error
    if "\\u0000" in text:
        text = _NUL.sub("\\1\ufffd", text)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def to_text(value: str) -> str:
    """Text that PostgreSQL accepts, whatever another system put into it."""
    return _NOT_TEXT.sub("\ufffd", value)


@dataclass
class Leased:
    """An execution as its lease holder sees it, or whoever means to become that with the first flush."""

    token: UUID
    id: UUID
    organization_id: UUID
    workflow_id: UUID | None
    workflow_name: str
    version_id: UUID
    project_id: UUID | None
    entry: str
    input: Any
    timeout: int
    created_at: datetime
    parent_id: (
        UUID | None
    )  # the execution that called it, and which of its steps; the attempt, if that waits for the end
    parent_node: str
    parent_iteration: int
    parent_attempt: int | None
    depth: int
    idle: timedelta  # how long it stood failed before
    started_at: datetime
    deadline_at: datetime
    crashes: int
    is_begun: bool  # the lease stands in the database; before the first flush of all it does not
    lost_worker: bool  # the previous holder never let go
    taken_at: datetime  # by the database's clock


@dataclass
class StepRow:
    """A StepRun to be written; its settings and its output as JSON, so that they are refused before they get here."""

    node_key: str
    attempt: int
    status: str
    started_at: datetime
    iteration: int = 0
    ports: list[str] = field(default_factory=list)
    settings: str | None = None
    output: str | None = None
    error: str = ""
    finished_at: datetime | None = None
    wake_at: datetime | None = None
    answer: str | None = None  # what came for a step that waits, as JSON

    @property
    def is_left(self) -> bool:
        """Whether the execution goes on from here: the step did its work, or its failure has a way on."""
        return self.status == StepRun.Status.COMPLETED or bool(self.ports)

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come: one that waits for an answer may have none, and has come when it is answered."""
        if self.answer is not None:
            return True
        return self.status != StepRun.Status.WAITING if self.wake_at is None else self.wake_at <= now


def take(execution_id: UUID, *, cautious: bool = False) -> Leased | None:
    """Take an execution that is due and that nobody holds; None when there is nothing to do.

    One that is still pending is only read: the first flush takes its lease. When `cautious`, or when it is pending for
    so long that somebody may have tried it, the lease is taken here, so that a death leaves a trace. Raises LeaseLost
    when another one was faster.
    """
    token = uuid7()
    with connection.cursor() as cursor:
        statements.LOOK.execute(cursor, {"id": execution_id})
        row = cursor.fetchone() or _take_over(cursor, execution_id, token)
    if row is None:
        return None
    leased = Leased(token, *row)
    leased.input = json.loads(leased.input) if leased.input else {}
    if not leased.is_begun and (cautious or leased.taken_at - leased.created_at > FRESH):
        flush(leased, [], [])
        leased.is_begun = True
    return leased


def _take_over(cursor: CursorWrapper, execution_id: UUID, token: UUID) -> tuple | None:
    """Write the lease on an execution that was begun before.

    The commit does not wait for the disk. A server that crashes may forget that the lease was taken, but only together
    with all that was committed since: the log is written in order. Then nothing has been done under it.
    """
    values = {
        "id": execution_id,
        "token": token,
        "lease": LEASE_SECONDS,
        "alone": not connection.in_atomic_block,  # in a transaction of the caller, it is the caller's to say
    }
    statements.TAKE.execute(cursor, values)
    return cursor.fetchone()


def seconds_until_free(execution_id: UUID) -> float | None:
    """How long an unfinished execution is still held or asleep; None when it has ended, or waits for an answer only.

    Raises NoSuchId.
    """
    with connection.cursor() as cursor:
        cursor.execute(statements.PAUSE, [execution_id])
        row = cursor.fetchone()
    if row is None:
        raise NoSuchId(_("There is no execution %s; perhaps it was deleted.") % execution_id)
    return row[0]


def flush(
    leased: Leased,
    steps: list[StepRow],
    logs: list[dict],
    *,
    calls: list[dict] | None = None,
    called_off: bool = False,
    status: str = "running",
    keep: bool = True,
    wake_at: datetime | None = None,
    completed_at: datetime | None = None,
    output: str | None = None,
    response: dict | None = None,
    error: tuple[str, str] = ("", ""),
) -> datetime | None:
    """Write what happened since the last flush; raises LeaseLost, and writes nothing, when the lease is gone.

    Returns when the execution is due again: now, when a step that waits was answered meanwhile.

    The first flush of an execution takes its lease, unless another worker has begun it, and tells that it started.
    """
    events = _news(leased, status, completed_at, error[0], called_off)
    values = {
        "id": leased.id,
        "token": leased.token,
        "organization_id": leased.organization_id,
        "lease": LEASE_SECONDS,
        "keep": keep,
        # Only a step that ended proves that it does not kill its workers; a call that begins proves nothing.
        "survived": not keep or any(step.finished_at for step in steps),
        "status": status,
        "started_at": leased.started_at,
        "deadline_at": leased.deadline_at,
        "wake_at": wake_at,
        "completed_at": completed_at,
        "output": output,
        "response": None if response is None else to_json(response),
        "error_message": to_text(error[0]),
        "error_step": error[1],
        "steps": to_json([vars(step) for step in steps]),
        "logs": to_json(logs),
        "events": to_json(events),
    }
    if calls:
        values["calls"] = to_json(calls)
    with connection.cursor() as cursor:
        (statements.FLUSH_COUNTED if calls else statements.FLUSH).execute(cursor, values)
        mine = cursor.fetchone()
    if mine is None:
        raise LeaseLost(execution=str(leased.id))
    if events:
        transaction.on_commit(bus.after_publish, robust=True)
    return mine[0]


def _news(
    leased: Leased, status: str, completed_at: datetime | None, error: str, called_off: bool = False
) -> list[dict]:
    """The events a flush tells, in order: one per transition, and that steps were called off."""
    news = [] if leased.is_begun else [("started", transition_payload(leased, "running", None, ""))]
    if completed_at:
        news.append((status, transition_payload(leased, status, completed_at, error)))
    events = [{"name": f"automation.execution.{what}", "payload": payload} for what, payload in news]
    if called_off:
        events.append({"name": "automation.steps.cancelled", "payload": {"execution_id": str(leased.id)}})
    return events


def renew(leases: dict[UUID, UUID]) -> None:
    """Extend leases, given as token by execution; a lost one stays lost."""
    with connection.cursor() as cursor:
        cursor.execute(statements.RENEW, [LEASE_SECONDS, list(leases), list(leases.values())])


def latest_steps(execution_id: UUID, loops: Mapping[str, str]) -> list[StepRow]:
    """The latest attempt of every step that has begun, in the order they began, without what belongs to finished turns.

    `loops` is the loop of each step that may run several times, the loops themselves among them.
    """
    with connection.cursor() as cursor:
        cursor.execute(statements.STEPS, {"id": execution_id, "loops": json.dumps(loops)})
        rows = sorted(cursor.fetchall(), key=lambda row: row[-1])
    return [
        StepRow(
            node_key=key,
            iteration=iteration,
            attempt=attempt,
            status=status,
            ports=json.loads(ports),
            settings=settings,
            output=output,
            error=error,
            wake_at=wake_at,
            started_at=started_at,
            answer=answer,
        )
        for key, iteration, attempt, status, ports, settings, output, error, wake_at, started_at, answer, _id in rows
    ]


def turns_so_far(execution_id: UUID, loop: str) -> tuple[int, int, Any]:
    """Of a loop: how many turns have begun, how many have failed, and the item of the last one."""
    with connection.cursor() as cursor:
        cursor.execute(statements.TURNS, {"id": execution_id, "loop": loop})
        begun, settings, failed = cursor.fetchone() or (0, '{"item": null}', 0)
    return begun, failed, json.loads(settings)["item"]


def results_so_far(execution_id: UUID, loop: str) -> dict[int, Any]:
    """What the finished turns of a loop brought, by the number of the turn."""
    with connection.cursor() as cursor:
        cursor.execute(statements.RESULTS, {"id": execution_id, "loop": loop})
        return {number: json.loads(output) for number, output in cursor}
