"""Events start the workflows of their organization: those that fit, once each, and never round and round."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from nocode.automation.engine import eventstarts
from nocode.automation.engine.reactions import LONGEST_CHAIN, chain_after
from nocode.automation.models import Trigger, WorkflowExecution
from nocode.automation.services import executions, triggers, workflows
from nocode.automation.triggers import InvalidTrigger, trigger_types
from nocode.foundation.events import Event, bus, deliver_events
from tests.factories import make_chain, make_organization, make_workflow, set_values

pytestmark = pytest.mark.django_db

ECHO = ("echo", "set", set_values(name="{{ trigger.name }}", total="{{ trigger.payload.total }}"))


@pytest.fixture
def organization():
    return make_organization("Acme")


def make_watch(organization, pattern: str, condition: str = "", step=ECHO) -> Trigger:
    workflow = make_workflow(organization)
    make_chain(workflow, step)
    trigger = triggers.create(workflow, "event", "News", config={"pattern": pattern, "filter": condition})
    workflows.publish(workflow)
    return trigger


def publish(organization, name: str = "custom.order_paid", **payload) -> None:
    bus.publish(Event(name, payload, "order:1", organization.pk))
    deliver_events()


def test_an_event_starts_the_workflow_with_what_it_tells(organization):
    make_watch(organization, "custom.*")

    publish(organization, total=7)

    execution = WorkflowExecution.objects.get()
    assert (execution.trigger_kind, execution.input["payload"], execution.input["chain"]) == ("event", {"total": 7}, 1)
    done = executions.run_now(execution.pk, budget=10)
    assert (done.status, done.output) == ("completed", {"name": "custom.order_paid", "total": 7})


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [("custom.order_paid", True), ("custom.*", True), ("*", True), ("custom.order?paid", True)]
    + [("custom.orderXpaid", False), ("custom.order", False), ("studio.*", False), ("custom.order.paid", False)],
)
def test_patterns_mean_the_same_to_the_database_and_to_us(organization, pattern, fits):
    make_watch(organization, pattern)

    publish(organization)

    started = WorkflowExecution.objects.exclude(input__name__startswith="automation.").count()
    assert bool(started) is fits


def test_others_hear_nothing(organization):
    make_watch(make_organization("Other"), "custom.*")
    switched_off = make_watch(organization, "custom.*")
    Trigger.objects.filter(pk=switched_off.pk).update(is_active=False)
    paused = make_watch(organization, "custom.*")
    workflows.pause(paused.workflow)

    publish(organization)

    assert not WorkflowExecution.objects.exists()


def test_a_condition_chooses_among_events_and_says_when_it_cannot(organization):
    trigger = make_watch(organization, "custom.*", "{{ event.payload.total > 5 }}")
    broken = make_watch(organization, "custom.*", "{{ event.payload.lines[0].sum > 5 }}")

    publish(organization, total=5)
    publish(organization, total=6)

    assert [each.trigger for each in WorkflowExecution.objects.all()] == [trigger]
    broken.refresh_from_db()
    assert "custom.order_paid" in broken.last_error


def test_workflows_that_start_each_other_stop(organization):
    trigger = make_watch(organization, "automation.execution.completed", step=("end", "set", set_values(a="1")))

    trigger.workflow.refresh_from_db()
    executions.run_now(executions.start(trigger.workflow).pk, budget=10)
    for _round in range(LONGEST_CHAIN + 3):
        deliver_events()
        for execution in WorkflowExecution.objects.filter(status="pending"):
            executions.run_now(execution.pk, budget=10)

    chain = sorted(each.input["chain"] for each in WorkflowExecution.objects.filter(trigger_kind="event"))
    assert chain == list(range(1, LONGEST_CHAIN + 1))
    trigger.refresh_from_db()
    assert "5 times in a row" in trigger.last_error


def test_a_chain_goes_on_through_workflows_that_are_called_and_inputs_that_were_typed(organization):
    trigger = make_watch(organization, "custom.*")
    publish(organization)
    started = WorkflowExecution.objects.get(trigger_kind="event")
    called = {"trigger_kind": "workflow", "parent": started, "input": {"chain": 7}}
    inner = WorkflowExecution.objects.create(
        organization=organization, workflow=trigger.workflow, version=started.version, **called
    )

    assert [chain_after(str(each.pk)) for each in (started, inner)] == [2, 2]
    for typed in ({}, [1], {"chain": "x"}):
        WorkflowExecution.objects.filter(pk=started.pk).update(input=typed)
        assert chain_after(str(inner.pk)) == 1


def test_bad_settings_are_refused_by_name(organization):
    for config, name in (({"pattern": ""}, "pattern"), ({"pattern": "a b"}, "pattern")):
        with pytest.raises(InvalidTrigger) as refusal:
            triggers.create(make_workflow(organization), "event", "News", config=config)
        assert name in refusal.value.details["errors"]
    with pytest.raises(InvalidTrigger, match=r"\{\{"):
        triggers.create(make_workflow(organization), "event", "News", config={"pattern": "*", "filter": "true"})
    assert trigger_types["event"].describe(make_watch(organization, "custom.*")) == "On custom.*"


def test_many_events_cost_one_query_where_nobody_waits(organization):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert eventstarts.awaited(list(range(1, 200))) == set()
    assert len(queries) == 1
