"""What a poll of the live page costs, with 20,000 executions in the table."""

from django.db import connection
from django.test import Client

from nocode.automation.engine.start import create_execution
from nocode.automation.models import WorkflowExecution
from tests.benchmarks.harness import Bench, Sample, measurement
from tests.factories import make_organization, make_published, make_user, set_values

ROWS = 20_000
HTMX = {"HX-Request": "true"}

COPY = """
INSERT INTO automation_workflowexecution
SELECT (jsonb_populate_record(execution, jsonb_build_object('id', lpad(to_hex(number), 32, '0')))).*
FROM automation_workflowexecution AS execution, generate_series(1, %s) AS number WHERE execution.id = %s
"""


def visitor(bench: Bench) -> Client:
    """Somebody who watches the live page of an organization with many executions."""
    if "client" not in bench.shared:
        organization = make_organization()
        published = make_published(("one", "set", set_values(x="1")), organization=organization)
        execution = create_execution(published)
        WorkflowExecution.objects.filter(pk=execution.pk).update(status="completed")
        with connection.cursor() as cursor:
            cursor.execute(COPY, [ROWS // 20 if bench.quick else ROWS, execution.pk])
            cursor.execute("ANALYZE automation_workflowexecution")
        bench.shared["client"] = Client(SERVER_NAME="localhost")
        bench.shared["client"].force_login(make_user(organization=organization))
        bench.shared["workflow"] = published
    return bench.shared["client"]


def fetch(bench: Bench, url: str, **options) -> tuple[Sample, object]:
    with bench.statements() as count, bench.clock() as clock:
        response = bench.shared["client"].get(url, **options)
    return Sample(clock.ms, statements=count.total, bytes=len(response.content)), response


def poll_url(html: str) -> str:
    return "/admin/live/rows/" + html.split('hx-get="/admin/live/rows/')[1].split('"')[0].replace("&amp;", "&")


@measurement("the whole page", unit="ms")
def whole_page(bench: Bench) -> Sample:
    visitor(bench).get("/admin/live/")
    sample, response = fetch(bench, "/admin/live/")
    bench.shared["poll"] = poll_url(response.content.decode())
    return sample


@measurement("a poll, nothing changed", unit="ms")
def idle_poll(bench: Bench) -> Sample:
    sample, response = fetch(bench, bench.shared["poll"], headers=HTMX)
    assert response.status_code == 204
    return sample


@measurement("a poll, one execution is new", unit="ms")
def changed_poll(bench: Bench) -> Sample:
    create_execution(bench.shared["workflow"])
    sample, response = fetch(bench, bench.shared["poll"], headers=HTMX)
    assert response.status_code == 200
    return sample
