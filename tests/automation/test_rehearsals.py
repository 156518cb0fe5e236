"""Steps are tried beside their settings: with real values, leaving nothing behind."""

import pytest
from django.urls import reverse

from nocode.automation.models import Node, StepRun, WorkflowExecution
from nocode.automation.services import executions, workflows
from nocode.foundation.models import OutboxEvent
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.automation.screens import make_office
from tests.console.conftest import log_in
from tests.factories import make_chain, make_edge, make_node, make_project, make_table, make_workflow, set_values

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    return make_office()


def make_draft(organization, *steps, **fields):
    workflow = make_workflow(organization, **fields)
    make_chain(workflow, *steps)
    return workflow


def ask(user, page, node, method="post", **data):
    return getattr(log_in(user), method)(reverse(f"admin:{page}", args=[node.pk]), data)


def step(workflow, key) -> Node:
    return workflow.nodes.get(key=key)


TWO = (
    ("first", "set", set_values(total="{{ trigger.amount * 2 }}", name="Ana")),
    ("second", "set", set_values(text="{{ steps.first.name }}: {{ input.total }}")),
)


def test_values_come_from_the_newest_execution(office):
    workflow = make_draft(office.organization, *TWO)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    for amount in (1, 21):
        executions.run_now(executions.start(workflow, input={"amount": amount}).pk, budget=5)

    values = ask(office.owner, "step_values", step(workflow, "second"), "get").json()["values"]

    assert values["trigger"] == {"amount": 21}
    assert values["steps"] == {"first": {"total": 42, "name": "Ana"}}
    assert values["input"] == {"total": 42, "name": "Ana"}


def test_a_text_is_shown_as_it_would_be_and_a_mistake_as_what_it_is(office):
    workflow = make_draft(office.organization, *TWO)
    Node.objects.filter(key="first").update(pinned={"total": 7, "name": "Bo"})
    second = step(workflow, "second")

    shown = ask(office.owner, "step_preview", second, text="{{ steps.first.name }} has {{ input.total }}").json()
    typed = ask(office.owner, "step_preview", second, text="{{ input.total + 1 }}").json()
    broken = ask(office.owner, "step_preview", second, text="{{ input.total. }}").json()

    assert shown == {"value": "Bo has 7", "is_text": True}
    assert typed == {"value": "8", "is_text": False}
    assert broken["error"]


def test_a_step_is_tried_with_pinned_values_and_tells_how_it_ended(office):
    workflow = make_draft(office.organization, *TWO)
    ask(office.owner, "step_pin", step(workflow, "first"), pinned='{"name": "Cleo", "total": 3}')

    page = ask(office.owner, "step_try", step(workflow, "second")).content.decode()

    assert "Cleo: 3" in page
    assert not WorkflowExecution.objects.exists()
    refused = ask(office.owner, "step_pin", step(workflow, "first"), pinned="{broken").content.decode()
    assert "not JSON" in refused
    ask(office.owner, "step_pin", step(workflow, "first"), pinned="")
    assert step(workflow, "first").pinned is None


def test_what_a_tried_step_writes_is_taken_back(office):
    project = make_project(office.organization, "Shop")
    table = make_table(project, "Orders", [NewField("Reference", "text", required=True)])
    create = {"table": "orders", "values": [{"field": "reference", "value": "{{ trigger.body.ref }}"}]}
    workflow = make_draft(office.organization, ("create", "record.create", create), project=project)
    told = OutboxEvent.objects.count()

    failed = ask(office.owner, "step_try", step(workflow, "create")).content.decode()
    Node.objects.filter(key="create").update(
        config={"table": "orders", "values": [{"field": "reference", "value": "A-1"}]}
    )
    done = ask(office.owner, "step_try", step(workflow, "create")).content.decode()

    assert ("Failed" in failed, "Completed" in done, "A-1" in done) == (True, True, True)
    assert (Records(table).count(), OutboxEvent.objects.count(), StepRun.objects.count()) == (0, told, 0)


def test_inside_a_loop_the_item_of_the_last_turn_is_there(office):
    workflow = make_workflow(office.organization)
    settings = {"list": "{{ trigger.items }}", "concurrency": 1, "on_failure": "stop", "collect": True}
    loop, body = (
        make_node(workflow, "loop", "loop", config=settings),
        make_node(workflow, "body", config=set_values(a="1")),
    )
    make_edge(loop, body, "each")
    workflows.publish(workflow)
    workflow.refresh_from_db()
    executions.run_now(executions.start(workflow, input={"items": [{"n": 1}, {"n": 2}]}).pk, budget=5)

    values = ask(office.owner, "step_values", body, "get").json()["values"]

    assert (values["item"], values["index"], values["input"]) == ({"n": 2}, 0, {"n": 2})
    assert "cannot be tried alone" in ask(office.owner, "step_try", loop).content.decode()


@pytest.mark.parametrize(
    ("page", "for_viewer"), [("step_values", 200), ("step_preview", 403), ("step_try", 403), ("step_pin", 403)]
)
def test_who_may_try(office, page, for_viewer):
    node = step(make_draft(office.organization, *TWO), "second")
    method = "get" if page == "step_values" else "post"

    codes = [ask(user, page, node, method).status_code for user in (office.owner, office.viewer, office.stranger)]

    assert codes == [200, for_viewer, 404]
