"""What enqueueing writes, and when; the schedules. No workers here."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_q.models import Schedule, Task
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from nocode.foundation.middleware import acting_as
from nocode.foundation.models import QueuedTask, Worker
from nocode.foundation.queue import claims, execution, results, roster, schedules, wakeups
from tests.fixtures.stack import eventually
from tests.foundation.queue_tasks import double, note

pytestmark = pytest.mark.django_db


def package_of(row: QueuedTask) -> dict:
    return SignedPackage.loads(row.payload)


def test_calling_a_task_runs_it_here_and_now():
    assert double(4) == 8
    assert QueuedTask.objects.count() == 0


def test_enqueue_writes_one_signed_row_and_returns_the_task_id():
    task_id = note.enqueue("notes", "hello")

    row = QueuedTask.objects.get()
    package = package_of(row)
    assert (row.name, row.queue, row.claimed_by, row.attempts) == (note.path, "nocode", None, 0)
    assert (package["id"], package["func"], package["args"]) == (task_id, note.path, ("notes", "hello"))
    assert (package["timeout"], package["save"]) == (300, False)


def test_enqueue_many_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        ids = double.enqueue_many([(number,) for number in range(50)])

    assert [package_of(row)["args"] for row in QueuedTask.objects.all()] == [(number,) for number in range(50)]
    assert len(set(ids)) == 50


def test_enqueue_is_forgotten_with_the_transaction():
    with transaction.atomic():
        double.enqueue(1)
        transaction.set_rollback(True)

    assert QueuedTask.objects.count() == 0


@pytest.mark.parametrize("args", [(object(),), (timezone.now(),), (), (1, 2)])
def test_enqueue_refuses_arguments_that_are_no_plain_values_or_do_not_fit(args):
    with pytest.raises(TypeError):
        double.enqueue(*args)

    assert QueuedTask.objects.count() == 0


def test_enqueue_writes_a_uuid_as_text():
    value = uuid4()

    double.enqueue(value)

    assert package_of(QueuedTask.objects.get())["args"] == (str(value),)


def test_a_delayed_task_is_due_later():
    tomorrow = timezone.now() + timedelta(days=1)

    double.enqueue(1, due_at=tomorrow)
    double.enqueue(2, due_at=timedelta(hours=1))

    assert QueuedTask.objects.get(due_at=tomorrow)
    assert QueuedTask.objects.delayed().count() == 2
    assert claims.take(uuid4(), "nocode", 10, []) == []
    assert 3590 < claims.next_due("nocode") <= 3600


def test_a_task_carries_who_asked_and_in_which_request():
    with acting_as(7, "request-1"):
        double.enqueue(1)
    double.enqueue(2)

    first, second = QueuedTask.objects.order_by("id")
    assert package_of(first)["origin"] == (7, "request-1")
    assert "origin" not in package_of(second)


def test_django_q2_async_task_lands_in_the_same_table():
    async_task("tests.foundation.queue_tasks.plain_function", "notes")
    async_task(double, 3)

    names = list(QueuedTask.objects.order_by("id").values_list("name", flat=True))
    assert names == ["tests.foundation.queue_tasks.plain_function", double.path]


def test_many_tasks_of_one_transaction_send_one_wake_up(django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(wakeups, "_quiet_until", 0.0)

    with django_capture_on_commit_callbacks() as callbacks:
        for number in range(20):
            double.enqueue(number)
    with connection.execute_wrapper(recorder := Recorder()):
        for callback in callbacks:
            callback()

    assert recorder.statements == ["NOTIFY nocode_queue"]


class Recorder:
    """Keeps the statements of a block."""

    def __init__(self):
        self.statements = []

    def __call__(self, execute, sql, params, many, context):
        self.statements.append(sql)
        return execute(sql, params, many, context)


def test_claims_follow_the_order_tasks_are_due():
    double.enqueue(2, due_at=timedelta(seconds=-1))
    double.enqueue(1, due_at=timedelta(seconds=-2))
    double.enqueue(3)

    taken = claims.take(uuid4(), "nocode", 2, [])

    assert [SignedPackage.loads(claim.payload)["args"] for claim in taken] == [(1,), (2,)]


def test_acknowledging_does_not_touch_what_somebody_else_holds():
    double.enqueue_many([(1,), (2,)])
    mine, other = uuid4(), uuid4()
    first = claims.take(mine, "nocode", 1, [])[0].id
    second = claims.take(other, "nocode", 1, [])[0].id

    claims.acknowledge(mine, [first, second])

    assert list(QueuedTask.objects.values_list("id", "claimed_by")) == [(second, other)]


@pytest.fixture
def worker():
    """The id of a worker that has taken one task."""
    worker = uuid4()
    double.enqueue(1)
    roster.enlist(worker, "nocode")
    claims.take(worker, "nocode", 1, [])
    return worker


def test_tasks_of_a_silent_worker_are_taken_back_and_the_attempt_counts(worker):
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=60))

    eventually(lambda: roster.sweep() == 1, within=6)  # not before the server has run for a lease

    row = QueuedTask.objects.get()
    assert (row.claimed_by, row.attempts) == (None, 1)
    assert Worker.objects.count() == 0


def test_tasks_of_a_worker_that_was_heard_of_stay_with_it(worker):
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=3))

    assert roster.sweep() == 0

    assert QueuedTask.objects.get().claimed_by == worker


def test_a_task_lost_too_often_becomes_a_failure_people_can_see():
    double.enqueue(1)
    QueuedTask.objects.update(attempts=4, claimed_by=uuid4())

    roster.sweep()

    failure = Task.objects.get()
    assert (failure.func, failure.success, failure.attempt_count) == (double.path, False, 5)
    assert "5 attempts" in failure.result
    assert QueuedTask.objects.count() == 0


class Gone:
    """What the argument of a task was, in code that has changed since."""

    def __init__(self, error: type[Exception]):
        self.error = error

    def __reduce__(self) -> tuple:
        return fail, (self.error,)


def fail(error: type[Exception]) -> None:
    raise error("no such thing")


@pytest.mark.parametrize("error", [AttributeError, EOFError, ImportError, KeyError, TypeError, ValueError, None])
def test_a_task_that_cannot_be_opened_is_a_failure_wherever_that_is_found(error):
    payload = SignedPackage.dumps({"args": (Gone(error),)}) if error else "signed:by:somebody-else"
    double.enqueue(1)
    QueuedTask.objects.update(attempts=4, claimed_by=uuid4(), payload=payload)

    package, outcome = execution.unpack(double.path, payload)
    roster.sweep()

    failure = Task.objects.get()
    assert (package["func"], outcome.success) == (double.path, False)
    assert (failure.func, failure.success, failure.args) == (double.path, False, ())
    assert "5 attempts" in failure.result


def test_only_the_newest_successes_are_kept(monkeypatch):
    monkeypatch.setattr(results.Conf, "SAVE_LIMIT", 2)
    for number in range(4):
        package = results.unreadable("x") | {"id": str(number)}
        results.save(package, started=timezone.now(), success=number != 0, result=None, attempts=1)

    results.prune()

    assert sorted(Task.objects.values_list("id", flat=True)) == ["0", "2", "3"]


# --- schedules --------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_schedules():
    """Without those the product comes with."""
    Schedule.objects.all().delete()


def make_schedule(**fields) -> Schedule:
    fields = {"func": double.path, "args": "(1,)", "schedule_type": Schedule.MINUTES, "minutes": 1} | fields
    return Schedule.objects.create(**{"next_run": timezone.now() - timedelta(seconds=1), **fields})


def test_a_due_schedule_fires_once_and_moves_on(no_schedules):
    schedule = make_schedule()

    schedules.fire_due()
    schedules.fire_due()

    schedule.refresh_from_db()
    assert schedule.next_run > timezone.now()
    assert [package_of(row)["args"] for row in QueuedTask.objects.all()] == [(1,)]


def test_a_schedule_of_our_task_keeps_the_task_settings(no_schedules):
    make_schedule()

    schedules.fire_due()

    assert package_of(QueuedTask.objects.get())["timeout"] == double.timeout


def test_a_broken_schedule_does_not_stop_the_others(no_schedules):
    first = make_schedule(args="(1,", next_run=timezone.now() - timedelta(hours=1))
    make_schedule(func="json.dumps", args="[1]", kwargs="indent=2", hook="json.loads")

    schedules.fire_due()

    package = package_of(QueuedTask.objects.get())
    assert (package["func"], package["args"], package["kwargs"]) == ("json.dumps", ([1],), {"indent": 2})
    assert package["hook"] == "json.loads"
    first.refresh_from_db()
    assert first.next_run > timezone.now()


def test_a_schedule_with_counted_repeats_ends(no_schedules):
    make_schedule(repeats=1)

    schedules.fire_due()
    Schedule.objects.update(next_run=timezone.now() - timedelta(minutes=5))
    schedules.fire_due()

    assert QueuedTask.objects.count() == 1


def test_a_schedule_that_runs_once_is_gone_afterwards(no_schedules):
    make_schedule(schedule_type=Schedule.ONCE)

    schedules.fire_due()

    assert QueuedTask.objects.count() == 1
    assert Schedule.objects.count() == 0


def test_a_cron_schedule_fires_once_in_the_night_the_clocks_go_back(monkeypatch):
    monkeypatch.setattr("django_q.utils.Conf.TIME_ZONE", "Europe/Paris")
    monkeypatch.setattr(schedules.timezone, "now", lambda: before)
    before = timezone.datetime.fromisoformat("2026-10-25T00:10:00+00:00")  # 02:10 in Paris, summer time

    schedule = Schedule(cron="30 2 * * *", schedule_type=Schedule.CRON, next_run=before)
    first = schedule.next_run = schedules.next_run(schedule)
    before = first + timedelta(seconds=1)
    second = schedules.next_run(schedule)

    assert first.isoformat() == "2026-10-25T02:30:00+02:00"
    assert second.isoformat() == "2026-10-26T02:30:00+01:00"
