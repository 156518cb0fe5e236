"""Many rows at once: the same values for all, or their end, for rows that were picked and for all that match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from nocode.studio import queries
from nocode.studio.errors import QueryRefused
from nocode.studio.services import history, loose
from nocode.studio.services.checking import Checking, Row
from nocode.studio.services.history import Act
from nocode.studio.services.loose import Loose, Undone
from nocode.studio.services.rowstore import RowStore

MOST_AT_ONCE = 10_000
MOST_WRITTEN = 200 * 1024 * 1024  # characters, all rows together


@dataclass(frozen=True)
class Matching:
    """The rows that meet every filter, and whose texts contain `search`: as they are when they are acted on."""

    filters: Sequence[queries.Filter] = ()
    search: str = ""


@dataclass(frozen=True)
class Part:
    """A part of an act: how many rows were met, how many of them changed or went, and the id of the last one.

    Of an undo: the links that it could not put back.
    """

    met: int = 0
    changed: int = 0
    last: int | None = 0
    loose: Sequence[Loose] = ()


class ManyRows(RowStore):
    """Acts on many rows. Each locks its rows in the order of their ids, so that two of them never block each other.

    What an act does it does to the rows that are there and match when it holds them; its answer says how many.
    """

    def update_many(
        self, values: Mapping[str, Any], *, ids: Sequence[int] | None = None, matching: Matching | None = None
    ) -> Act:
        """Write the same values to rows by their ids, or to all that match; all or none, and the Act undoes it.

        It counts the rows that are others now. Raises RecordErrors, QueryRefused, RowsBusy.
        """
        cleaned, batch = self.checked(values), history.new_act()
        with self._writing():
            held = self._held(ids, matching)
            self.refuse_much(cleaned, len(held))
            return Act(self.change(held, cleaned, batch).changed if cleaned and held else 0, batch)

    def delete_many(self, *, ids: Sequence[int] | None = None, matching: Matching | None = None) -> Act:
        """Remove rows by their ids, or all that match, and those that go with them; all or none, the Act undoes it.

        Raises RecordErrors, QueryRefused, RowsBusy.
        """
        batch = history.new_act()
        with self._writing():
            held = self._held(ids, matching)
            return Act(len(self.remove(held, batch)) if held else 0, batch)

    def act_on_next(
        self, matching: Matching, values: Mapping[str, Any] | None, *, batch: UUID, after: int, most: int
    ) -> Part:
        """Do the part of an act that concerns the next rows that match, beyond a row: change them, None: delete them.

        Raises RecordErrors, QueryRefused, RowsBusy.
        """
        cleaned = None if values is None else self.checked(values)
        with self._writing():
            held = self.hold(self._condition(matching), most, after)
            if not held:
                return Part(last=after)
            done = len(self.remove(held, batch)) if cleaned is None else self.change(held, cleaned, batch).changed
        return Part(len(held), done, held[-1])

    def checked(self, values: Mapping[str, Any]) -> Row:
        """The values that rows are to get, cleaned. Raises RecordErrors."""
        self._catch_up([values])
        return Checking(self.layout).changes(values)

    def refuse_much(self, cleaned: Row, rows: int) -> None:
        """Raise QueryRefused for more text than anybody means to write: every row keeps it, and so does its history."""
        size = rows * sum(len(str(value)) for value in cleaned.values())
        if size > MOST_WRITTEN:
            raise QueryRefused(
                _("This would write %(size)s; give fewer rows at once a value as long as this.")
                % {"size": filesizeformat(size)}
            )

    def restore(self, batch: UUID) -> Undone:
        """Undo an act. Raises RecordNotFound, RecordErrors, RowsBusy."""
        with self._writing():
            return history.restore(self, batch)

    def restore_next(self, batch: UUID, *, act: UUID, before: int | None, most: int) -> Part:
        """Undo the part of an act that was done last, before a change; `last` is the first change of that part."""
        with self._writing():
            met, done, last = history.restore_next(self, batch, act, before, most)
            return Part(met, done.count, last, done.loose)

    def link_again(self, left_out: Sequence[Loose], act: UUID) -> Sequence[Loose]:
        """Put back the links of earlier parts to rows that later parts brought back; answers those that are left."""
        with self._writing():
            return loose.again(self, left_out, act)

    def _held(self, ids: Sequence[int] | None, matching: Matching | None) -> Sequence[int]:
        """The rows that are meant: those picked, or all that match now, and so as long as this transaction lasts."""
        if (ids is None) == (matching is None):
            raise TypeError("name the rows either by ids or by what they match")
        found = ids if matching is None else self.hold(self._condition(matching), MOST_AT_ONCE + 1)
        if len(found) > MOST_AT_ONCE:
            raise QueryRefused(_("At most %(max)d rows can be changed at once.") % {"max": MOST_AT_ONCE})
        return found

    def _condition(self, matching: Matching) -> Any:
        return queries.condition(self.layout, matching.filters, matching.search)
