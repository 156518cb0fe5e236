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


def loop_graph(*edges: tuple) -> Graph:
    graph = make_graph([("loop", "each", "body"), ("body", "main", "after"), ("loop", "done", "end"), *edges])
    return Graph(graph.nodes | {"loop": GraphNode("loop", "loop")}, graph.edges)


def loop_problems(graph: Graph, *entries: str) -> list[tuple[str, str]]:
    known = {"loop": ["each", "done"]}
    return [(problem.node, problem.message) for problem in graph.problems([*entries], ports(graph) | known)]


def test_what_a_loop_repeats_is_what_its_output_each_leads_to():
    graph = loop_graph()

    assert loop_problems(graph) == []
    assert [*graph.bodies["loop"].nodes] == ["loop", "body", "after"]
    assert [*graph.outer.nodes] == ["loop", "end"]
    assert graph.outer.edges == (GraphEdge("loop", "done", "end"),)


def test_an_output_that_happens_to_be_called_each_is_no_loop():
    graph = make_graph([("choose", "each", "b")])

    assert (graph.bodies, graph.outer) == ({}, graph)


def test_what_is_inside_a_loop_is_reached_through_it_only():
    [(node, message)] = loop_problems(loop_graph(("start", "main", "after")))
    assert (node, "“done”" in message) == ("after", True)

    [(node, message)] = loop_problems(loop_graph(("loop", "done", "after")))
    assert (node, "“done”" in message) == ("after", True)


def test_no_trigger_starts_inside_a_loop():
    [(node, message)] = loop_problems(loop_graph(), "body")
    assert (node, "trigger" in message) == ("body", True)


def test_a_loop_inside_a_loop_is_another_workflow():
    graph = loop_graph(("after", "main", "inner"), ("inner", "each", "deep"))
    graph = Graph(graph.nodes | {"inner": GraphNode("inner", "loop.records")}, graph.edges)
    nodes = {"inner": ["each", "done"]}

    problems = graph.problems([], ports(graph) | {"loop": ["each", "done"]} | nodes)

    assert ("inner", True) in [(each.node, "call another workflow" in each.message) for each in problems]


def test_a_loop_around_nothing_asks_for_a_step():
    graph = Graph({"loop": GraphNode("loop", "loop")}, ())

    [(node, message)] = loop_problems(graph)

    assert (node, "“each”" in message) == ("loop", True)
