"""What is wrong with a graph, said so that a person can mend it."""

from nocode.automation.engine.graph import Graph, GraphEdge, GraphNode


def make_graph(edges: list[tuple], **on_error: str) -> Graph:
    keys = dict.fromkeys(key for source, _port, target in edges for key in (source, target))
    nodes = {key: GraphNode(key, "set", on_error=on_error.get(key, "stop")) for key in keys}
    return Graph(nodes, tuple(GraphEdge(*edge) for edge in edges))


def ports(graph: Graph) -> dict[str, list[str]]:
    return {key: ["main"] for key in graph.nodes}


def test_empty_graph_asks_for_a_step():
    problems = Graph({}, ()).problems([], {})

    assert [problem.message for problem in problems] == ["The workflow has no step yet; add one."]


def test_cycle_names_the_steps_in_order():
    graph = make_graph([("a", "main", "b"), ("b", "main", "c"), ("c", "main", "a")])

    [problem] = graph.problems([], ports(graph))

    assert problem.node in {"a", "b", "c"}
    assert "circle" in problem.message
    for step in ("a → b", "b → c", "c → a"):
        assert step in problem.message


def test_edge_through_a_vanished_port_is_a_problem_of_its_node():
    graph = make_graph([("a", "gone", "b")])

    [problem] = graph.problems([], ports(graph))

    assert (problem.node, "gone" in problem.message, "b" in problem.message) == ("a", True, True)


def test_error_port_exists_only_for_nodes_that_branch_on_errors():
    edges = [("a", "error", "b")]

    assert make_graph(edges, a="branch").problems([], {"a": ["main"], "b": ["main"]}) == []
    assert len(make_graph(edges, a="stop").problems([], {"a": ["main"], "b": ["main"]})) == 1


def test_trigger_that_starts_nowhere_is_a_problem():
    graph = make_graph([("a", "main", "b")])

    [problem] = graph.problems(["", "zzz"], ports(graph))

    assert "zzz" in problem.message
