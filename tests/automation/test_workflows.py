"""Publishing, status and events of workflows."""

import pytest
from django.db import transaction

from nocode.automation.errors import InvalidWorkflow
from nocode.automation.models import Workflow, WorkflowVersion
from nocode.automation.services import workflows
from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import OutboxEvent
from tests.factories import make_chain, make_edge, make_node, make_published, make_workflow, set_values

pytestmark = pytest.mark.django_db

Status = Workflow.Status


def announced(workflow: Workflow) -> list[tuple[str, str]]:
    events = OutboxEvent.objects.filter(key=f"workflow:{workflow.pk}").order_by("id")
    return [(event.name, event.payload["status"]) for event in events]


def test_publish_freezes_the_draft_and_activates_it():
    workflow = make_workflow(variables={"a": 1}, timeout=60)
    make_chain(workflow, ("one", "set", set_values(x="1")), ("two", "set", {}))

    version = workflows.publish(workflow, note="first")

    workflow.refresh_from_db()
    assert (workflow.status, workflow.published_version, version.number) == (Status.ACTIVE, version, 1)
    assert [node["key"] for node in version.graph["nodes"]] == ["one", "two"]
    assert version.graph["edges"] == [{"source": "one", "port": "main", "target": "two"}]
    assert version.graph["settings"] == {"variables": {"a": 1}, "timeout": 60, "entries": {}}
    assert not workflows.has_unpublished_changes(workflow)


def test_publishing_again_makes_a_version_only_when_something_changed():
    workflow = make_published(("one", "set", {}))
    assert workflows.publish(workflow).number == 1

    make_node(workflow, "two")

    assert workflows.has_unpublished_changes(workflow)
    assert workflows.publish(workflow).number == 2
    assert WorkflowVersion.objects.filter(workflow=workflow).count() == 2


def test_problems_name_node_and_setting_and_nothing_is_published():
    workflow = make_workflow()
    first, _second = make_chain(workflow, ("first", "http.request", {"timeout": "900"}), ("second", "nonsense", {}))

    with pytest.raises(InvalidWorkflow) as refused:
        workflows.publish(workflow)

    found = {(problem.node, problem.field) for problem in refused.value.details["problems"]}
    assert found == {("first", "Address"), ("first", "Time limit (seconds)"), ("second", "")}
    workflow.refresh_from_db()
    assert (workflow.status, workflow.published_version) == (Status.DRAFT, None)


def test_a_circle_is_refused_and_named():
    workflow = make_workflow()
    a, b = make_chain(workflow, ("a", "set", {}), ("b", "set", {}))
    make_edge(b, a)

    with pytest.raises(InvalidWorkflow, match="circle: .*a → b"):
        workflows.publish(workflow)


def test_a_bad_expression_is_refused_when_publishing():
    workflow = make_workflow()
    make_chain(workflow, ("a", "set", set_values(x="{{ 1 + }}")))

    with pytest.raises(InvalidWorkflow) as refused:
        workflows.publish(workflow)

    [problem] = refused.value.details["problems"]
    assert (problem.node, problem.field) == ("a", "Values")


def test_an_expression_that_reads_a_step_there_is_none_of_is_refused():
    workflow = make_workflow()
    make_chain(
        workflow, ("a", "set", set_values(x="1")), ("b", "set", set_values(x="{{ steps.a.x + steps.nobody.x }}"))
    )

    [problem] = workflows.validate(workflow)

    assert (problem.node, problem.field, "nobody" in problem.message) == ("b", "Values", True)


def test_status_moves_only_along_allowed_ways():
    workflow = make_published(("one", "set", {}))

    workflows.pause(workflow)
    workflows.resume(workflow)
    workflows.archive(workflow)

    with pytest.raises(IllegalTransition, match="archived"):
        workflows.resume(workflow)
    with pytest.raises(IllegalTransition):
        workflows.pause(make_workflow())


def test_events_tell_creation_changes_and_deletion():
    workflow = make_published(("one", "set", {}))
    workflows.pause(workflow)
    workflow.refresh_from_db()

    workflow.delete()

    assert announced(workflow) == []  # the key is gone with the object's id
    events = OutboxEvent.objects.filter(name__startswith="automation.workflow.").order_by("id")
    assert [(event.name.rpartition(".")[2], event.payload["status"]) for event in events] == [
        ("created", "draft"),
        ("updated", "active"),
        ("updated", "paused"),
        ("deleted", "paused"),
    ]
    assert set(events.last().payload) == {"workflow_id", "name", "organization_id", "status"}


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_announces_nothing():
    with transaction.atomic():
        make_workflow()
        transaction.set_rollback(True)

    assert OutboxEvent.objects.count() == 0


def test_two_mistakes_in_one_setting_are_two_problems():
    rows = [{"name": name, "value": f"{{{{ trigger.{name}. }}}}", "type": ""} for name in ("x", "y")]
    workflow = make_workflow()
    node = make_node(workflow, "bad", "set", config={"values": rows, "keep_input": True})

    problems = workflows.check_node(node)

    assert [problem.field for problem in problems] == ["Values", "Values"]
    assert [problem.message[:16] for problem in problems] == ["{{ trigger.x. }}", "{{ trigger.y. }}"]
