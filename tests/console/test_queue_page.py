"""Queue & workers: what waits, who works, and a poll that answers only when something changed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure

from nocode.foundation.models import OutboxEvent, QueuedTask, Role, Worker
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def root():
    return log_in(factories.make_user(is_superuser=True))


def make_worker(**fields) -> Worker:
    return Worker.objects.create(id=uuid4(), cluster="nocode", host="here", pid=1, **fields)


def poll(client, version: str):
    return client.get(reverse("admin:queue_panel"), {"v": version}, headers={"HX-Request": "true"})


def test_tasks_are_counted_by_queue_and_state(root):
    now = timezone.now()
    QueuedTask.objects.create(queue="nocode", payload="x", due_at=now - timedelta(minutes=2))
    QueuedTask.objects.create(queue="nocode", payload="x", due_at=now - timedelta(minutes=1))
    QueuedTask.objects.create(queue="nocode", payload="x", due_at=now + timedelta(hours=1))
    QueuedTask.objects.create(queue="nocode", payload="x", claimed_by=uuid4())
    QueuedTask.objects.create(queue="slow", payload="x")

    backlogs = {each.queue: each for each in root.get(reverse("admin:queue_health")).context["backlogs"]}

    main = backlogs["nocode"]
    assert (main.waiting, main.taken, main.delayed) == (2, 1, 1)
    assert main.oldest == now - timedelta(minutes=2)
    assert backlogs["slow"].waiting == 1


def test_a_silent_worker_is_told_from_a_living_one(root):
    make_worker(current_task="nocode.living")
    make_worker(heartbeat_at=timezone.now() - timedelta(minutes=1))

    page = root.get(reverse("admin:queue_health"))

    assert [each.is_alive for each in page.context["workers"]].count(True) == 1
    assert page.context["alive"] == 1
    assert "Silent" in page.content.decode()
    assert "nocode.living" in page.content.decode()


def test_without_workers_the_page_says_how_to_start_one(root):
    make_worker(heartbeat_at=timezone.now() - timedelta(minutes=1))

    assert "python manage.py qcluster" in root.get(reverse("admin:queue_health")).content.decode()


def test_throughput_counts_living_workers(root):
    make_worker(started_at=timezone.now() - timedelta(minutes=10), done=50)
    make_worker(heartbeat_at=timezone.now() - timedelta(minutes=1), done=9000)

    assert root.get(reverse("admin:queue_health")).context["throughput"] == {"nocode": 5.0}


def test_a_poll_answers_204_until_something_changes(root):
    worker = make_worker()
    version = root.get(reverse("admin:queue_health")).context["version"]

    Worker.objects.update(heartbeat_at=timezone.now())
    assert poll(root, version).status_code == 204

    Worker.objects.update(done=1)
    answer = poll(root, version)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "HX-Request" in answer.headers["Vary"]

    Worker.objects.filter(pk=worker.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert poll(root, answer.context["version"]).status_code == 200


@pytest.mark.parametrize("name", ["queue_health", "queue_panel"])
def test_only_superusers_see_the_queue(name):
    owner = log_in(factories.make_user(organization=factories.make_organization()))

    assert owner.get(reverse(f"admin:{name}")).status_code == 403


def test_a_poll_after_the_session_ended_leads_to_the_login_page(client):
    answer = client.get(
        reverse("admin:queue_panel"),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/admin/queue/?x=1"},
    )

    assert answer.headers["HX-Redirect"] == "/admin/login/?next=/admin/queue/%3Fx%3D1"


@pytest.mark.parametrize("rows", [1, 30])
def test_a_poll_costs_four_queries(root, django_assert_num_queries, rows):
    for number in range(rows):
        make_worker()
        QueuedTask.objects.create(queue=f"queue-{number}", payload="x")

    with django_assert_num_queries(4):  # session, user, tasks, workers
        poll(root, "")


def test_a_failed_task_can_be_queued_again(root):
    now = timezone.now()
    failed = Failure.objects.create(
        id=uuid4().hex,
        name="x",
        func="math.sqrt",
        args=(4,),
        started=now,
        stopped=now,
        success=False,
        result="Boom\nlast",
    )
    url = reverse("admin:django_q_failure_changelist")

    assert "last" in root.get(url).content.decode()
    root.post(url, {"action": "queue_again", "_selected_action": [failed.pk]})

    assert [task.name for task in QueuedTask.objects.all()] == ["math.sqrt"]


def make_event(organization, **fields) -> OutboxEvent:
    return OutboxEvent.objects.create(
        name="x.happened", key="x", payload={}, organization=organization, gave_up=True, attempts=10, **fields
    )


def deliver_again(client, *events: OutboxEvent) -> None:
    url = reverse("admin:foundation_outboxevent_changelist")
    client.post(url, {"action": "retry", "_selected_action": [each.pk for each in events]})


def test_an_owner_has_lost_events_delivered_again():
    organization = factories.make_organization()
    mine, foreign = make_event(organization), make_event(factories.make_organization())

    deliver_again(log_in(factories.make_user(organization=organization)), mine, foreign)

    mine.refresh_from_db()
    foreign.refresh_from_db()
    assert (mine.gave_up, mine.attempts) == (False, 0)
    assert foreign.gave_up is True
    assert QueuedTask.objects.filter(name__endswith="deliver_events").exists()


def test_a_viewer_has_nothing_delivered_again():
    organization = factories.make_organization()
    event = make_event(organization)

    deliver_again(log_in(factories.make_user(organization=organization, role=Role.VIEWER)), event)

    event.refresh_from_db()
    assert event.gave_up is True
