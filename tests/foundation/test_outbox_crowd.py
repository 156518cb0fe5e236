"""A key whose events cannot be told must not hold up the others."""

from datetime import timedelta

import pytest

from nocode.foundation import outbox
from nocode.foundation.events import Event, bus, deliver_events
from nocode.foundation.models import OutboxEvent, QueuedTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """The keys of the events that were told; those of the key "bad" are refused."""
    keys = []

    @bus.subscribe("test.crowd")
    def listen(event):
        if event.key == "bad":
            raise ValueError("not me")
        keys.append(event.key)

    yield keys
    bus.unsubscribe(listen)


def test_a_full_batch_of_one_failing_key_lets_the_others_pass(told, monkeypatch):
    monkeypatch.setattr(outbox, "BATCH", 3)
    OutboxEvent.objects.all().delete()
    bus.publish(*(Event("test.crowd", {}, "bad") for _number in range(5)), Event("test.crowd", {}, "good"))

    deliver_events()

    assert told == ["good"]


def test_a_delivery_that_is_queued_for_later_does_not_stand_for_one_now(told):
    bus.publish(Event("test.crowd", {}, "good"))
    OutboxEvent.objects.update(created_at="2020-01-01T00:00Z")
    QueuedTask.objects.create(queue="nocode", name=deliver_events.name, payload="", due_at="2100-01-01T00:00Z")

    assert outbox.overdue(timedelta(seconds=3), deliver_events.name)
