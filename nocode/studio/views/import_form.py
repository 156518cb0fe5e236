"""The choices of an import, between a page and `Options`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.studio.fields import field_types, lists
from nocode.studio.importing import encodings, ways
from nocode.studio.importing.csvs import DELIMITERS, QUOTES
from nocode.studio.importing.formats import CSV, JSON, Format
from nocode.studio.importing.options import NEW, SKIPPED, Column, Options
from nocode.studio.importing.people import ways_of
from nocode.studio.importing.plan import can_be_filled
from nocode.studio.importing.preview import Preview
from nocode.studio.importing.rows import presentable
from nocode.studio.importing.ways import Way
from nocode.studio.layouts import SYSTEM_LABELS, layout_of
from nocode.studio.models import DataTable, Field
from nocode.studio.services import imports

SAMPLES = 3  # values shown of each column
_KINDS_WITHOUT = ("select", "multi_select")  # types that mean nothing without settings


def format_from(data: Mapping[str, str], guessed: Format) -> Format:
    """The format a person chose; what makes no sense stays as it was guessed."""
    chosen = guessed
    if data.get("encoding") in (guessed.encoding, *encodings.ENCODINGS):  # Python knows others that are no charsets
        chosen = replace(chosen, encoding=data["encoding"])
    if data.get("delimiter", "") in DELIMITERS:
        chosen = replace(chosen, delimiter=data["delimiter"])
    if data.get("quote", "") in QUOTES:
        chosen = replace(chosen, quote=data["quote"])
    if data.get("header", "").isdecimal() and guessed.kind != JSON:
        chosen = replace(chosen, header=min(int(data["header"][:9]), 1000))
    return replace(chosen, sheet=presentable(data["sheet"][:255])) if data.get("sheet") else chosen


def reading_choices(preview: Preview) -> dict[str, Any]:
    """What the page offers about how the file is read."""
    chosen = preview.format
    names = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("bar (|)")}
    is_text, is_csv = chosen.kind in (CSV, JSON), chosen.kind == CSV
    return {
        "encodings": dict.fromkeys([chosen.encoding, *encodings.ENCODINGS]) if is_text else (),
        "delimiters": [(each, names[each]) for each in DELIMITERS] if is_csv else (),
        "quotes": QUOTES if is_csv else (),
        "sheets": preview.sheets if len(preview.sheets) > 1 else (),
        "asks_header": chosen.kind != JSON,
    }


def likeliest(preview: Preview, table: DataTable | None, file_name: str) -> Options:
    """What most people want: columns go to the fields they are named like, the others become new fields.

    What our own exports have and nobody fills in, like the number of a row and computed fields, goes nowhere.
    """
    targets = dict.fromkeys(_unfilled(table), SKIPPED)
    for field in imports.fields_of(table):
        targets.setdefault(field.physical_name, field.physical_name)
        targets[field.label.casefold()] = field.physical_name
    columns: list[Column] = []
    for index, (name, kind) in enumerate(zip(preview.names, preview.kinds, strict=True)):
        target = targets.pop(name.casefold(), NEW)
        if target != SKIPPED and target in {column.target for column in columns}:
            target = NEW
        column = Column(name, target, name[:150], kind)
        columns.append(_with_links(column, table, _texts(preview, index)) if table else column)
    new_table = "" if table else file_name.rpartition(".")[0].strip()[:150] or file_name[:150]
    return Options(preview.format, columns, new_table=new_table)


def _unfilled(table: DataTable | None) -> list[str]:
    """What the columns are called that a table has and that no file fills."""
    if table is None:
        return []
    computed = [field.label for field in table.fields.all() if not can_be_filled(field)]
    return [str(label).casefold() for label in [*SYSTEM_LABELS.values(), *computed]]


def _texts(preview: Preview, index: int) -> list[str]:
    return [row[index] for _number, row in preview.rows]


def _with_links(column: Column, table: DataTable, texts: list[str]) -> Column:
    """The column with a guess at how its texts name rows, and at what stands between several values."""
    field = next((each for each in imports.fields_of(table) if each.physical_name == column.target), None)
    if field is None:
        return column
    separator = lists.guess(texts) if _is_list(field) else ""
    known = ways_of(field, layout_of(table))
    match = ways.guess(known, texts, lists.BETWEEN.get(separator, "")) if known else column.match
    return replace(column, separator=separator, match=match)


def _is_list(field: Field) -> bool:
    """Whether a cell may hold several values."""
    return field.type.is_many or field.kind == "multi_select"


def options_from(data: QueryDict, preview: Preview) -> Options:
    """What a person chose on the page."""
    columns = []
    for index, (name, kind) in enumerate(zip(preview.names, preview.kinds, strict=True)):
        chosen, separator = data.get(f"kind-{index}", kind), data.get(f"separator-{index}", "")
        columns.append(
            Column(
                name=name,
                target=data.get(f"target-{index}", SKIPPED),
                label=presentable(data.get(f"label-{index}", name)),
                kind=chosen if chosen in dict(new_kinds()) else kind,
                guessed=chosen == kind,
                match=presentable(data.get(f"match-{index}", ways.BY_NUMBER)),
                separator=separator if separator in lists.BETWEEN else "",
                make_missing=f"missing-{index}" in data,
            )
        )
    return Options(
        format=preview.format,
        columns=columns,
        new_table=presentable(data.get("new_table", "")),
        keys=[index for index in range(len(columns)) if data.get(f"key-{index}")],
        skip_bad=data.get("bad") == "skip",
        dry_run="trial" in data,
        each_row="each_row" in data,
    )


def new_kinds() -> list[tuple[str, str]]:
    """The types a new field can have."""
    return [
        (each.kind, each.label)
        for each in field_types
        if each.column is not None and not each.is_computed and not each.is_relation and each.kind not in _KINDS_WITHOUT
    ]


@dataclass(frozen=True)
class Line:
    """A column of the file on the page."""

    index: int
    column: Column
    samples: list[str]
    is_key: bool
    can_be_key: bool
    separator: str  # what seems to stand between several values, should it go where there are several
    seems_numbers: bool  # so rows would be found by them, should it go to a relation

    @property
    def is_new(self) -> bool:
        return self.column.target == NEW


def lines(options: Options, preview: Preview, table: DataTable | None) -> list[Line]:
    """The columns as the page shows them."""
    comparable = {field.physical_name for field in imports.fields_of(table) if not field.type.is_many}
    return [
        Line(
            index,
            column,
            list(dict.fromkeys(row[index][:80] for _number, row in preview.rows if row[index].strip()))[:SAMPLES],
            index in options.keys,
            column.target in comparable,
            lists.guess(_texts(preview, index)),
            preview.kinds[index] == "integer",
        )
        for index, column in enumerate(options.columns)
    ]


SEPARATORS = {
    lists.COMMA: gettext_lazy("comma"),
    lists.SEMICOLON: gettext_lazy("semicolon"),
    lists.LINE_END: gettext_lazy("line end"),
    lists.NOTHING: gettext_lazy("nothing: it is one value"),
}


@dataclass(frozen=True)
class Naming:
    """What the page asks about a column that goes to a field: how it names rows, what parts several values."""

    field: Field
    ways: list[Way]
    separators: list[tuple[str, str]]

    @property
    def other(self) -> str:
        """The table whose rows are named."""
        return self.ways[0].rows_of

    @property
    def makes_rows(self) -> bool:
        """Whether rows can be made that are missing, in one way at least."""
        return any(way.makes_rows and not way.leads_home(self.field) for way in self.ways)


def namings(table: DataTable | None) -> list[Naming]:
    """For each field that columns name rows or several values for."""
    found = []
    for field in imports.fields_of(table):
        known = list(ways_of(field, layout_of(table)).values())
        if known or _is_list(field):
            found.append(Naming(field, known, list(SEPARATORS.items()) if _is_list(field) else []))
    return found


def targets(table: DataTable | None) -> list[Field]:
    """The fields a column may go to."""
    return imports.fields_of(table)
