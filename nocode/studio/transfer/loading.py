"""The rows of a project file into tables that are still empty: staged, checked by PostgreSQL, written set by set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.database import execute, fetch
from nocode.studio.errors import ImportRefused
from nocode.studio.fields.conversions import call
from nocode.studio.fields.relations import links
from nocode.studio.importing import checking, csvs
from nocode.studio.importing.formats import Format, data_blocks
from nocode.studio.importing.plan import Mapped, Plan
from nocode.studio.importing.staging import Staging, cell
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field
from nocode.studio.schema.loading import NUMBERED
from nocode.studio.services.refusals import explain
from nocode.studio.transfer.archive import Archive
from nocode.studio.transfer.format import BIGGEST_ID, SYSTEM_COLUMNS, rows_entry
from nocode.studio.transfer.rows import file_fields, kept, people_fields

SHOWN = 20  # mistakes in values
CSV = Format()
BOUNDS = {"min": "1", "max": str(BIGGEST_ID)}
# How the columns that every table has are read.
SYSTEM = {
    "id": {"kind": "integer", "unique": True, "settings": BOUNDS},
    "created_at": {"kind": "datetime"},
    "updated_at": {"kind": "datetime"},
}
_LINKS = sql.SQL(
    "SELECT {id} AS source, {target} AS target "
    "FROM {staging} AS s, string_to_table(s.{cell}, ',') AS e (text) WHERE s.{cell} IS NOT NULL"
)


@dataclass(frozen=True)
class Brought(Mapped):
    """A column of a project file: `field` is what is asked of its values, `reads` understands them.

    A relation may lead to a row that comes later, so only that it is a number is asked; people and files were looked
    up before.
    """

    reads: Field | None = None

    def converted(self) -> sql.Composable:
        return self.reads.type.from_text(sql.SQL("s.{}").format(cell(self.index)), self.reads.settings)


class TableRows:
    """The rows of one table, on their way from its CSV."""

    def __init__(self, table: DataTable, key: str, archive: Archive, mark: Any):
        self.table, self.layout = table, layout_of(table)
        self.entry = rows_entry(key)
        self.source = partial(archive.pieces, self.entry)
        self.heads = self._heads()
        self.staging = Staging(self.layout.schema, mark, len(self.heads))

    def stage(self, tell: Callable[[int], None]) -> None:
        """Copy the cells as texts."""
        self.staging.create()
        try:
            self.staging.fill(data_blocks(self.source, CSV), lambda _rows, position: tell(position))
        except ImportRefused as refusal:
            raise ImportRefused(f"{self.entry}: {refusal.message}") from refusal

    @property
    def fields(self) -> list[tuple[int, Field]]:
        """The fields that the file has values for, with their columns."""
        return [
            (index, self.layout.fields[name]) for index, name in enumerate(self.heads) if name in self.layout.fields
        ]

    def write(self) -> int:
        """Check all cells, and write the rows. Raises ImportRefused with the first mistakes."""
        plan = Plan(self.layout, self.staging, list(self._columns()))
        checking.mark(plan)
        self._refuse_strange_links()
        try:
            with transaction.atomic():
                written = sum(_insert(plan, part) for part in self.staging.slices())
        except DatabaseError as error:
            if refusal := explain(error, self.layout):
                raise ImportRefused(f"{self.entry}: {refusal.message}") from error
            raise
        if written != self.staging.rows:
            raise self._mistakes(plan)
        return written

    def refuse_loose_ends(self) -> None:
        """Refuse relations that lead to no row, now that the rows of all tables are there."""
        for _index, field in self.fields:
            if field.type.is_relation and field.type.column:
                self._refuse_missing(
                    field,
                    sql.SQL("SELECT id AS source, {} AS target FROM {}").format(
                        sql.Identifier(field.physical_name), self.layout.target
                    ),
                )

    def link(self) -> None:
        """Write what relations to many rows lead to."""
        for index, field in self.fields:
            if field.type.is_many:
                pairs = self._links(index)
                self._refuse_missing(field, pairs)
                statement = sql.SQL("INSERT INTO {} (source, target) SELECT DISTINCT * FROM ({}) AS p")
                execute(statement.format(links(field, self.layout.schema), pairs))

    def _heads(self) -> list[str]:
        """The names in the first line: those of fields that are kept, and of what every table has."""
        known = {field.physical_name for field in kept(self.layout.fields.values())}
        try:
            first = next(csvs.blocks(self.source, CSV.encoding, CSV.delimiter, CSV.quote), None)
        except ImportRefused as refusal:
            raise ImportRefused(f"{self.entry}: {refusal.message}") from refusal
        heads = [name.removeprefix("\ufeff") for name in first.rows[0]] if first else []
        for name in heads:
            if name not in known and name not in SYSTEM_COLUMNS:
                raise ImportRefused(
                    _("%(entry)s, first line: there is no field “%(field)s”.")
                    % {"entry": self.entry, "field": name[:150]}
                )
        if len(set(heads)) != len(heads) or "id" not in heads:
            raise ImportRefused(
                _("%(entry)s, first line: it names each column once, and “id” is one of them.") % {"entry": self.entry}
            )
        return heads

    def _columns(self) -> Iterator[Brought]:
        for index, name in enumerate(self.heads):
            field = self.layout.fields.get(name)
            if field is None:
                every = Field(label=name, physical_name=name, required=True, **SYSTEM[name])
                yield Brought(index, name, every, reads=every)
            elif field.type.column:
                asked = _asked(field)
                yield Brought(index, name, asked, reads=field if file_fields([field]) else asked)

    def _links(self, index: int) -> sql.Composable:
        return _LINKS.format(
            id=_number(sql.SQL("s.{}").format(cell(self.heads.index("id")))),
            target=_number(sql.SQL("e.text")),
            staging=self.staging.target,
            cell=cell(index),
        )

    def _refuse_strange_links(self) -> None:
        for index, field in self.fields:
            if field.type.is_many:
                found = fetch(
                    sql.SQL("SELECT source FROM ({}) AS p WHERE target IS NULL LIMIT 1").format(self._links(index))
                )
                if found:
                    raise self._refusal(field, found[0][0], _("it is not a list of numbers of rows"))

    def _refuse_missing(self, field: Field, pairs: sql.Composable) -> None:
        other = self.layout.related(field.settings["table"])
        found = fetch(
            sql.SQL(
                "SELECT p.source, p.target FROM ({}) AS p WHERE p.target IS NOT NULL "
                "AND NOT EXISTS (SELECT FROM {} AS o WHERE o.id = p.target) ORDER BY 1, 2 LIMIT 1"
            ).format(pairs, other.target)
        )
        if found:
            row, target = found[0]
            told = {"target": target, "table": other.label}
            raise self._refusal(field, row, _("there is no row %(target)d in “%(table)s”") % told)

    def _refusal(self, field: Field, row: int, reason: str) -> ImportRefused:
        told = {"entry": self.entry, "row": row, "field": field.physical_name, "reason": reason}
        return ImportRefused(_("%(entry)s, id %(row)s, %(field)s: %(reason)s.") % told)

    def _mistakes(self, plan: Plan) -> ImportRefused:
        bad = [
            _("%(entry)s, row %(row)d, %(field)s: %(reason)s (“%(value)s”).")
            % {
                "entry": self.entry,
                "row": each.row,
                "field": each.column or "–",
                "reason": each.reason,
                "value": each.value[:80],
            }
            for each in checking.bad_cells(plan, SHOWN)
        ]
        count = checking.count(plan)
        if count.cells > len(bad):
            bad.append(_("… and %(more)d more.") % {"more": count.cells - len(bad)})
        return ImportRefused("\n".join(bad))


def _asked(field: Field) -> Field:
    """The field with a simpler type where that has nothing to ask: who is a member, which file is there."""
    if people_fields([field]):
        simple = {"kind": "integer"}
    elif file_fields([field]):
        simple = {"kind": "json"}
    elif field.kind == NUMBERED:
        simple = {"kind": "integer", "settings": BOUNDS}
    else:
        return field
    return Field(label=field.label, physical_name=field.physical_name, required=field.required, **simple)


def _insert(plan: Plan, part: sql.Composable) -> int:
    return execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} WHERE {}").format(
            plan.layout.target,
            sql.SQL(", ").join(mapped.column for mapped in plan.columns),
            sql.SQL(", ").join(mapped.value for mapped in plan.columns),
            plan.converted(part),
            plan.good_row(),
        )
    )


def _number(text: sql.Composable) -> sql.Composable:
    return call("try_integer", text, 1, BIGGEST_ID)
