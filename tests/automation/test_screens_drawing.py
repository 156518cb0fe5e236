"""Pure drawings: where boxes, wires and bars go."""

import random
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from types import SimpleNamespace

import pytest

from nocode.automation.drawing import draw_graph, draw_timeline
from nocode.automation.drawing.layout import straighten
from nocode.automation.drawing.picture import BOX_HEIGHT, BOX_WIDTH

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def graph(keys: str, *edges: tuple, **places) -> dict:
    nodes = [{"key": key, "kind": "set", "label": key} for key in keys]
    for node in nodes:
        node["x"], node["y"] = places.get(node["key"], (0, 0))
    ends = [(*edge, "main")[:3] for edge in edges]
    return {"nodes": nodes, "edges": [{"source": a, "target": b, "port": port} for a, b, port in ends]}


def boxes(drawn) -> dict:
    return {box.key: box for box in drawn.boxes}


def overlapping(drawn) -> list:
    return [
        (one.key, other.key)
        for one, other in combinations(drawn.boxes, 2)
        if abs(one.x - other.x) < BOX_WIDTH and abs(one.y - other.y) < BOX_HEIGHT
    ]


def test_a_chain_runs_from_left_to_right_on_one_line():
    drawn = boxes(draw_graph(graph("abc", ("a", "b"), ("b", "c"))))

    assert drawn["a"].x < drawn["b"].x < drawn["c"].x
    assert drawn["a"].y == drawn["b"].y == drawn["c"].y


def test_a_step_comes_after_its_farthest_predecessor():
    drawn = boxes(draw_graph(graph("abc", ("a", "c"), ("a", "b"), ("b", "c"))))

    assert drawn["b"].x < drawn["c"].x


def test_a_long_wire_runs_beside_the_box_it_passes():
    drawn = draw_graph(graph("abc", ("a", "b"), ("b", "c"), ("a", "c")))
    [long] = [wire for wire in drawn.wires if (wire.source, wire.target) == ("a", "c")]
    level = int(long.path.split("L")[1].split(" ")[1].split("C")[0])

    between = boxes(drawn)["b"]
    assert not between.y <= level <= between.y + BOX_HEIGHT


def test_a_circle_is_drawn_with_one_wire_that_goes_back():
    drawn = draw_graph(graph("ab", ("a", "b"), ("b", "a")))

    assert [wire.goes_back for wire in drawn.wires] == [False, True]
    assert overlapping(drawn) == []


def test_outputs_leave_in_the_order_of_where_they_lead():
    drawn = draw_graph(graph("abc", ("a", "b", "true"), ("a", "c", "false")))
    top = {wire.target: wire.label_y for wire in drawn.wires}
    place = boxes(drawn)

    assert (top["b"] < top["c"]) == (place["b"].y < place["c"].y)
    assert [wire.is_named for wire in drawn.wires] == [True, True]


@pytest.mark.parametrize("seed", range(5))
def test_thirty_steps_never_overlap_and_stay_inside(seed):
    chance = random.Random(seed)
    keys = [chr(ord("A") + number) for number in range(30)]
    edges = {(keys[chance.randrange(end)], keys[end]) for end in range(1, 30) for _ in range(2)}

    drawn = draw_graph(graph("".join(keys), *sorted(edges)))

    assert overlapping(drawn) == []
    assert all(box.x >= 0 and box.y >= 0 for box in drawn.boxes)
    assert all(box.x + BOX_WIDTH <= drawn.width and box.y + BOX_HEIGHT <= drawn.height for box in drawn.boxes)


def test_places_given_by_hand_are_kept_unless_boxes_would_overlap():
    by_hand = boxes(draw_graph(graph("ab", ("a", "b"), a=(500, 300), b=(900, 100))))
    too_near = boxes(draw_graph(graph("ab", ("a", "b"), a=(500, 300), b=(510, 310))))

    assert (by_hand["b"].x - by_hand["a"].x, by_hand["b"].y - by_hand["a"].y) == (400, -200)
    assert too_near["a"].y == too_near["b"].y


def test_an_empty_graph_draws_nothing():
    assert draw_graph({"nodes": [], "edges": []}).boxes == []


@pytest.mark.parametrize("wanted", [[0, 0, 0], [5, 1, 1], [0, 10, 20], [3]])
def test_straightened_rows_keep_their_order_and_distance(wanted):
    rows = straighten(wanted, [1.0] * len(wanted))

    assert all(below - above >= 1 - 1e-9 for above, below in pairwise(rows))
    assert sum(rows) == pytest.approx(sum(wanted))


def step(key: str, start: float, stop: float | None, status="completed", attempt=1):
    return SimpleNamespace(
        node_key=key,
        attempt=attempt,
        status=status,
        started_at=NOON + timedelta(seconds=start),
        finished_at=None if stop is None else NOON + timedelta(seconds=stop),
    )


def test_the_timeline_puts_bars_on_one_axis():
    drawn = draw_timeline([step("a", 0, 5), step("b", 5, 10)], {"a": "A"}, start=NOON, end=NOON + timedelta(seconds=10))

    [a, b] = drawn.lanes
    assert (a.label, b.label, drawn.seconds) == ("A", "b", 10)
    assert [(bar.start, bar.width) for bar in a.bars + b.bars] == [(0, 500), (500, 500)]


def test_the_wait_between_two_attempts_is_shaded():
    attempts = [step("a", 0, 2, "failed"), step("a", 6, 10, attempt=2)]

    [lane] = draw_timeline(attempts, {}, start=NOON, end=NOON + timedelta(seconds=10)).lanes

    assert [(bar.start, bar.width, bar.status) for bar in lane.bars] == [
        (0, 200, "failed"),
        (200, 400, "waiting"),
        (600, 400, "completed"),
    ]
    assert (lane.attempts, lane.status, lane.seconds) == (2, "completed", 6)


def test_a_step_that_only_waits_is_shaded_and_an_unfinished_one_grows():
    drawn = draw_timeline(
        [step("w", 0, 5), step("a", 5, None, "running")],
        {},
        start=NOON,
        end=NOON + timedelta(seconds=20),
        pauses={"w"},
    )

    assert [lane.bars[0].status for lane in drawn.lanes] == ["waiting", "running"]
    assert drawn.lanes[1].bars[0].width == 750


def test_a_wire_between_steps_placed_by_hand_runs_around_the_one_in_between():
    places = {"a": (0, 20), "b": (300, 0), "c": (600, 20)}
    drawn = draw_graph(graph("abc", ("a", "c", "x"), ("a", "b", "y"), **places))
    [long] = [wire for wire in drawn.wires if wire.target == "c"]
    level = float(long.path.split("L")[1].split(" ")[1].split("C")[0])

    between = boxes(drawn)["b"]
    assert not between.y <= level <= between.y + BOX_HEIGHT
