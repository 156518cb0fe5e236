"""The engine's statements. Each one is fenced by the lease and changes progress, status and outbox together."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils.translation import gettext as _

from nocode.automation.errors import LeaseLost, NoSuchId, PermanentFailure
from nocode.automation.models import StepRun
from nocode.foundation.events import bus
from nocode.foundation.ids import uuid7
from nocode.foundation.prepared import Prepared

LEASE_SECONDS = 8

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
    """An execution as its lease holder sees it."""

    id: UUID
    token: UUID
    organization_id: UUID
    workflow_id: UUID | None
    workflow_name: str
    version_id: UUID
    project_id: UUID | None
    entry: str
    input: Any
    timeout: int
    started_at: datetime
    deadline_at: datetime
    created_at: datetime
    crashes: int
    is_first: bool  # no step has run yet
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

    @property
    def is_left(self) -> bool:
        """Whether the execution goes on from here: the step did its work, or its failure has a way on."""
        return self.status == StepRun.Status.COMPLETED or bool(self.ports)


_TAKE = Prepared(
    "execution_take",
    """
WITH due AS (
    SELECT id, status AS before, lease_token IS NOT NULL AS lost FROM automation_workflowexecution
    WHERE id = %(id)s AND status IN ('pending', 'running', 'waiting')
      AND (lease_until IS NULL OR lease_until <= clock_timestamp())
      AND (wake_at IS NULL OR wake_at <= clock_timestamp())
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE automation_workflowexecution AS execution SET
        status = 'running', lease_token = %(token)s, lease_until = now() + %(lease)s * interval '1 second',
        started_at = coalesce(started_at, now()), wake_at = NULL, updated_at = now(),
        crashes = crashes + lost::int,
        deadline_at = CASE WHEN before = 'running' THEN deadline_at ELSE now() + timeout * interval '1 second' END
    FROM due WHERE execution.id = due.id
    RETURNING execution.*, before, lost
), told AS (
    INSERT INTO foundation_outboxevent (name, key, payload, organization_id)
    SELECT 'automation.execution.started', 'execution:' || id,
           jsonb_build_object('execution_id', id, 'workflow_id', workflow_id, 'workflow_name', workflow_name,
                              'organization_id', organization_id, 'status', status, 'duration', NULL,
                              'error_message', ''),
           organization_id
    FROM taken WHERE before = 'pending'
)
SELECT taken.id, taken.lease_token, taken.organization_id, workflow_id, workflow_name, version_id, workflow.project_id,
       entry, input::text, taken.timeout, started_at, deadline_at, taken.created_at, crashes, before = 'pending', lost,
       clock_timestamp()
FROM taken LEFT JOIN automation_workflow AS workflow ON workflow.id = workflow_id,
     set_config('synchronous_commit',
                CASE WHEN %(alone)s THEN 'off' ELSE current_setting('synchronous_commit') END, true)
""",
    id="uuid",
    token="uuid",  # noqa: S106 (a type)
    lease="int",
    alone="boolean",
)

_FLUSH_SQL = """
WITH mine AS (
    UPDATE automation_workflowexecution SET
        status = %(status)s, updated_at = now(), crashes = CASE WHEN %(survived)s THEN 0 ELSE crashes END,
        lease_token = CASE WHEN %(keep)s THEN lease_token END,
        lease_until = now() + CASE WHEN %(keep)s THEN %(lease)s ELSE 0 END * interval '1 second',
        wake_at = %(wake_at)s, completed_at = %(completed_at)s,
        output = coalesce(%(output)s::jsonb, output), response = coalesce(%(response)s::jsonb, response),
        error_message = %(error_message)s, error_step = %(error_step)s
    WHERE id = %(id)s AND lease_token = %(token)s RETURNING id
), steps AS (
    INSERT INTO automation_steprun
        (execution_id, node_key, iteration, attempt, status, ports, settings, output, error, started_at, finished_at,
         wake_at)
    SELECT mine.id, node_key, iteration, attempt, step.status, ports, settings::jsonb, output::jsonb, error, started_at,
           finished_at, wake_at
    FROM mine, jsonb_to_recordset(%(steps)s::jsonb) AS step
        (node_key text, iteration int, attempt int, status text, ports jsonb, settings text, output text, error text,
         started_at timestamptz, finished_at timestamptz, wake_at timestamptz)
    ON CONFLICT (execution_id, node_key, iteration, attempt) DO UPDATE SET
        status = excluded.status, ports = excluded.ports, output = excluded.output, error = excluded.error,
        settings = coalesce(excluded.settings, automation_steprun.settings),
        finished_at = excluded.finished_at, wake_at = excluded.wake_at
), logs AS (
    INSERT INTO automation_executionlog (execution_id, at, level, node_key, message, details)
    SELECT mine.id, line.* FROM mine, jsonb_to_recordset(%(logs)s::jsonb) AS line
        (at timestamptz, level text, node_key text, message text, details jsonb)
), told AS (
    INSERT INTO foundation_outboxevent (name, key, payload, organization_id)
    SELECT %(event)s, 'execution:' || mine.id, %(payload)s::jsonb, %(organization_id)s
    FROM mine WHERE %(event)s IS NOT NULL
)
"""
_FLUSH_TYPES = dict(
    id="uuid",
    token="uuid",  # noqa: S106 (a type)
    organization_id="uuid",
    lease="int",
    keep="boolean",
    survived="boolean",
    status="text",
    wake_at="timestamptz",
    completed_at="timestamptz",
    output="jsonb",
    response="jsonb",
    error_message="text",
    error_step="text",
    steps="jsonb",
    logs="jsonb",
    event="text",
    payload="jsonb",
)
# A run that uses integrations counts its calls in the same statement; the others do not carry that part along.
_CALLS_SQL = """, counted AS (
    INSERT INTO automation_integrationcall (integration_id, at, milliseconds, error)
    SELECT call.* FROM mine, jsonb_to_recordset(%(calls)s::jsonb) AS call
        (integration_id uuid, at timestamptz, milliseconds int, error text)
)
"""
_IS_MINE = "SELECT count(*) FROM mine"
_FLUSH = Prepared("execution_flush", _FLUSH_SQL + _IS_MINE, **_FLUSH_TYPES)
_FLUSH_COUNTED = Prepared("execution_flush_counted", _FLUSH_SQL + _CALLS_SQL + _IS_MINE, **_FLUSH_TYPES, calls="jsonb")

_RENEW = """
UPDATE automation_workflowexecution SET lease_until = now() + %s * interval '1 second'
WHERE id = ANY(%s::uuid[]) AND lease_token = ANY(%s::uuid[])
"""

_PAUSE = """
SELECT extract(epoch FROM greatest(lease_until, wake_at, clock_timestamp()) - clock_timestamp())::float
       * CASE WHEN status IN ('pending', 'running', 'waiting') THEN 1 END
FROM automation_workflowexecution WHERE id = %s
"""

_STEPS = """
SELECT DISTINCT ON (node_key) node_key, attempt, status, ports::text, output::text, wake_at, started_at, id
FROM automation_steprun WHERE execution_id = %s ORDER BY node_key, attempt DESC
"""


def take(execution_id: UUID) -> Leased | None:
    """Take the lease on an execution that is due and that nobody holds; None when there is nothing to do.

    Its commit does not wait for the disk. A server that crashes may forget that the lease was taken, and the event that
    tells so, but only together with all that was committed since: the log is written in order. Then nothing has begun.
    """
    values = {
        "id": execution_id,
        "token": uuid7(),
        "lease": LEASE_SECONDS,
        "alone": not connection.in_atomic_block,  # in a transaction of the caller, it is the caller's to say
    }
    with connection.cursor() as cursor:
        _TAKE.execute(cursor, values)
        row = cursor.fetchone()
    if row is None:
        return None
    leased = Leased(*row)
    if leased.is_first:
        transaction.on_commit(bus.after_publish, robust=True)
    leased.input = json.loads(leased.input) if leased.input else {}
    return leased


def seconds_until_free(execution_id: UUID) -> float | None:
    """How long an unfinished execution is still held or asleep; None when it has ended. Raises NoSuchId."""
    with connection.cursor() as cursor:
        cursor.execute(_PAUSE, [execution_id])
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
    status: str = "running",
    keep: bool = True,
    wake_at: datetime | None = None,
    completed_at: datetime | None = None,
    output: str | None = None,
    response: dict | None = None,
    error: tuple[str, str] = ("", ""),
    event: str | None = None,
    payload: dict | None = None,
) -> None:
    """Write what happened since the last flush; raises LeaseLost, and writes nothing, when the lease is gone."""
    values = {
        "id": leased.id,
        "token": leased.token,
        "organization_id": leased.organization_id,
        "lease": LEASE_SECONDS,
        "keep": keep,
        # Only a step that ended proves that it does not kill its workers; a call that begins proves nothing.
        "survived": not keep or any(step.finished_at for step in steps),
        "status": status,
        "wake_at": wake_at,
        "completed_at": completed_at,
        "output": output,
        "response": None if response is None else to_json(response),
        "error_message": to_text(error[0]),
        "error_step": error[1],
        "steps": to_json([vars(step) for step in steps]),
        "logs": to_json(logs),
        "event": event,
        "payload": to_json(payload),
    }
    if calls:
        values["calls"] = to_json(calls)
    with connection.cursor() as cursor:
        (_FLUSH_COUNTED if calls else _FLUSH).execute(cursor, values)
        if cursor.fetchone()[0] != 1:
            raise LeaseLost(execution=str(leased.id))
    if event:
        transaction.on_commit(bus.after_publish, robust=True)


def renew(leases: dict[UUID, UUID]) -> None:
    """Extend leases, given as token by execution; a lost one stays lost."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, [LEASE_SECONDS, list(leases), list(leases.values())])


def latest_steps(execution_id: UUID) -> list[StepRow]:
    """The latest attempt of every step that has begun, in the order they began."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [execution_id])
        rows = sorted(cursor.fetchall(), key=lambda row: row[-1])
    return [
        StepRow(
            node_key=key,
            attempt=attempt,
            status=status,
            ports=json.loads(ports),
            output=output,
            wake_at=wake_at,
            started_at=started_at,
        )
        for key, attempt, status, ports, output, wake_at, started_at, _id in rows
    ]
