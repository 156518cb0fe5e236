"""Operations on a draft: what each does, what takes it back, and what is refused."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nocode.automation.errors import InvalidDraft
from nocode.automation.models import DraftChange, Edge, Node, Trigger
from nocode.automation.services import drafts, workflows
from tests.factories import make_chain, make_edge, make_node, make_trigger, make_user, make_workflow, set_values

pytestmark = pytest.mark.django_db

CONDITION = {"conditions": [{"left": "1", "op": "eq", "right": "1"}], "combine": "all"}


@pytest.fixture
def workflow():
    """a → which ┬ true → b → d; ids, keys and places as somebody left them."""
    workflow = make_workflow()
    a = make_node(workflow, "a", config=set_values(n="1"))
    which = make_node(workflow, "which", "if", config=CONDITION, x=280)
    b = make_node(workflow, "b", config=set_values(m="{{ steps.a.n }}"), x=560)
    d = make_node(workflow, "d", "merge", x=840, y=40)
    for source, port, target in ((a, "main", which), (which, "true", b), (which, "false", d), (b, "main", d)):
        make_edge(source, target, port)
    return workflow


def state(workflow) -> dict:
    """All that operations change, ids and the order of connections included."""
    names = ("pk", "key", "kind", "label", "config", "on_error", "max_retries", "is_disabled", "x", "y")
    return {
        "nodes": sorted(Node.objects.filter(workflow=workflow).values_list(*names)),
        "edges": list(Edge.objects.filter(workflow=workflow).values_list("pk", "source", "port", "target")),
        "entries": list(Trigger.objects.filter(workflow=workflow).values_list("entry", flat=True)),
    }


EACH = {
    "add": {"op": "add", "step": {"kind": "set", "label": "New", "x": 0, "y": 200}},
    "add behind": {"op": "add", "step": {"kind": "set"}, "after": {"step": "b", "port": "main"}},
    "add between": {"op": "add", "step": {"kind": "if"}, "after": {"step": "b", "port": "main"}, "before": "d"},
    "add between all": {"op": "add", "step": {"kind": "set"}, "after": {"step": "a"}, "before": True},
    "remove": {"op": "remove", "steps": ["which"]},
    "remove and close": {"op": "remove", "steps": ["b"], "close": True},
    "remove all": {"op": "remove", "steps": ["a", "which", "b", "d"]},
    "connect": {"op": "connect", "source": "a", "port": "main", "target": "d"},
    "disconnect": {"op": "disconnect", "source": "which", "port": "true", "target": "b"},
    "configure": {
        "op": "configure",
        "step": "b",
        "label": "Other",
        "config": {},
        "is_disabled": True,
        "max_retries": 1,
    },
    "rename": {"op": "configure", "step": "a", "key": "first"},
    "move": {"op": "move", "places": {"a": [20, 300], "d": [-40, 0]}},
    "arrange": {"op": "arrange"},
    "arrange some": {"op": "arrange", "steps": ["b", "d"]},
    "paste": {
        "op": "paste",
        "steps": [{"key": "a", "kind": "set", "config": {}, "x": 0, "y": 400}],
        "connections": [],
    },
}


@pytest.mark.parametrize("operation", EACH.values(), ids=EACH.keys())
def test_each_operation_is_taken_back_by_its_inverse(workflow, operation):
    make_trigger(workflow, entry="a")
    before = state(workflow)

    applied = drafts.apply(workflow, [operation], on_canvas=True)
    after = state(workflow)
    assert after != before

    back = drafts.apply(workflow, applied.inverse, revision=applied.revision)
    assert state(workflow) == before

    drafts.apply(workflow, back.inverse)
    assert state(workflow) == after


KEYS = st.sampled_from(["a", "which", "b", "d", "new", "new_2", "gone"])
PORTS = st.sampled_from(["main", "true", "false", "error"])
NUMBERS = st.integers(-400, 400)
ANY = st.one_of(
    st.fixed_dictionaries(
        {
            "op": st.just("add"),
            "step": st.fixed_dictionaries(
                {"kind": st.sampled_from(["set", "if"]), "key": KEYS, "x": NUMBERS, "y": NUMBERS}
            ),
        }
    ),
    st.fixed_dictionaries(
        {"op": st.just("remove"), "steps": st.lists(KEYS, min_size=1, max_size=2), "close": st.booleans()}
    ),
    st.fixed_dictionaries({"op": st.just("connect"), "source": KEYS, "port": PORTS, "target": KEYS}),
    st.fixed_dictionaries({"op": st.just("disconnect"), "source": KEYS, "port": PORTS, "target": KEYS}),
    st.fixed_dictionaries({"op": st.just("configure"), "step": KEYS, "key": KEYS}),
    st.fixed_dictionaries(
        {"op": st.just("configure"), "step": KEYS, "config": st.just(set_values(z="{{ steps.new.x }}"))}
    ),
    st.fixed_dictionaries(
        {"op": st.just("move"), "places": st.dictionaries(KEYS, st.tuples(NUMBERS, NUMBERS).map(list), max_size=2)}
    ),
    st.just({"op": "arrange"}),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANY, min_size=1, max_size=6))
def test_whatever_was_done_is_undone_step_by_step(workflow, operations):
    before, inverses = state(workflow), []

    for operation in operations:
        with suppress(InvalidDraft):
            inverses.append(drafts.apply(workflow, [operation], on_canvas=True).inverse)
    for inverse in reversed(inverses):
        if inverse:
            drafts.apply(workflow, inverse)

    assert state(workflow) == before


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "fly"}, "no operation “fly”"),
        ("add", "no operation"),
        ({"op": "add"}, "“step” is an object"),
        ({"op": "add", "step": {"kind": "x"}}, "no step type “x”"),
        ({"op": "add", "step": {"kind": "set", "label": " "}}, "“label”"),
        ({"op": "add", "step": {"kind": "set", "key": "A b"}}, "“key”"),
        ({"op": "add", "step": {"kind": "set", "config": []}}, "“config”"),
        ({"op": "add", "step": {"kind": "set", "config": {"x": "\x00"}}}, "cannot be stored"),
        ({"op": "add", "step": {"kind": "set", "x": 1e9, "y": 0}}, "place"),
        ({"op": "add", "step": {"kind": "set"}, "after": "a"}, "“after”"),
        ({"op": "add", "step": {"kind": "set"}, "after": {"step": "a", "port": "up"}}, "no output “up”"),
        ({"op": "remove", "steps": ["zoe"]}, "no step “zoe”"),
        ({"op": "remove", "steps": []}, "at least one step"),
        ({"op": "connect", "source": "a", "target": "zoe"}, "no step “zoe”"),
        ({"op": "connect", "source": "a", "port": "true", "target": "d"}, "no output “true”"),
        ({"op": "connect", "source": "d", "target": "a"}, "circle"),
        ({"op": "disconnect", "source": "a", "target": "d"}, "not connected"),
        ({"op": "configure", "step": "a", "key": "b"}, "Another step has the key “b”"),
        ({"op": "configure", "step": "a", "colour": "red"}, "no “colour”"),
        ({"op": "configure", "step": "a", "max_retries": -1}, "“max_retries”"),
        ({"op": "configure", "step": "a", "on_error": "cry"}, "“on_error”"),
        ({"op": "move", "places": {"a": "left"}}, "two numbers"),
        ({"op": "paste", "steps": []}, "nothing to paste"),
        ({"op": "paste", "steps": [{"kind": "set"}], "connections": [{"source": "s", "target": "a"}]}, "no step"),
    ],
)
def test_what_is_not_possible_is_refused_by_name_and_changes_nothing(workflow, operation, said):
    before = state(workflow)

    with pytest.raises(InvalidDraft, match=said):
        drafts.apply(workflow, [{"op": "move", "places": {"a": [20, 20]}}, operation])

    assert state(workflow) == before
    assert drafts.revision_of(workflow) == 0


def test_pasted_steps_get_keys_of_their_own_that_their_expressions_follow(workflow):
    steps = [
        {"key": "a", "kind": "set", "config": set_values(n="1")},
        {"key": "b", "kind": "set", "config": set_values(m="{{ steps.a.n + steps.d.x }}")},
    ]

    applied = drafts.apply(
        workflow,
        [{"op": "paste", "steps": steps, "connections": [{"source": "a", "port": "main", "target": "b"}]}],
    )

    assert applied.added == ["a_2", "b_2"]
    assert workflow.nodes.get(key="b_2").config == set_values(m="{{ steps.a_2.n + steps.d.x }}")
    assert ("a_2", "main", "b_2") in applied.draft.edges


def test_a_step_put_in_between_pushes_what_follows_to_the_right(workflow):
    applied = drafts.apply(workflow, [EACH["add between"]], on_canvas=True)

    places = {node.key: node.x for node in applied.draft.nodes.values()}
    assert places["b"] < places["if"] < places["d"] - 200
    assert {("b", "main", "if"), ("if", "true", "d")} <= applied.draft.edges.keys()


def test_arranged_steps_stand_in_the_order_of_their_connections(workflow):
    nodes = drafts.apply(workflow, [{"op": "arrange"}], on_canvas=True).draft.nodes

    assert nodes["a"].x < nodes["which"].x < nodes["b"].x < nodes["d"].x
    assert all(node.x % 20 == node.y % 20 == 0 for node in nodes.values())


def test_a_change_of_what_somebody_else_changed_is_a_conflict_that_tells_what_was_done(workflow):
    ada, seen = make_user(name="Ada"), drafts.revision_of(workflow)
    drafts.apply(workflow, [{"op": "configure", "step": "a", "label": "Ask"}], user=ada, revision=seen)

    with pytest.raises(drafts.DraftConflict) as conflict:
        drafts.apply(workflow, [{"op": "remove", "steps": ["a"]}], revision=seen)

    assert conflict.value.revision == seen + 1
    assert [(change.user, change.acts[0]["names"]) for change in conflict.value.changes] == [(ada, ["Ask"])]
    assert workflow.nodes.filter(key="a").exists()


def test_old_changes_are_forgotten(workflow, monkeypatch):
    monkeypatch.setattr("nocode.automation.services.drafts.applying.REMEMBERED", 3)
    for number in range(5):
        drafts.apply(workflow, [{"op": "move", "places": {"a": [number * 20, 0]}}])

    kept = DraftChange.objects.filter(workflow=workflow).values_list("revision", flat=True)
    assert list(kept) == [5, 4, 3]


def test_a_moved_step_is_no_unpublished_change(workflow):
    workflows.publish(workflow)
    drafts.apply(workflow, [{"op": "move", "places": {"a": [0, 500]}}])
    workflow.refresh_from_db()
    assert not workflows.has_unpublished_changes(workflow)

    drafts.apply(workflow, [{"op": "configure", "step": "a", "label": "Ask"}])
    assert workflows.has_unpublished_changes(workflow)


def test_many_steps_take_few_statements(workflow, django_assert_max_num_queries):
    steps = [{"key": f"s{number}", "kind": "set", "x": 20 * number, "y": 0} for number in range(200)]

    with django_assert_max_num_queries(14):
        applied = drafts.apply(workflow, [{"op": "paste", "steps": steps}])
    with django_assert_max_num_queries(14):
        drafts.apply(workflow, applied.inverse)

    assert workflow.nodes.count() == 4


def test_the_list_of_steps_uses_the_same_operations(workflow):
    first, _last = make_chain(workflow, ("x", "set", {}), ("y", "set", {}))

    drafts.delete_step(first)

    assert [change.acts[0]["op"] for change in DraftChange.objects.filter(workflow=workflow)] == ["remove"]


def test_a_version_is_brought_back_in_one_change_that_can_be_undone(workflow):
    first = workflows.publish(workflow)
    ids = dict(workflow.nodes.values_list("key", "pk"))
    drafts.apply(
        workflow,
        [
            {"op": "remove", "steps": ["which"]},
            {"op": "configure", "step": "b", "label": "Other", "is_disabled": True},
            {"op": "add", "step": {"kind": "set", "key": "new"}, "after": {"step": "b"}},
        ],
        on_canvas=True,
    )
    changed = state(workflow)

    applied = drafts.restore(workflow, first)

    workflow.refresh_from_db()
    assert not workflows.has_unpublished_changes(workflow)
    assert {key: workflow.nodes.get(key=key).pk for key in "abd"} == {key: ids[key] for key in "abd"}
    drafts.apply(workflow, applied.inverse)
    assert state(workflow) == changed


def test_bringing_back_what_is_there_changes_nothing(workflow):
    assert drafts.restore(workflow, workflows.publish(workflow)) is None
