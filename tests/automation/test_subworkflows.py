"""Workflows that call each other, and those that are run when an execution has failed."""

import pytest
from django.urls import reverse

from nocode.automation.engine.subworkflows import DEEPEST
from nocode.automation.errors import WorkflowNotRunnable
from nocode.automation.models import WorkflowExecution
from nocode.automation.nodes import node_types
from nocode.automation.services import executions, workflows
from nocode.foundation.events import deliver_events
from nocode.foundation.models import Membership
from tests.factories import (
    make_chain,
    make_edge,
    make_node,
    make_organization,
    make_published,
    make_trigger,
    make_user,
    make_workflow,
    set_values,
)
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

Status = WorkflowExecution.Status


@pytest.fixture
def organization():
    return make_organization()


def call(workflow, wait=True, **values) -> dict:
    """The settings of a step that calls a workflow."""
    rows = [{"name": name, "value": value} for name, value in values.items()]
    return {"workflow": str(workflow.pk), "values": rows, "wait": wait}


def make_caller(called, organization=None, **settings):
    """A published workflow that calls another one and keeps what it brings."""
    return make_published(
        ("call", "workflow.call", call(called, **settings)),
        ("keep", "set", set_values(got="{{ input }}")),
        organization=organization or called.organization,
    )


def run(workflow, user=None, **input) -> WorkflowExecution:
    execution = executions.start(workflow, input=input, user=user)
    settle()
    execution.refresh_from_db()
    return execution


def settle() -> None:
    run_queue()
    deliver_events()
    run_queue()


def test_the_result_of_the_called_workflow_is_the_output_of_the_step(organization):
    double = make_published(("double", "set", set_values(n="{{ trigger.n * 2 }}")), organization=organization)
    caller = make_caller(double, n="{{ trigger.n }}")

    execution = run(caller, n=4)

    assert execution.output == {"got": {"n": 8}}
    child = execution.children.get()
    assert (child.workflow, child.trigger_kind, child.parent_node, child.depth) == (double, "workflow", "call", 1)


def test_without_input_of_its_own_the_called_workflow_gets_that_of_the_step(organization):
    same = make_published(("same", "set", set_values(all="{{ trigger }}")), organization=organization)
    assert run(make_caller(same), a=1).output == {"got": {"all": {"a": 1}}}


def test_it_starts_where_its_manual_trigger_does(organization):
    called = make_workflow(organization)
    make_chain(called, ("first", "set", set_values(way="first")), ("second", "set", set_values(way="second")))
    make_trigger(called, entry="second")
    workflows.publish(called)
    called.refresh_from_db()

    run(make_caller(called))

    assert list(called.executions.get().steps.values_list("node_key", flat=True)) == ["second"]


def test_a_step_that_does_not_wait_goes_on_at_once(organization):
    slow = make_published(("pause", "wait", {"amount": 1, "unit": "hours"}), organization=organization)

    execution = run(make_caller(slow, wait=False))

    child = slow.executions.get()
    assert (execution.status, child.status) == ("completed", "waiting")
    assert execution.output == {"got": {"execution_id": str(child.pk)}}


def test_the_failure_of_the_called_workflow_is_the_failure_of_the_step(organization):
    broken = make_published(("stop", "stop", {"message": "No stock."}), organization=organization, name="Ship")

    execution = run(make_caller(broken))

    assert (execution.status, execution.error_step) == ("failed", "call")
    assert execution.error_message == "“Ship” failed: No stock."


def test_the_step_may_go_its_error_branch(organization):
    broken = make_published(("stop", "stop", {"message": "No stock."}), organization=organization)
    caller = make_workflow(organization)
    step = make_node(caller, "call", "workflow.call", config=call(broken), on_error="branch")
    make_edge(step, make_node(caller, "mend", config=set_values(why="{{ input.error }}")), "error")
    workflows.publish(caller)
    caller.refresh_from_db()

    assert run(caller).output["why"].endswith("No stock.")


def test_repeating_the_step_calls_again(organization):
    called = make_published(("stop", "stop", {"message": "No stock."}), organization=organization)
    execution = run(make_caller(called))
    node = called.nodes.get()
    node.kind, node.config = "set", set_values(ok="yes")
    node.save()
    workflows.publish(called)

    executions.retry_step(execution, "call")
    settle()

    execution.refresh_from_db()
    assert execution.output == {"got": {"ok": "yes"}}
    assert sorted(execution.children.values_list("parent_attempt", "status")) == [(1, "failed"), (2, "completed")]


def test_cancelling_the_caller_cancels_what_it_waits_for_and_only_that(organization):
    slow = make_published(("pause", "wait", {"amount": 1, "unit": "hours"}), organization=organization)
    middle = make_caller(slow)
    make_caller(slow, wait=False)
    own = run(make_caller(slow, wait=False)).children.get()
    execution = run(make_caller(middle))

    executions.cancel(execution)
    for _level in range(2):
        settle()

    child = execution.children.get()
    assert (child.status, child.children.get().status) == ("cancelled", "cancelled")
    own.refresh_from_db()
    assert own.status == "waiting"


def test_cancelling_what_was_called_fails_the_step(organization):
    slow = make_published(("pause", "wait", {"amount": 1, "unit": "hours"}), organization=organization, name="Slow")
    execution = run(make_caller(slow))

    executions.cancel(execution.children.get())
    settle()

    execution.refresh_from_db()
    assert (execution.status, execution.error_message) == ("failed", "“Slow” was cancelled.")


def make_recursive(organization, until: int):
    """A workflow that calls itself until `trigger.n` has come to a number."""
    workflow = make_workflow(organization)
    condition = [{"left": "{{ trigger.n }}", "op": "lt", "right": until}]
    question = make_node(workflow, "question", "if", config={"conditions": condition, "combine": "all"})
    again = make_node(workflow, "again", "workflow.call", config=call(workflow, n="{{ trigger.n + 1 }}"))
    make_edge(question, again, "true")
    make_edge(question, make_node(workflow, "deepest", config=set_values(depth="{{ trigger.n }}")), "false")
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


@pytest.mark.parametrize(("until", "status"), [(DEEPEST, "completed"), (DEEPEST + 1, "failed")])
def test_a_workflow_may_call_itself_up_to_a_depth(organization, until, status):
    execution = run(make_recursive(organization, until), n=0)

    assert execution.status == status
    assert execution.workflow.executions.count() == DEEPEST + 1
    if status == "completed":
        assert execution.output == {"depth": DEEPEST}
    else:
        assert "end the recursion earlier" in execution.error_message


def test_every_item_of_a_loop_calls_its_own(organization):
    double = make_published(("double", "set", set_values(n="{{ trigger.n * 2 }}")), organization=organization)
    workflow = make_workflow(organization)
    loop = make_node(workflow, "loop", "loop", config={"list": "{{ trigger.items }}", "concurrency": 2})
    make_edge(loop, make_node(workflow, "call", "workflow.call", config=call(double, n="{{ item }}")), "each")
    workflows.publish(workflow)
    workflow.refresh_from_db()

    assert run(workflow, items=[1, 2, 3]).output == [{"n": 2}, {"n": 4}, {"n": 6}]


def test_workflows_of_other_organizations_cannot_be_called(organization):
    foreign = make_published(("a", "set", set_values(a="1")))
    caller = make_workflow(organization)
    node = make_node(caller, "call", "workflow.call", config=call(foreign))

    [problem] = workflows.check_node(node)
    assert "does not exist" in problem.message
    assert foreign.name not in str(node_types[node.kind].form(caller).fields["workflow"].choices)


# --- When an execution fails ------------------------------------------------------------------------------------------


def make_failing(organization, **fields):
    return make_published(("stop", "stop", {"message": "No stock."}), organization=organization, **fields)


def test_a_failure_runs_the_workflow_that_is_named_for_it(organization):
    mend = make_published(("keep", "set", set_values(why="{{ trigger.error }}")), organization=organization)
    failing = make_failing(organization, name="Orders", error_workflow=mend)

    failed = run(failing, order=7)

    [about] = mend.executions.all()
    assert (about.output, about.trigger_kind, about.parent) == ({"why": "No stock."}, "failure", failed)
    assert about.input["workflow"] == {"id": str(failing.pk), "name": "Orders"}
    assert (about.input["step"], about.input["execution"]["input"]) == ("stop", {"order": 7})


def test_the_failure_of_that_workflow_starts_nothing(organization):
    both = make_failing(organization)
    both.error_workflow = both
    both.save()

    run(both)
    settle()

    assert both.executions.count() == 2


def test_nor_does_the_failure_of_what_it_calls(organization):
    called = make_failing(organization)
    mend = make_caller(called)
    called.error_workflow = mend
    called.save()

    run(called)
    for _round in range(4):
        settle()

    assert (called.executions.count(), mend.executions.count()) == (2, 1)


def test_one_that_cannot_be_started_is_told_in_the_log(organization):
    draft = make_workflow(organization, name="Draft")
    failed = run(make_failing(organization, error_workflow=draft))

    assert "Draft" in failed.logs.get(level="warning").message
    with pytest.raises(WorkflowNotRunnable):
        executions.start(draft)


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_the_pages_of_caller_and_called_lead_to_each_other(organization, client):
    called = make_published(("a", "set", set_values(a="1")), organization=organization, name="Ship")
    execution = run(make_caller(called))
    child = execution.children.get()
    client.force_login(make_user(organization=organization))

    pages = {each.pk: reverse("admin:execution_detail", args=[each.pk]) for each in (execution, child)}

    assert pages[child.pk] in client.get(pages[execution.pk]).content.decode()
    assert pages[execution.pk] in client.get(pages[child.pk]).content.decode()


def test_for_failures_only_workflows_of_the_organization_can_be_chosen(organization, client):
    workflow, mend, foreign = make_workflow(organization), make_workflow(organization), make_workflow()
    user = make_user(organization=organization)
    Membership.objects.create(organization=foreign.organization, user=user)
    client.force_login(user)

    page = client.get(reverse("admin:automation_workflow_change", args=[workflow.pk])).content.decode()

    choices = page[page.index('name="error_workflow"') :].partition("</select>")[0]
    assert (str(mend.pk) in choices, str(foreign.pk) in choices) == (True, False)
