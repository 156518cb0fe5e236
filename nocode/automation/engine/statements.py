"""The SQL of the engine's store."""

from nocode.foundation.prepared import Prepared

_VIEW = """
SELECT execution.id, execution.organization_id, workflow_id, workflow_name, version_id, workflow.project_id, entry,
       input::text, execution.timeout, execution.created_at, parent_id, parent_node, parent_iteration, parent_attempt,
       depth, idle,
"""

# Pending means that nobody has begun it: there is no lease to respect, and none to take before there is a result.
LOOK = Prepared(
    "execution_look",
    _VIEW
    + """
       statement_timestamp(), statement_timestamp() + execution.timeout * interval '1 second', 0, false, false,
       statement_timestamp()
FROM automation_workflowexecution AS execution LEFT JOIN automation_workflow AS workflow ON workflow.id = workflow_id
WHERE execution.id = %(id)s AND execution.status = 'pending'
""",
    id="uuid",
)

_TAKEN = """
WITH due AS (
    SELECT id, status AS before, lease_token IS NOT NULL AS lost FROM automation_workflowexecution
    WHERE id = %(id)s AND status IN ('running', 'waiting')
      AND (lease_until IS NULL OR lease_until <= clock_timestamp())
      AND (wake_at <= clock_timestamp() OR wake_at IS NULL AND status = 'running')
    FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE automation_workflowexecution AS execution SET
        status = 'running', lease_token = %(token)s, lease_until = now() + %(lease)s * interval '1 second',
        wake_at = NULL, updated_at = now(), crashes = crashes + lost::int,
        deadline_at = CASE WHEN before = 'running' THEN deadline_at ELSE now() + timeout * interval '1 second' END
    FROM due WHERE execution.id = due.id
    RETURNING execution.*, lost
)
"""
TAKE = Prepared(
    "execution_take",
    _TAKEN
    + _VIEW
    + """
       started_at, deadline_at, crashes, true, lost, clock_timestamp()
FROM taken AS execution LEFT JOIN automation_workflow AS workflow ON workflow.id = workflow_id,
     set_config('synchronous_commit',
                CASE WHEN %(alone)s THEN 'off' ELSE current_setting('synchronous_commit') END, true)
""",
    id="uuid",
    token="uuid",  # noqa: S106 (a type)
    lease="int",
    alone="boolean",
)

# Whoever commits first has the lease of a pending execution; its start is told before its end. While a worker has it,
# `wake_at` is when a step of it was answered (engine/answers.py): that stays until the next worker reads the answer.
_FLUSH = """
WITH mine AS (
    UPDATE automation_workflowexecution SET
        status = %(status)s, updated_at = now(), crashes = CASE WHEN %(survived)s THEN 0 ELSE crashes END,
        lease_token = CASE WHEN %(keep)s THEN %(token)s END,
        lease_until = now() + CASE WHEN %(keep)s THEN %(lease)s ELSE 0 END * interval '1 second',
        started_at = %(started_at)s, deadline_at = %(deadline_at)s,
        wake_at = CASE WHEN %(completed_at)s IS NULL THEN least(wake_at, %(wake_at)s) END,
        completed_at = %(completed_at)s,
        output = coalesce(%(output)s::jsonb, output), response = coalesce(%(response)s::jsonb, response),
        error_message = %(error_message)s, error_step = %(error_step)s
    WHERE id = %(id)s AND (lease_token = %(token)s OR status = 'pending') RETURNING id, wake_at AS due_at
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
    SELECT name, 'execution:' || mine.id, payload, %(organization_id)s
    FROM mine, jsonb_to_recordset(%(events)s::jsonb) AS event (name text, payload jsonb)
)
"""
# A run that uses integrations counts its calls in the same statement; the others do not carry that part along.
_CALLS = """, counted AS (
    INSERT INTO automation_integrationcall (integration_id, at, milliseconds, error)
    SELECT call.* FROM mine, jsonb_to_recordset(%(calls)s::jsonb) AS call
        (integration_id uuid, at timestamptz, milliseconds int, error text)
)
"""
_IS_MINE = "SELECT due_at FROM mine"
_FLUSH_TYPES = dict(
    id="uuid",
    token="uuid",  # noqa: S106 (a type)
    organization_id="uuid",
    lease="int",
    keep="boolean",
    survived="boolean",
    status="text",
    started_at="timestamptz",
    deadline_at="timestamptz",
    wake_at="timestamptz",
    completed_at="timestamptz",
    output="jsonb",
    response="jsonb",
    error_message="text",
    error_step="text",
    steps="jsonb",
    logs="jsonb",
    events="jsonb",
)
FLUSH = Prepared("execution_flush", _FLUSH + _IS_MINE, **_FLUSH_TYPES)
FLUSH_COUNTED = Prepared("execution_flush_counted", _FLUSH + _CALLS + _IS_MINE, **_FLUSH_TYPES, calls="jsonb")

RENEW = """
UPDATE automation_workflowexecution SET lease_until = now() + %s * interval '1 second'
WHERE id = ANY(%s::uuid[]) AND lease_token = ANY(%s::uuid[])
"""

# What waits for an answer and for no time comes back with the answer.
PAUSE = """
SELECT extract(epoch FROM greatest(lease_until, wake_at, clock_timestamp()) - clock_timestamp())::float
       * CASE WHEN status IN ('pending', 'running') OR status = 'waiting' AND wake_at IS NOT NULL THEN 1 END
FROM automation_workflowexecution WHERE id = %s
"""

# Without what belongs to a turn of a loop that is over; `loops` is the loop of each step that may run several times.
# With a step that waits comes the answer it got.
STEPS = """
SELECT DISTINCT ON (node_key, iteration) node_key, iteration, attempt, status, ports::text,
       CASE WHEN %(loops)s::jsonb ->> node_key = node_key THEN settings::text END, output::text, error,
       wake_at, started_at,
       CASE WHEN status = 'waiting' THEN (
           SELECT payload::text FROM automation_stepsignal AS answer
           WHERE answer.execution_id = step.execution_id AND answer.node_key = step.node_key
             AND answer.iteration = step.iteration AND answer.attempt = step.attempt
       ) END, id
FROM automation_steprun AS step
WHERE execution_id = %(id)s AND NOT (iteration > 0 AND EXISTS (
    SELECT FROM automation_steprun AS turn
    WHERE turn.execution_id = step.execution_id AND turn.iteration = step.iteration
      AND turn.node_key = %(loops)s::jsonb ->> step.node_key AND turn.ports <> '[]'
))
ORDER BY node_key, iteration, attempt DESC
"""

# How far a loop has come: the number of turns begun, how many have failed, and the item of the last.
TURNS = """
SELECT iteration, settings::text, (
    SELECT count(*) FROM automation_steprun
    WHERE execution_id = %(id)s AND node_key = %(loop)s AND iteration > 0 AND status = 'failed' AND ports <> '[]'
)
FROM automation_steprun WHERE execution_id = %(id)s AND node_key = %(loop)s AND iteration > 0
ORDER BY iteration DESC LIMIT 1
"""
RESULTS = """
SELECT iteration, output::text FROM automation_steprun
WHERE execution_id = %(id)s AND node_key = %(loop)s AND iteration > 0 AND ports <> '[]'
"""
