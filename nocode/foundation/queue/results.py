"""django-q2's Task rows: failures always, successes when the task asks for it."""

import pickle
import traceback
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Task
from django_q.signals import call_hook
from django_q.signing import BadSignature, SignedPackage
from django_q.tasks import async_chain
from django_q.utils import get_func_repr

from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask

# A foreign signature; else what unpickling raises when classes moved or take other values than they did.
_UNREADABLE = (
    BadSignature,
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)
_REPLACED = ["stopped", "result", "success", "attempt_count"]
_PER_SCHEDULE = 20  # so that what runs each minute does not push out what runs each day
_PRUNE = """
    DELETE FROM django_q_task WHERE id IN (
        SELECT id FROM (
            SELECT id, scheduled, row_number() OVER (PARTITION BY scheduled ORDER BY stopped DESC) AS place
            FROM (
                SELECT id, stopped, (SELECT min(name) FROM django_q_schedule WHERE name = "group") AS scheduled
                FROM django_q_task WHERE success
            ) AS task
        ) AS ranked
        WHERE place > CASE WHEN scheduled IS NULL THEN %s ELSE %s END LIMIT 10000)
"""


def is_kept(package: dict) -> bool:
    """Whether a success is written down."""
    return bool(package.get("save", Conf.SAVE_LIMIT >= 0))


def save(package: dict, *, started: datetime, success: bool, result: Any, attempts: int) -> Task:
    """Write how a task ended, and queue the next of its chain; call it in the transaction that takes the task away."""
    if success and package.get("chain"):
        async_chain(
            package["chain"], group=package.get("group"), cached=package.get("cached"), sync=package.get("sync")
        )
    row = Task(
        id=package["id"],
        name=package["name"],
        func=get_func_repr(package["func"]),
        hook=package.get("hook"),
        args=package["args"],
        kwargs=package["kwargs"],
        group=package.get("group"),
        cluster=package.get("cluster"),
        started=started,
        stopped=timezone.now(),
        success=success,
        result=_storable(result),
        attempt_count=attempts,
    )
    Task.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=_REPLACED)
    return row


def save_lost(task: QueuedTask, reason: str) -> None:
    """Write the failure of a task whose workers cannot tell about it any more."""
    package, _problem = unpack(task.name, task.payload)
    row = save(package, started=task.created_at, success=False, result=reason, attempts=task.attempts)
    call_hook(Task, row)


def unpack(name: str, payload: str) -> tuple[dict, str]:
    """The call in a signed package; when it cannot be opened, a stand-in and the problem: another key, or code gone."""
    try:
        return SignedPackage.loads(payload), ""
    except _UNREADABLE as error:
        return unreadable(name), f"{error} : {traceback.format_exc()}"


def unreadable(name: str) -> dict:
    """Stands for a package that cannot be opened."""
    return {"id": uuid7().hex, "name": name[:100], "func": name, "args": (), "kwargs": {}}


def prune() -> None:
    """Keep the newest SAVE_LIMIT successes, and of each schedule the newest few."""
    if Conf.SAVE_LIMIT > 0:
        with connection.cursor() as cursor:
            cursor.execute(_PRUNE, [Conf.SAVE_LIMIT, _PER_SCHEDULE])


def _storable(result: Any) -> Any:
    """The result, or its text when it cannot be pickled."""
    try:
        pickle.dumps(result)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return repr(result)
    return result
