"""The list of events: how it is filtered and searched without an index by time or by name."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.models import OutboxEvent
from nocode.foundation.outbox import first_id_after, first_id_since
from tests.factories import make_organization, make_user

pytestmark = pytest.mark.django_db

LIST = reverse("admin:foundation_outboxevent_changelist")
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def client(organization):
    client = Client()
    client.force_login(make_user(organization=organization))
    OutboxEvent.objects.all().delete()
    return client


def publish(organization, hour: float = 0, **fields) -> OutboxEvent:
    fields = {"name": "test.a", "key": "thing:1", "payload": {}, **fields}
    return OutboxEvent.objects.create(organization=organization, created_at=START + timedelta(hours=hour), **fields)


def shown(client, query: str) -> list[OutboxEvent]:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def test_a_period_is_found_by_ids(organization, client):
    events = [publish(organization, hour) for hour in range(0, 240, 4)]

    found = shown(client, "created_at_from_0=2026-03-03&created_at_to_0=2026-03-03")

    assert found == [each for each in reversed(events) if each.created_at.day == 3]


def test_an_event_of_a_long_transaction_is_found_among_its_neighbours(organization, client):
    for hour in range(10):
        publish(organization, hour)
    late = publish(organization, 8.5)  # it began then, and wrote after the others
    for hour in range(10, 20):
        publish(organization, hour)

    asked = (
        "created_at_from_0=2026-03-01&created_at_from_1=08:15:00&created_at_to_0=2026-03-01&created_at_to_1=08:45:00"
    )

    assert shown(client, asked) == [late]


def test_ids_around_a_moment(organization):
    OutboxEvent.objects.all().delete()
    assert first_id_since(START) <= first_id_after(START)  # where there is nothing
    events = [publish(organization, hour) for hour in range(48)]

    first, after = first_id_since(events[20].created_at), first_id_after(events[20].created_at)

    assert events[10].pk < first <= events[20].pk
    assert events[20].pk < after <= events[30].pk


@pytest.mark.parametrize("state", ["pending", "gave_up", "delivered"])
def test_events_are_filtered_by_state(organization, client, state):
    made = {
        "pending": publish(organization, attempts=2),
        "gave_up": publish(organization, gave_up=True),
        "delivered": publish(organization, delivered_at=timezone.now()),
    }

    assert shown(client, f"state={state}") == [made[state]]
    assert len(shown(client, "state=odd")) == 3


@pytest.mark.parametrize(
    ("query", "count"), [("Orders", 1), ("THING:7", 1), ("Req-1", 1), ("req-1", 0), ("test thing", 3)]
)
def test_words_are_found_in_name_object_and_request(organization, client, query, count):
    publish(organization, name="test.orders.made", key="thing:6")
    publish(organization, key="thing:7")
    publish(organization, key="thing:8", request_id="Req-1")

    assert len(shown(client, f"q={query.replace(' ', '+')}")) == count


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize("query", ["", "state=delivered", "q=test", "created_at_from_0=2026-03-01", "p=2"])
def test_the_list_costs_ten_queries_at_most(organization, client, rows, query):
    for number in range(rows):
        publish(organization, number, delivered_at=timezone.now())

    with CaptureQueriesContext(connection) as queries:
        shown(client, query)

    assert len(queries) <= 7
