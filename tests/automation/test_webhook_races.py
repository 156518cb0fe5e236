"""Webhook calls that arrive at the same moment, with real threads and connections."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from nocode.automation.models import WebhookDelivery, WorkflowExecution
from nocode.automation.services import triggers
from nocode.automation.tasks import process_webhook_trigger
from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask
from tests.factories import make_published, set_values

pytestmark = pytest.mark.django_db(transaction=True)

CALLER = Client()


@pytest.fixture
def hook():
    return triggers.create(make_published(("echo", "set", set_values(a="1"))), "webhook", "Hook")


def call(hook, number):
    try:
        return CALLER.post(
            f"/hooks/{hook.token}/", b"{}", content_type="application/json", headers={"Idempotency-Key": number}
        )
    finally:
        connection.close()


def deliver(delivery_id):
    try:
        process_webhook_trigger(delivery_id)
    finally:
        connection.close()


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def queued() -> int:
    return QueuedTask.objects.filter(name__endswith="process_webhook_trigger").count()


def await_that(condition):
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("it never happened")


def insert_delivery(hook) -> str:
    execution_id = uuid7()
    WebhookDelivery.objects.create(
        trigger=hook, dedup_key="n1", execution_id=execution_id, method="POST", headers={}, query={}, body=b""
    )
    return str(execution_id)


def test_of_two_equal_deliveries_the_second_waits_and_gets_the_first_ones_execution(hook):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            execution_id = insert_delivery(hook)
            second = pool.submit(call, hook, "n1")
            await_that(waits_for_a_lock)
        answer = second.result(timeout=10)

    assert answer.json() == {"execution_id": execution_id, "duplicate": True}
    assert queued() == 0


def test_when_the_first_one_fails_the_second_is_the_first(hook):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            insert_delivery(hook)
            second = pool.submit(call, hook, "n1")
            await_that(waits_for_a_lock)
            transaction.set_rollback(True)
        answer = second.result(timeout=10)

    assert answer.json() == {"execution_id": str(WebhookDelivery.objects.get().execution_id)}
    assert queued() == 1


def test_many_at_once_start_one_execution_per_number(hook):
    numbers = [f"n{number % 3}" for number in range(24)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: call(hook, number).json(), numbers))

    by_number = {}
    for number, answer in zip(numbers, answers, strict=True):
        by_number.setdefault(number, set()).add(answer["execution_id"])
    assert all(len(ids) == 1 for ids in by_number.values())
    assert sum("duplicate" not in answer for answer in answers) == 3
    assert WebhookDelivery.objects.count() == queued() == 3


def test_a_delivery_that_two_workers_take_runs_once(hook):
    call(hook, "n1")
    delivery_id = WebhookDelivery.objects.get().pk

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deliver, [delivery_id] * 4))

    execution = WorkflowExecution.objects.get()
    assert (execution.status, execution.steps.count()) == ("completed", 1)


def test_the_rate_limit_holds_for_calls_at_once(hook):
    triggers.configure(hook, {"rate_limit": 5})

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: call(hook, f"n{number}").status_code, range(16)))

    assert sorted(statuses) == [202] * 5 + [429] * 11
    assert WebhookDelivery.objects.count() == 5


def test_what_cannot_be_queued_is_not_accepted(hook):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE foundation_queuedtask ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        with pytest.raises(IntegrityError):
            call(hook, "n1")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE foundation_queuedtask DROP CONSTRAINT full_up")

    assert not WebhookDelivery.objects.exists()
    assert call(hook, "n1").status_code == 202  # the sender tries again
