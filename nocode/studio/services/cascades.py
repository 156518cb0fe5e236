"""Rows that go, or forget, with a row they point to: done row by row of our own, so that nothing goes in silence."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.foundation.database import fetch
from nocode.studio import queries
from nocode.studio.errors import TooManyFollow
from nocode.studio.layouts import Layout

if TYPE_CHECKING:
    from nocode.studio.services.rowstore import RowStore

MOST = 10_000
DEEPEST = 100


class Going:
    """The rows that go in one act, by table: each goes once, however they lead to each other."""

    def __init__(self) -> None:
        self.rows: dict[UUID, set[int]] = defaultdict(set)
        self.depth = 0

    def without(self, table_id: UUID, ids: Iterable[int]) -> list[int]:
        """Those that do not go yet."""
        return [each for each in ids if each not in self.rows[table_id]]


def leads_on(layout: Layout) -> bool:
    """Whether rows of other tables go with those of this one."""
    return any(field.settings.get("on_delete") == "cascade" for field in layout.reverse())


def follow(records: "RowStore", ids: Sequence[int], batch: UUID, going: Going) -> None:
    """Before rows are deleted: delete the rows that go with them, empty the relations that may be.

    The foreign keys of the database would do the same, but without history and events. Raises TooManyFollow when more
    than MOST rows of a table would follow, or rows that follow rows that follow rows, DEEPEST times.
    """
    going.rows[records.layout.table_id].update(ids)
    going.depth += 1
    if going.depth > DEEPEST:
        raise TooManyFollow(
            _("Rows of “%(table)s” lead to rows that lead to rows, more than %(most)d times; delete the last first.")
            % {"table": records.layout.label, "most": DEEPEST}
        )
    for field in records.layout.reverse():
        what = field.settings.get("on_delete")
        if what not in ("cascade", "set_null"):
            continue
        others = records.beside(field.table)
        found = going.without(field.table_id, _pointing(others, field.physical_name, ids))
        if found and what == "cascade":
            others.remove(found, batch, going)
        elif found:
            others.change(found, {field.physical_name: None}, batch)
    going.depth -= 1


def _pointing(others: "RowStore", name: str, ids: Sequence[int]) -> list[int]:
    layout = others.layout
    condition = queries.condition(layout, [{"field": name, "op": "in", "value": list(ids)}])
    found = [row[0] for row in fetch(queries.ids(layout, condition, MOST + 1))]
    if len(found) > MOST:
        raise TooManyFollow(
            _("More than %(most)d rows of “%(table)s” would go with it; delete them first.")
            % {"most": MOST, "table": layout.label}
        )
    return found
