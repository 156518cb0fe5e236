"""The demo works as it says, in both languages, and goes away again."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from nocode.automation.engine import runner
from nocode.automation.models import Trigger, Workflow, WorkflowExecution, WorkflowVersion
from nocode.automation.services import workflows
from nocode.console import demo
from nocode.console.demo.workflows import SAMPLE
from nocode.foundation.models import Notification, Organization
from nocode.foundation.services.notifications import notify
from nocode.insights.models import UserActivity
from nocode.runtime.models import Deployment, GeneratedApp
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable, Page, Project
from nocode.studio.services import pages
from nocode.studio.services.records import Records
from tests.factories import make_app, make_user, make_workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_user(is_superuser=True)


def table(place: int) -> Records:
    return Records(DataTable.objects.order_by("created_at")[place])


def order(**changes):
    return send(json.dumps({**SAMPLE, **changes}))


def send(body: str):
    token = Trigger.objects.get(kind="webhook").token
    return Client().post(f"/hooks/{token}/", body, content_type="application/json")


def work(execution: WorkflowExecution) -> None:
    """What a worker does when it gets the execution."""
    runner.run(execution.pk, continue_later=lambda *args: None)
    execution.refresh_from_db()


def wake(execution: WorkflowExecution) -> None:
    """Let the pause be over."""
    execution.steps.update(wake_at=timezone.now())
    WorkflowExecution.objects.filter(pk=execution.pk).update(wake_at=timezone.now())


@pytest.mark.parametrize(("language", "name"), [("en", "Order intake"), ("fr", "Prise de commandes")])
def test_an_order_is_taken_in_answered_and_confirmed(owner, language, name):
    demo.load(owner, language)
    customers, orders = table(0), table(1)
    known, taken = customers.count(), orders.count()

    first, second = order(total=12), order(total=13)

    assert Workflow.objects.filter(name=name).exists()
    assert (first.status_code, second.status_code) == (201, 201), first.content
    assert (customers.count(), orders.count()) == (known + 1, taken + 2)  # the second time the customer is known
    execution = WorkflowExecution.objects.earliest("id")
    assert first.json() == {"order": execution.steps.get(node_key="order").output["id"]}
    work(execution)
    assert execution.status == "waiting"
    wake(execution)
    work(execution)
    assert execution.status == "completed", execution.error_message
    confirmed = execution.steps.get(node_key="confirm").output
    assert confirmed["id"] == first.json()["order"]


def test_a_large_order_is_told_to_the_sales_team(owner, live_server, settings):
    settings.PUBLIC_URL = live_server.url
    demo.load(owner, "en")

    assert order(total=1000).status_code == 201

    told = WorkflowExecution.objects.get().steps.get(node_key="notify").output["body"]["body"]
    assert json.loads(told) == {"text": "Large order", "customer": "Nora Lind", "total": 1000}


def test_an_incomplete_order_is_refused_and_writes_nothing(owner):
    demo.load(owner, "en")
    before = table(1).count()

    answer = order(email="nobody")

    assert answer.status_code == 422
    assert "email" in answer.json()["error"]
    assert table(1).count() == before


def test_a_call_without_a_body_is_refused_like_an_incomplete_order(owner):
    demo.load(owner, "en")

    answer = send("")

    assert answer.status_code == 422
    assert "email" in answer.json()["error"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_both_workflows_are_published_and_valid(owner, language):
    demo.load(owner, language)

    assert [workflow.status for workflow in Workflow.objects.all()] == ["active", "active"]
    assert [workflows.validate(workflow) for workflow in Workflow.objects.all()] == [[], []]
    assert Trigger.objects.get(kind="schedule").next_run_at is not None


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_application_goes_online_and_every_page_can_be_drawn(owner, client, language):
    demo.load(owner, language)
    deployment = Deployment.objects.get()
    assert (deployment.status, deployment.app.slug) == ("pending", "order-desk")  # the queue builds it

    deployments.build(deployment)

    assert (deployment.status, deployment.problems, pages.problems(Project.objects.get())) == ("deployed", [], [])
    client.force_login(owner)
    row = table(0).find(limit=1)[0]["id"]
    answers = [client.get(f"/apps/order-desk/{page.slug}/?row={row}") for page in Page.objects.all()]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert b"b-refusal" not in b"".join(answer.content for answer in answers)


def test_an_order_shows_on_the_home_page(owner, client):
    demo.load(owner, "en")
    deployments.build(Deployment.objects.get())
    client.force_login(owner)

    before = client.get("/apps/order-desk/", follow=True).content.decode()
    order(total=12)
    after = client.get("/apps/order-desk/", follow=True).content.decode()

    assert ("A-1007" in before, "A-1008" in before, "A-1008" in after) == (True, False, True)
    assert (">1,820.24<" in before, ">7<" in before, ">8<" in after) == (True, True, True)


def test_the_applications_address_is_another_one_where_it_is_taken(owner):
    make_app(slug="order-desk")

    demo.load(owner, "en")

    assert [app.address for app in demo.apps()] == ["/apps/order-desk-2/"]


def test_loading_twice_changes_nothing(owner):
    demo.load(owner, "en")
    demo.load(owner, "en")

    assert (Organization.objects.count(), Workflow.objects.count()) == (1, 2)


def test_remove_leaves_nothing(owner):
    demo.load(owner, "en")
    schema = Project.objects.get().schema_name
    order(total=12)
    deployments.build(Deployment.objects.get())
    notify([owner], "demo", "demo", "Look", organization=Organization.objects.get())

    call_command("demo", "--remove")

    models = [Organization, Project, Workflow, WorkflowVersion, WorkflowExecution, Trigger, GeneratedApp, Deployment]
    models += [Page, Notification, UserActivity]
    assert [model.objects.count() for model in models] == [0] * len(models)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [schema])
        assert cursor.fetchone() == (0,)
    assert demo.remove() is False


def test_remove_does_not_take_peoples_own_work_unasked(owner):
    organization = demo.load(owner, "fr")
    make_workflow(organization, name="Mine")

    with pytest.raises(CommandError, match="Mine.*--force"):
        call_command("demo", "--remove")
    assert Workflow.objects.count() == 3
    Workflow.objects.get(name="Mine").delete()
    pages.add_page(Project.objects.get(), "My page")
    with pytest.raises(CommandError, match="My page.*--force"):
        call_command("demo", "--remove")

    call_command("demo", "--remove", "--force")
    assert Organization.objects.count() == 0


def test_without_an_owner_the_command_says_how_to_make_one():
    with pytest.raises(CommandError, match="create_superuser"):
        call_command("demo")
