"""The statements that count one day, for all organizations at once or for one. They may run any number of times.

Rows of a day only become more, until they are cleaned up. So where fewer executions are found than were counted
before, some are gone by now, and what was counted stays.
"""

from nocode.insights.histograms import SLOT

# One at a time per day, so that two clusters do not overwrite each other with what they saw earlier.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('insights.roll_up'), %(day)s::date - '2000-01-01'::date)"
# Whoever only looks does not wait for somebody who counts.
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('insights.roll_up'), %(day)s::date - '2000-01-01'::date)"

# Limits a statement to one organization; PostgreSQL leaves it out when there is none to limit to.
ONE = "(%(organization)s::uuid IS NULL OR {} = %(organization)s::uuid)"

# A row for each organization that was there, also where nothing happened.
ORGANIZATIONS = f"""
    INSERT INTO insights_dailymetric (id, created_at, updated_at, organization_id, day)
    SELECT gen_random_uuid(), now(), now(), id, %(day)s FROM foundation_organization
    WHERE created_at < %(end)s AND {ONE.format("id")}
    ON CONFLICT (organization_id, day) DO NOTHING
"""  # noqa: S608

# date_part() gives a float, unlike extract(): logarithms of exact numbers take ten times as long.
RUNS = f"""
    SELECT organization_id, workflow_id, workflow_name, status,
           date_part('epoch', completed_at - started_at - idle) * 1000 AS ms
    FROM automation_workflowexecution
    WHERE id >= %(first_id)s AND id < %(end_id)s AND {ONE.format("organization_id")}
"""  # noqa: S608

EXECUTIONS = f"""
    WITH runs AS NOT MATERIALIZED ({RUNS}),
    slots AS (
        SELECT organization_id, {SLOT.format(ms="ms")} AS slot, count(*) AS count
        FROM runs WHERE ms IS NOT NULL GROUP BY 1, 2
    ),
    histograms AS (SELECT organization_id, jsonb_object_agg(slot, count) AS durations FROM slots GROUP BY 1),
    counts AS (
        SELECT organization_id, count(*) AS executions,
               count(*) FILTER (WHERE status = 'completed') AS completed,
               count(*) FILTER (WHERE status = 'failed') AS failed,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ms) AS percentiles
        FROM runs GROUP BY 1
    )
    INSERT INTO insights_dailymetric AS metric (id, created_at, updated_at, organization_id, day,
        executions, completed, failed, duration_p50, duration_p95, durations)
    SELECT gen_random_uuid(), now(), now(), organization_id, %(day)s,
        executions, completed, failed, percentiles[1], percentiles[2], coalesce(durations, '{{}}')
    FROM counts LEFT JOIN histograms USING (organization_id)
    ORDER BY organization_id
    ON CONFLICT (organization_id, day) DO UPDATE SET
        executions = excluded.executions, completed = excluded.completed, failed = excluded.failed,
        duration_p50 = excluded.duration_p50, duration_p95 = excluded.duration_p95, durations = excluded.durations
    WHERE excluded.executions >= metric.executions
"""  # noqa: S608

WORKFLOWS = f"""
    INSERT INTO insights_workflowmetric AS metric (id, created_at, updated_at, organization_id, day,
        workflow_id, workflow_name, executions, completed, failed, measured, total_duration, longest_duration)
    SELECT gen_random_uuid(), now(), now(), organization_id, %(day)s, workflow_id, max(workflow_name), count(*),
        count(*) FILTER (WHERE status = 'completed'), count(*) FILTER (WHERE status = 'failed'),
        count(ms), coalesce(sum(ms), 0), coalesce(max(ms), 0)
    FROM ({RUNS}) AS runs
    WHERE workflow_id IS NOT NULL
    GROUP BY organization_id, workflow_id
    ORDER BY organization_id, workflow_id
    ON CONFLICT (organization_id, day, workflow_id) DO UPDATE SET
        workflow_name = excluded.workflow_name, executions = excluded.executions, completed = excluded.completed,
        failed = excluded.failed, measured = excluded.measured, total_duration = excluded.total_duration,
        longest_duration = excluded.longest_duration, updated_at = now()
    WHERE excluded.executions >= metric.executions
"""  # noqa: S608

# People are active when they did anything that is remembered or told. A refused login is nothing they did.
PEOPLE_AND_ROWS = f"""
    WITH events AS (
        SELECT organization_id, actor_id, CASE
            WHEN name LIKE 'studio.record.%%' THEN 1
            -- An import that announced each of its rows is counted by those.
            WHEN name = 'studio.records.imported' AND payload ->> 'each_row' IS DISTINCT FROM 'true'
            THEN (payload ->> 'created')::bigint + (payload ->> 'updated')::bigint
            ELSE 0 END AS rows
        FROM foundation_outboxevent
        WHERE id >= %(first_event)s AND created_at >= %(start)s AND created_at < %(end)s
          AND organization_id IS NOT NULL AND {ONE.format("organization_id")}
    ),
    activities AS (
        SELECT organization_id, user_id, action FROM insights_useractivity
        WHERE id >= %(first_id)s AND id < %(end_id)s AND organization_id IS NOT NULL
          AND {ONE.format("organization_id")}
    ),
    people AS (
        SELECT organization_id, count(DISTINCT person) AS active_users FROM (
            SELECT organization_id, actor_id AS person FROM events
            UNION SELECT organization_id, user_id FROM activities WHERE action <> 'user.login_failed'
        ) AS anybody GROUP BY 1
    ),
    logins AS (SELECT organization_id, count(*) AS logins FROM activities WHERE action = 'user.login' GROUP BY 1),
    written AS (
        SELECT organization_id, sum(rows) AS records FROM events GROUP BY 1
    )
    INSERT INTO insights_dailymetric AS metric (id, created_at, updated_at, organization_id, day,
        logins, active_users, records)
    SELECT gen_random_uuid(), now(), now(), organization.id, %(day)s,
        coalesce(logins, 0), active_users, coalesce(records, 0)
    FROM people
    JOIN foundation_organization AS organization ON organization.id = people.organization_id
    LEFT JOIN logins USING (organization_id)
    LEFT JOIN written USING (organization_id)
    ORDER BY organization.id
    ON CONFLICT (organization_id, day) DO UPDATE SET
        logins = greatest(metric.logins, excluded.logins),
        active_users = greatest(metric.active_users, excluded.active_users),
        records = greatest(metric.records, excluded.records)
"""  # noqa: S608

DEPLOYMENTS = f"""
    INSERT INTO insights_dailymetric AS metric (id, created_at, updated_at, organization_id, day, deployments)
    SELECT gen_random_uuid(), now(), now(), project.organization_id, %(day)s, count(*)
    FROM runtime_deployment AS deployment
    JOIN runtime_generatedapp AS app ON app.id = deployment.app_id
    JOIN studio_project AS project ON project.id = app.project_id
    WHERE deployment.status = 'deployed' AND deployment.finished_at >= %(start)s AND deployment.finished_at < %(end)s
      AND {ONE.format("project.organization_id")}
    GROUP BY project.organization_id
    ORDER BY project.organization_id
    ON CONFLICT (organization_id, day) DO UPDATE SET deployments = greatest(metric.deployments, excluded.deployments)
"""  # noqa: S608

CLOSE = f"""
    UPDATE insights_dailymetric SET is_final = is_final OR %(is_final)s, updated_at = now()
    WHERE day = %(day)s AND {ONE.format("organization_id")}
"""  # noqa: S608

# All of it, in one round trip: whoever opens the page waits for it.
DAY = ";".join([ORGANIZATIONS, EXECUTIONS, WORKFLOWS, PEOPLE_AND_ROWS, DEPLOYMENTS, CLOSE])
