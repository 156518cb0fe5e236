"""The page of an execution: live until it ends, its steps, its data, and what may be done with it."""

import json
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation import queries
from nocode.automation.models import ExecutionLog, StepRun, WorkflowExecution
from nocode.automation.services import executions
from nocode.studio.services.records import Records
from tests.automation.screens import FAILING, make_office
from tests.factories import make_project, make_published, make_table, set_values

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
WAITING = (("first", "set", set_values(x="1")), ("pause", "wait", {"amount": 1, "unit": "days"}))


@pytest.fixture
def office():
    return make_office()


def url(name: str, execution, *args) -> str:
    return reverse(f"admin:{name}", args=[execution.pk, *args])


def page(client, *address, **options) -> str:
    response = client.get(url(*address), **options)
    assert response.status_code == 200
    return response.content.decode()


def panel(client, execution, html: str):
    """What the browser asks for after it got `html`."""
    address = unescape(html.split('hx-get="/admin/live/')[1].split('"')[0])
    return client.get(f"/admin/live/{address}", headers=HTMX)


def states(html: str) -> dict[str, str]:
    """The state of each step in the drawing."""
    drawn = html.split('<div class="c-graph"')[1].split("</svg>")[0]
    return {part.split('"')[0]: part.split('data-state="')[1].split('"')[0] for part in drawn.split('data-step="')[1:]}


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- Reading --------------------------------------------------------------------------------------------------------


def test_the_graph_shows_how_far_the_execution_is(office):
    execution = office.execution(office.workflow(*WAITING))
    client = office.client("owner")
    assert states(page(client, "execution_detail", execution)) == {"first": "pending", "pause": "pending"}

    executions.run_now(execution.pk, budget=10)
    assert states(page(client, "execution_detail", execution)) == {"first": "completed", "pause": "waiting"}


def test_a_failure_is_on_top_with_its_step_and_message(office):
    execution = office.finished(office.workflow(*FAILING))

    html = page(office.client("owner"), "execution_detail", execution)

    assert "“Second” failed" in html
    assert html.index("The file has no header.") < html.index('class="c-graph"')
    assert states(html) == {"first": "completed", "second": "failed"}


def test_steps_that_were_not_taken_are_told_apart(office):
    workflow = office.workflow(
        ("which", "if", {"conditions": [{"left": "1", "op": "eq", "right": "2"}], "combine": "all"}),
        ("yes", "set", {}),
    )

    html = page(office.client("owner"), "execution_detail", office.finished(workflow))

    assert states(html) == {"which": "completed", "yes": "skipped"}


def test_a_step_that_was_not_reached_says_why(office):
    workflow = office.workflow(
        ("which", "if", {"conditions": [{"left": "1", "op": "eq", "right": "2"}], "combine": "all"}),
        ("yes", "set", {}),
        ("after", "set", {}),
    )
    execution, client = office.execution(workflow), office.client("viewer")
    assert "This step has not begun." in page(client, "execution_step", execution, "yes")

    executions.run_now(execution.pk, budget=10)

    assert "left through “false”" in page(client, "execution_step", execution, "which")
    for key in ("yes", "after"):
        html = page(client, "execution_step", execution, key, headers=HTMX)
        assert "Not reached" in html
        assert "“Which” went through “false”." in html
        assert "Input" not in html


def test_a_step_behind_a_failed_one_says_where_it_ended(office):
    execution = office.finished(
        office.workflow(("bad", "set", set_values(x="{{ trigger.no.such }}")), ("never", "set", {}))
    )

    assert "It did not go on after “Bad”." in page(office.client("viewer"), "execution_step", execution, "never")


def test_the_panel_is_asked_for_until_the_execution_has_finished(office):
    execution = office.execution()
    client = office.client("owner")
    html = page(client, "execution_detail", execution)

    before = panel(client, execution, html)
    executions.run_now(execution.pk, budget=10)
    after = panel(client, execution, html)

    assert (before.status_code, before.content, before.templates) == (204, b"", [])
    assert after.status_code == 286
    assert states(after.content.decode()) == {"first": "completed", "second": "completed"}
    assert "data-poll=" not in after.content.decode()


@pytest.mark.parametrize("steps", [1, 30])
def test_what_a_poll_of_one_execution_costs(office, steps):
    chain = [(f"s{number}", "set", set_values(x="1")) for number in range(steps)]
    execution = office.execution(office.workflow(*chain, ("pause", "wait", {"amount": 1, "unit": "days"})))
    executions.run_now(execution.pk, budget=10)
    client = office.client("viewer")
    html = page(client, "execution_detail", execution)

    with CaptureQueriesContext(connection) as unchanged:
        assert panel(client, execution, html).status_code == 204
    with CaptureQueriesContext(connection) as changed:
        assert client.get(url("execution_panel", execution), headers=HTMX).status_code == 200

    assert len(unchanged) == 4  # session, user, memberships, execution
    assert len(changed) == 6  # and steps, log


def test_the_log_shows_its_last_lines(office, settings):
    execution = office.finished()
    ExecutionLog.objects.bulk_create(
        ExecutionLog(execution=execution, at=execution.completed_at, message=f"line {number:03}")
        for number in range(queries.SHOWN_LOG_LINES + 1)
    )

    html = page(office.client("owner"), "execution_detail", execution)

    assert "line 000" not in html
    assert html.index("line 001") < html.index(f"line {queries.SHOWN_LOG_LINES:03}")


def test_a_log_line_of_a_megabyte_is_cut(office):
    execution = office.finished()
    ExecutionLog.objects.create(
        execution=execution, at=execution.completed_at, message="m" * 1_000_000, details={"long": "d" * 1_000_000}
    )

    html = page(office.client("owner"), "execution_detail", execution)

    assert "m" * 1000 in html
    assert "d" * 1000 in html
    assert len(html) < 200_000


def test_a_retry_and_what_it_repeats_lead_to_each_other(office):
    execution = office.finished()
    again = executions.retry(execution)
    client = office.client("owner")

    assert url("execution_detail", again) in page(client, "execution_detail", execution)
    assert url("execution_detail", execution) in page(client, "execution_detail", again)


def test_an_execution_stays_readable_when_its_workflow_is_gone(office):
    execution = office.finished()
    execution.workflow.delete()

    html = page(office.client("owner"), "execution_detail", execution)

    assert execution.workflow_name in html
    assert "Run again" not in html


# --- One step -------------------------------------------------------------------------------------------------------


def test_a_step_shows_input_filled_in_settings_and_output(office):
    execution = office.finished(input={"x": 41})

    html = unescape(page(office.client("viewer"), "execution_step", execution, "second", headers=HTMX))

    assert html.count('"x": 41') == 1  # input: the output of the step before
    assert '"value": 42' in html  # settings, values filled in
    assert '"y": 42' in html  # output
    assert "<html" not in html
    assert "<html" in page(office.client("viewer"), "execution_step", execution, "second")


def test_the_first_step_shows_what_the_trigger_brought(office):
    execution = office.finished(input={"x": 41})

    html = unescape(page(office.client("owner"), "execution_step", execution, "first", headers=HTMX))

    assert "what the trigger brought" in html
    assert html.count('"x": 41') == 2  # input and output


def test_a_large_value_is_cut_and_can_be_downloaded(office):
    execution = office.finished(input={"x": "å" * 60_000})
    client = office.client("owner")
    step = execution.steps.get(node_key="first")

    html = page(client, "execution_step", execution, "first", headers=HTMX)
    download = client.get(url("execution_value", execution, step.pk, "output"))

    assert "Cut after 50,000 of" in html
    assert len(html) < 350_000
    assert json.loads(download.content) == {"x": "å" * 60_000}
    assert "attachment" in download.headers["Content-Disposition"]


def test_a_step_shows_its_attempts(office):
    execution = office.finished(office.workflow(*FAILING))
    executions.retry_step(execution, "second")
    executions.run_now(execution.pk, budget=10)

    html = page(office.client("owner"), "execution_step", execution, "second", headers=HTMX)

    assert html.index("Attempt 2") < html.index("Attempt 1")


def test_only_the_last_of_many_large_attempts_is_read(office):
    execution = office.finished()
    step = execution.steps.get(node_key="first")
    for attempt in range(2, 11):
        execution.steps.create(
            node_key="first",
            attempt=attempt,
            status="failed",
            output=[attempt] * 20_000,
            started_at=step.started_at,
            finished_at=step.finished_at,
        )

    with CaptureQueriesContext(connection) as asked:
        html = page(office.client("owner"), "execution_step", execution, "first", headers=HTMX)

    assert html.count("Attempt ") == 10
    [read] = [each["sql"] for each in asked if 'jsonb_pretty("automation_steprun"."output")' in each["sql"]]
    assert read.endswith("LIMIT 1")


def test_a_record_step_leads_to_the_row_it_wrote(office):
    project = make_project(office.organization)
    table = make_table(project)
    field = table.fields.get().physical_name
    config = {"table": table.physical_name, "values": [{"field": field, "value": "Zoé"}]}
    workflow = make_published(("write", "record.create", config), organization=office.organization, project=project)
    execution = office.finished(workflow)
    [row] = Records(table).find()

    html = page(office.client("owner"), "execution_step", execution, "write", headers=HTMX)

    assert reverse("admin:studio_table_row", args=[table.pk, row["id"]]) in html


def test_a_step_of_no_such_key_does_not_exist(office):
    assert office.client("owner").get(url("execution_step", office.finished(), "third")).status_code == 404


def test_values_of_another_execution_are_not_reached_through_this_one(office):
    mine, other = office.finished(), office.finished()
    step = other.steps.first()

    assert office.client("owner").get(url("execution_value", mine, step.pk, "output")).status_code == 404
    assert office.client("owner").get(url("execution_value", other, step.pk, "error")).status_code == 404


# --- Acting ---------------------------------------------------------------------------------------------------------


def test_cancel(office):
    execution = office.execution()

    response = office.client("owner").post(url("execution_cancel", execution), follow=True)

    execution.refresh_from_db()
    assert execution.status == WorkflowExecution.Status.CANCELLED
    assert messages(response) == ["The execution was cancelled."]


def test_what_is_not_possible_is_told(office):
    response = office.client("owner").post(url("execution_cancel", office.finished()), follow=True)

    assert messages(response) == ["An execution that is completed cannot become cancelled."]


def test_retry_from_the_failed_step_goes_on_in_the_same_execution(office):
    execution = office.finished(office.workflow(*FAILING))

    office.client("owner").post(url("execution_retry_step", execution, "second"))

    execution.refresh_from_db()
    assert execution.status == WorkflowExecution.Status.WAITING
    assert StepRun.objects.filter(execution=execution).count() == 2


def test_run_again_starts_a_new_one_with_the_same_input_and_shows_it(office):
    execution = office.finished(input={"x": 5})

    response = office.client("owner").post(url("execution_retry", execution))

    again = execution.retries.get()
    assert (again.input, again.triggered_by) == ({"x": 5}, office.owner)
    assert urlsplit(response.url).path == url("execution_detail", again)
    assert parse_qs(urlsplit(response.url).query) == {}


ACTIONS = [("execution_cancel", ()), ("execution_retry", ()), ("execution_retry_step", ("second",))]
READINGS = [
    ("execution_detail", ()),
    ("execution_panel", ()),
    ("execution_download", ()),
    ("execution_input", ()),
    ("execution_step", ("second",)),
]


@pytest.mark.parametrize(("name", "args"), ACTIONS)
@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_only_who_may_run_may_act(office, name, args, who, status):
    execution = office.finished(office.workflow(*FAILING))
    before = WorkflowExecution.objects.values_list("pk", "status").get()

    response = office.client(who).post(url(name, execution, *args))

    assert response.status_code == status
    assert WorkflowExecution.objects.values_list("pk", "status").get() == before


@pytest.mark.parametrize(("name", "args"), ACTIONS)
def test_nothing_happens_on_get(office, name, args):
    execution = office.finished(office.workflow(*FAILING))

    assert office.client("owner").get(url(name, execution, *args)).status_code == 405


@pytest.mark.parametrize(("name", "args"), READINGS)
@pytest.mark.parametrize(("who", "status"), [("owner", {200, 286}), ("viewer", {200, 286}), ("stranger", {404})])
def test_who_may_read(office, name, args, who, status):
    execution = office.finished(office.workflow(*FAILING))

    assert office.client(who).get(url(name, execution, *args)).status_code in status


def test_a_viewer_sees_no_buttons(office):
    execution = office.finished(office.workflow(*FAILING))

    assert "Run again" in page(office.client("owner"), "execution_detail", execution)
    assert "Run again" not in page(office.client("viewer"), "execution_detail", execution)


def test_the_admin_addresses_lead_to_the_page(office):
    execution = office.finished()
    client = office.client("owner")
    step = execution.steps.first()

    change = client.get(reverse("admin:automation_workflowexecution_change", args=[execution.pk]))
    of_step = client.get(reverse("admin:automation_steprun_change", args=[step.pk]))

    assert {change.url, of_step.url} == {url("execution_detail", execution)}
