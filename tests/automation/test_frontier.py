"""Which steps come next: pure tables, no database."""

import pytest

from nocode.automation.engine.frontier import Frontier
from nocode.automation.engine.graph import Graph, GraphEdge, GraphNode


def graph(*edges: str, nodes: str = "") -> Graph:
    """`graph("a>b", "a.true>c")`: nodes are what the edges name, in order, plus `nodes`."""
    parsed = []
    for edge in edges:
        source, target = edge.split(">")
        source, _dot, port = source.partition(".")
        parsed.append(GraphEdge(source, port or "main", target))
    keys = dict.fromkeys([key for edge in parsed for key in (edge.source, edge.target)] + nodes.split())
    return Graph({key: GraphNode(key, "set") for key in keys}, tuple(parsed))


def run(frontier: Frontier, *, leaving: dict[str, tuple] | None = None) -> list[str]:
    """Complete whatever is ready until nothing is; returns the order."""
    order = []
    while frontier.ready:
        key = frontier.ready[0]
        order.append(key)
        frontier.complete(key, (leaving or {}).get(key, ("main",)))
    return order


@pytest.mark.parametrize(
    ("edges", "leaving", "expected"),
    [
        (["a>b", "b>c"], {}, ["a", "b", "c"]),
        (["a>b", "a>c", "b>d", "c>d"], {}, ["a", "b", "c", "d"]),
        (["a.true>b", "a.false>c", "b>d", "c>d"], {"a": ("true",)}, ["a", "b", "d"]),
        (["a.true>b", "b>c", "c>d", "a.false>d"], {"a": ("false",)}, ["a", "d"]),
        (["a>b", "b>c"], {"b": ()}, ["a", "b"]),
        (["a.x>b", "a.y>c", "a.z>d"], {"a": ("x", "z")}, ["a", "b", "d"]),
        (["a>c", "b>c"], {}, ["a", "b", "c"]),
        (["a.no>b", "b>c", "c>d", "d>e"], {}, ["a"]),
    ],
    ids=["sequence", "diamond", "choice", "dead path", "end", "multi-choice", "two roots", "dead chain"],
)
def test_steps_run_in_order_and_dead_branches_are_passed(edges, leaving, expected):
    assert run(Frontier(graph(*edges)), leaving=leaving) == expected


def test_join_waits_for_the_living_branch_only():
    frontier = Frontier(graph("a.yes>b", "a.no>c", "b>m", "c>m"))

    frontier.complete("a", ["yes"])
    assert frontier.ready == ["b"]
    frontier.complete("b", ["main"])

    assert frontier.ready == ["m"]
    assert frontier.sources("m") == ["b"]


def test_sources_follow_the_order_of_the_edges_not_of_arrival():
    frontier = Frontier(graph("a>m", "b>m"))

    frontier.complete("b", ["main"])
    frontier.complete("a", ["main"])

    assert frontier.sources("m") == ["a", "b"]


def test_first_merge_goes_on_at_once_and_runs_once():
    frontier = Frontier(graph("a>m", "b>m"), suffices=lambda key: 1)

    frontier.complete("b", ["main"])
    assert frontier.ready == ["a", "m"]
    frontier.complete("m", ["main"])
    frontier.complete("a", ["main"])

    assert frontier.ready == []


def test_entry_runs_only_what_follows_it():
    shape = graph("a>b", "x>b", "b>c", nodes="lonely")

    assert run(Frontier(shape, "x")) == ["x", "b", "c"]
    assert run(Frontier(shape, "b")) == ["b", "c"]


def test_a_chain_of_5000_steps_dies_without_recursion():
    shape = graph(*(f"n{number}>n{number + 1}" for number in range(5000)))
    frontier = Frontier(shape)

    frontier.complete("n0", [])

    assert frontier.ready == []
