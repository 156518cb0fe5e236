"""The canvas of the builder: cards with all of their outputs, where people put them, and the lines between them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from nocode.automation.drawing.layout import Edge, arrange
from nocode.automation.drawing.routes import Frame, route

GRID = 20
WIDTH, HEIGHT = 200, 60
COLUMN, ROW = 280, 100
PORT_ROOM = 24  # the height an output needs on its card
NOTE = "note"
NOTE_SIZE = (240, 120)
FARTHEST = 100_000

PortsOf = Callable[[dict], list[tuple[str, str]]]


@dataclass(frozen=True)
class Port:
    """An output on the right edge of a card, `y` below its top."""

    name: str
    label: str
    y: int


@dataclass(frozen=True)
class Card:
    """One step, or a note."""

    key: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    ports: tuple[Port, ...] = ()

    @property
    def frame(self) -> Frame:
        return self.x, self.y, self.x + self.width, self.y + self.height

    @property
    def is_note(self) -> bool:
        return self.kind == NOTE


@dataclass(frozen=True)
class Line:
    """One connection."""

    source: str
    port: str
    target: str
    path: str
    middle: tuple[int, int]

    @property
    def id(self) -> str:
        return f"{self.source}.{self.port}.{self.target}"


@dataclass(frozen=True)
class Canvas:
    """Everything on it."""

    cards: dict[str, Card] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)


def draw_canvas(graph: Mapping, ports_of: PortsOf) -> Canvas:
    """Draw a graph of the stored form; `ports_of` gives the outputs of a node."""
    nodes, edges = graph["nodes"], _edges(graph)
    places = {node["key"]: (node["x"], node["y"]) for node in nodes}
    if not is_placed(nodes):
        places |= arranged(graph, ports_of)
    cards = {node["key"]: _card(node, places[node["key"]], ports_of) for node in nodes}
    frames = [card.frame for card in cards.values() if not card.is_note]
    lines = [_line(edge, cards, frames) for edge in edges]
    return Canvas(cards, {line.id: line for line in lines})


def is_placed(nodes: list[dict]) -> bool:
    """Whether somebody gave the steps their places: a draft made on forms only is laid out each time it is drawn."""
    return any(node.get("x") or node.get("y") for node in nodes)


def arranged(graph: Mapping, ports_of: PortsOf, keys: Collection[str] | None = None) -> dict[str, tuple[int, int]]:
    """Where the steps, or some of them, can be read best; notes stay. Some begin where the first of them is now."""
    nodes = {node["key"]: node for node in graph["nodes"] if node["kind"] != NOTE}
    chosen = [key for key in nodes if keys is None or key in keys]
    edges = [edge for edge in _edges(graph) if edge["source"] in chosen and edge["target"] in chosen]
    sizes = {key: _size(nodes[key], ports_of) for key in chosen}
    leaving = {(e["source"], e["target"]): _leaves_at(nodes[e["source"]], e["port"], ports_of) for e in reversed(edges)}
    links: list[Edge] = [(edge["source"], edge["target"]) for edge in edges]
    heights = {key: max(height + ROW - HEIGHT, ROW) / ROW for key, (_width, height) in sizes.items()}
    cells, _bends = arrange(chosen, links, heights=heights, leaving=leaving)
    places = {key: _snapped(column * COLUMN, row * ROW - sizes[key][1] / 2) for key, (column, row) in cells.items()}
    return _moved_to(_corner(nodes, places, keys), places)


def _corner(nodes: dict, places: dict[str, tuple[int, int]], keys: Collection[str] | None) -> tuple[int, int]:
    """Where the top left of the arranged steps goes."""
    if keys is None or not places:
        return 0, 0
    return min(nodes[key]["x"] for key in places), min(nodes[key]["y"] for key in places)


def _moved_to(corner: tuple[int, int], places: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    left, top = min((x for x, _ in places.values()), default=0), min((y for _, y in places.values()), default=0)
    return {key: (x - left + corner[0], y - top + corner[1]) for key, (x, y) in places.items()}


def _snapped(x: float, y: float) -> tuple[int, int]:
    return round(x / GRID) * GRID, round(y / GRID) * GRID


def _leaves_at(node: dict, port: str, ports_of: PortsOf) -> float:
    """How far from the middle of a card an output is, in rows."""
    names = [name for name, _label in ports_of(node)]
    return (names.index(port) - (len(names) - 1) / 2) / 2 if port in names else 0.0


def _edges(graph: Mapping) -> list[dict]:
    known = {node["key"] for node in graph["nodes"]}
    return [edge for edge in graph["edges"] if edge["source"] in known and edge["target"] in known]


def _size(node: dict, ports_of: PortsOf) -> tuple[int, int]:
    if node["kind"] == NOTE:
        return note_size(node.get("config") or {})
    return WIDTH, max(HEIGHT, -(-(len(ports_of(node)) * PORT_ROOM + 8) // GRID) * GRID)


def note_size(config: dict) -> tuple[int, int]:
    """The size of a note, from its settings."""
    sides = zip((config.get("width"), config.get("height")), NOTE_SIZE, strict=True)
    width, height = (min(max(side, 40), 2000) if isinstance(side, int) else usual for side, usual in sides)
    return width, height


def _card(node: dict, place: tuple[int, int], ports_of: PortsOf) -> Card:
    width, height = _size(node, ports_of)
    named = [] if node["kind"] == NOTE else ports_of(node)
    ports = tuple(
        Port(name, label, round(height * (index + 1) / (len(named) + 1))) for index, (name, label) in enumerate(named)
    )
    return Card(node["key"], node["kind"], *place, width, height, ports)


def _line(edge: dict, cards: dict[str, Card], frames: list[Frame]) -> Line:
    source, target = cards[edge["source"]], cards[edge["target"]]
    leaves = next((port.y for port in source.ports if port.name == edge["port"]), source.height)
    start, end = (source.x + source.width, source.y + leaves), (target.x, target.y + target.height / 2)
    way = route(start, end, frames)
    return Line(edge["source"], edge["port"], edge["target"], way.path, (round(way.middle[0]), round(way.middle[1])))
