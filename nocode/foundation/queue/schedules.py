"""Fires django-q2's Schedule rows, each in its own transaction and its own try, once however many clusters look."""

import ast
import logging
from datetime import datetime, timedelta

from cronsim import CronSim
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.tasks import async_task
from django_q.utils import localtime

from nocode.foundation.queue.tasks import TASKS

logger = logging.getLogger(__name__)

# How long a row that cannot be fired is left alone.
PENALTY = timedelta(minutes=1)


def fire_due() -> None:
    """Queue the task of every schedule that is due, and move it to its next time."""
    for pk in list(_due().values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                schedule = _due().select_for_update(skip_locked=True).filter(pk=pk).first()
                if schedule:
                    _fire(schedule)
        except Exception:  # whatever is wrong with one row must not keep the others from firing
            logger.exception("schedule %s cannot be fired; trying again in %s", pk, PENALTY)
            Schedule.objects.filter(pk=pk).update(next_run=timezone.now() + PENALTY)


def _due():
    mine = Q(cluster=Conf.CLUSTER_NAME)
    if Conf.CLUSTER_NAME == Conf.PREFIX:
        mine |= Q(cluster__isnull=True)
    return Schedule.objects.filter(mine, next_run__lte=timezone.now()).exclude(repeats=0).order_by("next_run")


def _fire(schedule: Schedule) -> None:
    """Queue one schedule's task and save when it is due again, in the caller's transaction."""
    schedule.task = _queue(schedule)
    if schedule.schedule_type == Schedule.ONCE:
        if schedule.repeats < 0:
            schedule.delete()
            return
        schedule.repeats = 0
    else:
        schedule.next_run = next_run(schedule)
        if schedule.repeats > 0:
            schedule.repeats -= 1
    schedule.save()


def run_now(schedule: Schedule) -> None:
    """Queue one schedule's task besides its times."""
    Schedule.objects.filter(pk=schedule.pk).update(task=_queue(schedule))


def _queue(schedule: Schedule) -> str:
    """Queue the task, its result to be kept under the name of the schedule; returns its id."""
    args, kwargs = _arguments(schedule)
    own = TASKS.get(schedule.func)
    if own is None or kwargs:
        return async_task(schedule.func, *args, **kwargs)
    package = own.package(*args) | {"group": group_of(schedule), "save": True}
    own.hand_over([package], None)
    return package["id"]


def group_of(schedule: Schedule) -> str:
    """What django-q2 keeps the results of a schedule under."""
    return schedule.name or str(schedule.pk)


def next_run(schedule: Schedule) -> datetime:
    """The first time after this run; with `catch_up` off, the first that is not over yet."""
    run = schedule.next_run
    while True:
        if schedule.schedule_type == Schedule.CRON:
            after = run if Conf.CATCH_UP else max(run, timezone.now())
            return next(CronSim(schedule.cron, localtime(after)))  # right across changes of the clock
        run = schedule.calculate_next_run(run)
        if Conf.CATCH_UP or run > timezone.now():
            return run


def _arguments(schedule: Schedule) -> tuple[tuple, dict]:
    """The arguments as the admin's form lets people write them: Python literals, keywords also as `a=1, b=2`."""
    args = ast.literal_eval(schedule.args) if schedule.args else ()
    kwargs = _keywords(schedule.kwargs) if schedule.kwargs else {}
    if schedule.intended_date_kwarg:
        kwargs[schedule.intended_date_kwarg] = schedule.next_run.isoformat()
    options = {"hook": schedule.hook, "cluster": schedule.cluster}
    options = {key: value for key, value in options.items() if value} | kwargs.pop("q_options", {})
    if kwargs or options or schedule.func not in TASKS:
        kwargs["q_options"] = {"group": group_of(schedule)} | options
    return args if isinstance(args, tuple) else (args,), kwargs


def _keywords(text: str) -> dict:
    if text.lstrip().startswith("{"):
        return ast.literal_eval(text)
    call = ast.parse(f"f({text})", mode="eval").body
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
