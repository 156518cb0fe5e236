"""Events: published with the change or not at all, told once, in order, whoever fails."""

import threading
import time
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError, connections, transaction
from django.db.models import F
from django.test import RequestFactory
from django.utils import timezone

from nocode.foundation import events
from nocode.foundation.events import Event, Kick, bus, deliver_events, deliver_forgotten_events
from nocode.foundation.middleware import ProgramsMiddleware, RequestIdMiddleware, current_actor_id
from nocode.foundation.models import Organization, OutboxEvent, QueuedTask
from tests.factories import make_organization, make_user
from tests.fixtures.cluster import queue_is_empty
from tests.fixtures.stack import eventually
from tests.foundation import queue_tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscribe():
    """`subscribe(function, pattern)`: listens for this test only."""
    functions = []

    def subscribe(function, pattern="test.*", **options):
        functions.append(bus.subscribe(pattern, **options)(function))

    yield subscribe
    for function in functions:
        bus.unsubscribe(function)


def publish(*names: str, key: str = "thing:1", **fields) -> None:
    bus.publish(*(Event(name, {"n": number}, key, **fields) for number, name in enumerate(names)))


def make_due() -> None:
    """As if the back-off were over."""
    OutboxEvent.objects.exclude(retry_at=None).update(retry_at=timezone.now() - timedelta(seconds=1))


# --- publishing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 30])
def test_publishing_is_one_statement(django_assert_num_queries, count):
    with transaction.atomic(), django_assert_num_queries(1):
        publish(*["test.a"] * count)

    assert list(OutboxEvent.objects.order_by("id").values_list("payload__n", flat=True)) == list(range(count))


def test_an_event_carries_what_spec_asks_for():
    organization, person = make_organization(), make_user()

    bus.publish(Event("test.a", {"at": timezone.now(), "text": "é 'x'"}, "thing:1", organization.pk, person.pk))

    event = OutboxEvent.objects.get()
    assert (event.name, event.key, event.organization, event.actor) == ("test.a", "thing:1", organization, person)
    assert event.payload["text"] == "é 'x'"
    assert event.event_id
    assert (event.delivered_at, event.delivered_to, event.attempts, event.gave_up) == (None, [], 0, False)


def test_a_rolled_back_change_publishes_nothing():
    with transaction.atomic():
        publish("test.a")
        transaction.set_rollback(True)

    assert not OutboxEvent.objects.exists()


def test_events_of_a_request_carry_its_id_its_user_and_where_from():
    person = make_user()

    def view(request):
        request.user = person  # what the authentication middleware does after ours
        publish("test.a")
        return {}

    headers = {"X-Request-Id": "request-1", "User-Agent": "Firefox/140.0"}
    RequestIdMiddleware(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.7"))
    publish("test.b")

    first, second = OutboxEvent.objects.order_by("id")
    assert (first.request_id, first.actor) == ("request-1", person)
    assert (first.ip, first.user_agent) == ("192.0.2.7", "Firefox/140.0")
    assert (second.request_id, second.actor, second.ip, second.user_agent) == ("", None, None, "")


def test_events_of_programs_do_not_say_where_from():
    def view(request):
        publish("test.a")
        return {}

    RequestIdMiddleware(view)(RequestFactory().get("/", headers={"User-Agent": "curl/8"}, REMOTE_ADDR="192.0.2.7"))

    event = OutboxEvent.objects.get()
    assert event.request_id
    assert (event.actor, event.ip, event.user_agent) == (None, None, "")


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("a" * 64, True), ("Root=1-67", False), ("01a2_b.c-9", True), ("a" * 65, False), ("", False), ("a\n", False)],
)
def test_only_a_short_and_plain_id_of_a_request_is_believed(given, is_kept):
    def view(request):
        publish("test.a")
        return {}

    answer = RequestIdMiddleware(view)(RequestFactory().get("/", headers={"X-Request-Id": given}))

    assert OutboxEvent.objects.get().request_id == answer["X-Request-Id"]
    assert (answer["X-Request-Id"] == given) is is_kept
    assert len(answer["X-Request-Id"]) >= 10


def test_what_fails_in_a_page_is_not_told_as_an_address_that_does_not_match():
    def view(request):
        raise KeyError("page")

    with pytest.raises(KeyError) as failure:
        ProgramsMiddleware(view)(RequestFactory().get("/admin/"))

    assert failure.value.__context__ is None


# --- delivery ---------------------------------------------------------------------------------------------------------


def test_events_reach_those_whose_pattern_matches(subscribe):
    seen = []
    subscribe(lambda event: seen.append(event.name), "test.thing.*")

    publish("test.thing.made", "test.other", "test.thing.lost")
    deliver_events()

    assert seen == ["test.thing.made", "test.thing.lost"]
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()


def test_events_nobody_hears_are_marked_in_one_statement(django_assert_num_queries):
    publish(*["test.unheard"] * 30)

    with django_assert_num_queries(5):  # what is due, two who hear of any event, the mark, and nothing any more
        deliver_events()

    assert OutboxEvent.objects.exclude(delivered_at=None).count() == 30


def test_a_sieve_is_asked_once_for_many_events_and_lets_through_what_it_names(subscribe):
    asked, told = [], []

    def last_two(ids):
        asked.append(ids)
        return ids[-2:]

    subscribe(lambda event: told.append(event.payload["n"]), sieve=last_two)
    publish(*["test.a"] * 5)

    deliver_events()

    assert [len(ids) for ids in asked] == [5]
    assert told == [3, 4]
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()


def test_the_effect_of_a_failing_subscriber_is_undone_and_tried_again(subscribe):
    tries = []

    def fail_once(event):
        make_organization(name=f"try {len(tries)}")
        tries.append(event.pk)
        if len(tries) == 1:
            raise ValueError("not today")

    subscribe(fail_once)
    publish("test.a")

    deliver_events()

    event = OutboxEvent.objects.get()
    assert (event.attempts, event.delivered_at, event.gave_up) == (1, None, False)
    assert "not today" in event.error
    assert event.retry_at > timezone.now()
    assert QueuedTask.objects.delayed().get().name == deliver_events.name
    assert Organization.objects.count() == 0

    make_due()
    deliver_events()

    event.refresh_from_db()
    assert (event.delivered_at is not None, event.error) == (True, "")
    assert list(Organization.objects.values_list("name", flat=True)) == ["try 1"]


def test_others_are_told_once_when_one_subscriber_keeps_failing(subscribe):
    first, bad, last = [], [], []

    def listen_badly(event):
        bad.append(event.pk)
        raise ValueError

    def listen_first(event):
        first.append(event.pk)

    def listen_last(event):
        last.append(event.pk)

    subscribe(listen_first)
    subscribe(listen_badly)
    subscribe(listen_last)
    publish("test.a")
    for _try in range(3):
        deliver_events()
        make_due()

    assert (len(first), len(bad), len(last)) == (1, 3, 1)
    assert "listen_badly" in OutboxEvent.objects.get().error


def test_a_failing_event_holds_back_later_ones_of_its_key_only(subscribe):
    seen = []

    def refuse_first(event):
        if event.name == "test.bad":
            raise ValueError
        seen.append((event.key, event.name))

    subscribe(refuse_first)
    publish("test.bad", "test.good", key="a")
    publish("test.good", key="b")

    deliver_events()
    deliver_events()
    assert seen == [("b", "test.good")]

    OutboxEvent.objects.filter(name="test.bad").update(attempts=9)
    make_due()
    deliver_events()

    assert seen == [("b", "test.good"), ("a", "test.good")]
    bad = OutboxEvent.objects.get(name="test.bad")
    assert (bad.gave_up, bad.attempts, bad.delivered_at) == (True, 10, None)


def test_a_subscriber_works_on_behalf_of_the_events_author(subscribe):
    person, seen = make_user(), []
    subscribe(lambda event: seen.append(current_actor_id()))

    publish("test.a", actor_id=person.pk)
    deliver_events()

    assert seen == [person.pk]


def test_the_window_of_deliveries(monkeypatch):
    clock = iter([100.0, 100.01, 100.02, 100.06, 100.2])
    monkeypatch.setattr(events, "time", SimpleNamespace(monotonic=lambda: next(clock)))  # other threads keep theirs
    kick = Kick()

    waits = []
    for _commit in range(5):
        before = set(QueuedTask.objects.values_list("pk", flat=True))
        kick.queue()
        new = QueuedTask.objects.exclude(pk__in=before).annotate(wait=F("due_at") - F("created_at")).first()
        waits.append(round(new.wait.total_seconds(), 3) if new else None)

    # At once; at the end of the window; covered by that one; the next window's end; at once again.
    assert waits == [0.0, 0.04, None, 0.04, 0.0]


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_cannot_be_queued_does_not_break_the_publisher(monkeypatch):
    def fail(due_at=None):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(deliver_events, "enqueue", fail)

    publish("test.a")

    assert OutboxEvent.objects.get().name == "test.a"


def test_forgotten_events_are_found(subscribe):
    publish("test.a")
    QueuedTask.objects.all().delete()

    deliver_forgotten_events()
    assert QueuedTask.objects.count() == 0  # too young to be forgotten

    OutboxEvent.objects.update(created_at=timezone.now() - timedelta(seconds=10))
    deliver_forgotten_events()
    deliver_forgotten_events()
    assert QueuedTask.objects.get().name == deliver_events.name


@pytest.mark.django_db(transaction=True)
def test_many_deliverers_tell_each_event_once_and_in_order(subscribe):
    def count(event):
        Organization.objects.create(name=f"{event.key} {event.payload['n']}", slug=uuid4().hex)
        time.sleep(0.01)  # long enough for the others to come by

    subscribe(count)
    for key in "abc":
        publish(*["test.a"] * 10, key=key)

    def deliver():
        deliver_events()
        connections.close_all()

    threads = [threading.Thread(target=deliver) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    names = list(Organization.objects.order_by("created_at").values_list("name", flat=True))
    assert not OutboxEvent.objects.filter(delivered_at=None).exists()
    assert {key: [name for name in names if name[0] == key] for key in "abc"} == {
        key: [f"{key} {number}" for number in range(10)] for key in "abc"
    }


def test_an_event_is_delivered_by_a_cluster(start_cluster, tmp_path):
    start_cluster(workers=1)
    queue_tasks.note.enqueue(str(tmp_path / "notes"), "the worker now knows the subscriber")

    with transaction.atomic():
        bus.publish(Event("test.queue.told", {"name": "one"}, "thing:1"))

    eventually(lambda: Organization.objects.filter(name="one").exists(), within=5)
    eventually(queue_is_empty, within=5)
    assert OutboxEvent.objects.get().delivered_to == ["tests.foundation.queue_tasks.remember_event"]
