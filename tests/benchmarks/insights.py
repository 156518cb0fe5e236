"""What the pages of insights cost with 100,000 activities, and counting a day of 100,000 executions."""

import statistics
import time

from django.db import connection
from django.test import Client
from django.utils import timezone

from nocode.foundation.ids import first_id_at
from nocode.insights.days import start_of, today
from nocode.insights.services import metrics
from tests.benchmarks.harness import Bench, Sample, measurement
from tests.factories import make_organization, make_project, make_user
from tests.insights.history import make_execution, make_workflow

ROWS = 100_000
REQUESTS = 40
LIST = "/admin/insights/useractivity/"

# Ids that begin with the milliseconds of their time, spread over the last thirty days.
ACTIVITIES = """
INSERT INTO insights_useractivity (id, created_at, organization_id, user_id, user_label, action, target_type, target_id,
                                   target_label, details, user_agent, request_id)
SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(number), 19, '0'))::uuid,
       moment, (%(organizations)s::uuid[])[1 + number %% 2], (%(people)s::bigint[])[1 + number %% 20], 'person',
       (ARRAY['user.login', 'user.logout', 'project.updated', 'app.deployed'])[1 + number %% 4],
       'studio.project', (%(projects)s::text[])[1 + number %% 20], 'Project ' || number, '{}', 'curl/8', ''
FROM (SELECT number, now() - number * interval '26 seconds' AS moment FROM generate_series(1, %(rows)s) AS number) AS all_rows
"""  # noqa: E501
EXECUTIONS = """
INSERT INTO automation_workflowexecution
SELECT (jsonb_populate_record(execution, jsonb_build_object(
    'id', lpad(to_hex(('x' || left(replace(%(first)s, '-', ''), 12))::bit(48)::bigint + number %% 1000), 12, '0')
          || '7' || lpad(to_hex(number), 19, '0'),
    'status', CASE WHEN number %% 10 = 0 THEN 'failed' ELSE 'completed' END,
    'completed_at', started_at + (number %% 5000) * interval '1 millisecond'))).*
FROM automation_workflowexecution AS execution, generate_series(1, %(rows)s) AS number WHERE execution.id = %(like)s
"""


def prepared(bench: Bench) -> Client:
    """A member of two organizations, on whose behalf much has happened."""
    if "client" not in bench.shared:
        rows = ROWS // 20 if bench.quick else ROWS
        organizations = [make_organization(), make_organization()]
        people = [make_user(organization=organizations[0]) for _number in range(20)]
        organizations[1].memberships.create(user=people[0])
        projects = [make_project(organizations[0]) for _number in range(20)]
        workflow = make_workflow(organizations[0])
        execution = make_execution(workflow, start_of(today()))
        with connection.cursor() as cursor:
            cursor.execute(
                ACTIVITIES,
                {
                    "organizations": [str(each.pk) for each in organizations],
                    "people": [each.pk for each in people],
                    "projects": [str(each.pk) for each in projects],
                    "rows": rows,
                },
            )
            first = str(first_id_at(start_of(today())))
            cursor.execute(EXECUTIONS, {"first": first, "rows": rows, "like": execution.pk})
            cursor.execute("ANALYZE insights_useractivity, automation_workflowexecution")
        bench.shared["person"] = people[3].pk
        bench.shared["client"] = Client(SERVER_NAME="localhost")
        bench.shared["client"].force_login(people[0])
    return bench.shared["client"]


def p95(bench: Bench, url: str) -> Sample:
    """The time that 95 of 100 answers do not exceed."""
    client = prepared(bench)
    assert client.get(url).status_code == 200
    times = []
    for _request in range(5 if bench.quick else REQUESTS):
        with bench.statements() as count:
            began = time.perf_counter()
            response = client.get(url)
            times.append((time.perf_counter() - began) * 1000)
    return Sample(statistics.quantiles(times, n=20)[-1], statements=count.total, bytes=len(response.content))


@measurement("the list of activities, p95", unit="ms")
def listed(bench: Bench) -> Sample:
    return p95(bench, LIST)


@measurement("one person's, p95", unit="ms")
def of_person(bench: Bench) -> Sample:
    prepared(bench)
    return p95(bench, f"{LIST}?user__id__exact={bench.shared['person']}")


@measurement("one kind, p95", unit="ms")
def of_kind(bench: Bench) -> Sample:
    return p95(bench, f"{LIST}?group=apps")


@measurement("a period, p95", unit="ms")
def of_period(bench: Bench) -> Sample:
    day = (timezone.localdate() - timezone.timedelta(days=20)).isoformat()
    return p95(bench, f"{LIST}?created_at_to={day}")


@measurement("a search that finds one of all, p95", unit="ms")
def searched(bench: Bench) -> Sample:
    return p95(bench, f"{LIST}?q=Project+4999")


@measurement("page 100, p95", unit="ms")
def far(bench: Bench) -> Sample:
    return p95(bench, f"{LIST}?p=100")


@measurement("analytics, 90 days, p95", unit="ms")
def analytics(bench: Bench) -> Sample:
    return p95(bench, "/admin/analytics/?days=90")


@measurement("counting a day of 100,000 executions", unit="s")
def roll_up(bench: Bench) -> Sample:
    prepared(bench)
    with bench.statements() as count, bench.clock() as clock:
        metrics.roll_up(today())
    return Sample(clock.seconds, statements=count.total)


@measurement("exporting all activities", unit="s")
def export(bench: Bench) -> Sample:
    client = prepared(bench)
    with bench.statements() as count, bench.clock() as clock:
        size = sum(len(part) for part in client.get(f"{LIST}export.csv").streaming_content)
    return Sample(clock.seconds, statements=count.total, bytes=size)
