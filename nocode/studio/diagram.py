"""The tables of a project and their relations as boxes and lines with coordinates: what the template draws as SVG.

Tables that are related stand in columns by their distance from the one with the most relations; within a column each
stands near its neighbours. Tables without relations follow below, in rows.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from nocode.studio.models import DataTable, Field, Project

WIDTH, LINE, HEAD = 220, 22, 34  # pixels: of a box, of a field, of a table's name
GAP_X, GAP_Y, MARGIN = 110, 28, 16
MOST_LINES = 14  # fields shown of a table; relations come first where there are more
SWEEPS = 4
PER_ROW = 5  # tables without relations in a row

Related = Mapping[UUID, set[UUID]]


@dataclass(frozen=True)
class Box:
    """A table: its fields from top to bottom, and how many more it has."""

    table: DataTable
    fields: Sequence[Field]
    more: int
    x: int
    y: int
    width: int = WIDTH

    @property
    def height(self) -> int:
        return HEAD + LINE * (len(self.fields) + bool(self.more)) + 6

    def line_y(self, of: Field) -> int:
        """The middle of a field's line."""
        return self.y + HEAD + LINE * self.fields.index(of) + LINE // 2


@dataclass(frozen=True)
class Line:
    """A relation, from the field to the table it points to."""

    field: Field
    path: str
    is_many: bool


@dataclass(frozen=True)
class Diagram:
    """The whole drawing."""

    width: int
    height: int
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def draw(project: Project) -> Diagram:
    """Draw the tables of a project, in two queries."""
    tables = list(project.tables.prefetch_related("fields"))
    by_id = {table.pk: table for table in tables}
    links = [(each, target) for table in tables for each in table.fields.all() if (target := _target(each)) in by_id]
    related: dict[UUID, set[UUID]] = defaultdict(set)
    for each, target in links:
        if each.table_id != target:
            related[each.table_id].add(target)
            related[target].add(each.table_id)
    sketches = {table.pk: _sketch(table) for table in tables}
    boxes = _place(sketches, related)
    lines = [_line(each, boxes[each.table_id], boxes[target]) for each, target in links]
    return Diagram(
        width=max((box.x + box.width for box in boxes.values()), default=0) + MARGIN,
        height=max((box.y + box.height for box in boxes.values()), default=0) + MARGIN,
        boxes=list(boxes.values()),
        lines=lines,
    )


def _target(each: Field) -> UUID | None:
    """The table a relation points to."""
    return UUID(each.settings["table"]) if each.type.is_relation else None


def _sketch(table: DataTable) -> Box:
    """The box of a table before it has a place."""
    fields = list(table.fields.all())
    if len(fields) <= MOST_LINES:
        return Box(table, fields, 0, 0, 0)
    kept = sorted(fields, key=lambda each: (_target(each) is None, each.position))[:MOST_LINES]
    return Box(table, sorted(kept, key=lambda each: each.position), len(fields) - MOST_LINES, 0, 0)


def _place(sketches: Mapping[UUID, Box], related: Related) -> dict[UUID, Box]:
    placed: dict[UUID, Box] = {}
    y = MARGIN
    for columns in _components(sketches, related):
        _order(columns, related)
        made = _stack(columns, sketches, y)
        placed |= made
        y = max(box.y + box.height for box in made.values()) + 2 * GAP_Y
    alone = [pk for pk in sketches if pk not in placed]
    for start in range(0, len(alone), PER_ROW):
        made = _stack([[pk] for pk in alone[start : start + PER_ROW]], sketches, y, GAP_Y)
        placed |= made
        y = max(box.y + box.height for box in made.values()) + GAP_Y
    return placed


def _components(tables: Iterable[UUID], related: Related) -> list[list[list[UUID]]]:
    """For each set of related tables, the largest first, its columns."""
    left = sorted((pk for pk in tables if related.get(pk)), key=lambda pk: -len(related[pk]))
    components = []
    while left:
        columns = _columns(left[0], related)
        components.append(columns)
        taken = {pk for column in columns for pk in column}
        left = [pk for pk in left if pk not in taken]
    return components


def _columns(start: UUID, related: Related) -> list[list[UUID]]:
    """The tables reached from one, by distance; odd steps go left, so that the busiest table stands in the middle."""
    distance, waiting = {start: 0}, deque([start])
    while waiting:
        current = waiting.popleft()
        for number, other in enumerate(sorted(related[current])):
            if other not in distance:
                side = (
                    (1 if number % 2 == 0 else -1) if distance[current] == 0 else (1 if distance[current] > 0 else -1)
                )
                distance[other] = distance[current] + side
                waiting.append(other)
    columns: dict[int, list[UUID]] = defaultdict(list)
    for pk, steps in distance.items():
        columns[steps].append(pk)
    return [columns[steps] for steps in sorted(columns)]


def _order(columns: list[list[UUID]], related: Related) -> None:
    """Bring each table near the middle of its neighbours, sweeping to and fro."""
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            places = {pk: place / max(len(each), 1) for each in columns for place, pk in enumerate(each)}
            column.sort(key=lambda pk: sum(places[other] for other in related[pk]) / len(related[pk]))


def _stack(
    columns: Sequence[Sequence[UUID]], sketches: Mapping[UUID, Box], top: int, gap: int = GAP_X
) -> dict[UUID, Box]:
    """The boxes of columns side by side, each column centred."""
    heights = [sum(sketches[pk].height + GAP_Y for pk in column) - GAP_Y for column in columns]
    boxes = {}
    for number, column in enumerate(columns):
        y = top + (max(heights) - heights[number]) // 2 if gap == GAP_X else top
        for pk in column:
            sketch = sketches[pk]
            boxes[pk] = Box(sketch.table, sketch.fields, sketch.more, MARGIN + number * (WIDTH + gap), y)
            y += sketch.height + GAP_Y
    return boxes


def _line(each: Field, source: Box, target: Box) -> Line:
    """A curve from the field's line to the head of the table, leaving and arriving at the nearer sides."""
    y1, y2 = source.line_y(each), target.y + HEAD // 2
    if source.x == target.x:  # one above the other, or a table with itself: around on the right
        x = source.x + WIDTH
        path = f"M{x} {y1}C{x + 60} {y1} {x + 60} {y2} {x} {y2}"
    else:
        x1, x2 = (source.x + WIDTH, target.x) if source.x < target.x else (source.x, target.x + WIDTH)
        bend = (x2 - x1) // 2
        path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return Line(each, path, each.type.is_many)
