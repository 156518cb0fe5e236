"""Where the boxes of a graph go: columns by distance from the start, rows so that few wires cross.

The usual four moves of a layered drawing: leave out the edges that go back, give each node the column after its
farthest predecessor, sort each column by where its neighbours are, then straighten.
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import accumulate, pairwise
from statistics import fmean
from types import MappingProxyType

Edge = tuple[str, str]
Point = tuple[float, float]
SWEEPS = 8
BEND_HEIGHT = 0.4  # of a row: a passing line needs less room than a box


def forward_edges(keys: list[str], edges: list[Edge]) -> list[Edge]:
    """The edges without those that close a cycle (a draft may hold one)."""
    targets = defaultdict(list)
    for source, target in edges:
        targets[source].append(target)
    forward, open_keys, closed = [], set(), set()
    for root in keys:
        if root in closed:
            continue
        open_keys.add(root)
        path = [(root, iter(targets[root]))]
        while path:
            key, rest = path[-1]
            target = next(rest, None)
            if target is None:
                path.pop()
                open_keys.discard(key)
                closed.add(key)
            elif target not in open_keys:
                forward.append((key, target))
                if target not in closed:
                    open_keys.add(target)
                    path.append((target, iter(targets[target])))
    return forward


def columns_of(keys: list[str], edges: list[Edge]) -> dict[str, int]:
    """Each node's column: one more than its farthest predecessor's. The edges hold no cycle."""
    targets, missing = defaultdict(list), dict.fromkeys(keys, 0)
    for source, target in edges:
        targets[source].append(target)
        missing[target] += 1
    column = dict.fromkeys(keys, 0)
    ready = [key for key in keys if not missing[key]]
    for key in ready:
        for target in targets[key]:
            column[target] = max(column[target], column[key] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return column


def straighten(wanted: list[float], heights: list[float]) -> list[float]:
    """Middles of things of these heights, in this order, as near as possible (least squares) to the wanted ones."""
    gaps = [(above + below) / 2 for above, below in pairwise(heights)]
    offsets = list(accumulate(gaps, initial=0.0))
    blocks: list[list[float]] = []
    for value, offset in zip(wanted, offsets, strict=True):
        blocks.append([value - offset, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (mean, weight), (last, count) = blocks[-2], blocks.pop()
            blocks[-1] = [(mean * weight + last * count) / (weight + count), weight + count]
    values = [mean for mean, weight in blocks for _ in range(int(weight))]
    return [value + offset for value, offset in zip(values, offsets, strict=True)]


def arrange(
    keys: list[str],
    edges: list[Edge],
    *,
    heights: Mapping[str, float] = MappingProxyType({}),
    leaving: Mapping[Edge, float] = MappingProxyType({}),
) -> tuple[dict[str, Point], dict[Edge, list[Point]]]:
    """(column, row) of each node, and the points a long edge passes through so that it runs between the boxes.

    `heights` are those of tall boxes, in rows; `leaving` says how far from the middle of its source an edge leaves.
    """
    forward = list(dict.fromkeys(forward_edges(keys, edges)))
    column = columns_of(keys, forward)
    bends: dict[Edge, list[str]] = {}
    links: list[Edge] = []
    slopes: dict[Edge, float] = {}
    for source, target in forward:
        bends[source, target] = [f"{source} {target} {at}" for at in range(column[source] + 1, column[target])]
        column.update({bend: column[source] + 1 + step for step, bend in enumerate(bends[source, target])})
        chain = [source, *bends[source, target], target]
        links.extend(pairwise(chain))
        slopes[chain[0], chain[1]] = leaving.get((source, target), 0.0)
    row = _rows(column, links, {key: heights.get(key, 1.0) for key in keys}, slopes)
    place = {key: (column[key], row[key]) for key in column}
    return {key: place[key] for key in keys}, {edge: [place[bend] for bend in via] for edge, via in bends.items()}


def _rows(
    column: dict[str, int], links: list[Edge], heights: dict[str, float], slopes: dict[Edge, float]
) -> dict[str, float]:
    """Sort and straighten the columns, to and fro, each by the neighbours on the side it comes from."""
    before, after = defaultdict(list), defaultdict(list)
    for source, target in links:
        slope = slopes.get((source, target), 0.0)
        after[source].append((target, -slope))
        before[target].append((source, slope))
    columns: dict[int, list[str]] = defaultdict(list)
    for key, at in column.items():
        columns[at].append(key)
    row = {key: float(index) for members in columns.values() for index, key in enumerate(members)}
    for sweep in range(SWEEPS):
        neighbours, order = (before, sorted(columns)) if sweep % 2 == 0 else (after, sorted(columns, reverse=True))
        for at in order:
            wanted = {
                key: fmean(row[other] + slope for other, slope in neighbours[key] or [(key, 0.0)])
                for key in columns[at]
            }
            columns[at].sort(key=wanted.__getitem__)
            room = [heights.get(key, BEND_HEIGHT) for key in columns[at]]
            row.update(zip(columns[at], straighten([wanted[key] for key in columns[at]], room), strict=True))
    top = min(row.values(), default=0.0)
    return {key: value - top for key, value in row.items()}
