"""Tasks that are queued by the statement that gives rise to them."""

from datetime import timedelta

import pytest
from django.db import connection
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from nocode.foundation.models import QueuedTask
from nocode.foundation.queue import rider, tasks
from nocode.foundation.queue.rider import Rider
from tests.foundation.queue_tasks import double

pytestmark = pytest.mark.django_db

STATEMENT = f"""
WITH cause AS (SELECT WHERE %(is_wanted)s), task AS ({rider.INSERT.format(source="cause")})
SELECT EXISTS (SELECT FROM cause)
"""


def send(passenger: Rider, is_wanted: bool = True) -> None:
    """What a caller does."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"is_wanted": is_wanted} | passenger.values)
        if cursor.fetchone()[0]:
            passenger.arrived()


def call_of(row) -> tuple:
    package = SignedPackage.loads(row.payload)
    return package["func"], package["args"]


def test_the_row_is_that_of_enqueue():
    double.enqueue(1)
    send(Rider(double, 1))

    one, other = QueuedTask.objects.all()
    assert (one.queue, one.name, call_of(one)) == (other.queue, other.name, call_of(other))


def test_nothing_is_queued_without_its_cause():
    send(Rider(double, 1), is_wanted=False)

    assert not QueuedTask.objects.exists()


def test_it_may_be_due_later():
    send(Rider(double, 1, delay=timedelta(hours=1)))

    task = QueuedTask.objects.get()
    assert task.due_at - task.created_at > timedelta(minutes=59)


@pytest.mark.parametrize(("delay", "rings"), [(timedelta(0), 1), (timedelta(hours=1), 0)])
def test_a_cluster_is_woken_for_what_is_due_now(django_capture_on_commit_callbacks, delay, rings):
    with django_capture_on_commit_callbacks() as callbacks:
        send(Rider(double, 1, delay=delay))

    assert len(callbacks) == rings


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(TypeError):
        Rider(double)


def test_another_broker_gets_the_call_after_the_commit(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(Conf, "ORM", "default")
    monkeypatch.setattr(rider, "default_broker", ORM)
    monkeypatch.setattr(tasks, "default_broker", ORM)

    with django_capture_on_commit_callbacks(execute=True):
        send(Rider(double, 1))
        assert not OrmQ.objects.exists()

    assert not QueuedTask.objects.exists()
    assert SignedPackage.loads(OrmQ.objects.get().payload)["args"] == (1,)
