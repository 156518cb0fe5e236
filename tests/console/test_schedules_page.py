"""Schedules: what each periodic task is for, how its last run went, when it runs next, and running it now."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule, Task

from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import execution, results, schedules
from nocode.foundation.queue.periodic import PERIODIC, ensure_schedules
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db

LIST = "admin:django_q_schedule_changelist"
EXPECTED = {
    "nocode.automation.tasks.cleanup_old_executions",
    "nocode.automation.tasks.cleanup_stale_executions",
    "nocode.automation.tasks.process_scheduled_triggers",
    "nocode.automation.tasks.update_integration_stats",
    "nocode.foundation.services.billing.renewal.renew_due",
    "nocode.foundation.tasks.retention.forget_old_rows",
    "nocode.insights.tasks.roll_up_metrics",
    "nocode.studio.tasks.empty_trash",
}


@pytest.fixture
def root():
    return log_in(factories.make_user(is_superuser=True))


def page(client) -> str:
    return client.get(reverse(LIST)).content.decode()


def work_off() -> None:
    """What a worker does with each task that is queued, its result included."""
    for task in QueuedTask.objects.all():
        package, _problem = execution.unpack(task.name, task.payload)
        began = timezone.now()
        outcome = execution.run(package, lambda: None)
        if not outcome.success or results.is_kept(package):
            results.save(package, started=began, success=outcome.success, result=outcome.result, attempts=1)
        task.delete()


def run_now(client, schedule: Schedule):
    """Send the dialog behind the button."""
    url = reverse("admin:django_q_schedule_run_now", args=[schedule.pk])
    return client.post(url, {"_form_submitted": "True"}, headers={"HX-Request": "true"})


def test_every_periodic_task_is_there_and_says_what_it_is_for(root):
    html = page(root)

    assert set(PERIODIC) >= EXPECTED
    assert set(Schedule.objects.values_list("func", flat=True)) == set(PERIODIC)
    for each in PERIODIC.values():
        assert each.name in html
        assert str(each.purpose) in html
    assert "Not run yet" in html


def test_a_row_that_was_deleted_comes_back_with_the_next_migration_and_changes_stay():
    Schedule.objects.filter(name="roll_up_metrics").delete()
    Schedule.objects.filter(name="cleanup_old_executions").update(schedule_type=Schedule.WEEKLY)

    ensure_schedules()

    assert Schedule.objects.filter(name="roll_up_metrics").count() == 1
    assert Schedule.objects.get(name="cleanup_old_executions").schedule_type == Schedule.WEEKLY


def test_daily_tasks_run_at_night_by_the_clock_of_the_installation(settings):
    settings.TIME_ZONE = "Europe/Paris"
    Schedule.objects.all().delete()

    ensure_schedules()

    nightly = Schedule.objects.get(name="cleanup_old_executions").next_run
    assert timezone.localtime(nightly).strftime("%H:%M") == "03:10"
    assert timezone.now() < nightly <= timezone.now() + timedelta(days=1, hours=1)


def test_the_last_run_is_shown_with_its_result_and_duration(root):
    Schedule.objects.exclude(name="cleanup_stale_executions").delete()
    Schedule.objects.update(next_run=timezone.now() - timedelta(seconds=1))

    schedules.fire_due()
    work_off()

    html = page(root)
    assert "Completed" in html
    assert "failed: 0, requeued: 0, started: 0" in html
    assert " ms" in html
    assert Schedule.objects.get().success()


def test_a_run_that_failed_says_why(root):
    schedule = Schedule.objects.create(name="broken", func="math.sqrt", args="-1")
    schedules.run_now(schedule)
    work_off()

    html = page(root)

    assert "Failed" in html
    assert "math domain error" in html


def test_run_now_queues_the_task_and_leaves_its_times(root):
    schedule = Schedule.objects.get(name="cleanup_old_executions")

    answer = run_now(root, schedule)

    assert answer.status_code == 200
    assert [task.name for task in QueuedTask.objects.all()] == [schedule.func]
    assert Schedule.objects.get(pk=schedule.pk).next_run == schedule.next_run
    work_off()
    assert Task.objects.get().group == "cleanup_old_executions"
    assert "Completed" in page(root)


def test_run_now_needs_a_post(root):
    schedule = Schedule.objects.get(name="cleanup_old_executions")

    root.get(reverse("admin:django_q_schedule_run_now", args=[schedule.pk]), headers={"HX-Request": "true"})

    assert not QueuedTask.objects.exists()


@pytest.mark.parametrize("role", ["owner", "viewer"])
def test_only_superusers_run_them(role):
    member = log_in(factories.make_user(organization=factories.make_organization(), role=role))

    assert run_now(member, Schedule.objects.first()).status_code in {403, 404}
    assert not QueuedTask.objects.exists()


def test_what_runs_each_minute_does_not_push_out_what_runs_each_day(monkeypatch):
    monkeypatch.setattr(results, "_PER_SCHEDULE", 2)
    monkeypatch.setattr(results.Conf, "SAVE_LIMIT", 3)
    names = ["cleanup_old_executions", *["cleanup_stale_executions"] * 5, *[None] * 5]
    for number, group in enumerate(names):
        package = results.unreadable("x") | {"id": str(number), "group": group}
        results.save(package, started=timezone.now(), success=True, result=None, attempts=1)

    results.prune()

    kept = list(Task.objects.order_by("stopped").values_list("group", flat=True))
    assert kept == ["cleanup_old_executions", *["cleanup_stale_executions"] * 2, *[None] * 3]
