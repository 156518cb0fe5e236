"""Webhooks that wait for the result, and those that a step answers."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from nocode.automation.models import WebhookDelivery, WorkflowExecution
from nocode.automation.services import replies, triggers
from nocode.automation.tasks import execute_workflow_async, process_webhook_trigger
from nocode.foundation.ids import uuid7
from nocode.foundation.models import QueuedTask
from tests.factories import make_published, set_values

CALLER = Client(enforce_csrf_checks=True)
DOUBLE = ("double", "set", set_values(twice="{{ trigger.body.n * 2 }}"))


def make_hook(*steps, answer="wait", **config):
    return triggers.create(make_published(*steps), "webhook", "Hook", config={"answer": answer, **config})


def call(hook, body, **headers):
    return CALLER.post(f"/hooks/{hook.token}/", json.dumps(body), content_type="application/json", headers=headers)


def answer_step(**config):
    return ("answer", "respond", {"headers": [], **config})


@pytest.mark.django_db
class TestWait:
    def test_the_result_is_the_answer(self):
        response = call(make_hook(DOUBLE), {"n": 21})

        execution = WorkflowExecution.objects.get()
        assert response.status_code == 200
        assert response.json() == {
            "execution_id": str(execution.pk),
            "status": "completed",
            "output": {"twice": 42},
        }

    def test_a_failure_is_told_with_its_reason(self):
        hook = make_hook(("stop", "stop", {"message": "No order {{ trigger.body.n }}"}))

        response = call(hook, {"n": 7})

        assert response.status_code == 500
        assert response.json()["error"] == "No order 7"
        assert response.json()["status"] == "failed"

    def test_what_takes_longer_than_the_limit_goes_on_without_the_caller(self):
        hook = make_hook(("pause", "wait", {"amount": "2", "unit": "seconds"}), DOUBLE, wait_seconds=1)

        response = call(hook, {"n": 1})

        assert response.status_code == 202
        assert response.json() == {"execution_id": str(WorkflowExecution.objects.get().pk), "status": "waiting"}

    def test_nobody_waits_for_what_cannot_come_in_time(self):
        hook = make_hook(("pause", "wait", {"amount": "1", "unit": "hours"}), DOUBLE, wait_seconds=20)
        began = time.monotonic()

        response = call(hook, {"n": 1})

        assert response.status_code == 202
        assert time.monotonic() - began < 5

    def test_a_delivery_that_comes_again_gets_the_same_result(self):
        hook = make_hook(DOUBLE)

        first, again = (call(hook, {"n": n}, **{"Idempotency-Key": "n1"}) for n in (1, 2))

        assert again.json() == first.json()
        assert WorkflowExecution.objects.count() == 1

    def test_the_queue_is_the_safety_net_and_finds_nothing_to_do(self):
        call(make_hook(DOUBLE), {"n": 1})
        net = QueuedTask.objects.get(name__endswith="process_webhook_trigger")
        assert net.due_at > net.created_at

        process_webhook_trigger(WebhookDelivery.objects.get().pk)

        assert WorkflowExecution.objects.get().steps.count() == 1

    def test_while_another_process_runs_it_the_net_stays(self):
        call(make_hook(("pause", "wait", {"amount": "1", "unit": "hours"}), wait_seconds=1), {"n": 1})
        ends = timezone.now() + timedelta(seconds=30)
        WorkflowExecution.objects.update(status="running", lease_until=ends, lease_token=uuid7(), wake_at=None)
        QueuedTask.objects.all().delete()

        process_webhook_trigger(WebhookDelivery.objects.get().pk)

        again = QueuedTask.objects.get()
        assert again.name.endswith("execute_workflow_async")
        assert ends < again.due_at < ends + timedelta(seconds=2)

    def test_when_the_web_process_dies_after_accepting_the_queue_runs_it(self, monkeypatch):
        def die(accepted):
            raise KeyboardInterrupt

        monkeypatch.setattr(replies, "result", die)
        with pytest.raises(KeyboardInterrupt):
            call(make_hook(DOUBLE), {"n": 4})

        process_webhook_trigger(WebhookDelivery.objects.get().pk)

        assert WorkflowExecution.objects.get().output == {"twice": 8}


@pytest.mark.django_db(transaction=True)
def test_a_short_pause_inside_the_limit_is_waited_for():
    hook = make_hook(("pause", "wait", {"amount": "1", "unit": "seconds"}), DOUBLE, wait_seconds=10)
    worker = threading.Thread(target=_continue_the_waiting)
    worker.start()

    response = call(hook, {"n": 5})

    worker.join(timeout=20)
    assert (response.status_code, response.json()["output"]) == (200, {"twice": 10})


def _continue_the_waiting():
    """A worker: runs the execution as soon as it is due."""
    ends = time.monotonic() + 15
    try:
        while time.monotonic() < ends:
            for execution in WorkflowExecution.objects.filter(status="waiting"):
                execute_workflow_async(str(execution.pk))
            if WorkflowExecution.objects.filter(status="completed").exists():
                return
            time.sleep(0.05)
    finally:
        connection.close()


@pytest.mark.django_db
class TestRespond:
    def test_a_step_says_status_headers_and_body(self):
        headers = [{"name": "X-Order", "value": "A-{{ trigger.body.n }}"}]
        hook = make_hook(
            answer_step(status=201, body="{{ {made: trigger.body.n} }}", headers=headers), answer="respond"
        )

        response = call(hook, {"n": 7})

        assert (response.status_code, response.json(), response["X-Order"]) == (201, {"made": 7}, "A-7")
        assert response["Content-Type"] == "application/json"

    def test_text_is_sent_as_text_or_as_what_the_step_says(self):
        plain = make_hook(answer_step(status=200, body="hello"), answer="respond")
        headers = [{"name": "Content-Type", "value": "text/html"}]
        page = make_hook(answer_step(status=200, body="<b>hello</b>", headers=headers), answer="respond")

        assert call(plain, {})["Content-Type"] == "text/plain; charset=utf-8"
        response = call(page, {})
        assert (response.content, response["Content-Type"]) == (b"<b>hello</b>", "text/html")

    def test_html_of_a_workflow_cannot_act_as_the_console(self):
        names = ["Set-Cookie", "Content-Security-Policy", "Transfer-Encoding", "Content-Length", "Bad Name", "X-Fine"]
        headers = [{"name": name, "value": "1"} for name in names]
        headers.append({"name": "X-Split", "value": "{{ 'a\\r\\nX-Evil: 1' }}"})
        hook = make_hook(answer_step(status=200, body="<script>1</script>", headers=headers), answer="respond")

        response = call(hook, {})

        assert response["Content-Security-Policy"] == "sandbox"
        assert not response.cookies
        assert "Transfer-Encoding" not in response
        assert "X-Split" not in response
        assert "Bad Name" not in response
        assert response["X-Fine"] == "1"
        assert response["X-Content-Type-Options"] == "nosniff"

    def test_the_answer_comes_before_the_rest_has_run(self):
        rest = ("pause", "wait", {"amount": "1", "unit": "hours"})
        hook = make_hook(answer_step(status=200, body="early"), rest, answer="respond")
        began = time.monotonic()

        response = call(hook, {})

        assert (response.content, response.status_code) == (b"early", 200)
        assert time.monotonic() - began < 3
        assert WorkflowExecution.objects.get().status in ("running", "waiting")
        assert QueuedTask.objects.filter(name__endswith="execute_workflow_async").exists()

    def test_without_such_a_step_the_result_is_the_answer(self):
        response = call(make_hook(DOUBLE, answer="respond"), {"n": 2})

        assert (response.status_code, response.json()["output"]) == (200, {"twice": 4})
