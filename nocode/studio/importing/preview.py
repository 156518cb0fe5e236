"""A look at the beginning of a file: its columns, its first rows, and what they seem to be."""

from dataclasses import dataclass

from nocode.studio.importing import formats, inference, sheets
from nocode.studio.importing.formats import Format
from nocode.studio.importing.rows import presentable
from nocode.studio.importing.streams import Source

SHOWN = 50
LOOKED_AT = 1000


@dataclass(frozen=True)
class Preview:
    """What a person sees before an import."""

    format: Format
    names: list[str]
    kinds: list[str]
    rows: list[tuple[int, list[str]]]  # (number, cells) of the first ones
    sheets: list[str]


def look(source: Source, chosen: Format | None = None) -> Preview:
    """Look at a file, in a format or in the one it seems to have. Raises ImportRefused."""
    chosen = chosen or formats.detect(source)
    first = _first_rows(source, chosen)
    names = formats.column_names([row for _number, row in first], chosen)
    data = [(number, row) for number, row in first if number > chosen.header and any(row)][:LOOKED_AT]
    padded = [(number, [*map(presentable, row), *[""] * (len(names) - len(row))]) for number, row in data]
    columns = [[row[index] for _number, row in padded] for index in range(len(names))]
    return Preview(
        format=chosen,
        names=names,
        kinds=inference.guess(columns),
        rows=[(number, row[: len(names)]) for number, row in padded[:SHOWN]],
        sheets=sheets.sheet_names(source) if chosen.kind == formats.SHEET else [],
    )


def _first_rows(source: Source, chosen: Format) -> list[tuple[int, list[str]]]:
    """The rows above the data, and as many of the data as are looked at."""
    rows: list[tuple[int, list[str]]] = []
    for block in formats.blocks(source, chosen):
        rows += enumerate(block.rows, start=block.first)
        if len(rows) > chosen.header + LOOKED_AT:
            break
    return rows
