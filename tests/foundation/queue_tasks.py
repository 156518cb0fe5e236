"""Tasks for the tests of the queue. What they did is one line each in a file."""

import os
import signal
import time

from nocode.foundation.events import bus
from nocode.foundation.middleware import REQUEST_ID, current_actor_id
from nocode.foundation.models import Organization, OutboxEvent
from nocode.foundation.queue import task


def write(path: str, line) -> None:
    """Append one line at once, whoever else does so."""
    with open(path, "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


@task()
def note(path: str, line: str) -> None:
    """Leave a line."""
    write(path, line)


@task()
def note_time(path: str) -> None:
    """Leave the time."""
    write(path, time.time())


@task()
def note_origin(path: str) -> None:
    """Leave who asked for this, and in which request."""
    write(path, f"{current_actor_id()} {REQUEST_ID.get()}")


@task()
def start_nap(path: str, line: str, seconds: float) -> None:
    """Leave a line, then take a while, then leave another."""
    write(path, f"{line} begins")
    time.sleep(seconds)
    write(path, f"{line} ends")


@task(timeout=1)
def oversleep(path: str) -> None:
    """Take longer than allowed."""
    write(path, "sleeps")
    time.sleep(60)


@task(timeout=1)
def oversleep_deaf(path: str) -> None:
    """Take longer than allowed, and refuse to be told."""
    write(path, "sleeps")
    while True:
        try:
            time.sleep(60)
        except SystemExit:
            write(path, "told")


@task()
def die(path: str) -> None:
    """Take the worker along."""
    write(path, "dies")
    os.kill(os.getpid(), signal.SIGKILL)


@task(keep=True)
def double(number: int) -> int:
    """Something worth keeping."""
    return number * 2


@task()
def refuse() -> None:
    """Fail."""
    raise ValueError("no\x00thing")


def plain_function(path: str, line: str = "default") -> str:
    """For django-q2's own async_task()."""
    write(path, line)
    return line


def hook(row) -> None:
    """For django-q2's hooks: tells the file named by the task's first argument."""
    write(row.args[0], f"hook {row.result}")


@bus.subscribe("test.queue.*")
def remember_event(event: OutboxEvent) -> None:
    """A subscriber whose effect is a row."""
    Organization.objects.create(name=event.payload["name"], slug=event.payload["name"])
