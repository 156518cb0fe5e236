"""One organization with at least one row of everything, and how to ask for each page of it.

A page or model this file does not know makes the tests that walk the console fail: add it here, and it is covered.
"""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_q.models import Failure, Schedule, Success

from nocode.automation.models import (
    Approval,
    DraftChange,
    Edge,
    ExecutionExport,
    ExecutionJob,
    ExecutionLog,
    Integration,
    IntegrationCall,
    IntegrationStats,
    Node,
    NotificationDelivery,
    NotificationRule,
    StepRun,
    Trigger,
    WebhookDelivery,
    Workflow,
    WorkflowExecution,
    WorkflowImport,
    WorkflowVersion,
)
from nocode.foundation.models import (
    AddressChange,
    ApiToken,
    Email,
    FailedAttempts,
    Invitation,
    Invoice,
    InvoiceCounter,
    LoginSession,
    Notification,
    Organization,
    OutboxEvent,
    Plan,
    QueuedTask,
    Role,
    Subscription,
    User,
    Worker,
)
from nocode.insights.models import DailyMetric, UserActivity, WorkflowMetric
from nocode.runtime.models import Deployment, DeploymentLog, GeneratedApp
from nocode.studio.models import (
    Block,
    DataTable,
    Field,
    GridView,
    Page,
    Project,
    RecordChange,
    RecordComment,
    SchemaChange,
    StoredFile,
    TableIndex,
    TableJob,
)
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.services.blocks import add_block
from nocode.studio.services.records import Records
from tests import factories

SECRET = "Zebrafish"  # is in every name of the world, and in nothing else

NODE = {
    "key": "first",
    "kind": "set",
    "label": SECRET,
    "config": {},
    "on_error": "stop",
    "max_retries": 0,
    "x": 0,
    "y": 0,
}


@dataclass
class World:
    """The rows of the owner's organization, and four people around it."""

    organization: Organization
    people: dict[str, User]
    rows: dict[type[Model], Model] = field(default_factory=dict)


def make_world() -> World:
    """Everything, once."""
    organization = factories.make_organization(f"{SECRET} Ltd")
    elsewhere = factories.make_organization("Elsewhere")
    people = {
        "owner": factories.make_user("owner@example.com", organization=organization),
        "viewer": factories.make_user("viewer@example.com", organization=organization, role=Role.VIEWER),
        "stranger": factories.make_user("stranger@example.com", organization=elsewhere),
        "superuser": factories.make_user("root@example.com", is_superuser=True),
    }
    world = World(organization, people)
    for model, make in MAKERS.items():
        world.rows[model] = make(world, 0)
    for model in (Organization, Workflow, Project):  # filters offer a choice only where there are two
        MAKERS[model](world, 99)
    return world


def _workflow(world: World, number: int) -> Workflow:
    return factories.make_workflow(world.organization, name=f"{SECRET} workflow {number}")


def _version(world: World, number: int) -> WorkflowVersion:
    return WorkflowVersion.objects.create(
        workflow=world.rows[Workflow],
        organization=world.organization,
        number=number + 1,
        graph={"nodes": [NODE], "edges": [], "settings": {}},
        checksum=SECRET,
        note=SECRET,
    )


def _execution(world: World, number: int) -> WorkflowExecution:
    return WorkflowExecution.objects.create(
        organization=world.organization,
        workflow=world.rows[Workflow],
        workflow_name=f"{SECRET} run",
        version=world.rows[WorkflowVersion],
        trigger=world.rows[Trigger],
        trigger_kind="manual",
        triggered_by=world.people["owner"],
        status=WorkflowExecution.Status.FAILED,
        input={"secret": SECRET},
        error_message=f"{SECRET} failed",
        error_step="first",
        started_at=timezone.now(),
        completed_at=timezone.now(),
    )


def _step(world: World, number: int) -> StepRun:
    return StepRun.objects.create(
        execution=world.rows[WorkflowExecution],
        node_key="first",
        attempt=number + 1,
        status=StepRun.Status.FAILED,
        output={"secret": SECRET},
        error=SECRET,
        started_at=timezone.now(),
    )


def _log(world: World, number: int) -> ExecutionLog:
    return ExecutionLog.objects.create(
        execution=world.rows[WorkflowExecution], at=timezone.now(), message=f"{SECRET} {number}"
    )


def _export(world: World, number: int) -> ExecutionExport:
    execution = _execution(world, number) if number else world.rows[WorkflowExecution]
    now = timezone.now()
    return ExecutionExport.objects.create(
        execution=execution, content=gzip.compress(b"{}"), made_at=now, expires_at=now + timedelta(days=1), error=SECRET
    )


def _execution_job(world: World, number: int) -> ExecutionJob:
    result = {"acted": 1, "refused": {f"{SECRET} {number}": 1}}
    return ExecutionJob.objects.create(
        organization=world.organization, kind="retry", options={"executions": []}, total=2, done=2, result=result
    )


def _delivery(world: World, number: int) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        trigger=world.rows[Trigger],
        execution_id=uuid4(),
        method="POST",
        headers={"X": SECRET},
        query={},
        body=SECRET.encode(),
    )


def _event(world: World, number: int) -> OutboxEvent:
    return OutboxEvent.objects.create(
        name=f"test.{SECRET}", key=SECRET, payload={"secret": SECRET}, organization=world.organization, gave_up=True
    )


def _notification(world: World, number: int) -> Notification:
    return Notification.objects.create(
        user=world.people["owner"], organization=world.organization, kind="x", key=str(number), title=SECRET
    )


def _approval(world: World, number: int) -> Approval:
    step = world.rows[StepRun]
    return Approval.objects.create(
        execution=step.execution,
        node_key=step.node_key,
        iteration=number,
        organization=world.organization,
        workflow_name=SECRET,
        title=SECRET,
        asked=[world.people["owner"].pk],
    )


def _rule(world: World, number: int) -> NotificationRule:
    workflow = factories.make_workflow(world.organization, name=f"{SECRET} told {number}")
    return NotificationRule.objects.create(
        user=world.people["owner"], organization=world.organization, workflow=workflow, on="failed"
    )


def _told(world: World, number: int) -> NotificationDelivery:
    return NotificationDelivery.objects.create(
        event_id=uuid4(),
        execution=world.rows[WorkflowExecution],
        type="failed",
        user=world.people["owner"],
        channel="email",
        status="failed",
        error=SECRET,
    )


def _stats(world: World, number: int) -> IntegrationStats:
    integration = world.rows[Integration] if number == 0 else MAKERS[Integration](world, 1000 + number)
    return IntegrationStats.objects.create(
        integration=integration,
        calls=2,
        failures=1,
        durations=[5, 7],
        outcomes=[False, True],
        last_error=SECRET,
        last_used_at=timezone.now(),
        last_failed_at=timezone.now(),
        updated_at=timezone.now(),
    )


def _edge(world: World, number: int) -> Edge:
    target = factories.make_node(world.rows[Workflow], f"after-{number}", label=f"{SECRET} after {number}")
    return factories.make_edge(world.rows[Node], target)


def _table(world: World, number: int) -> DataTable:
    table = factories.make_table(world.rows[Project], f"{SECRET} table {number}")
    Records(table).create({"name": SECRET})
    return table


def _field(world: World, number: int) -> Field:
    project, table = world.rows[Project], world.rows[DataTable]
    return SchemaManager(project).add_field(table, f"{SECRET} field {number}", "text")


def _app(world: World, number: int) -> GeneratedApp:
    return factories.make_app(
        world.rows[Project], name=f"{SECRET} app {number}", slug=f"{SECRET.lower()}-{number}", description=SECRET
    )


def _deployment(world: World, number: int) -> Deployment:
    return Deployment.objects.create(
        app=world.rows[GeneratedApp],
        number=number + 1,
        status=Deployment.Status.DEPLOYED,
        snapshot={"app": {"name": SECRET}, "tables": [], "pages": [], "workflows": []},
        note=SECRET,
        created_by=world.people["owner"],
        started_at=timezone.now(),
        finished_at=timezone.now(),
    )


def _deployment_log(world: World, number: int) -> DeploymentLog:
    return DeploymentLog.objects.create(deployment=world.rows[Deployment], step="start", message=f"{SECRET} {number}")


def _activity(world: World, number: int) -> UserActivity:
    return UserActivity.objects.create(
        organization=world.organization,
        user=world.people["owner"],
        user_label="owner@example.com",
        action="project.updated",
        target_type="studio.project",
        target_id=str(world.rows[Project].pk),
        target_label=SECRET,
        details={"secret": SECRET},
        user_agent=SECRET,
    )


def _day(number: int) -> date:
    return timezone.localdate() - timedelta(days=number)


def _daily_metric(world: World, number: int) -> DailyMetric:
    counts = {"executions": 3, "completed": 2, "failed": 1, "logins": 1, "durations": {"100": 3}}
    return DailyMetric.objects.create(organization=world.organization, day=_day(number), **counts)


def _workflow_metric(world: World, number: int) -> WorkflowMetric:
    return WorkflowMetric.objects.create(
        organization=world.organization,
        day=_day(number),
        workflow_id=world.rows[Workflow].pk,
        workflow_name=SECRET,
        failed=1,
        measured=1,
        total_duration=700,
        longest_duration=700,
    )


def _block(world: World, number: int) -> Block:
    kind = ("data.list", "text.heading")[number % 2]
    return add_block(world.rows[Page], kind, {"text": SECRET} if number % 2 else {"title": SECRET})


def _member(world: World, number: int) -> User:
    return factories.make_user(f"{SECRET.lower()}{number}@example.com", organization=world.organization, name=SECRET)


def _subscription(world: World, number: int) -> Subscription:
    status = Subscription.Status.ENDED if number else Subscription.Status.ACTIVE
    plan = world.rows[Plan]
    return factories.make_subscription(world.organization, plan, status=status, billing_address=SECRET)


def _invoice(world: World, number: int) -> Invoice:
    return factories.make_invoice(world.organization, number=f"{SECRET}-{number}")


def _result(model: type[Model], success: bool) -> Callable[[World, int], Model]:
    def make(world: World, number: int) -> Model:
        now = timezone.now()
        return model.objects.create(
            id=uuid4().hex,
            name=f"{SECRET} {number}",
            func="x.y",
            started=now,
            stopped=now,
            success=success,
            result=SECRET,
        )

    return make


# How to make one row of each model: (world, number) → row. Later ones may use the rows of earlier ones.
MAKERS: dict[type[Model], Callable[[World, int], Model]] = {
    Organization: lambda world, number: world.organization if number == 0 else _more_organization(world, number),
    User: _member,
    Invitation: lambda world, number: factories.make_invitation(
        world.organization, f"{SECRET.lower()}-guest{number}@example.com", invited_by=world.people["owner"]
    ),
    Email: lambda world, number: Email.objects.create(
        organization=world.organization, to="guest@example.com", subject=f"{SECRET} {number}", text=SECRET, error=SECRET
    ),
    FailedAttempts: lambda world, number: FailedAttempts.objects.create(
        kind="login", subject=f"{SECRET.lower()}{number}@example.com"
    ),
    LoginSession: lambda world, number: LoginSession.objects.create(
        pk=f"{SECRET.lower()}{number}",
        user=world.people["owner"],
        user_agent=SECRET,
        seen_at=timezone.now(),
        expire_date=timezone.now() + timedelta(days=1),
    ),
    AddressChange: lambda world, number: AddressChange.objects.create(
        user=factories.make_user(f"{SECRET.lower()}-mover{number}@example.com", organization=world.organization),
        email=f"{SECRET.lower()}-new{number}@example.com",
        token_hash=f"{SECRET}{number}",
        expires_at=timezone.now(),
    ),
    ApiToken: lambda world, number: ApiToken.objects.create(
        organization=world.organization,
        user=world.people["owner"],
        name=f"{SECRET} token {number}",
        prefix="nocode_x",
        token_hash=f"{SECRET}{number}",
    ),
    Project: lambda world, number: factories.make_project(world.organization, f"{SECRET} project {number}"),
    DataTable: _table,
    Field: _field,
    SchemaChange: lambda world, number: SchemaChange.objects.create(
        project=world.rows[Project], forward={"op": "create_table", "label": SECRET}, sql=f"-- {SECRET} {number}"
    ),
    TableIndex: lambda world, number: TableIndex.objects.create(
        table=world.rows[DataTable], columns=["id"], error=f"{SECRET} {number}"
    ),
    GridView: lambda world, number: GridView.objects.create(
        table=world.rows[DataTable], name=f"{SECRET} view {number}"
    ),
    RecordChange: lambda world, number: RecordChange.objects.create(
        table=world.rows[DataTable], record_id=1, verb="updated", before={"name": SECRET}, batch=uuid4()
    ),
    RecordComment: lambda world, number: RecordComment.objects.create(
        table=world.rows[DataTable], record_id=1, author=world.people["owner"], text=f"{SECRET} {number}"
    ),
    StoredFile: lambda world, number: StoredFile.objects.create(
        organization=world.organization, project=world.rows[Project], name=f"{SECRET} {number}.txt"
    ),
    TableJob: lambda world, number: TableJob.objects.create(
        project=world.rows[Project],
        table=world.rows[DataTable],
        kind="index",
        output=world.rows[StoredFile],
        error=f"{SECRET} {number}",
    ),
    Page: lambda world, number: factories.make_page(world.rows[Project], f"{SECRET} page {number}"),
    Block: _block,
    Workflow: _workflow,
    WorkflowVersion: _version,
    Node: lambda world, number: factories.make_node(
        world.rows[Workflow], f"first-{number}" if number else "first", label=f"{SECRET} step {number}"
    ),
    Edge: _edge,
    DraftChange: lambda world, number: DraftChange.objects.create(
        workflow=world.rows[Workflow],
        revision=number + 1,
        user=world.people["owner"],
        acts=[{"op": "move", "names": []}],
    ),
    WorkflowImport: lambda world, number: WorkflowImport.objects.create(
        workflow=_workflow(world, 500 + number) if number else world.rows[Workflow], source="file"
    ),
    Trigger: lambda world, number: factories.make_trigger(
        world.rows[Workflow], "webhook", name=f"{SECRET} trigger {number}"
    ),
    Integration: lambda world, number: factories.make_integration(
        world.organization, name=f"{SECRET} integration {number}"
    ),
    WorkflowExecution: _execution,
    ExecutionJob: _execution_job,
    StepRun: _step,
    ExecutionLog: _log,
    ExecutionExport: _export,
    WebhookDelivery: _delivery,
    GeneratedApp: _app,
    Deployment: _deployment,
    DeploymentLog: _deployment_log,
    UserActivity: _activity,
    DailyMetric: _daily_metric,
    WorkflowMetric: _workflow_metric,
    Plan: lambda world, number: factories.make_plan(f"{SECRET} plan {number}"),
    Subscription: _subscription,
    Invoice: _invoice,
    InvoiceCounter: lambda world, number: InvoiceCounter.objects.create(year=2000 + number),
    OutboxEvent: _event,
    Notification: _notification,
    Approval: _approval,
    NotificationRule: _rule,
    NotificationDelivery: _told,
    IntegrationStats: _stats,
    IntegrationCall: lambda world, number: IntegrationCall.objects.create(
        integration_id=world.rows[Integration].pk, at=timezone.now(), milliseconds=5, error=SECRET
    ),
    QueuedTask: lambda world, number: QueuedTask.objects.create(queue="nocode", name=SECRET, payload=SECRET),
    Worker: lambda world, number: Worker.objects.create(id=uuid4(), cluster="nocode", host=SECRET, pid=number),
    Success: _result(Success, True),
    Failure: _result(Failure, False),
    Schedule: lambda world, number: Schedule.objects.create(name=f"{SECRET} {number}", func="x.y"),
}


def _more_organization(world: World, number: int) -> Organization:
    organization = factories.make_organization(f"{SECRET} {number}")
    organization.memberships.create(user=world.people["owner"], role=Role.OWNER)
    return organization


# What a page that is not a model's own asks for: URL name → arguments.
ARGUMENTS: dict[str, Callable[[World], dict[str, Any]]] = {
    **{
        name: lambda world: {"pk": world.rows[WorkflowExecution].pk}
        for name in [
            "execution_detail",
            "execution_panel",
            "execution_download",
            "execution_export",
            "execution_export_file",
            "execution_input",
            "execution_cancel",
            "execution_retry",
            "execution_again",
            "execution_compare_with",
        ]
    },
    **{
        name: lambda world: {"pk": world.rows[WorkflowExecution].pk, "key": "first"}
        for name in ["execution_step", "execution_retry_step"]
    },
    **{
        name: lambda world: {
            "pk": world.rows[WorkflowExecution].pk,
            "other": world.rows[WorkflowExecution].pk,
        }
        for name in ["execution_compare", "execution_compare_value"]
    },
    **{name: lambda world: {"pk": world.rows[ExecutionJob].pk} for name in ["execution_job", "execution_job_stop"]},
    "execution_value": lambda world: {
        "pk": world.rows[WorkflowExecution].pk,
        "step": world.rows[StepRun].pk,
        "name": "output",
    },
    **{
        name: lambda world: {"pk": world.rows[Workflow].pk}
        for name in [
            "workflow_builder",
            "workflow_compare",
            "workflow_draft",
            "workflow_publish",
            "workflow_pause",
            "workflow_resume",
            "workflow_archive",
            "workflow_notifications",
            "workflow_notifications_forget",
            "workflow_run",
            "workflow_export",
            "workflow_origin",
            "workflow_duplicate",
            "connection_add",
        ]
    },
    "workflow_template": lambda world: {"key": "say_hello"},
    "version_restore": lambda world: {"pk": world.rows[Workflow].pk, "number": world.rows[WorkflowVersion].number},
    "workflow_version": lambda world: {"pk": world.rows[Workflow].pk, "number": world.rows[WorkflowVersion].number},
    "token_delete": lambda world: {"pk": world.rows[ApiToken].pk},
    "connection_delete": lambda world: {"pk": world.rows[Edge].pk},
    **{
        name: lambda world: {"pk": world.rows[Node].pk}
        for name in [
            "step_delete",
            "step_duplicate",
            "step_earlier",
            "step_values",
            "step_preview",
            "step_try",
            "step_pin",
        ]
    },
    **{name: lambda world: {"pk": world.rows[Trigger].pk} for name in ["trigger_secret", "trigger_address"]},
    **{
        name: lambda world: {"pk": world.rows[DataTable].pk}
        for name in [
            "studio_table_rows",
            "studio_table_condition",
            "studio_table_count",
            "studio_table_row_add",
            "studio_table_choices",
            "studio_table_bulk",
            "studio_table_bulk_input",
            "studio_table_bulk_all",
            "studio_table_bulk_delete",
            "studio_table_arrange",
            "studio_table_view_save",
            "studio_table_index_add",
            "studio_table_import",
            "studio_table_export",
        ]
    },
    **{
        name: lambda world: {"pk": world.rows[DataTable].pk, "row": 1}
        for name in [
            "studio_table_row",
            "studio_table_row_delete",
            "studio_table_row_history",
            "studio_table_row_comment",
        ]
    },
    "studio_table_cell": lambda world: {"pk": world.rows[DataTable].pk, "row": 1, "name": "name"},
    "studio_table_row_revert": lambda world: {
        "pk": world.rows[DataTable].pk,
        "row": 1,
        "change": world.rows[RecordChange].pk,
    },
    "studio_table_row_comment_delete": lambda world: {
        "pk": world.rows[DataTable].pk,
        "row": 1,
        "comment": world.rows[RecordComment].pk,
    },
    "studio_table_undo": lambda world: {"pk": world.rows[DataTable].pk, "batch": world.rows[RecordChange].batch},
    "studio_table_view_change": lambda world: {"pk": world.rows[DataTable].pk, "view": world.rows[GridView].pk},
    **{
        name: lambda world: {"pk": world.rows[DataTable].pk, "index": world.rows[TableIndex].pk}
        for name in ["studio_table_index_progress", "studio_table_index_drop"]
    },
    **{
        name: lambda world: {"pk": world.rows[Project].pk}
        for name in [
            "studio_pages_make",
            "studio_project_diagram",
            "studio_project_changes",
            "studio_project_check",
            "studio_project_repair",
            "studio_project_undo",
            "studio_project_redo",
            "studio_project_trash",
            "studio_project_back",
            "studio_project_import",
            "studio_project_export",
            "studio_project_duplicate",
        ]
    },
    "studio_project_trash_act": lambda world: {
        "pk": world.rows[Project].pk,
        "kind": "table",
        "thing": world.rows[DataTable].pk,
    },
    "studio_field_details": lambda world: {"pk": world.rows[Field].pk},
    "studio_field_retype": lambda world: {"pk": world.rows[Field].pk},
    "studio_import": lambda world: {"pk": world.rows[StoredFile].pk},
    "studio_file": lambda world: {"pk": world.rows[StoredFile].pk},
    "studio_file_upload": lambda world: {"pk": world.rows[DataTable].pk, "name": "name"},
    **{
        name: lambda world: {"pk": world.rows[TableJob].pk}
        for name in ["studio_job", "studio_job_stop", "studio_job_file"]
    },
    **{
        name: lambda world: {"pk": world.rows[Page].pk}
        for name in ["studio_page_designer", "studio_page_move", "studio_block_new"]
    },
    **{
        f"studio_block_{name}": lambda world: {"pk": world.rows[Block].pk}
        for name in ["save", "form", "preview", "move", "copy", "remove"]
    },
    **{
        name: lambda world: {"pk": world.rows[GeneratedApp].pk} for name in ["app_deploy", "app_archive", "app_restore"]
    },
    **{
        name: lambda world: {"pk": world.rows[Deployment].pk}
        for name in ["deployment_detail", "deployment_panel", "deployment_roll_back"]
    },
    **{
        name: lambda world: {"pk": world.organization.pk}
        for name in ["billing_organization", "billing_change", "billing_cancel", "billing_resume"]
    },
    **{name: lambda world: {"pk": world.rows[Invoice].pk} for name in ["invoice_document", "invoice_download"]},
    "account_session_end": lambda world: {"handle": "0" * 32},
    "integration_test": lambda world: {"pk": world.rows[Integration].pk},
    "organization_notifications": lambda world: {"pk": world.organization.pk},
    "approval": lambda world: {"pk": world.rows[Approval].pk},
    "notification_open": lambda world: {"pk": world.rows[Notification].pk},
    "auth_user_password_change": lambda world: {"id": world.rows[User].pk},
}

# Addresses that lead to no page of ours: Django redirects them or answers 404 whoever asks.
NOT_PAGES = {"view_on_site", "app_list", None}
# Named in the address, but no object of anybody: comes with the product.
OF_EVERYBODY = {"workflow_template"}


@dataclass(frozen=True)
class Address:
    """A page of the console, and whether it shows one object of the world."""

    name: str
    url: str
    has_object: bool


def addresses(world: World) -> list[Address]:
    """Every address under /admin/, filled with the world's ids."""
    return [_address(world, pattern) for pattern in _patterns() if pattern.name not in NOT_PAGES]


def _patterns() -> Iterator[URLPattern]:
    [console] = [each for each in get_resolver().url_patterns if str(each.pattern) == "admin/"]
    yield from _leaves(console.url_patterns)


def _leaves(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from _leaves(each.url_patterns)


def _address(world: World, pattern: URLPattern) -> Address:
    name = pattern.name
    if name.endswith("_simple_history"):
        row = world.rows[_model_named(name.removesuffix("_simple_history"))]
        return Address(name, reverse(f"admin:{name}", args=[row.pk, row.history.latest().pk]), True)
    if list(pattern.pattern.converters) == ["object_id"]:
        row = world.rows[_model_named(name)]
        return Address(name, reverse(f"admin:{name}", args=[row.pk]), True)
    if pattern.pattern.converters:
        assert name in ARGUMENTS, f"Tell tests/console/world.py with which arguments to open the page {name!r}."
        return Address(name, reverse(f"admin:{name}", kwargs=ARGUMENTS[name](world)), name not in OF_EVERYBODY)
    return Address(name, reverse(f"admin:{name}"), False)


def _model_named(name: str) -> type[Model]:
    for model in MAKERS:
        if name == model._meta.label_lower.replace(".", "_") or name.startswith(
            f"{model._meta.label_lower.replace('.', '_')}_"
        ):
            return model
    raise AssertionError(f"Tell tests/console/world.py how to make a row for the page {name!r}.")
