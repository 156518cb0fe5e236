"""Steps that are switched off: what comes in goes on, whatever their settings are."""

import pytest

from nocode.automation.models import Node
from nocode.automation.services import executions, workflows
from tests.factories import make_chain, make_edge, make_node, make_workflow, set_values

pytestmark = pytest.mark.django_db


def output_of(workflow, **options) -> object:
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return executions.run_now(executions.start(workflow, **options).pk, budget=10)


def off(node: Node) -> None:
    Node.objects.filter(pk=node.pk).update(is_disabled=True)


def test_a_step_that_is_off_passes_its_input_on_with_settings_that_are_wrong():
    workflow = make_workflow()
    _first, middle, _last = make_chain(
        workflow, ("a", "set", set_values(x="1")), ("b", "http.request", {}), ("c", "set", {"keep_input": True})
    )
    off(middle)

    execution = output_of(workflow)

    assert (execution.status, execution.output) == ("completed", {"x": "1"})


def test_a_branch_that_is_off_goes_the_usual_way():
    workflow = make_workflow()
    which, yes, no = make_node(workflow, "which", "if"), make_node(workflow, "yes"), make_node(workflow, "no")
    make_edge(which, yes, "true")
    make_edge(which, no, "false")
    off(which)

    execution = output_of(workflow)

    assert {step.node_key for step in execution.steps.all()} == {"which", "yes"}


def test_a_loop_that_is_off_takes_no_turn():
    workflow = make_workflow()
    loop, body = make_node(workflow, "loop", "loop"), make_node(workflow, "body")
    after = make_node(workflow, "after", config={"keep_input": True})
    make_edge(loop, body, "each")
    make_edge(loop, after, "done")
    off(loop)

    execution = output_of(workflow, input={"n": 1})

    assert {step.node_key for step in execution.steps.all()} == {"loop", "after"}
    assert execution.output == {"n": 1}


def test_a_step_of_an_unknown_type_keeps_nothing_from_being_published_while_it_is_off():
    workflow = make_workflow()
    strange = make_node(workflow, "strange", "gone.kind")
    assert [problem.node for problem in workflows.validate(workflow)] == ["strange"]

    off(strange)

    assert output_of(workflow).status == "completed"
