"""Facts for whoever cares: published in the transaction of the change they tell, delivered after its commit.

A subscriber's database effects happen exactly once per event: they commit together with the mark that it was told.
Events of one key (one object) are told in order, as long as the change locked the object before publishing.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from nocode.foundation import outbox
from nocode.foundation.middleware import REQUEST_ID, calling_address, calling_browser, current_actor_id
from nocode.foundation.models import OutboxEvent
from nocode.foundation.queue import every, task

SLICE = 20  # seconds after which a long delivery queues its own continuation, for fairness

Subscriber = Callable[[OutboxEvent], Any]
Sieve = Callable[[list[int]], Iterable[int]]

INSERT = """
    INSERT INTO foundation_outboxevent
        (name, key, payload, organization_id, actor_id, request_id, ip, user_agent)
    SELECT name, key, payload, organization_id, actor_id, request_id, ip, user_agent
    FROM json_to_recordset(%s) AS event
         (name text, key text, payload jsonb, organization_id uuid, actor_id bigint, request_id text, ip inet,
          user_agent text)
"""


@dataclass(frozen=True, slots=True)
class Event:
    """A past-tense fact: a name like `automation.execution.failed`, plain values, and the object it is about."""

    name: str
    payload: dict[str, Any]
    key: str
    organization_id: UUID | None = None
    actor_id: int | None = None


class EventBus:
    """Writes events to the outbox, and knows who listens to which names."""

    def __init__(self):
        self._subscribers: dict[str, tuple[str, Subscriber]] = {}
        self._sieves: dict[str, Sieve] = {}
        self._matches: dict[str, dict[str, Subscriber]] = {}
        self.after_publish: Callable[[], None] = lambda: None

    def publish(self, *events: Event) -> None:
        """Write events in the caller's transaction with one statement; a rollback forgets them.

        The actor and the request are those of the current request or task unless the event names its actor. Where
        from and with what is noted of persons only: nobody asks that of programs.
        """
        if not events:
            return
        actor_id, request_id = current_actor_id(), REQUEST_ID.get()
        ip, user_agent = calling_address() or None, calling_browser()
        rows = [
            {
                "name": event.name,
                "key": event.key,
                "payload": event.payload,
                "organization_id": event.organization_id,
                "actor_id": event.actor_id or actor_id,
                "request_id": request_id,
                "ip": ip if actor_id else None,
                "user_agent": user_agent if actor_id else "",
            }
            for event in events
        ]
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [json.dumps(rows, cls=DjangoJSONEncoder)])
        transaction.on_commit(self.after_publish, robust=True)

    def subscribe(self, pattern: str, *, sieve: Sieve | None = None) -> Callable[[Subscriber], Subscriber]:
        """Have a function called with each OutboxEvent whose name matches: `@bus.subscribe("automation.execution.*")`.

        It runs in its own transaction, after the change is committed. When it raises it is called again later. Where
        few of many events matter, `sieve` is asked first, once for a batch: of these ids, which shall be told?
        """

        def register(function: Subscriber) -> Subscriber:
            self._subscribers[label_of(function)] = pattern, function
            if sieve:
                self._sieves[label_of(function)] = sieve
            self._matches = {}
            return function

        return register

    def unsubscribe(self, function: Subscriber) -> None:
        """Stop calling a function."""
        del self._subscribers[label_of(function)]
        self._sieves.pop(label_of(function), None)
        self._matches = {}

    def subscribers_of(self, name: str) -> dict[str, Subscriber]:
        """The functions to call for an event of this name, by the label that marks them as told."""
        if name not in self._matches:
            self._matches[name] = {
                label: function
                for label, (pattern, function) in self._subscribers.items()
                if fnmatchcase(name, pattern)
            }
        return self._matches[name]

    def listeners(self, events: list[tuple[int, str]]) -> dict[int, dict[str, Subscriber]]:
        """The functions to call for each of some events, given as (id, name)."""
        told = {pk: dict(self.subscribers_of(name)) for pk, name in events}
        for label, sieve in self._sieves.items():
            asked = [pk for pk, subscribers in told.items() if label in subscribers]
            wanted = set(sieve(asked)) if asked else set()
            for pk in asked:
                if pk not in wanted:
                    del told[pk][label]
        return told


def label_of(function: Subscriber) -> str:
    """The name of a subscriber in `delivered_to`; renaming the function makes it a new subscriber."""
    return f"{function.__module__}.{function.__qualname__}"


bus = EventBus()


@task(timeout=120)
def deliver_events() -> None:
    """Deliver what the outbox holds, until nothing moves or the slice is over."""
    slice_ends = time.monotonic() + SLICE
    moved = True
    while moved and time.monotonic() < slice_ends:
        moved, wait = outbox.deliver_batch(bus.listeners)
        if wait:
            deliver_events.enqueue(due_at=wait)
    if moved:
        deliver_events.enqueue()


class Kick:
    """Queues `deliver_events` after commits, at most twice per WINDOW per process: at its start and at its end.

    The one at the end is not due before everything committed meanwhile can be seen, so nothing is missed.
    """

    WINDOW = 0.05

    def __init__(self):
        self._lock = threading.Lock()
        self._free_at = 0.0

    def queue(self) -> None:
        """A commit has happened."""
        with self._lock:
            now = time.monotonic()
            if now < self._free_at - self.WINDOW:
                return  # the task at the end of this window is queued already, and comes after this commit
            wait = max(self._free_at - now, 0.0)
            self._free_at = now + wait + self.WINDOW
        deliver_events.enqueue(due_at=timedelta(seconds=wait) if wait else None)


bus.after_publish = Kick().queue


@every(seconds=2)
def deliver_forgotten_events() -> None:
    """Queue a delivery for events whose own was lost, say because a process died right after its commit."""
    if outbox.overdue(timedelta(seconds=3), deliver_events.name):
        deliver_events.enqueue()
