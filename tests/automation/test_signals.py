"""What automation tells: exact names and payloads, once per change, and only what was committed."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Case, Value, When
from django.test import Client
from django.utils import timezone

from nocode.automation.engine import janitor
from nocode.automation.models import Workflow, WorkflowExecution
from nocode.automation.services import executions, workflows
from nocode.foundation.models import LoginSession, OutboxEvent
from tests.factories import make_integration, make_organization, make_published, make_user, make_workflow, set_values

pytestmark = pytest.mark.django_db

Status = WorkflowExecution.Status


def told(prefix: str = "automation.") -> list[tuple[str, dict]]:
    events = OutboxEvent.objects.filter(name__startswith=prefix).order_by("id")
    return list(events.values_list("name", "payload"))


def names(prefix: str = "automation.execution.") -> list[str]:
    return [name.removeprefix(prefix) for name, _payload in told(prefix)]


def forget() -> None:
    OutboxEvent.objects.all().delete()


@pytest.fixture
def execution() -> WorkflowExecution:
    execution = executions.start(make_published(("a", "set", set_values(x="{{ 1 }}"))))
    forget()
    return execution


# --- Payloads ---------------------------------------------------------------------------------------------------------


def test_workflows_tell_that_they_are_new_changed_and_deleted():
    workflow = make_workflow(name="Orders")
    payload = {
        "workflow_id": str(workflow.pk),
        "name": "Orders",
        "organization_id": str(workflow.organization_id),
        "status": "draft",
    }
    workflow.name = "Returns"
    workflow.save()
    workflow.delete()

    assert told() == [
        ("automation.workflow.created", payload),
        ("automation.workflow.updated", payload | {"name": "Returns"}),
        ("automation.workflow.deleted", payload | {"name": "Returns"}),
    ]
    events = OutboxEvent.objects.all()
    assert {(event.key, event.organization_id) for event in events} == {
        (f"workflow:{payload['workflow_id']}", workflow.organization_id)
    }


def test_an_integration_tells_that_it_is_new_once():
    integration = make_integration(kind="http.bearer", name="Shop")
    integration.save()

    assert told("automation.integration.") == [
        (
            "automation.integration.created",
            {
                "integration_id": str(integration.pk),
                "name": "Shop",
                "type": "http.bearer",
                "organization_id": str(integration.organization_id),
            },
        )
    ]


@pytest.mark.parametrize(
    ("steps", "end", "error"),
    [
        ([("a", "set", set_values(x="{{ 1 }}"))], "completed", ""),
        ([("a", "stop", {"message": "No stock."})], "failed", "No stock."),
    ],
)
def test_the_engine_tells_how_an_execution_goes(steps, end, error):
    execution = executions.start(make_published(*steps))
    forget()

    execution = executions.run_now(execution.pk, budget=10)
    execution.save()

    payload = {
        "execution_id": str(execution.pk),
        "workflow_id": str(execution.workflow_id),
        "workflow_name": execution.workflow_name,
        "organization_id": str(execution.organization_id),
        "status": "running",
        "duration": None,
        "error_message": "",
    }
    assert told() == [
        ("automation.execution.started", payload),
        (
            f"automation.execution.{end}",
            payload | {"status": end, "duration": execution.duration, "error_message": error},
        ),
    ]
    assert execution.duration >= 0


def test_a_cancelled_execution_tells_so_once(execution):
    cancelled = executions.cancel(execution)
    cancelled.save()

    [(name, payload)] = told()
    assert (name, payload["status"], payload["duration"]) == ("automation.execution.cancelled", "cancelled", None)
    assert set(payload) == {
        "execution_id", "workflow_id", "workflow_name", "organization_id", "status", "duration", "error_message"
    }  # fmt: skip


# --- Once per change --------------------------------------------------------------------------------------------------


def test_a_change_of_status_is_told_once_however_often_it_is_saved(execution):
    execution.status = Status.RUNNING
    execution.save()
    execution.save()
    execution.error_message = "x"
    execution.save(update_fields=["error_message"])
    again = WorkflowExecution.objects.get(pk=execution.pk)
    again.save()

    assert names() == ["started"]


def test_waiting_is_no_news(execution):
    for status in (Status.RUNNING, Status.WAITING):
        execution.move_to(status)
        execution.save()

    assert names() == ["started"]


def test_many_changed_with_one_statement_tell_each_once(execution):
    other = executions.start(make_published(("a", "set", {})))
    executions.cancel(other)
    forget()

    changed = WorkflowExecution.objects.filter(pk__in=[execution.pk, other.pk]).update(status=Status.CANCELLED)
    WorkflowExecution.objects.filter(pk=execution.pk).update(status=Status.CANCELLED, error_message="x")

    assert changed == 2
    [(name, payload)] = told("automation.execution.")
    assert (name, payload["execution_id"]) == ("automation.execution.cancelled", str(execution.pk))


def test_bulk_update_and_expressions_tell_too(execution):
    execution.status = Status.FAILED
    WorkflowExecution.objects.bulk_update([execution], ["status"])
    WorkflowExecution.objects.update(status=Case(When(status="failed", then=Value("cancelled"))))

    assert names() == ["failed", "cancelled"]


def test_what_does_not_change_the_status_costs_one_statement(execution, django_assert_num_queries):
    with django_assert_num_queries(1):
        WorkflowExecution.objects.update(error_message="x")

    assert names() == []


def test_the_janitor_tells_what_it_fails(execution):
    then = timezone.now() - timedelta(hours=3)
    WorkflowExecution.objects.update(status=Status.RUNNING, started_at=then, lease_until=then)
    forget()

    janitor.fail_stale()
    janitor.fail_stale()

    [(name, payload)] = told()
    assert (name, payload["status"]) == ("automation.execution.failed", "failed")
    assert payload["duration"] == pytest.approx(3 * 3600, abs=60)
    assert "120 minutes" in payload["error_message"]


def test_counters_of_a_workflow_are_no_news():
    workflow = make_published(("a", "set", {}))
    forget()

    execution = executions.run_now(executions.start(workflow).pk, budget=10)

    assert execution.status == Status.COMPLETED
    assert names("automation.workflow.") == []


def test_publishing_and_pausing_are_told_as_updates():
    workflow = make_published(("a", "set", {}))
    forget()

    workflows.pause(workflow)

    assert [(name, payload["status"]) for name, payload in told("automation.workflow.")] == [
        ("automation.workflow.updated", "paused")
    ]


# --- Only what was committed ------------------------------------------------------------------------------------------


def test_what_is_rolled_back_was_never_told(execution):
    organization = make_organization()
    forget()

    with transaction.atomic():
        make_workflow(organization)
        make_integration(organization)
        executions.cancel(execution)
        WorkflowExecution.objects.update(status=Status.FAILED)
        Workflow.objects.all().delete()
        assert len(told()) >= 5
        transaction.set_rollback(True)

    assert told() == []


# --- Beside everything else -------------------------------------------------------------------------------------------


def test_platform_tables_have_no_trigger_of_projects():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.later_platform_table (id int, updated_at timestamptz)")
        cursor.execute("""
            SELECT relation.relname, tgname FROM pg_trigger
            JOIN pg_class AS relation ON relation.oid = tgrelid
            JOIN pg_proc AS called ON called.oid = tgfoid
            JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
            WHERE schema.nspname = 'public' AND called.proname = 'update_updated_at_column'
        """)
        assert cursor.fetchall() == []
        cursor.execute("DROP TABLE public.later_platform_table")


def test_login_logout_and_the_end_of_sessions_work_with_every_receiver_connected():
    user = make_user(organization=make_organization())
    client = Client()

    answer = client.post("/admin/login/", {"username": user.email, "password": "correct horse battery"})
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200

    LoginSession.objects.update(expire_date=timezone.now() - timedelta(days=1))
    assert client.get("/admin/").status_code == 302
    call_command("clearsessions")
    assert LoginSession.objects.count() == 0

    client.post("/admin/login/", {"username": user.email, "password": "correct horse battery"})
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert client.get("/admin/").status_code == 302
    LoginSession.objects.all().delete()
