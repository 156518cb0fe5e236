"""Steps that wait for an event: which ones wake them, how long they wait, and no answer lost or counted twice."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Flag

import pytest
from django.db import connection, transaction
from django.utils import timezone

from nocode.automation.engine import answers, runner
from nocode.automation.models import EventWait, StepRun, StepSignal, WorkflowExecution
from nocode.automation.nodes import Effect, NodeType, node_types
from nocode.automation.nodes.base import Family
from nocode.automation.nodes.event import stem_of, stems_of
from nocode.automation.services import executions, workflows
from nocode.automation.tasks import continue_later
from nocode.foundation.events import Event, bus, deliver_events
from nocode.foundation.models import OutboxEvent, QueuedTask
from nocode.studio.schema.manager import NewField
from tests.factories import (
    make_edge,
    make_node,
    make_organization,
    make_project,
    make_published,
    make_table,
    make_workflow,
    set_values,
)
from tests.fixtures.mail import run_queue
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db

EVENT = {"pattern": "shop.order.*", "filter": "", "amount": None, "unit": "hours"}


def make_waiting(organization=None, **settings):
    """A published workflow that waits for an event and then keeps it, or says that it came too late."""
    workflow = make_workflow(organization or make_organization())
    wait = make_node(workflow, "wait", "wait.event", config=EVENT | settings)
    make_edge(wait, make_node(workflow, "seen", config=set_values(number="{{ input.payload.number }}")), "event")
    make_edge(wait, make_node(workflow, "late", config=set_values(late="yes")), "expired")
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def begin(workflow, **input) -> WorkflowExecution:
    return executions.run_now(executions.start(workflow, input=input).pk, budget=20)


def publish(organization, name="shop.order.paid", **payload):
    bus.publish(Event(name, payload, f"order:{payload.get('number')}", organization.pk))
    deliver_events()


def settled(execution) -> WorkflowExecution:
    run_queue()
    execution.refresh_from_db()
    return execution


def test_an_event_wakes_the_step_that_waits_for_it():
    workflow = make_waiting()
    execution = begin(workflow)
    assert (execution.status, execution.wake_at) == ("waiting", None)

    publish(workflow.organization, number=7)

    assert settled(execution).output == {"number": 7}
    assert not EventWait.objects.exists()


def test_no_queue_entry_waits_with_a_step_that_has_no_limit():
    execution = begin(make_waiting())
    run_queue()

    runner.run(execution.pk, continue_later=continue_later)  # a stray call finds nothing to do, and does not come back

    assert not QueuedTask.objects.filter(name__contains="execute_workflow").exists()
    assert WorkflowExecution.objects.get(pk=execution.pk).status == "waiting"


@pytest.mark.parametrize(
    ("name", "payload", "woken"),
    [
        ("shop.order.paid", {"number": 7}, True),
        ("shop.order.paid", {"number": 8}, False),
        ("shop.parcel.paid", {"number": 7}, False),
        ("shop.order", {"number": 7}, False),
    ],
)
def test_only_what_fits_the_pattern_and_the_condition_counts(name, payload, woken):
    workflow = make_waiting(filter="{{ event.payload.number === input.number }}")
    execution = begin(workflow, number=7)

    publish(workflow.organization, name, **payload)

    assert settled(execution).status == ("completed" if woken else "waiting")


def test_a_condition_reads_what_a_row_holds():
    project = make_project()
    make_table(project, "Orders", (NewField("Due", "date"),))
    write = {"table": "orders", "values": [{"field": "due", "value": "2026-12-01"}]}
    wait = EVENT | {"filter": "{{ event.payload.due === input.due }}"}
    own = {"project": project, "organization": project.organization}
    execution = begin(make_published(("write", "record.create", write), ("wait", "wait.event", wait), **own))
    assert execution.status == "waiting"

    publish(project.organization, due="2026-12-01")

    assert settled(execution).status == "completed"


def test_events_of_other_organizations_and_events_of_before_do_not_count():
    workflow = make_waiting()
    publish(workflow.organization, number=1)
    bus.publish(Event("shop.order.paid", {"number": 2}, "order:2", workflow.organization.pk))  # told, not delivered yet
    execution = begin(workflow)

    publish(make_organization(), number=3)

    assert settled(execution).status == "waiting"


def test_a_condition_that_breaks_is_told_in_the_log_and_the_step_goes_on_waiting():
    workflow = make_waiting(filter="{{ event.payload.customer.name === 'Ada' }}")
    execution = begin(workflow)

    publish(workflow.organization, number=1)
    assert settled(execution).status == "waiting"
    [line] = execution.logs.all()
    assert (line.node_key, line.level) == ("wait", "warning")

    publish(workflow.organization, customer={"name": "Ada"}, number=2)
    assert settled(execution).output == {"number": 2}


def test_a_step_that_waited_too_long_leaves_through_its_other_output():
    workflow = make_waiting(amount=1, unit="hours")
    execution = begin(workflow)
    assert timedelta(minutes=59) < execution.wake_at - timezone.now() <= timedelta(hours=1)

    past = timezone.now() - timedelta(seconds=1)
    StepRun.objects.filter(execution=execution).update(wake_at=past)
    WorkflowExecution.objects.filter(pk=execution.pk).update(wake_at=past)
    runner.run(execution.pk, continue_later=continue_later)
    publish(workflow.organization, number=1)

    assert settled(execution).output == {"late": "yes"}
    assert not EventWait.objects.exists()


def test_each_turn_of_a_loop_waits_for_its_own_event():
    workflow = make_workflow()
    loop = make_node(workflow, "loop", "loop", config={"list": "{{ trigger.orders }}", "concurrency": 2})
    condition = "{{ event.payload.number === input }}"
    wait = make_node(workflow, "wait", "wait.event", config=EVENT | {"filter": condition})
    keep = make_node(workflow, "keep", config=set_values(paid="{{ input.payload.number }}"))
    make_edge(loop, wait, "each")
    make_edge(wait, keep, "event")
    workflows.publish(workflow)
    workflow.refresh_from_db()
    execution = begin(workflow, orders=[1, 2, 3])
    assert sorted(EventWait.objects.values_list("iteration", flat=True)) == [1, 2]

    for number in (2, 1, 3):
        publish(workflow.organization, number=number)
        run_queue()

    assert settled(execution).output == [{"paid": 1}, {"paid": 2}, {"paid": 3}]


@pytest.mark.parametrize(
    ("pattern", "stem"),
    [("a.b.c", "a.b.c"), ("a.b.*", "a.b"), ("a.b.c*", "a.b"), ("a*", ""), ("*", ""), ("a.?.c", "a")],
)
def test_waits_are_found_by_the_words_before_the_first_wildcard(pattern, stem):
    assert stem_of(pattern) == stem
    assert stem in stems_of("a.b.c")


# --- Exactly once -----------------------------------------------------------------------------------------------------


def test_of_two_answers_the_first_counts():
    execution = begin(make_waiting())
    place = answers.Place(execution.pk, "wait", 0, 1)

    first = answers.answer(place, {"payload": {"number": 1}}, continue_later)
    second = answers.answer(place, {"payload": {"number": 2}}, continue_later)

    assert (first, second) == (True, False)
    assert settled(execution).output == {"number": 1}
    assert StepSignal.objects.count() == 1


def test_a_step_that_is_answered_twice_at_the_same_moment_goes_on_once(transactional_db):
    execution = begin(make_waiting())
    place = answers.Place(execution.pk, "wait", 0, 1)

    def answer(number):
        try:
            return answers.answer(place, {"payload": {"number": number}}, continue_later)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        firsts = list(people.map(answer, range(4)))

    assert sorted(firsts) == [False, False, False, True]
    assert settled(execution).output == {"number": firsts.index(True)}
    assert execution.steps.filter(node_key="seen").count() == 1


@pytest.fixture
def meanwhile():
    """A step type that calls outside; what happens meanwhile is `meanwhile.does`."""

    class Meanwhile(NodeType):
        kind, label, summary, icon, family = "test.meanwhile", "Meanwhile", "", "bug_report", Family.OUTSIDE
        effect = Effect.OUTSIDE
        does = staticmethod(lambda step: None)

        def run(self, settings, step):
            self.does(step)
            return {}

    node_types.register(Meanwhile)
    yield node_types["test.meanwhile"]
    del node_types._entries["test.meanwhile"]


def make_two_branches():
    """A step that waits for a day, next to one that calls outside."""
    workflow = make_workflow()
    make_node(workflow, "wait", "wait.event", config=EVENT | {"amount": 1, "unit": "days"})
    make_node(workflow, "call", "test.meanwhile")
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def test_an_answer_that_comes_while_another_branch_runs_is_not_lost(meanwhile):
    meanwhile.does = lambda step: answers.answer(
        answers.Place(step.execution_id, "wait", 0, 1),
        {"name": "early"},
        lambda *_later: pytest.fail("it runs already"),
    )

    execution = begin(make_two_branches())

    assert execution.status == "waiting"
    assert execution.wake_at <= timezone.now()
    assert settled(execution).output["wait"] == {"name": "early"}


def test_an_answer_that_is_being_written_while_the_execution_goes_to_sleep_is_not_lost(transactional_db, meanwhile):
    written = Flag()

    def answer_slowly(place):
        with transaction.atomic():
            answers.answer(place, {"name": "late"}, continue_later)
            written.set()
            until_it_waits(Future())  # for this very row: the engine wants to write that the execution sleeps
        connection.close()

    with ThreadPoolExecutor(1) as people:

        def does(step):
            people.submit(answer_slowly, answers.Place(step.execution_id, "wait", 0, 1))
            assert written.wait(10)

        meanwhile.does = does
        execution = begin(make_two_branches())

    assert settled(execution).output["wait"] == {"name": "late"}


def test_an_event_whose_transaction_began_before_the_wait_and_ended_after_it_counts():
    workflow = make_waiting()
    publish(workflow.organization, "shop.other")
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('foundation_outboxevent_id_seq')")
        [early] = cursor.fetchone()
    publish(workflow.organization, "shop.other")  # visible when the step begins to wait, with a later id
    execution = begin(workflow)

    values = {"name": "shop.order.paid", "key": "order:7", "payload": {"number": 7}}
    OutboxEvent.objects.create(pk=early, organization=workflow.organization, **values)
    deliver_events()

    assert settled(execution).output == {"number": 7}
