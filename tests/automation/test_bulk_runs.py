"""Retry or cancel all executions that match a search: what is asked, what is done, and what a killed worker leaves."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.automation import tasks
from nocode.automation.engine import bulk as parts
from nocode.automation.errors import JobRefused
from nocode.automation.models import ExecutionJob, WorkflowExecution
from nocode.automation.services import bulk, executions
from nocode.foundation.models import Role
from tests.automation.screens import FAILING, make_office
from tests.factories import make_user

pytestmark = pytest.mark.django_db

Kind, State = ExecutionJob.Kind, ExecutionJob.State
LIST = reverse("admin:automation_workflowexecution_changelist")


@pytest.fixture
def office():
    return make_office()


@pytest.fixture
def failed(office) -> list[WorkflowExecution]:
    workflow = office.workflow(*FAILING)
    return [office.finished(workflow) for _number in range(5)]


def address(kind: str, query: str = "") -> str:
    return f"{reverse(f'admin:execution_bulk_{kind}')}?{query}"


def ask(office, kind: str, query: str = "", who: str = "owner") -> ExecutionJob:
    answer = office.client(who).post(address(kind, query))
    job = ExecutionJob.objects.get()
    assert answer.url == reverse("admin:execution_job", args=[job.pk])
    return job


def do(job: ExecutionJob) -> ExecutionJob:
    tasks.run_execution_job(str(job.pk))
    job.refresh_from_db()
    return job


# --- Asking -----------------------------------------------------------------------------------------------------------


def test_the_number_is_told_before_anything_is_done(office, failed):
    office.finished()
    client = office.client("owner")

    assert "5 executions that match" in client.get(address(Kind.RETRY_STEP)).content.decode()
    html = client.get(address(Kind.RETRY)).content.decode()
    assert "6 executions that match" in html
    assert "this is about every execution" in html
    narrowed = client.get(address(Kind.RETRY, "status__exact=completed")).content.decode()
    assert "1 execution that matches" in narrowed
    assert "this is about every execution" not in narrowed
    assert "There is nothing to do" in client.get(address(Kind.CANCEL)).content.decode()
    assert not ExecutionJob.objects.exists()


def test_the_list_leads_to_the_acts_with_its_search(office, failed):
    html = office.client("owner").get(f"{LIST}?status__exact=failed").content.decode()
    assert f'{address(Kind.RETRY, "status__exact=failed")}"' in html

    assert "bulk/retry" not in office.client("owner").get(LIST).content.decode()
    office.reader = make_user(organization=office.organization, role=Role.VIEWER)
    assert "bulk/retry" not in office.client("reader").get(f"{LIST}?status__exact=failed").content.decode()
    assert office.client("reader").get(address(Kind.RETRY)).status_code == 403


def test_who_may_ask(office, failed):
    editor = make_user(organization=office.organization, role=Role.EDITOR)
    office.editor = editor
    for method in ("get", "post"):
        viewer = getattr(office.client("viewer"), method)(address(Kind.RETRY))
        assert viewer.status_code in (200, 302)  # of another organization, the owner
        stranger = getattr(office.client("stranger"), method)(address(Kind.RETRY))
        assert stranger.status_code in (200, 302)
    assert not ExecutionJob.objects.exists()

    job = ask(office, Kind.RETRY, who="editor")

    page = reverse("admin:execution_job", args=[job.pk])
    assert office.client("viewer").get(page).status_code == 200
    assert office.client("stranger").get(page).status_code == 404
    assert office.client("viewer").post(f"{page}stop/").status_code == 403
    assert office.client("stranger").post(f"{page}stop/").status_code == 404
    assert office.client("owner").get(f"{page}stop/").status_code == 405


def test_more_than_can_be_done_at_once_is_refused(office, failed, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 4)

    assert "More than 4" in office.client("owner").get(address(Kind.RETRY)).content.decode()
    with pytest.raises(JobRefused, match="More than 4"):
        bulk.ask(Kind.RETRY, WorkflowExecution.objects.all(), office.owner)


# --- Doing ------------------------------------------------------------------------------------------------------------


def test_all_that_match_run_again(office, failed):
    job = do(ask(office, Kind.RETRY, "status__exact=failed"))

    assert (job.state, job.done, job.result) == (State.DONE, 5, {"acted": 5, "refused": {}})
    assert set(WorkflowExecution.objects.exclude(retry_of=None).values_list("retry_of", "triggered_by")) == {
        (execution.pk, office.owner.pk) for execution in failed
    }
    html = office.client("viewer").get(reverse("admin:execution_job", args=[job.pk])).content.decode()
    assert "?status__exact=failed" in html


def test_failed_steps_are_tried_again_and_what_cannot_is_told(office, failed):
    job = ask(office, Kind.RETRY_STEP)
    executions.retry_step(failed[0], "second")
    failed[1].delete()

    do(job)

    assert (job.state, job.result["acted"]) == (State.DONE, 3)
    assert job.result["refused"] == {
        "An execution that is waiting cannot become waiting.": 1,
        "It was deleted meanwhile.": 1,
    }
    html = office.client("owner").get(reverse("admin:execution_job", args=[job.pk])).content.decode()
    assert "It was deleted meanwhile." in html


def test_all_that_run_are_cancelled(office):
    workflow = office.workflow()
    running = [office.execution(workflow) for _number in range(3)]
    office.finished(workflow)

    job = do(ask(office, Kind.CANCEL))

    assert job.result["acted"] == 3
    assert {*WorkflowExecution.objects.filter(status="cancelled")} == {*running}


def test_what_fails_anew_is_not_met_twice(office, failed):
    job = ask(office, Kind.RETRY, "status__exact=failed")
    office.finished(failed[0].workflow)

    assert do(job).result["acted"] == 5


def test_a_worker_that_dies_has_done_a_part_or_nothing_of_it(office, failed, monkeypatch):
    monkeypatch.setattr(parts, "PART", 2)
    job = ask(office, Kind.RETRY)
    act, left = parts.acts[Kind.RETRY], [3]

    def dies(execution, user):
        act(execution, user)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setitem(parts.acts, Kind.RETRY, dies)
    with pytest.raises(KeyboardInterrupt):
        tasks.run_execution_job(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.done, WorkflowExecution.objects.exclude(retry_of=None).count()) == (State.RUNNING, 2, 2)

    monkeypatch.setitem(parts.acts, Kind.RETRY, act)
    do(job)
    do(job)

    assert (job.state, job.result["acted"]) == (State.DONE, 5)
    assert WorkflowExecution.objects.exclude(retry_of=None).count() == 5


def test_it_stops_when_asked(office, failed, monkeypatch):
    monkeypatch.setattr(parts, "PART", 2)
    job, act = ask(office, Kind.RETRY), parts.acts[Kind.RETRY]

    def stop_then_act(execution, user):
        ExecutionJob.objects.filter(pk=job.pk).update(cancel_requested=True)
        return act(execution, user)

    monkeypatch.setitem(parts.acts, Kind.RETRY, stop_then_act)
    do(job)

    assert (job.state, job.done, job.result["acted"]) == (State.CANCELLED, 2, 2)
    assert "what was done until then stays" in job.error


def test_one_that_waits_is_stopped_at_once(office, failed):
    job = ask(office, Kind.RETRY)
    page = reverse("admin:execution_job", args=[job.pk])

    office.client("owner").post(f"{page}stop/")
    do(job)

    assert (job.state, job.done) == (State.CANCELLED, 0)
    assert "This has ended already." in office.client("owner").post(f"{page}stop/", follow=True).content.decode()


def test_who_lost_the_role_acts_no_more(office, failed):
    job = ask(office, Kind.RETRY)
    office.organization.memberships.filter(user=office.owner).update(role=Role.VIEWER)

    do(job)

    assert job.result == {"acted": 0, "refused": {"Whoever asked for this may not do it any more.": 5}}


def test_a_fault_ends_the_job_and_keeps_what_was_done(office, failed, monkeypatch):
    monkeypatch.setattr(parts, "PART", 2)
    job, act = ask(office, Kind.RETRY), parts.acts[Kind.RETRY]
    monkeypatch.setitem(
        parts.acts, Kind.RETRY, lambda execution, user: act(execution, user) if execution != failed[3] else 1 / 0
    )

    with pytest.raises(ZeroDivisionError):
        tasks.run_execution_job(str(job.pk))

    job.refresh_from_db()
    assert (job.state, job.done) == (State.FAILED, 2)
    assert "Something unexpected went wrong" in job.error


@pytest.mark.parametrize("rows", [1, 5])
def test_what_the_pages_cost(office, failed, rows):
    WorkflowExecution.objects.exclude(pk__in=[each.pk for each in failed[:rows]]).delete()
    client = office.client("owner")
    job = ask(office, Kind.RETRY)

    with CaptureQueriesContext(connection) as asking:
        client.get(address(Kind.RETRY, "status__exact=failed"))
    with CaptureQueriesContext(connection) as page:
        client.get(reverse("admin:execution_job", args=[job.pk]), headers={"HX-Request": "true"})

    assert len(asking) <= 10
    assert len(page) == 4
    assert not any("executions" in query["sql"] and '"options"' in query["sql"].split("FROM")[0].replace(
        '"options" ->>', "") for query in page)  # fmt: skip
