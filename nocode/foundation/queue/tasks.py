"""`@task`: a function that can be called at once, or queued for a worker."""

import functools
import inspect
import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Schedule
from django_q.signals import pre_enqueue
from django_q.signing import SignedPackage

from nocode.foundation.ids import uuid7
from nocode.foundation.middleware import REQUEST_ID, current_actor_id
from nocode.foundation.queue.broker import PostgresBroker

Due = datetime | timedelta | None

# How often the task at hand was begun before and did not end: its worker died, or lost the database.
LOST_ATTEMPTS: ContextVar[int] = ContextVar("lost_attempts", default=0)

# Every task of ours that is imported, by the path queues and schedules know it by.
TASKS: dict[str, "TaskFunction"] = {}


class TaskFunction:
    """A function with `.enqueue()`. Calling it runs it here and now."""

    def __init__(self, function: Callable, *, timeout: int, keep: bool, name: str | None):
        functools.update_wrapper(self, function)
        self.function = function
        self.path = f"{function.__module__}.{function.__qualname__}"
        self.name = name or self.path
        self.timeout = timeout
        self.keep = keep

    def __call__(self, *args):
        return self.function(*args)

    def __str__(self) -> str:
        return self.path

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, so that django-q2's async_task() takes it as it takes a function

    def enqueue(self, *args, due_at: Due = None) -> str:
        """Queue one call in the caller's transaction and return the task's id.

        `due_at`: not before this time, or this long after now. Arguments are plain values: ids, not objects.
        """
        return self.enqueue_many([args], due_at=due_at)[0]

    def enqueue_many(self, calls: Iterable[tuple], due_at: Due = None) -> list[str]:
        """Queue one call per tuple of arguments, in one statement."""
        packages = [self.package(*args) for args in calls]
        if packages:
            self.hand_over(packages, due_at)
        return [package["id"] for package in packages]

    def package(self, *args) -> dict[str, Any]:
        """One call as django-q2 writes it, announced to who listens; the caller hands it over."""
        package = self._package(self._plain(args))
        pre_enqueue.send(sender="django_q", task=package)
        return package

    def hand_over(self, packages: list[dict], due_at: Due) -> None:
        """Give packages to the broker: ours in the transaction, any other of django-q2's after commit."""
        broker = default_broker()
        signed = [SignedPackage.dumps(package) for package in packages]
        if isinstance(broker, PostgresBroker):
            broker.insert(self.name, signed, due_at)
        elif due_at is None:
            for package in signed:
                transaction.on_commit(partial(broker.enqueue, package))
        else:  # other brokers cannot delay; a Schedule that runs once can
            when = timezone.now() + due_at if isinstance(due_at, timedelta) else due_at
            Schedule.objects.bulk_create(
                Schedule(name=package["id"], func=self.path, args=repr(package["args"]), next_run=when)
                for package in packages
            )

    def _plain(self, args: tuple) -> tuple:
        """The arguments, with UUIDs as text; TypeError when one is not a plain value or the call would not fit."""
        args = tuple(str(arg) if isinstance(arg, UUID) else arg for arg in args)
        json.dumps(args)
        self._signature.bind(*args)
        return args

    @functools.cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    def _package(self, args: tuple) -> dict[str, Any]:
        """The call as django-q2 writes it, plus the origin: the person and the request it is done for."""
        package = {
            "id": uuid7().hex,
            "name": self.name[:100],
            "func": self.path,
            "args": args,
            "kwargs": {},
            "started": timezone.now(),
            "timeout": self.timeout,
            "save": self.keep,
            "ack_failure": True,
        }
        origin = current_actor_id(), REQUEST_ID.get()
        if any(origin):
            package["origin"] = origin
        return package


@functools.cache
def default_broker():
    """The broker of the settings, made once per process."""
    return get_broker()


def task(*, timeout: int = 300, keep: bool = False, name: str | None = None) -> Callable[[Callable], TaskFunction]:
    """Make a function a task of the queue: `.enqueue(*args, due_at=None)`.

    `timeout`: seconds a worker gives it. `keep`: write a django-q2 Task row when it succeeds; failures are always kept.
    A task may run twice (its worker may die just before the end), so it checks the state of things before acting.
    """

    def decorate(function: Callable) -> TaskFunction:
        made = TASKS[f"{function.__module__}.{function.__qualname__}"] = TaskFunction(
            function, timeout=timeout, keep=keep, name=name
        )
        return made

    return decorate
