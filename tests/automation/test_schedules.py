"""Schedules fire: once per due time, whatever happens around them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import Schedule

from nocode.automation import tasks
from nocode.automation.engine import schedules
from nocode.automation.models import Trigger, WorkflowExecution
from nocode.automation.services import triggers, workflows
from nocode.foundation.models import QueuedTask
from nocode.foundation.queue.periodic import ensure_schedules
from tests.factories import make_chain, make_published, make_workflow, set_values

STEP = ("echo", "set", set_values(due="{{ trigger.scheduled_for }}"))
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def make_schedule(workflow=None, due=NOON, **config) -> Trigger:
    """An hourly schedule that is due at noon."""
    config = {"cron": "0 * * * *", "time_zone": "UTC", **config}
    trigger = triggers.create(workflow or make_published(STEP), "schedule", "Hourly", config=config)
    Trigger.objects.filter(pk=trigger.pk).update(next_run_at=due)
    trigger.refresh_from_db()
    return trigger


def tick(now=NOON) -> dict:
    return schedules.fire_due(tasks.continue_later, now)


def due_times() -> list[str]:
    return [execution.input["scheduled_for"][:16] for execution in WorkflowExecution.objects.order_by("pk")]


@pytest.mark.django_db
class TestTick:
    def test_what_is_due_is_started_queued_and_moved_on(self):
        trigger = make_schedule()

        assert tick(NOON + timedelta(seconds=20)) == {"started": 1, "failed": 0, "busy": 0}

        execution = WorkflowExecution.objects.get()
        assert execution.trigger == trigger
        assert execution.input == {
            "scheduled_for": "2026-06-01T12:00:00+00:00",
            "fired_at": "2026-06-01T12:00:20+00:00",
        }
        trigger.refresh_from_db()
        assert trigger.next_run_at == NOON + timedelta(hours=1)
        assert trigger.last_run_at == NOON + timedelta(seconds=20)
        assert QueuedTask.objects.get().name == "nocode.automation.tasks.execute_workflow_async"

    def test_a_second_tick_starts_nothing(self):
        make_schedule()

        assert [tick()["started"] for _ in range(3)] == [1, 0, 0]

    def test_what_is_not_due_waits(self):
        make_schedule(due=NOON + timedelta(seconds=1))

        assert tick()["started"] == 0

    @pytest.mark.parametrize(
        ("policy", "late", "started"),
        [
            ("skip", timedelta(minutes=1), ["2026-06-01T12:00"]),
            ("skip", timedelta(hours=3, minutes=10), []),
            ("skip", timedelta(hours=3, minutes=1), ["2026-06-01T15:00"]),
            ("once", timedelta(hours=3, minutes=10), ["2026-06-01T15:00"]),
            ("all", timedelta(hours=3, minutes=10), [f"2026-06-01T{hour}:00" for hour in (12, 13, 14, 15)]),
        ],
    )
    def test_missed_runs_follow_the_policy(self, policy, late, started):
        trigger = make_schedule(missed=policy)

        tick(NOON + late)

        assert due_times() == started
        trigger.refresh_from_db()
        assert trigger.next_run_at == (NOON + late).replace(minute=0) + timedelta(hours=1)

    def test_run_all_is_bounded_and_keeps_the_latest(self):
        make_schedule(missed="all", cron="* * * * *")

        tick(NOON + timedelta(hours=5))

        assert len(due_times()) == schedules.MISSED_AT_MOST
        assert due_times()[-1] == "2026-06-01T17:00"

    def test_one_broken_schedule_does_not_stop_the_others(self, caplog):
        refused, broken, good = (make_schedule(due=NOON - timedelta(minutes=minute)) for minute in (2, 1, 0))
        Trigger.objects.filter(pk=refused.pk).update(config={"cron": "rubbish"})
        Trigger.objects.filter(pk=broken.pk).update(config=["not", "an", "object"])

        assert tick() == {"started": 1, "failed": 1, "busy": 0}

        for trigger in (refused, broken, good):
            trigger.refresh_from_db()
        assert "rubbish" in refused.last_error
        assert refused.next_run_at is None
        assert broken.last_error
        assert broken.next_run_at == NOON - timedelta(minutes=1)  # nothing is lost: the next tick tries again
        assert good.last_error == ""
        assert f"schedule {broken.pk} broke" in caplog.text

    def test_a_refused_start_is_kept_with_the_trigger_and_moves_on(self):
        trigger = make_schedule()
        type(trigger.workflow).objects.filter(pk=trigger.workflow_id).update(status="paused")  # behind our back

        assert tick() == {"started": 0, "failed": 0, "busy": 0}

        trigger.refresh_from_db()
        assert "paused" in trigger.last_error

    @pytest.mark.parametrize("count", [1, 30])
    def test_a_tick_asks_once_what_is_due(self, count, django_assert_num_queries):
        workflow = make_published(STEP)
        for _ in range(count):
            make_schedule(workflow, due=NOON + timedelta(hours=1))

        with django_assert_num_queries(1):
            tick()


@pytest.mark.django_db
class TestPlanning:
    def test_publishing_pausing_and_resuming_plan(self):
        workflow = make_workflow()
        make_chain(workflow, STEP)
        trigger = triggers.create(workflow, "schedule", "Hourly", config={"cron": "0 * * * *"})
        assert trigger.next_run_at is None

        seen = []
        for change in (workflows.publish, workflows.pause, workflows.resume, workflows.archive):
            change(workflow)
            trigger.refresh_from_db()
            seen.append(trigger.next_run_at is not None)

        assert seen == [True, False, True, False]

    def test_saving_plans_and_switching_off_forgets(self):
        trigger = make_schedule()

        triggers.configure(trigger, {"cron": "30 4 * * *"})
        assert (trigger.next_run_at.hour, trigger.next_run_at.minute) == (4, 30)

        trigger.is_active = False
        trigger.save()
        assert trigger.next_run_at is None

    def test_what_was_missed_during_a_pause_is_not_made_up_for(self):
        trigger = make_schedule(missed="all")
        workflows.pause(trigger.workflow)

        workflows.resume(trigger.workflow)

        assert tick()["started"] == 0

    def test_a_due_time_survives_a_change_of_name(self):
        trigger = make_schedule()

        trigger.name = "Renamed"
        trigger.save()

        trigger.refresh_from_db()
        assert trigger.next_run_at == NOON

    def test_invalid_settings_are_told_not_raised(self):
        trigger = make_schedule()

        trigger.config = {"cron": "rubbish"}
        trigger.save()

        assert trigger.next_run_at is None
        assert "rubbish" in trigger.last_error


@pytest.mark.django_db
class TestTasks:
    def test_the_minute_task_also_comes_back_for_the_moments_in_between(self):
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=40)
        workflow = make_published(STEP)
        for due in (soon, soon, soon + timedelta(minutes=5)):
            make_schedule(workflow, due=due)

        assert tasks.process_scheduled_triggers() == {"started": 0, "failed": 0, "busy": 0}

        again = QueuedTask.objects.get()
        assert (again.name, again.due_at) == ("nocode.automation.tasks.process_scheduled_triggers", soon)

    def test_the_in_between_call_does_not_multiply(self):
        make_schedule(due=datetime.now(UTC) + timedelta(seconds=40))

        tasks.process_scheduled_triggers(False)

        assert not QueuedTask.objects.exists()

    def test_the_periodic_tasks_are_scheduled_and_changes_of_people_stay(self):
        ensure_schedules()
        Schedule.objects.filter(func__endswith="cleanup_stale_executions").update(minutes=5)

        ensure_schedules()

        minutes = dict(Schedule.objects.filter(func__startswith="nocode.automation.").values_list("name", "minutes"))
        assert minutes["process_scheduled_triggers"] == 1
        assert minutes["cleanup_stale_executions"] == 5


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_ticks_of_several_clusters_start_each_due_time_once(self):
        workflow = make_published(STEP)
        for _ in range(6):
            make_schedule(workflow, missed="all", due=NOON - timedelta(hours=2))

        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(self._tick, range(4)))

        assert sum(count["started"] for count in counts) == 18
        assert len(set(WorkflowExecution.objects.values_list("trigger", "input__scheduled_for"))) == 18
        assert WorkflowExecution.objects.count() == 18

    def test_a_tick_passes_by_what_another_one_holds(self):
        held, free = make_schedule(), make_schedule()

        with transaction.atomic(), ThreadPoolExecutor(1) as pool:
            Trigger.objects.select_for_update().get(pk=held.pk)
            count = pool.submit(self._tick, 0).result(timeout=10)

        assert count == {"started": 1, "failed": 0, "busy": 1}
        assert WorkflowExecution.objects.get().trigger == free

    def test_the_task_comes_back_for_what_another_one_holds(self):
        """A tick whose worker was killed holds its schedule until the database notices."""
        held = make_schedule()
        QueuedTask.objects.all().delete()

        with transaction.atomic(), ThreadPoolExecutor(1) as pool:
            Trigger.objects.select_for_update().get(pk=held.pk)
            pool.submit(self._task).result(timeout=10)

        again = QueuedTask.objects.get()
        assert again.name == "nocode.automation.tasks.process_scheduled_triggers"
        assert again.due_at < timezone.now() + timedelta(seconds=5)

    @staticmethod
    def _task():
        try:
            tasks.process_scheduled_triggers(False)
        finally:
            connection.close()

    @staticmethod
    def _tick(_number):
        try:
            return tick()
        finally:
            connection.close()


@pytest.mark.django_db
def test_a_tick_goes_by_the_databases_clock(monkeypatch):
    trigger = make_schedule()
    Trigger.objects.filter(pk=trigger.pk).update(next_run_at=timezone.now() - timedelta(seconds=1))
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() - timedelta(seconds=30))

    assert schedules.fire_due(lambda *args: None)["started"] == 1
