"""Runs one task: finds its function, calls it with the origin of the request, and tells how it ended."""

import functools
import pydoc
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django_q.exceptions import TimeoutException
from django_q.signals import post_execute_in_worker, pre_execute

from nocode.foundation.database import is_connection_lost
from nocode.foundation.middleware import acting_as
from nocode.foundation.queue import results


class FunctionMissing(LookupError):
    """The task names a function that does not exist (any more)."""


@dataclass(slots=True)
class Outcome:
    """How a call ended. `disturbed`: the database went away under it, so it says nothing about the task."""

    success: bool
    result: Any
    timed_out: bool = False
    disturbed: bool = False


def unpack(name: str, payload: str) -> tuple[dict, Outcome | None]:
    """The call in a signed package; when it cannot be opened, a stand-in and the failure."""
    package, problem = results.unpack(name, payload)
    return package, Outcome(False, problem) if problem else None


def run(package: dict, stop_clock: Callable[[], None]) -> Outcome:
    """Call the function. Whatever it raises is its outcome, and the worker goes on; SystemExit ends the worker."""
    origin = package.get("origin")
    function = None
    try:
        function = find_function(package["func"])
        pre_execute.send(sender="django_q", func=function, task=package)
        with acting_as(*origin) if origin else nullcontext():
            outcome = Outcome(True, function(*package["args"], **package["kwargs"]))
    except Exception as error:
        outcome = _failure(error, disturbed=is_connection_lost(error))
    except TimeoutException as error:
        outcome = _failure(error, timed_out=True)
    stop_clock()
    post_execute_in_worker.send(sender="django_q", func=function, task=package)
    return outcome


def find_function(func: str | Callable) -> Callable:
    """The function a package names."""
    return _locate(func) if isinstance(func, str) else func


@functools.cache
def _locate(path: str) -> Callable:
    found = pydoc.locate(path)
    if found is None:
        raise FunctionMissing(f"Function {path} is not defined")
    return found


def _failure(error: BaseException, **flags: bool) -> Outcome:
    return Outcome(False, f"{error} : {''.join(traceback.format_exception(error))}", **flags)
