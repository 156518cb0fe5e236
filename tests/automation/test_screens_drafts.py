"""Changing a draft: steps, connections, and what else has to follow."""

import pytest

from nocode.automation.comparison import compare
from nocode.automation.errors import InvalidDraft
from nocode.automation.models import Edge, Node, Workflow
from nocode.automation.services import drafts
from nocode.foundation.models import OutboxEvent
from tests.factories import make_chain, make_edge, make_node, make_trigger, make_workflow, set_values

pytestmark = pytest.mark.django_db

CONDITION = {"conditions": [{"left": "1", "op": "eq", "right": "1"}], "combine": "all"}


@pytest.fixture
def workflow():
    return make_workflow()


def ways(workflow: Workflow) -> set[str]:
    """Every connection as "from-output-to"."""
    return {f"{e.source.key}-{e.port}-{e.target.key}" for e in Edge.objects.filter(workflow=workflow)}


def new(workflow: Workflow, label: str, kind: str = "set") -> Node:
    return Node(workflow=workflow, kind=kind, label=label)


@pytest.mark.parametrize(
    ("label", "key"),
    [("Send mail", "send_mail"), ("Été", "ete"), ("2nd", "nd"), ("数", "step"), ("a" * 90, "a" * 56)],
)
def test_a_key_is_made_from_the_name(workflow, label, key):
    assert drafts.add_step(new(workflow, label)).key == key


def test_a_key_that_is_taken_gets_a_number(workflow):
    keys = [drafts.add_step(new(workflow, "Send")).key for _ in range(3)]

    assert keys == ["send", "send_2", "send_3"]


def test_a_step_can_be_put_at_the_end_or_in_between(workflow):
    first, _last = make_chain(workflow, ("a", "set", {}), ("b", "set", {}))

    drafts.add_step(new(workflow, "c"), after=first)
    assert ways(workflow) == {"a-main-b", "a-main-c"}

    drafts.add_step(new(workflow, "d"), after=first, insert=True)
    assert ways(workflow) == {"a-main-d", "d-main-b", "d-main-c"}


def test_a_branching_step_put_in_between_goes_on_through_its_first_output(workflow):
    first, _last = make_chain(workflow, ("a", "set", {}), ("b", "set", {}))

    drafts.add_step(new(workflow, "Which", "if"), after=first, insert=True)

    assert ways(workflow) == {"a-main-which", "which-true-b"}


def test_deleting_a_step_closes_the_gap(workflow):
    _first, middle, _last = make_chain(workflow, ("a", "set", {}), ("b", "set", {}), ("c", "set", {}))

    drafts.delete_step(middle)

    assert ways(workflow) == {"a-main-c"}


def test_deleting_a_branching_step_leaves_the_branches_loose(workflow):
    which = make_node(workflow, "which", "if", config=CONDITION)
    before, yes, no = (make_node(workflow, key) for key in ("before", "yes", "no"))
    make_edge(before, which)
    make_edge(which, yes, "true")
    make_edge(which, no, "false")

    drafts.delete_step(which)

    assert ways(workflow) == set()


def test_a_renamed_key_is_followed_by_expressions_and_triggers(workflow):
    first, second = make_chain(
        workflow, ("one", "set", {}), ("two", "set", set_values(x="{{ steps.one.a + steps.one_b.c }}"))
    )
    trigger = make_trigger(workflow, entry="one")

    first.key = "uno"
    drafts.save_step(first)

    second.refresh_from_db()
    trigger.refresh_from_db()
    assert second.config["values"][0]["value"] == "{{ steps.uno.a + steps.one_b.c }}"
    assert trigger.entry == "uno"


def test_a_step_that_was_deleted_meanwhile_is_not_saved(workflow):
    node = make_node(workflow, "first")
    stale = Node.objects.get(pk=node.pk)
    drafts.delete_step(node)

    with pytest.raises(InvalidDraft, match="deleted meanwhile"):
        drafts.save_step(stale)
    assert not workflow.nodes.filter(pk=stale.pk).exists()


def test_a_copy_has_the_settings_and_no_connections(workflow):
    _first, second = make_chain(workflow, ("a", "set", {}), ("b", "set", set_values(x="1")))

    copy = drafts.duplicate_step(second)

    assert (copy.key, copy.config) == ("b_2", second.config)
    assert ways(workflow) == {"a-main-b"}


def test_moving_a_step_earlier_swaps_it_with_the_one_before(workflow):
    _a, _b, c, _d = make_chain(workflow, *((key, "set", {}) for key in "abcd"))

    drafts.move_earlier(c)

    assert ways(workflow) == {"a-main-c", "c-main-b", "b-main-d"}


def test_a_step_where_branches_meet_is_not_moved(workflow):
    a, b, c = (make_node(workflow, key) for key in "abc")
    make_edge(a, c)
    make_edge(b, c)

    with pytest.raises(InvalidDraft):
        drafts.move_earlier(c)

    assert ways(workflow) == {"a-main-c", "b-main-c"}


def test_a_connection_that_would_lead_in_a_circle_is_refused(workflow):
    a, _b, c = make_chain(workflow, *((key, "set", {}) for key in "abc"))

    for source, target in ((c, a), (a, a)):
        with pytest.raises(InvalidDraft, match="circle"):
            drafts.connect(source, "main", target)


def test_a_connection_needs_an_output_that_exists(workflow):
    a, b = make_node(workflow, "a"), make_node(workflow, "b")

    with pytest.raises(InvalidDraft, match="error"):
        drafts.connect(a, "error", b)
    Node.objects.filter(pk=a.pk).update(on_error=Node.OnError.BRANCH)
    drafts.connect(a, "error", b)

    assert ways(workflow) == {"a-error-b"}


def test_steps_of_different_workflows_are_not_connected(workflow):
    with pytest.raises(InvalidDraft):
        drafts.connect(make_node(workflow, "a"), "main", make_node(make_workflow(), "b"))


def test_every_change_is_a_changed_draft_and_none_a_changed_workflow(workflow):
    a, b = make_node(workflow, "a"), make_node(workflow, "b")
    told = OutboxEvent.objects.count()

    def changed(change, *arguments) -> bool:
        Workflow.objects.update(draft_changed_at=None)
        change(*arguments)
        workflow.refresh_from_db()
        return workflow.draft_changed_at is not None

    assert changed(drafts.connect, a, "main", b)
    assert changed(drafts.disconnect, Edge.objects.get())
    assert changed(drafts.add_step, new(workflow, "c"))
    assert changed(drafts.save_step, a)
    assert changed(drafts.duplicate_step, a)
    assert changed(drafts.delete_step, b)
    assert OutboxEvent.objects.count() == told


def graph(*nodes: dict, edges=(), **settings) -> dict:
    return {
        "nodes": [{"kind": "set", "label": node["key"], "config": {}, **node} for node in nodes],
        "edges": [{"source": source, "port": port, "target": target} for source, port, target in edges],
        "settings": settings,
    }


def test_graphs_are_compared_step_by_step():
    before = graph({"key": "a", "config": {"x": 1}}, {"key": "b"}, edges=[("a", "main", "b")], timeout=5)
    after = graph({"key": "a", "config": {"x": 2}, "y": 90}, {"key": "c"}, edges=[("a", "main", "c")], timeout=6)

    changes = [(each.how, each.what, each.name, each.values) for each in compare(before, after)]

    assert changes == [
        ("added", "step", "c", []),
        ("changed", "step", "a", [("x", 1, 2)]),
        ("removed", "step", "b", []),
        ("added", "connection", "a → c", []),
        ("removed", "connection", "a → b", []),
        ("changed", "setting", "timeout", [("timeout", 5, 6)]),
    ]
    assert compare(before, before) == []


def test_a_first_version_is_all_new():
    changes = compare(None, graph({"key": "a", "label": "Ask"}, timeout=5))

    assert [(each.how, each.name, each.key) for each in changes] == [("added", "Ask", "a")]
