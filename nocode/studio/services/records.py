"""Rows of a table, for the console and for workflows: checked, written in one statement, kept and announced."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from nocode.foundation.database import fetch
from nocode.foundation.services import billing
from nocode.studio import queries
from nocode.studio.errors import QueryRefused, RecordChanged, RecordNotFound
from nocode.studio.layouts import SYSTEM_FIELDS
from nocode.studio.models import RecordChange, TableJob
from nocode.studio.services import files, history
from nocode.studio.services.checking import Checking, Row
from nocode.studio.services.loose import Undone
from nocode.studio.services.many import ManyRows
from nocode.studio.services.sizes import ABOUT, AT_LEAST, WORTH_COUNTING, Size

MOST_ROWS = 1000
_BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class RowPage:
    """Some rows in order; where there are more before or after them, the id of the row to go on from.

    `labels` has what people read of related rows, by row id and column.
    """

    rows: list[Row]
    previous: int | None
    next: int | None
    labels: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The rows that share a value: how many, and the sums of their numbers by column.

    `label` is what people read of a related row instead of the value.
    """

    value: Any
    count: int
    sums: dict[str, Decimal | None]
    label: str | None = None


class Records(ManyRows):
    """The rows of one table, as its fields were when `table` was read. Values are keyed by physical name.

    Answers are JSON-ready dicts with id, created_at, updated_at and every field. Writes, their history (made by
    `actor`, or by what `source` names) and their events share a transaction (the caller's, when there is one); a
    refused write leaves the caller's transaction usable, unless the caller rolls it back then anyway and needs no
    `savepoint`.
    """

    # --- Reading

    def get(self, record_id: Any) -> Row:
        """One row. Raises RecordNotFound."""
        found = self._rows(queries.by_ids(self.layout, [self._id(record_id)]))
        if not found:
            raise self._not_found(record_id)
        return found[0]

    def find(
        self,
        filters: Iterable[queries.Filter] = (),
        *,
        order: str | Iterable[str] = (),
        limit: int = 100,
        offset: int = 0,
        search: str = "",
    ) -> list[Row]:
        """Rows that match every filter, and whose texts contain `search`. Raises QueryRefused."""
        if not 0 <= limit <= MOST_ROWS or offset < 0:
            raise QueryRefused(_("Between 0 and %(max)d rows can be read at once.") % {"max": MOST_ROWS})
        condition = queries.condition(self.layout, filters, search)
        return self._rows(queries.select(self.layout, condition, order=order, limit=limit, offset=offset))

    def page(
        self,
        filters: Iterable[queries.Filter] = (),
        *,
        search: str = "",
        search_in: Collection[str] | None = None,
        order: str | Sequence[str] = "-id",
        size: int,
        after: int | None = None,
        before: int | None = None,
    ) -> RowPage:
        """The first rows in an order, or those after or before a row: quick, however deep.

        When the row to go on from does not exist any more, the first ones. Words are searched in all text fields, or in
        those of `search_in`. Raises QueryRefused.
        """
        layout = self.layout
        condition = queries.condition(layout, filters, search, search_in)
        keys = queries.keys_of(layout, order)
        start = self._start(keys, after or before)
        backwards = start is not None and not after
        found: list[tuple] = []
        for phase in queries.phases(keys, start, backwards=backwards):
            if (missing := size + 1 - len(found)) > 0:
                found += self._read(queries.select(layout, condition, limit=missing, phase=phase, labels=True))
        rows, is_cut = found[:size], len(found) > size
        if backwards:
            rows.reverse()
        has_previous, has_next = (is_cut, True) if backwards else (start is not None, is_cut)
        first, last = (rows[0][0], rows[-1][0]) if rows else (None, None)
        return RowPage(
            [queries.to_dict(layout, row) for row in rows],
            first if has_previous else None,
            last if has_next else None,
            {row[0]: queries.labels_of(layout, row) for row in rows},
        )

    def groups(
        self,
        by: str,
        filters: Iterable[queries.Filter] = (),
        *,
        search: str = "",
        sums: Sequence[str] = (),
        limit: int = 200,
    ) -> list[Group]:
        """The values of a column, in order, each with its rows counted and added up. Raises QueryRefused."""
        layout = self.layout
        condition = queries.condition(layout, filters, search)
        kind = layout.columns[by].type if by in layout.columns else None
        found = self._read(queries.groups(layout, by, condition, sums, limit))
        return [
            Group(
                None if value is None else kind.to_json(value),
                count,
                dict(zip(sums, added, strict=False)),
                *added[len(sums) :],
            )
            for value, count, *added in found
        ]

    def measure(self, function: str, name: str, filters: Iterable[queries.Filter] = ()) -> Decimal | None:
        """The sum, average (avg), smallest (min) or largest (max) value of a number field; None without values."""
        condition = queries.condition(self.layout, filters)
        value = self._read(queries.measure(self.layout, function, name, condition))[0][0]
        return None if value is None else Decimal(value)

    def count(self, filters: Iterable[queries.Filter] = (), *, search: str = "", at_most: int | None = None) -> int:
        """How many rows match; with `at_most`, counting stops there, which keeps it cheap on a big table."""
        condition = queries.condition(self.layout, filters, search)
        return self._read(queries.count(self.layout, condition, at_most))[0][0]

    def size(self, filters: Iterable[queries.Filter] = (), *, search: str = "") -> Size:
        """How many rows match, as far as that is known quickly."""
        filters = list(filters)
        if not filters and not search:
            found = self._read(queries.estimate(self.layout))
            if found and found[0][0] > WORTH_COUNTING:
                return Size(found[0][0], ABOUT)
        number = self.count(filters, search=search, at_most=WORTH_COUNTING + 1)
        return Size(number) if number <= WORTH_COUNTING else Size(WORTH_COUNTING, AT_LEAST)

    # --- Writing

    def create(self, values: Mapping[str, Any]) -> Row:
        """Add a row. Raises RecordErrors."""
        return self.create_many([values])[0]

    def create_many(self, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Add rows, all or none. Raises RecordErrors for the first row that is refused."""
        if len(rows) > MOST_ROWS:
            raise QueryRefused(_("At most %(max)d rows can be added at once.") % {"max": MOST_ROWS})
        if not rows:
            return []
        self._catch_up(rows)
        layout, checking = self.layout, Checking(self.layout)
        cleaned = [checking.new_row(number, values, len(rows)) for number, values in enumerate(rows, start=1)]
        billing.require(layout.organization_id, "storage")
        with self._writing():
            checking.accept(cleaned)
            stamped = [row | self._stamps("created", "updated") for row in cleaned]
            made = self._linked(self._dicts(fetch(queries.insert(layout, stamped))), cleaned)
            told = [(row["id"], sorted(given)) for row, given in zip(made, cleaned, strict=True)]
            self._tell("created", told)
        return made

    def update(self, record_id: Any, values: Mapping[str, Any], *, seen_at: str | dt.datetime | None = None) -> Row:
        """Write the given values; what is not given stays. Nothing is kept or announced when nothing was new.

        `seen_at` is the `updated_at` the caller read: when the row has changed since, RecordChanged is raised.
        Raises RecordErrors, RecordNotFound.
        """
        self._catch_up([values])
        cleaned = Checking(self.layout).changes(values)
        record_id = self._id(record_id)
        if not cleaned:
            return self.get(record_id)
        with self._writing():
            act = history.new_act()
            rows, changed = self.change([record_id], cleaned, act, _moment(seen_at))
            if not rows:
                self.get(record_id)
                raise RecordChanged(_("Somebody changed this row meanwhile; look at it again before you save."))
        self.last_act = act if changed else None
        return rows[0]

    def keep_file(self, upload: UploadedFile) -> dict[str, Any]:
        """Keep an upload, for a day unless a row is saved with what this answers. Raises FileRefused."""
        return files.keep(upload, self.table.project, self.actor)

    def delete(self, record_id: Any) -> Row:
        """Remove a row and answer what it was. Raises RecordNotFound, RecordErrors."""
        with self._writing():
            rows = self.remove([self._id(record_id)], history.new_act())
            if not rows:
                raise self._not_found(record_id)
        return rows[0]

    # --- What became of rows

    def history(self, record_id: Any) -> list[RecordChange]:
        """The last changes of a row, the newest first."""
        return history.of_row(self, self._id(record_id))

    def origin(self, record_id: Any) -> TableJob | None:
        """The import that a row came with, if it came with one."""
        return history.origin_of(self, self._id(record_id))

    def revert(self, record_id: Any, change_id: int) -> Undone:
        """Give a row the values it had before a change. Raises RecordNotFound, RecordErrors."""
        with self._writing():
            return history.revert(self, self._id(record_id), change_id)

    # --- What the methods above share

    def _id(self, record_id: Any) -> int:
        text = str(record_id)
        if isinstance(record_id, bool) or not text.isascii() or not text.isdigit() or len(text) > 19:
            raise self._not_found(record_id)
        return min(int(text), _BIGGEST_ID)

    def _start(self, keys: Sequence[queries.Key], record_id: int | None) -> Sequence[Any] | None:
        """Where the row to go on from stands in an order."""
        if not record_id or len(keys) == 1:
            return (record_id,) if record_id else None
        found = self._read(queries.start(self.layout, keys, record_id))
        return found[0] if found else None

    def _not_found(self, record_id: Any) -> RecordNotFound:
        return RecordNotFound(
            _("“%(table)s” has no row %(id)s.") % {"table": self.layout.label, "id": str(record_id)[:40]}
        )


def _moment(seen_at: str | dt.datetime | None) -> dt.datetime | None:
    try:
        return SYSTEM_FIELDS["updated_at"].parse(seen_at)
    except ValidationError:
        raise RecordChanged(_("It is unknown which state of the row you saw; look at it again.")) from None
