"""The workflow patterns, each as a workflow one can draw here and run: by its name, through the real engine."""

import pytest

from nocode.automation.engine import answers
from nocode.automation.models import EventWait, Workflow, WorkflowExecution
from nocode.automation.services import executions, workflows
from nocode.automation.tasks import continue_later
from nocode.foundation.events import Event, bus, deliver_events
from tests.factories import make_edge, make_node, make_organization, make_workflow, set_values
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

ALL, FIRST, CALL_OFF = ("merge", {}), ("merge.any", {}), ("cancel", {})


def draw(*ways: str, organization=None, **steps: tuple[str, dict]) -> Workflow:
    """A published workflow. A way is "a > b", or "a.output > b"; steps of which nothing is said give their key."""
    workflow, nodes = make_workflow(organization or make_organization()), {}

    def node(key):
        if key not in nodes:
            kind, config = steps.get(key, ("set", set_values(by=key)))
            nodes[key] = make_node(workflow, key, kind, config=config)
        return nodes[key]

    for way in ways:
        source, _arrow, target = way.partition(" > ")
        key, _dot, port = source.partition(".")
        if target:
            make_edge(node(key), node(target), port or "main")
        else:
            node(key)
    workflows.publish(workflow)
    workflow.refresh_from_db()
    return workflow


def run(workflow: Workflow, **input) -> WorkflowExecution:
    return settled(executions.start(workflow, input=input))


def settled(execution: WorkflowExecution) -> WorkflowExecution:
    run_queue()
    deliver_events()
    run_queue()
    execution.refresh_from_db()
    return execution


def happens(workflow: Workflow, name: str) -> None:
    bus.publish(Event(name, {}, name, workflow.organization_id))
    deliver_events()
    run_queue()


def ran(execution: WorkflowExecution) -> list[str]:
    """The steps that came to their end, in order."""
    done = execution.steps.filter(status="completed").order_by("finished_at", "pk")
    return [f"{step.node_key}{step.iteration or ''}" for step in done]


def choice(*ports: str, every: bool = False) -> tuple[str, dict]:
    """A switch with an output for each word in `trigger.ways`."""
    rules = [{"port": port, "left": "{{ trigger.ways }}", "op": "contains", "right": port} for port in ports]
    return "switch", {"rules": rules, "every": every}


def event(name: str) -> tuple[str, dict]:
    return "wait.event", {"pattern": name}


# --- Basic control flow -----------------------------------------------------------------------------------------------


def test_sequence():
    assert ran(run(draw("a > b", "b > c"))) == ["a", "b", "c"]


def test_parallel_split():
    assert run(draw("a > b", "a > c")).output == {"b": {"by": "b"}, "c": {"by": "c"}}


def test_synchronization():
    execution = run(draw("a > b", "a > c", "b > m", "c > m", m=ALL))

    assert ran(execution) == ["a", "b", "c", "m"]
    assert execution.output == [{"by": "b"}, {"by": "c"}]


def test_exclusive_choice():
    workflow = draw("q.x > b", "q.y > c", q=choice("x", "y"))
    assert [ran(run(workflow, ways=[way])) for way in "xy"] == [["q", "b"], ["q", "c"]]


def test_simple_merge():
    workflow = draw("q.x > b", "q.y > c", "b > d", "c > d", q=choice("x", "y"))
    assert [ran(run(workflow, ways=[way])) for way in "xy"] == [["q", "b", "d"], ["q", "c", "d"]]


# --- Advanced branching and synchronization ---------------------------------------------------------------------------


def test_multi_choice():
    workflow = draw("q.x > b", "q.y > c", "q.z > d", q=choice("x", "y", "z", every=True))
    assert ran(run(workflow, ways=["x", "z"])) == ["q", "b", "d"]


def test_structured_synchronizing_merge():
    ways = ("q.x > b", "q.y > c", "q.z > d", "b > m", "c > m", "d > m", "m > e")
    execution = run(draw(*ways, q=choice("x", "y", "z", every=True), m=ALL), ways=["x", "z"])

    assert ran(execution) == ["q", "b", "d", "m", "e"]
    assert execution.steps.get(node_key="m").output == [{"by": "b"}, {"by": "d"}]


def test_multi_merge():
    after = draw("ship")
    called = ("workflow.call", {"workflow": str(after.pk), "wait": True})
    execution = run(draw("a > b", "a > c", "b > d1", "c > d2", organization=after.organization, d1=called, d2=called))

    assert execution.status == "completed"
    assert sorted(each.input["by"] for each in after.executions.all()) == ["b", "c"]


def test_discriminator():
    workflow = draw("a > b", "a > w", "b > m", "w.event > m", "m > end", w=event("late"), m=FIRST)
    execution = run(workflow)
    assert (ran(execution), execution.status) == (["a", "b", "m", "end"], "waiting")

    happens(workflow, "late")

    assert (ran(settled(execution))[4:], execution.status) == (["w"], "completed")


def test_n_out_of_m_join():
    steps = {"w1": event("one"), "w2": event("two"), "w3": event("three"), "m": ("merge.some", {"count": 2})}
    workflow = draw("w1.event > m", "w2.event > m", "w3.event > m", "m > end", **steps)
    execution = run(workflow)

    happens(workflow, "three")
    assert ran(execution) == ["w3"]
    happens(workflow, "one")
    assert ran(execution) == ["w3", "w1", "m", "end"]
    happens(workflow, "two")

    assert (ran(execution)[4:], settled(execution).status) == (["w2"], "completed")


def test_n_out_of_m_join_goes_on_with_those_that_can_still_come():
    workflow = draw("q.x > b", "q.y > c", "b > m", "c > m", q=choice("x", "y"), m=("merge.some", {"count": 2}))
    assert run(workflow, ways=["x"]).output == [{"by": "b"}]


# --- Several instances, iteration -------------------------------------------------------------------------------------


def test_structured_loop():
    execution = run(draw("l.each > b", "l.done > c", l=("loop", {"list": "{{ trigger.items }}"})), items=[7, 8])
    assert sorted(ran(execution)) == ["b1", "b2", "c", "l", "l1", "l2"]


@pytest.mark.parametrize("known", ["{{ [1, 2, 3] }}", "{{ trigger.items }}"], ids=["design time", "run time"])
def test_multiple_instances_with_a_priori_knowledge(known):
    body = ("set", set_values(n="{{ item }}"))
    execution = run(draw("l.each > b", l=("loop", {"list": known, "concurrency": 3}), b=body), items=[1, 2, 3])
    assert execution.output == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_recursion():
    workflow = draw("q.x > again", "q.otherwise > end", q=choice("x"), again=("stop", {"message": "not drawn yet"}))
    again = workflow.nodes.get(key="again")
    again.kind = "workflow.call"
    again.config = {"workflow": str(workflow.pk), "values": [{"name": "ways", "value": "{{ trigger.ways.slice(1) }}"}]}
    again.save()
    workflows.publish(workflow)
    workflow.refresh_from_db()

    assert run(workflow, ways=["x", "x"]).output == {"by": "end"}
    assert sorted(workflow.executions.values_list("depth", flat=True)) == [0, 1, 2]


# --- State-based ------------------------------------------------------------------------------------------------------


def test_deferred_choice():
    steps = {"paid": event("paid"), "void": event("void"), "off1": CALL_OFF, "off2": CALL_OFF}
    workflow = draw("paid.event > off1", "off1 > ship", "void.event > off2", "off2 > close", **steps)
    execution = run(workflow)

    happens(workflow, "void")
    happens(workflow, "paid")  # nobody waits for it any more

    assert (ran(execution), settled(execution).status) == (["void", "off2", "close"], "completed")
    assert not EventWait.objects.exists()


def test_milestone():
    """An order may be changed until it is shipped."""
    steps = {"change": event("change"), "shipped": event("shipped"), "over": CALL_OFF}
    workflow = draw("order > change", "order > shipped", "change.event > adapt", "shipped.event > over", **steps)
    early, late = run(workflow), run(workflow)

    happens(workflow, "shipped")
    happens(workflow, "change")

    assert [ran(each) for each in (early, late)] == [["order", "shipped", "over"]] * 2
    in_time = run(workflow)
    happens(workflow, "change")
    happens(workflow, "shipped")
    assert ran(in_time) == ["order", "change", "adapt", "shipped", "over"]


# --- Cancellation and termination -------------------------------------------------------------------------------------


def test_cancel_task():
    workflow = draw("a > w", "a > off", w=event("never"), off=CALL_OFF)
    execution = run(workflow)

    assert execution.status == "completed"
    assert execution.steps.get(node_key="w").status == "cancelled"


def test_cancel_case():
    slow = draw("w", w=event("never"))
    called = ("workflow.call", {"workflow": str(slow.pk), "wait": True})
    execution = run(draw("a > call", "a > w", organization=slow.organization, call=called, w=event("never")))

    executions.cancel(execution)

    assert settled(execution).status == "cancelled"
    assert not execution.steps.filter(status="waiting").exists()
    assert slow.executions.get().status == "cancelled"


def test_cancel_region():
    """Branches that have not come to their end are called off; what has, and what follows them together, stays."""
    steps = {"b": event("b"), "c": event("c"), "hurry": event("hurry"), "off": CALL_OFF, "m": ALL}
    ways = ("b.event > m", "c.event > m", "hurry.event > off", "off > m", "m > end")
    workflow = draw(*ways, **steps)
    execution = run(workflow)

    happens(workflow, "b")
    happens(workflow, "hurry")

    assert settled(execution).status == "completed"
    assert ran(execution) == ["b", "hurry", "off", "m", "end"]


def test_cancel_region_with_a_loop_in_it():
    steps = {"l": ("loop", {"list": "{{ [1, 2] }}"}), "w": event("x"), "hurry": event("hurry"), "off": CALL_OFF}
    workflow = draw("l.each > w", "hurry.event > off", **steps)
    execution = run(workflow)

    happens(workflow, "hurry")

    assert settled(execution).status == "completed"
    states = execution.steps.filter(status="cancelled").order_by("node_key", "iteration")
    assert [(step.node_key, step.iteration) for step in states] == [("l", 0), ("l", 1), ("w", 1)]


def test_explicit_termination():
    execution = run(draw("a > w", "a > end", w=event("never"), end=("stop", {"message": "Enough."})))
    assert (execution.status, execution.error_message) == ("failed", "Enough.")


def test_implicit_termination():
    workflow = draw("a > b", "a > w", "w.event > c", w=event("go"))
    execution = run(workflow)
    assert execution.status == "waiting"

    happens(workflow, "go")

    assert settled(execution).status == "completed"


# --- Triggers ---------------------------------------------------------------------------------------------------------


def test_transient_trigger():
    """An event nobody waits for is gone."""
    workflow = draw("w", w=event("go"))
    happens(workflow, "go")
    execution = run(workflow)
    assert execution.status == "waiting"

    happens(workflow, "go")

    assert settled(execution).status == "completed"


def test_persistent_trigger():
    """An answer is kept until the execution can take it: here, until the step that failed beside it is repeated."""
    question = ("wait.event", {"pattern": "never"})
    workflow = draw("w.event > end", "bad", w=question, bad=("stop", {"message": "First me."}))
    execution = run(workflow)
    assert execution.status == "failed"

    answers.answer(answers.Place(execution.pk, "w", 0, 1), {"kept": True}, continue_later)
    executions.retry_step(execution, "bad")

    assert "w" in ran(settled(execution))
    assert execution.steps.get(node_key="w").output == {"kept": True}
