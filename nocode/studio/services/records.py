"""Rows of a table, for the console and for workflows: checked, written in one statement, announced by an event."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.events import Event, bus
from nocode.foundation.services import billing
from nocode.studio import queries
from nocode.studio.errors import QueryRefused, RecordChanged, RecordErrors, RecordNotFound
from nocode.studio.layouts import SYSTEM_FIELDS, Layout, layout_of
from nocode.studio.models import DataTable, Field
from nocode.studio.services.refusals import explain

MOST_ROWS = 1000
_BIGGEST_ID = 2**63 - 1

Row = dict[str, Any]


@dataclass(frozen=True)
class RowPage:
    """Some rows in order; where there are more before or after them, the id of the row to go on from."""

    rows: list[Row]
    previous: int | None
    next: int | None


class Records:
    """The rows of one table, as its fields were when `table` was read. Values are keyed by physical name.

    Answers are JSON-ready dicts with id, created_at, updated_at and every field. Writes and their events share a
    transaction (the caller's, when there is one); a refused write leaves the caller's transaction usable, unless the
    caller rolls it back then anyway and needs no `savepoint`.
    """

    def __init__(self, table: DataTable, *, savepoint: bool = True):
        self.table = table
        self.savepoint = savepoint

    @property
    def layout(self) -> Layout:
        return layout_of(self.table)

    def create(self, values: Mapping[str, Any]) -> Row:
        """Add a row. Raises RecordErrors."""
        return self.create_many([values])[0]

    def create_many(self, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Add rows, all or none. Raises RecordErrors for the first row that is refused."""
        if len(rows) > MOST_ROWS:
            raise QueryRefused(_("At most %(max)d rows can be added at once.") % {"max": MOST_ROWS})
        cleaned = [self._clean_row(number, values, len(rows)) for number, values in enumerate(rows, start=1)]
        if not cleaned:
            return []
        billing.require(self.layout.organization_id, "storage")
        with self._writing():
            made = [queries.to_dict(self.layout, row) for row in self._run(queries.insert(self.layout, cleaned))]
            self._tell("created", [(row["id"], sorted(values)) for row, values in zip(made, cleaned, strict=True)])
        return made

    def get(self, record_id: Any) -> Row:
        """One row. Raises RecordNotFound."""
        found = self.find([{"field": "id", "value": self._id(record_id)}], limit=1)
        if not found:
            raise self._not_found(record_id)
        return found[0]

    def find(
        self,
        filters: Iterable[Mapping[str, Any]] = (),
        *,
        order: str | Iterable[str] = (),
        limit: int = 100,
        offset: int = 0,
        search: str = "",
    ) -> list[Row]:
        """Rows that match every `{"field", "op", "value"}`, and whose texts contain `search`. Raises QueryRefused."""
        if not 0 <= limit <= MOST_ROWS or offset < 0:
            raise QueryRefused(_("Between 0 and %(max)d rows can be read at once.") % {"max": MOST_ROWS})
        condition = queries.condition(self.layout, filters, search)
        with self._reading():
            rows = self._run(queries.select(self.layout, condition, order=order, limit=limit, offset=offset))
        return [queries.to_dict(self.layout, row) for row in rows]

    def page(
        self,
        filters: Iterable[Mapping[str, Any]] = (),
        *,
        search: str = "",
        search_in: Collection[str] | None = None,
        order: str = "-id",
        size: int,
        after: int | None = None,
        before: int | None = None,
    ) -> RowPage:
        """The first rows in an order of one key, or those after or before a row: quick, however deep.

        When the row to go on from does not exist any more, the first ones. Words are searched in all text fields, or in
        those of `search_in`. Raises QueryRefused.
        """
        condition = queries.condition(self.layout, filters, search, search_in)
        start = self._start(order, after or before)
        backwards = start is not None and not after
        if start is not None:
            condition = sql.SQL("{} AND {}").format(
                condition, queries.beside(self.layout, order, start, before=backwards)
            )
        statement = queries.select(self.layout, condition, order=order, limit=size + 1, backwards=backwards)
        with self._reading():
            found = [queries.to_dict(self.layout, row) for row in self._run(statement)]
        rows, is_cut = found[:size], len(found) > size
        if backwards:
            rows.reverse()
        has_previous, has_next = (is_cut, True) if backwards else (start is not None, is_cut)
        return RowPage(
            rows, rows[0]["id"] if rows and has_previous else None, rows[-1]["id"] if rows and has_next else None
        )

    def measure(self, function: str, name: str, filters: Iterable[Mapping[str, Any]] = ()) -> Decimal | None:
        """The sum, average (avg), smallest (min) or largest (max) value of a number field; None without values."""
        condition = queries.condition(self.layout, filters)
        with self._reading():
            value = self._run(queries.measure(self.layout, function, name, condition))[0][0]
        return None if value is None else Decimal(value)

    def count(self, filters: Iterable[Mapping[str, Any]] = (), *, search: str = "", at_most: int | None = None) -> int:
        """How many rows match; with `at_most`, counting stops there, which keeps it cheap on a big table."""
        condition = queries.condition(self.layout, filters, search)
        with self._reading():
            return self._run(queries.count(self.layout, condition, at_most))[0][0]

    def update(self, record_id: Any, values: Mapping[str, Any], *, seen_at: str | dt.datetime | None = None) -> Row:
        """Write the given values; what is not given stays. Nothing is announced when nothing was new.

        `seen_at` is the `updated_at` the caller read: when the row has changed since, RecordChanged is raised.
        Raises RecordErrors, RecordNotFound.
        """
        cleaned = self._clean(values, partial=True)
        if not cleaned:
            return self.get(record_id)
        with self._writing():
            rows = self._run(queries.update(self.layout, self._id(record_id), cleaned, _moment(seen_at)))
            if not rows:
                self.get(record_id)
                raise RecordChanged(_("Somebody changed this row meanwhile; look at it again before you save."))
            changed = [name for name, is_new in zip(cleaned, rows[0][len(self.layout.types) :], strict=True) if is_new]
            if changed:
                self._tell("updated", [(rows[0][0], sorted(changed))])
        return queries.to_dict(self.layout, rows[0])

    def delete(self, record_id: Any) -> Row:
        """Remove a row and answer what it was. Raises RecordNotFound."""
        with self._writing():
            rows = self._run(queries.delete(self.layout, self._id(record_id)))
            if not rows:
                raise self._not_found(record_id)
            self._tell("deleted", [(rows[0][0], [])])
        return queries.to_dict(self.layout, rows[0])

    def _clean(self, values: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
        """Values as they can be stored, or RecordErrors with a message for each bad field."""
        if not set(values) <= set(self.layout.fields):
            self.table.refresh_from_db(fields=["updated_at"])  # a field added since `table` was read
        layout = self.layout
        errors = {str(name): queries.unknown_field(layout, name) for name in values if name not in layout.fields}
        cleaned = {}
        for name, field in layout.fields.items():
            if name not in values and (partial or not field.required):
                continue
            try:
                cleaned[name] = _clean_value(field, values.get(name))
            except ValidationError as error:
                errors[name] = _("%(name)s: %(text)s") % {"name": field.label, "text": f"{' '.join(error.messages)}."}
        if errors:
            raise RecordErrors(errors, table=layout.table_id)
        return cleaned

    def _clean_row(self, number: int, values: Mapping[str, Any], among: int) -> dict[str, Any]:
        try:
            return self._clean(values, partial=False)
        except RecordErrors as refusal:
            if among == 1:
                raise
            where = {
                name: _("Row %(number)d – %(problem)s") % {"number": number, "problem": problem}
                for name, problem in refusal.errors.items()
            }
            raise RecordErrors(where, row=number, **refusal.details) from None

    def _id(self, record_id: Any) -> int:
        text = str(record_id)
        if isinstance(record_id, bool) or not text.isascii() or not text.isdigit() or len(text) > 19:
            raise self._not_found(record_id)
        return min(int(text), _BIGGEST_ID)

    def _start(self, order: str, record_id: int | None) -> Row | None:
        """The row to go on from, as far as the order needs it."""
        if not record_id or order.removeprefix("-") == "id":
            return {"id": record_id} if record_id else None
        found = self.find([{"field": "id", "value": record_id}], limit=1)
        return found[0] if found else None

    def _not_found(self, record_id: Any) -> RecordNotFound:
        return RecordNotFound(
            _("“%(table)s” has no row %(id)s.") % {"table": self.layout.label, "id": str(record_id)[:40]}
        )

    def _run(self, statement: sql.Composable) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, or a savepoint of the caller's, with PostgreSQL's refusals in our words."""
        try:
            with transaction.atomic(savepoint=self.savepoint):
                yield
        except DatabaseError as error:
            if refusal := explain(error, self.layout):
                raise refusal from error
            raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        if connection.in_atomic_block:
            with self._writing():
                yield
            return
        try:
            yield
        except DatabaseError as error:
            if refusal := explain(error, self.layout):
                raise refusal from error
            raise

    def _tell(self, verb: str, changes: Iterable[tuple[int, list[str]]]) -> None:
        layout = self.layout
        bus.publish(
            *(
                Event(
                    name=f"studio.record.{verb}",
                    payload={
                        "project_id": str(layout.project_id),
                        "table_id": str(layout.table_id),
                        "table": layout.physical_name,
                        "record_id": record_id,
                        "changed": changed,
                    },
                    key=f"record:{layout.table_id}:{record_id}",
                    organization_id=layout.organization_id,
                )
                for record_id, changed in changes
            )
        )


def _moment(seen_at: str | dt.datetime | None) -> dt.datetime | None:
    try:
        return SYSTEM_FIELDS["updated_at"].parse(seen_at)
    except ValidationError:
        raise RecordChanged(_("It is unknown which state of the row you saw; look at it again.")) from None


def _clean_value(field: Field, value: Any) -> Any:
    cleaned = field.type.clean(value, field.settings)
    if cleaned is None and field.required:
        raise ValidationError(_("a value is required"))
    return cleaned
