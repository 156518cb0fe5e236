"""A past to look back on: 100,000 executions, activities and events of the last thirty days, and one busy day."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from nocode.automation.models import Workflow
from nocode.foundation.models import Organization, User
from nocode.insights.days import start_of, today
from nocode.insights.services import metrics
from tests.factories import make_organization, make_project, make_user
from tests.insights.history import make_execution, make_workflow

ROWS = 100_000
WORKFLOWS = 25

# An id that begins with the milliseconds of its time.
ID = (
    "(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(number), 19, '0'))::uuid"
)
MOMENTS = """
    SELECT number, now() - interval '2 seconds' - number * %(every)s AS moment
    FROM generate_series(0, %(rows)s - 1) AS number
"""

ACTIVITIES = f"""
INSERT INTO insights_useractivity (id, created_at, organization_id, user_id, user_label, action, target_type, target_id,
                                   target_label, details, user_agent, request_id)
SELECT {ID}, moment, (%(organizations)s::uuid[])[1 + number %% 2], (%(people)s::bigint[])[1 + number %% 20], 'person',
       (ARRAY['user.login', 'user.logout', 'project.updated', 'app.deployed'])[1 + number %% 4],
       'studio.project', (%(projects)s::text[])[1 + number %% 20], 'Project ' || number, '{{}}', 'curl/8', ''
FROM ({MOMENTS}) AS moments
"""  # noqa: S608
EXECUTIONS = f"""
INSERT INTO automation_workflowexecution
SELECT (jsonb_populate_record(execution, jsonb_build_object(
    'id', {ID}, 'workflow_id', workflow_ids[place], 'workflow_name', workflow_names[place],
    'version_id', version_ids[place],
    'created_at', moment, 'updated_at', moment, 'started_at', moment,
    'triggered_by_id', CASE WHEN number %% 10 = 0 THEN (%(people)s::bigint[])[1 + number %% 20] END,
    'input', jsonb_build_object('order', number, 'lines', repeat('line ', 20)),
    'status', CASE WHEN number < 20 THEN 'waiting' WHEN number %% 10 = 0 THEN 'failed'
                   WHEN number %% 9999 = 0 THEN 'cancelled' ELSE 'completed' END,
    'error_message', CASE WHEN number %% 10 = 0 THEN 'No answer from api.example.com, call ' || number ELSE '' END,
    'completed_at', CASE WHEN number >= 20 THEN moment + (number %% 5000) * interval '1 millisecond' END))).*
FROM automation_workflowexecution AS execution, ({MOMENTS}) AS moments,
     LATERAL (SELECT %(workflows)s::uuid[] AS workflow_ids, %(names)s::text[] AS workflow_names,
                     %(versions)s::uuid[] AS version_ids, 1 + number %% cardinality(%(workflows)s) AS place) AS places
WHERE execution.id = %(like)s
"""  # noqa: S608
EVENTS = f"""
INSERT INTO foundation_outboxevent (name, key, payload, organization_id, actor_id, created_at, delivered_at)
SELECT (ARRAY['automation.execution.started', 'automation.execution.completed', 'studio.record.updated'])
           [1 + number %% 3],
       'thing:' || number, jsonb_build_object('number', number), (%(organizations)s::uuid[])[1 + number %% 2],
       (%(people)s::bigint[])[1 + number %% 20], moment, moment
FROM ({MOMENTS} ORDER BY number DESC) AS moments
"""  # noqa: S608
NOTIFICATIONS = f"""
INSERT INTO foundation_notification (id, created_at, updated_at, user_id, organization_id, kind, key, level, title,
                                     text, link, read_at)
SELECT {ID}, moment, moment, (%(people)s::bigint[])[1 + number %% 5], (%(organizations)s::uuid[])[1],
       'automation.execution.failed', number, 'error', 'Import ' || number || ' failed', '', '',
       CASE WHEN number > 1000 THEN moment END
FROM ({MOMENTS}) AS moments
"""  # noqa: S608


@dataclass
class Past:
    """Who looks back, at what."""

    person: User  # of two organizations
    colleague: User
    organization: Organization
    workflow: Workflow
    owner_of_busy: User  # of an organization that ran it all today


def make_past(rows: int = ROWS) -> Past:
    """Fill the database with rows, and count the days they are of."""
    organizations = [make_organization(), make_organization()]
    people = [make_user(organization=organizations[0]) for _number in range(20)]
    organizations[1].memberships.create(user=people[0])
    projects = [make_project(organizations[0]) for _number in range(20)]
    workflows = [make_workflow(organizations[0], f"Workflow {number}") for number in range(WORKFLOWS)]
    busy = make_organization()
    owner_of_busy = make_user(organization=busy)
    busy_workflows = [make_workflow(busy, f"Busy {number}") for number in range(WORKFLOWS)]
    values = {
        "organizations": [each.pk for each in organizations],
        "people": [each.pk for each in people],
        "projects": [str(each.pk) for each in projects],
        "rows": rows,
        "every": timedelta(days=30) / rows,
    }
    with connection.cursor() as cursor:
        for statement in (ACTIVITIES, EVENTS, NOTIFICATIONS):
            cursor.execute(statement, values)
        cursor.execute(EXECUTIONS, {**values, **_of(workflows)})
        since_midnight = {"every": (timezone.now() - start_of(today())) / (rows + 1)}
        cursor.execute(EXECUTIONS, {**values, **_of(busy_workflows), **since_midnight})
        cursor.execute("ANALYZE")
    for day in metrics.open_days():
        metrics.roll_up(day)
    return Past(people[0], people[3], organizations[0], workflows[0], owner_of_busy)


def _of(workflows: list[Workflow]) -> dict[str, list]:
    return {
        "workflows": [each.pk for each in workflows],
        "names": [each.name for each in workflows],
        "versions": [each.versions.get().pk for each in workflows],
        "like": make_execution(workflows[0], start_of(today())).pk,
    }
