"""The live list: what it shows to whom, and what a poll costs."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation.models import WorkflowExecution
from nocode.automation.services import executions
from nocode.foundation.ids import uuid7
from tests.automation.screens import FAILING, make_office
from tests.factories import make_trigger, make_workflow

pytestmark = pytest.mark.django_db

LIVE, ROWS = "/admin/live/", "/admin/live/rows/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def office():
    return make_office()


def page(client, url=LIVE, **query) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()


def poll_url(html: str) -> str:
    return unescape(html.split('hx-get="/admin/live/rows/')[1].split('"')[0])


def poll(client, html: str):
    return client.get(ROWS + poll_url(html), headers=HTMX)


@pytest.mark.parametrize(("who", "sees"), [("owner", True), ("viewer", True), ("stranger", False)])
def test_executions_are_shown_to_members_only(office, who, sees):
    execution = office.finished()

    for url in (LIVE, ROWS):
        assert (str(execution.pk) in page(office.client(who), url)) is sees


def test_a_row_tells_status_progress_and_who_started_it(office):
    office.finished(input={"x": 1}, user=office.owner)

    html = page(office.client("owner"))

    assert "Completed" in html
    assert '<td data-label="Steps" class="c-number">2</td>' in html
    assert "Olive Owner" in html


def test_what_no_person_started_names_its_trigger_or_the_workflow_that_called_it(office):
    by_trigger, called = office.finished(), office.execution()
    trigger = make_trigger(by_trigger.workflow, "record", name="A customer is new", config={"table": str(uuid7())})
    WorkflowExecution.objects.filter(pk=by_trigger.pk).update(trigger=trigger)
    WorkflowExecution.objects.filter(pk=called.pk).update(parent=by_trigger, workflow_name="Called")

    for url in (LIVE, reverse("admin:automation_workflowexecution_changelist")):
        html = page(office.client("owner"), url)
        assert "A customer is new" in html
        assert re.search(rf'(Started|started) by"[^>]*>(<span[^>]*>)?{by_trigger.workflow_name}<', html)
    head = page(office.client("owner"), reverse("admin:execution_detail", args=[by_trigger.pk]))
    assert "<dt>Started by</dt><dd>A customer is new</dd>" in head


def test_only_what_is_not_finished_is_so_many_of_so_many_steps(office):
    execution = office.execution()
    assert ">0/2</td>" in page(office.client("owner"))

    executions.cancel(execution)
    assert ">0</td>" in page(office.client("owner"))


def test_a_poll_answers_204_and_renders_nothing_until_something_changes(office):
    execution = office.execution()
    client = office.client("owner")
    html = page(client)

    unchanged = poll(client, html)
    executions.run_now(execution.pk, budget=10)
    changed = poll(client, html)

    assert (unchanged.status_code, unchanged.content, unchanged.templates) == (204, b"", [])
    assert changed.status_code == 200
    assert 'data-status="completed"' in changed.content.decode()


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize("what", ["nothing changed", "everything changed"])
def test_a_poll_costs_four_queries_whatever_it_shows(office, rows, what):
    workflow = office.workflow()
    for _ in range(rows):
        office.finished(workflow, user=office.owner)
    client = office.client("viewer")
    url = ROWS + (poll_url(page(client)) if what == "nothing changed" else "")

    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, headers=HTMX)

    assert response.status_code == (204 if what == "nothing changed" else 200)
    assert len(queries) == 4  # session, user, memberships, rows


def test_a_poll_of_an_empty_list_costs_four_queries_too(office):
    client = office.client("owner")
    html = page(client)

    with CaptureQueriesContext(connection) as queries:
        assert poll(client, html).status_code == 204

    assert len(queries) == 4


def test_going_back_to_the_list_gets_the_whole_page(office):
    """htmx asks so when its copy of the page is gone."""
    headers = {**HTMX, "HX-History-Restore-Request": "true"}

    assert "<html" in office.client("owner").get(LIVE, headers=headers).content.decode()


def test_the_page_costs_the_same_for_one_row_and_for_thirty(office):
    workflow = office.workflow()
    client = office.client("owner")
    counts = []
    for rows in (1, 29):
        for _ in range(rows):
            office.execution(workflow)
        with CaptureQueriesContext(connection) as queries:
            page(client)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_polls_are_fast_while_something_runs_and_slow_otherwise(office, settings):
    settings.LIVE_POLL_FAST, settings.LIVE_POLL_SLOW = 3, 33
    execution = office.execution()
    client = office.client("owner")

    assert 'data-poll="3"' in page(client)
    executions.run_now(execution.pk, budget=10)
    assert 'data-poll="33"' in page(client)


def test_filters_limit_the_list_and_stay_in_the_poll(office):
    good, bad = office.finished(), office.finished(office.workflow(*FAILING))
    client = office.client("owner")

    def shown(**query) -> set:
        html = page(client, **query)
        assert all(f"{name}=" in poll_url(html) for name in query)
        return {execution.pk for execution in (good, bad) if f"ex-{execution.pk}" in html}

    assert shown(status="failed") == {bad.pk}
    assert shown(workflow=good.workflow_id) == {good.pk}
    assert shown(text="no header") == {bad.pk}
    assert shown(text=str(good.pk)) == {good.pk}
    assert shown(text=str(bad.pk)[:8]) == {good.pk, bad.pk}  # made within the same minute
    assert shown(text="nothing like it") == set()


@pytest.mark.parametrize("query", [{"status": "odd"}, {"workflow": "not-an-id"}, {"text": "\0"}])
def test_filters_that_make_no_sense_are_ignored(office, query):
    execution = office.finished()

    assert str(execution.pk) in page(office.client("owner"), **query)


def test_only_the_newest_25_are_shown(office):
    workflow = office.workflow()
    oldest, *rest = [office.execution(workflow) for _ in range(26)]

    html = page(office.client("owner"))

    assert f"ex-{oldest.pk}" not in html
    assert html.count('id="ex-') == 25


def test_an_empty_list_teaches_the_call_that_fills_it(office):
    workflow = office.workflow()
    trigger = make_trigger(workflow, "webhook")

    html = page(office.client("owner"))

    assert trigger.token not in page(office.client("viewer"))
    assert f"curl -X POST http://testserver/hooks/{trigger.token}/" in html
    assert reverse("admin:automation_workflow_change", args=[workflow.pk]) in html


def test_an_empty_list_leads_to_a_workflow_or_to_making_one(office):
    client = office.client("owner")
    assert reverse("admin:automation_workflow_add") in page(client)

    workflow = make_workflow(office.organization)
    assert reverse("admin:automation_workflow_change", args=[workflow.pk]) in page(client)


def test_a_poll_after_the_session_ended_leads_to_the_login_page(client, db):
    response = client.get(ROWS, headers=HTMX)

    assert response.headers["HX-Redirect"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("rows", [1, 30])
def test_the_archive_costs_at_most_ten_queries(office, rows):
    workflow = office.workflow()
    for _ in range(rows):
        office.finished(workflow, user=office.owner)
    client = office.client("owner")
    url = reverse("admin:automation_workflowexecution_changelist")

    with CaptureQueriesContext(connection) as queries:
        html = page(client, url)

    assert len(queries) <= 10
    assert str(WorkflowExecution.objects.first().pk) in html
