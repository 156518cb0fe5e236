"""Jobs: started with their task, watched while they run, stopped, done once although workers die."""

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import translation

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import LOST_ATTEMPTS
from nocode.studio.errors import JobRefused
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.models import TableJob
from nocode.studio.services import jobs
from nocode.studio.tasks import MOST_DEATHS, run_table_job
from tests.factories import make_project, make_user

State = TableJob.State


@pytest.fixture
def job_type(monkeypatch):
    """Install a job type for the test: `job_type(run, in_transaction=True)`."""

    def install(run, **attributes) -> str:
        made = type("Made", (JobType,), {"kind": "test", "label": "Test", **attributes})()
        made.run = lambda job, progress: run(job, progress)
        monkeypatch.setitem(job_types._entries, "test", made)
        return "test"

    return install


def start(kind: str, **options) -> TableJob:
    return jobs.start(kind, project=make_project(), **options)


def run(job: TableJob) -> TableJob:
    run_table_job(str(job.pk))
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_a_job_is_queued_with_its_row_and_keeps_its_result(job_type):
    job = start(job_type(lambda job, progress: {"rows": 3}))

    assert QueuedTask.objects.filter(name=run_table_job.path).count() == 1
    run(job)

    assert (job.state, job.result) == (State.DONE, {"rows": 3})
    assert job.started_at <= job.finished_at


@pytest.mark.django_db
def test_a_refusal_is_told_in_words(job_type):
    def refuse(job, progress):
        raise NoCodeError("Row 3 is broken.")

    job = run(start(job_type(refuse)))

    assert (job.state, job.error) == (State.FAILED, "Row 3 is broken.")


@pytest.mark.django_db
def test_what_nobody_expected_fails_the_job_and_is_raised(job_type):
    def fail(job, progress):
        raise ZeroDivisionError

    job = start(job_type(fail))

    with pytest.raises(ZeroDivisionError):
        run(job)
    job.refresh_from_db()
    assert job.state == State.FAILED
    assert "unexpected" in job.error


@pytest.mark.django_db
def test_a_job_that_has_ended_is_not_run_again(job_type):
    runs = []
    job = run(start(job_type(lambda job, progress: runs.append(1) or {})))

    run(job)

    assert runs == [1]


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_given_up(job_type):
    job = start(job_type(lambda job, progress: {}))

    token = LOST_ATTEMPTS.set(MOST_DEATHS)
    try:
        run(job)
    finally:
        LOST_ATTEMPTS.reset(token)

    assert job.state == State.FAILED
    assert "3 times" in job.error


@pytest.mark.django_db
def test_a_job_speaks_the_language_of_who_asked(job_type):
    with translation.override("fr"):
        job = start(job_type(lambda job, progress: {"language": translation.get_language()}))

    assert run(job).result == {"language": "fr"}


@pytest.mark.django_db
def test_a_waiting_job_is_cancelled_at_once_and_an_ended_one_cannot_be(job_type):
    job = start(job_type(lambda job, progress: {"ran": True}))

    jobs.cancel(job)
    run(job)

    assert (job.state, job.result) == (State.CANCELLED, {})
    with pytest.raises(JobRefused):
        jobs.cancel(job)


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_while_the_work_is_open_and_a_stop_undoes_it(job_type):
    seen = []

    def work(job, progress: Progress):
        job.project.description = "half done"
        job.project.save()
        progress.tell(10, 40)
        progress.check()
        with connection.cursor() as cursor:
            cursor.execute("SELECT done, total FROM studio_tablejob")
            seen.append(cursor.fetchone())
        stop(job)
        progress.check()

    def stop(job):
        other = connections.create_connection("default")
        with other.cursor() as cursor:
            cursor.execute("UPDATE studio_tablejob SET cancel_requested = true WHERE id = %s", [job.pk])
        other.close()

    job = run(start(job_type(work, in_transaction=True)))

    job.project.refresh_from_db()
    assert (job.state, seen, job.project.description) == (State.CANCELLED, [(10, 40)], "")


# --- The page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(db):
    project = make_project()
    organization = project.organization
    return {
        "project": project,
        "owner": make_user(organization=organization),
        "viewer": make_user(organization=organization, role="viewer"),
        "stranger": make_user(organization=make_project().organization),
    }


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(("who", "page", "stop"), [("owner", 200, 302), ("viewer", 200, 403), ("stranger", 404, 404)])
def test_who_may_see_and_stop_a_job(people, job_type, who, page, stop):
    job = jobs.start(job_type(lambda job, progress: {}), project=people["project"], user=people["owner"])
    client = client_of(people[who])

    assert client.get(reverse("admin:studio_job", args=[job.pk])).status_code == page
    assert client.post(reverse("admin:studio_job_stop", args=[job.pk])).status_code == stop
    job.refresh_from_db()
    assert job.cancel_requested == (stop == 302)


def test_the_page_polls_until_the_job_has_ended_and_answers_nothing_while_nothing_changes(people, job_type):
    job = jobs.start(job_type(lambda job, progress: {}), project=people["project"], user=people["owner"])
    client = client_of(people["owner"])
    address = reverse("admin:studio_job", args=[job.pk])

    shown = client.get(address)
    poll = shown.context["poll_url"]

    assert b"data-poll" in shown.content
    assert client.get(poll, headers={"HX-Request": "true"}).status_code == 204
    run(job)
    ended = client.get(poll, headers={"HX-Request": "true"})
    assert ended.status_code == 200
    assert b"data-poll" not in ended.content
