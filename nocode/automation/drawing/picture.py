"""A graph as boxes and wires with their coordinates: what the template needs to draw the SVG."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from nocode.automation.drawing.canvas import NOTE
from nocode.automation.drawing.layout import Edge, Point, arrange
from nocode.automation.drawing.routes import Frame, route

BOX_WIDTH, BOX_HEIGHT = 200, 56
COLUMN_WIDTH, ROW_HEIGHT = BOX_WIDTH + 76, BOX_HEIGHT + 28
MARGIN = 12
LOOP_DEPTH = 16
MAIN = "main"


@dataclass(frozen=True)
class Box:
    """One step of the graph."""

    key: str
    kind: str
    label: str
    x: int
    y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT


@dataclass(frozen=True)
class Wire:
    """One connection: an SVG path, and where to write the name of its output."""

    source: str
    port: str
    target: str
    path: str
    label_x: int
    label_y: int
    goes_back: bool = False

    @property
    def is_named(self) -> bool:
        return self.port != MAIN


@dataclass(frozen=True)
class Picture:
    """The whole drawing."""

    width: int
    height: int
    boxes: list[Box] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)


def draw_graph(graph: Mapping) -> Picture:
    """Draw a graph of the stored form, without notes; where people placed every step by hand, their places are kept."""
    nodes = [node for node in graph["nodes"] if node["kind"] != NOTE]
    known = {node["key"] for node in nodes}
    edges = [edge for edge in graph["edges"] if edge["source"] in known and edge["target"] in known]
    links = [(edge["source"], edge["target"]) for edge in edges]
    cells, bends = arrange([node["key"] for node in nodes], links)
    corners = {key: _corner(cell) for key, cell in cells.items()}
    if placed := _placed_by_hand(nodes):
        corners, bends = placed, {link: [] for link in bends}
    boxes = [Box(n["key"], n["kind"], n.get("label") or n["key"], *map(round, corners[n["key"]])) for n in nodes]
    wires = _wires(edges, corners, bends)
    return Picture(
        width=max((box.x + box.width for box in boxes), default=0)
        + MARGIN
        + LOOP_DEPTH * any(w.goes_back for w in wires),
        height=max((box.y + box.height for box in boxes), default=0)
        + MARGIN
        + LOOP_DEPTH * any(w.goes_back for w in wires),
        boxes=boxes,
        wires=wires,
    )


def _corner(cell: Point) -> Point:
    return MARGIN + cell[0] * COLUMN_WIDTH, MARGIN + cell[1] * ROW_HEIGHT


def _placed_by_hand(nodes: list[dict]) -> dict[str, Point] | None:
    """The stored places, moved to the corner of the drawing; None as soon as two boxes would overlap."""
    places = {node["key"]: (node.get("x") or 0, node.get("y") or 0) for node in nodes}
    points = sorted(places.values())
    for index, (x, y) in enumerate(points):
        for other_x, other_y in points[index + 1 :]:
            if other_x - x < BOX_WIDTH and abs(other_y - y) < BOX_HEIGHT:
                return None
    if len(points) < 2:
        return None
    left, top = min(x for x, _ in points), min(y for _, y in points)
    return {key: (x - left + MARGIN, y - top + MARGIN) for key, (x, y) in places.items()}


def _wires(edges: list[dict], corners: dict[str, Point], bends: dict[Edge, list[Point]]) -> list[Wire]:
    ports = defaultdict(list)
    for edge in edges:
        if edge["port"] not in ports[edge["source"]]:
            ports[edge["source"]].append(edge["port"])
    for source in ports:
        ports[source].sort(key=lambda port, at=source: _height_of_targets(edges, corners, at, port))
    floor = max((y for _x, y in corners.values()), default=0) + BOX_HEIGHT + LOOP_DEPTH
    frames = [(x, y, x + BOX_WIDTH, y + BOX_HEIGHT) for x, y in corners.values()]
    return [_wire(edge, ports[edge["source"]], corners, bends, floor, frames) for edge in edges]


def _height_of_targets(edges: list[dict], corners: dict[str, Point], source: str, port: str) -> float:
    """Outputs leave a box in the order of where they lead, so that they do not cross at the door."""
    return min(corners[e["target"]][1] for e in edges if e["source"] == source and e["port"] == port)


def _wire(
    edge: dict,
    ports: list[str],
    corners: dict[str, Point],
    bends: dict[Edge, list[Point]],
    floor: float,
    frames: list[Frame],
) -> Wire:
    (left, top), (end_x, end_y) = corners[edge["source"]], corners[edge["target"]]
    start = left + BOX_WIDTH, top + BOX_HEIGHT * (ports.index(edge["port"]) + 1) / (len(ports) + 1)
    end = end_x, end_y + BOX_HEIGHT / 2
    via = bends.get((edge["source"], edge["target"]))
    if goes_back := via is None or end[0] < start[0]:
        path = _loop(start, end, floor)
    elif not via:
        path = route(start, end, frames).path
    else:
        path = _curve(start, end, [_corner(cell) for cell in via])
    return Wire(
        source=edge["source"],
        port=edge["port"],
        target=edge["target"],
        path=path,
        label_x=round(start[0] + 7),
        label_y=round(start[1] - 5),
        goes_back=goes_back,
    )


def _curve(start: Point, end: Point, through: list[Point]) -> str:
    """A line that leaves and enters level, straight where it passes a column of boxes."""
    stops = [start]
    for left, top in through:
        level = top + BOX_HEIGHT / 2
        stops += [(left, level), (left + BOX_WIDTH, level)]
    stops.append(end)
    path = [f"M{start[0]:.0f} {start[1]:.0f}"]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(stops)):
        middle = (x1 + x2) / 2
        is_straight = index % 2 == 1
        path.append(
            f"L{x2:.0f} {y2:.0f}" if is_straight else f"C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
        )
    return "".join(path)


def _loop(start: Point, end: Point, floor: float) -> str:
    """A line back to an earlier box, led underneath all of them."""
    (x1, y1), (x2, y2) = start, end
    down = f"C{x1 + 36:.0f} {y1:.0f} {x1 + 36:.0f} {floor:.0f} {x1:.0f} {floor:.0f}"
    up = f"C{x2 - 36:.0f} {floor:.0f} {x2 - 36:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return f"M{x1:.0f} {y1:.0f}{down}L{x2:.0f} {floor:.0f}{up}"
