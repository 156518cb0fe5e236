"""The queue with real processes: what happens when they are killed, late, or many."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django_q.models import Task
from django_q.tasks import async_task

from nocode.foundation.middleware import acting_as
from nocode.foundation.models import QueuedTask, Worker
from nocode.foundation.queue import wakeups
from tests.fixtures.cluster import is_alive, queue_is_empty
from tests.fixtures.stack import eventually
from tests.foundation import queue_tasks as tasks


@pytest.fixture
def notes(tmp_path):
    """The lines tasks have left so far: `notes()`; its path as text: `notes.path`."""

    def read() -> list[str]:
        return Path(read.path).read_text().splitlines() if Path(read.path).exists() else []

    read.path = str(tmp_path / "notes")
    return read


def in_10_seconds(question, what=""):
    return eventually(question, within=10, what=what)


# --- the ordinary -----------------------------------------------------------------------------------------------------


def test_a_task_starts_at_once_and_leaves_no_trace(start_cluster, notes):
    start_cluster()
    delays = []

    for number in range(10):
        began = time.time()
        tasks.note_time.enqueue(notes.path)
        in_10_seconds(lambda expected=number + 1: len(notes()) == expected)
        delays.append(float(notes()[-1]) - began)

    assert sorted(delays)[5] < 0.2  # woken, not found by the next look a second later
    in_10_seconds(queue_is_empty)
    assert Task.objects.count() == 0


def test_a_task_queued_right_after_a_wake_up_is_found_without_one_of_its_own(start_cluster, notes):
    start_cluster(workers=1)
    delays = []

    for number in range(5):
        time.sleep(wakeups.DEBOUNCE * 2)
        wakeups.wake()  # the worker looks, finds nothing, and would sleep for a second
        time.sleep(wakeups.DEBOUNCE / 2)
        began = time.time()
        tasks.note_time.enqueue(notes.path)
        in_10_seconds(lambda expected=number + 1: len(notes()) == expected)
        delays.append(float(notes()[-1]) - began)

    assert sorted(delays)[2] < 0.5


def test_what_is_rolled_back_is_never_run(start_cluster, notes):
    start_cluster()

    with transaction.atomic():
        tasks.note.enqueue(notes.path, "ghost")
        transaction.set_rollback(True)
    tasks.note.enqueue(notes.path, "real")

    in_10_seconds(queue_is_empty)
    assert notes() == ["real"]


def test_delayed_tasks_run_when_they_are_due_and_in_that_order(start_cluster, notes):
    start_cluster(workers=1)
    began = time.time()

    tasks.note.enqueue(notes.path, "third", due_at=timedelta(seconds=0.4))
    tasks.note.enqueue(notes.path, "second", due_at=timedelta(seconds=0.3))
    tasks.note.enqueue(notes.path, "first")

    in_10_seconds(lambda: notes() == ["first", "second", "third"])
    assert 0.4 < time.time() - began < 0.9  # the next look without a timer comes after a second


def test_results_failures_hooks_and_origin(start_cluster, notes):
    start_cluster()

    kept = tasks.double.enqueue(21)
    failed = tasks.refuse.enqueue()
    with acting_as(7, "request-1"):
        tasks.note_origin.enqueue(notes.path)
    hook = "tests.foundation.queue_tasks.hook"
    plain = async_task("tests.foundation.queue_tasks.plain_function", notes.path, line="hello", hook=hook)
    gone = async_task("tests.foundation.queue_tasks.does_not_exist")

    in_10_seconds(queue_is_empty)
    in_10_seconds(lambda: sorted(notes()) == ["7 request-1", "hello", "hook hello"])
    rows = {row.id: row for row in Task.objects.all()}
    assert set(rows) == {kept, failed, plain, gone}
    assert (rows[kept].success, rows[kept].result) == (True, 42)
    assert (rows[plain].success, rows[plain].result) == (True, "hello")
    assert not rows[failed].success
    assert "ValueError" in rows[failed].result
    assert not rows[gone].success
    assert "does_not_exist is not defined" in rows[gone].result


def test_a_slow_task_does_not_keep_the_others_waiting(start_cluster, notes):
    start_cluster()

    with transaction.atomic():
        tasks.note.enqueue_many([(notes.path, "warm-up")] * 300)  # so that the slow one comes in a large batch
        tasks.start_nap.enqueue(notes.path, "slow", 4)
        tasks.note.enqueue_many([(notes.path, "quick")] * 300)

    in_10_seconds(lambda: Counter(notes())["quick"] == 300)
    assert "slow ends" not in notes()
    in_10_seconds(queue_is_empty)
    assert Counter(notes()) == {"warm-up": 300, "quick": 300, "slow begins": 1, "slow ends": 1}


def test_two_clusters_share_the_work_and_do_nothing_twice(start_cluster, notes):
    start_cluster()
    start_cluster()

    for start in range(0, 3000, 500):
        tasks.note.enqueue_many([(notes.path, str(number)) for number in range(start, start + 500)])

    in_10_seconds(queue_is_empty)
    assert sorted(map(int, notes())) == list(range(3000))
    in_10_seconds(lambda: sum(Worker.objects.values_list("done", flat=True)) == 3000)
    assert all(Worker.objects.values_list("done", flat=True))


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("task", "lines"), [(tasks.oversleep, ["sleeps"]), (tasks.oversleep_deaf, ["sleeps", "told"])])
def test_a_task_that_takes_too_long_fails_and_takes_nobody_along(start_cluster, notes, task, lines):
    start_cluster(workers=1)

    with transaction.atomic():
        task.enqueue(notes.path)
        tasks.note.enqueue(notes.path, "next")

    in_10_seconds(queue_is_empty)
    failure = Task.objects.get()
    assert (failure.func, failure.success) == (task.path, False)
    assert "longer than it is given" in failure.result
    assert sorted(notes()) == sorted([*lines, "next"])


# --- death ------------------------------------------------------------------------------------------------------------


def start_nap_and_wait(notes) -> None:
    tasks.start_nap.enqueue(notes.path, "nap", 60)
    in_10_seconds(lambda: notes() == ["nap begins"], "the nap to begin")


def test_a_killed_worker_is_replaced_and_its_task_run_again(start_cluster, notes):
    cluster = start_cluster(workers=1)
    start_nap_and_wait(notes)

    os.kill(cluster.workers[0], signal.SIGKILL)

    eventually(lambda: notes() == ["nap begins"] * 2, within=5, what="another worker to take it")
    assert QueuedTask.objects.get().attempts == 1


def test_workers_killed_in_the_middle_of_batches_lose_nothing_and_repeat_only_what_they_were_at(start_cluster, notes):
    cluster = start_cluster()
    kills = 4

    tasks.note.enqueue_many([(notes.path, str(number)) for number in range(6000)])
    for _kill in range(kills):
        seen = len(notes())
        in_10_seconds(lambda seen=seen: len(notes()) > seen + 200 or queue_is_empty())
        os.kill(in_10_seconds(lambda: cluster.workers)[0], signal.SIGKILL)

    eventually(queue_is_empty, within=20)
    runs = Counter(map(int, notes()))
    assert set(runs) == set(range(6000))
    assert sum(runs.values()) - 6000 <= kills


def test_a_task_that_kills_its_worker_ends_as_a_failure(start_cluster, notes, settings):
    start_cluster(workers=1)
    with transaction.atomic():
        tasks.die.enqueue(notes.path)
        tasks.note.enqueue_many([(notes.path, "other")] * 20)
    QueuedTask.objects.filter(name=tasks.die.path).update(attempts=settings.Q_CLUSTER["max_attempts"] - 2)

    eventually(queue_is_empty, within=15)

    assert Counter(notes()) == {"dies": 2, "other": 20}
    failure = Task.objects.get()
    assert (failure.func, failure.success, failure.attempt_count) == (tasks.die.path, False, 5)


def test_a_killed_sentinel_leaves_no_orphans_and_is_replaced(start_cluster, notes):
    cluster = start_cluster()
    start_nap_and_wait(notes)
    _main, sentinel, *workers = cluster.pids()

    os.kill(sentinel, signal.SIGKILL)

    in_10_seconds(lambda: not any(map(is_alive, workers)), "the old workers to end")
    eventually(lambda: notes() == ["nap begins"] * 2, within=5, what="a new worker to take the task")
    assert cluster.process.poll() is None


def test_a_killed_main_process_leaves_no_orphans(start_cluster, notes):
    cluster = start_cluster()
    tasks.start_nap.enqueue(notes.path, "nap", 1)
    in_10_seconds(lambda: notes() == ["nap begins"])
    main, *others = cluster.pids()

    os.kill(main, signal.SIGKILL)

    in_10_seconds(lambda: not any(map(is_alive, others)), "everybody to end")
    assert notes() == ["nap begins", "nap ends"]  # what was under way came to its end
    assert queue_is_empty()
    assert Worker.objects.count() == 0


def test_another_cluster_takes_over_from_one_that_vanished(start_cluster, notes):
    vanished, other = start_cluster(), start_cluster()
    start_nap_and_wait(notes)
    holder = Worker.objects.get(pk=QueuedTask.objects.get().claimed_by).pid
    if holder not in vanished.workers:
        vanished, other = other, vanished

    vanished.destroy()

    eventually(lambda: notes() == ["nap begins"] * 2, within=8, what="the other cluster to take over")
    assert Worker.objects.get(pk=QueuedTask.objects.get().claimed_by).pid in other.workers


# --- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_cluster_told_to_stop_finishes_its_tasks_and_gives_the_rest_back(start_cluster, notes, with_signal):
    cluster = start_cluster(workers=1)
    with transaction.atomic():
        tasks.note.enqueue_many([(notes.path, "warm-up")] * 300)  # quick ones first: the naps come in one batch
        tasks.start_nap.enqueue_many([(notes.path, "nap", 0.3)] * 6)
    in_10_seconds(lambda: "nap begins" in notes())

    assert cluster.stop(with_signal) == 0

    begun, ended = (sum(line == f"nap {word}" for line in notes()) for word in ("begins", "ends"))
    assert begun == ended < 6
    assert QueuedTask.objects.filter(claimed_by=None, attempts=0).count() == 6 - begun
    assert Worker.objects.count() == 0


def test_a_second_signal_does_not_wait_for_the_task(start_cluster, notes):
    cluster = start_cluster(workers=1)
    start_nap_and_wait(notes)

    cluster.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # two signals at once are one
    assert cluster.stop(seconds=5) == 0

    row = QueuedTask.objects.get()
    assert (row.claimed_by, row.attempts) == (None, 0)
