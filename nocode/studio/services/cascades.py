"""Rows that go, or forget, with a row they point to: done row by row of our own, so that nothing goes in silence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.studio import queries
from nocode.studio.errors import TooManyFollow

if TYPE_CHECKING:
    from nocode.studio.services.rowstore import RowStore

MOST = 10_000


def follow(records: "RowStore", ids: Sequence[int], batch: UUID) -> None:
    """Before rows are deleted: delete the rows that go with them, empty the relations that may be.

    The foreign keys of the database would do the same, but without history and events. Raises TooManyFollow when more
    than MOST rows of a table would follow.
    """
    for field in records.layout.reverse():
        what = field.settings.get("on_delete")
        if what not in ("cascade", "set_null"):
            continue
        others = records.beside(field.table)
        going = ids if field.table_id == records.layout.table_id else ()
        found = _pointing(others, field.physical_name, ids, besides=going)
        if found and what == "cascade":
            others.remove(found, batch)
        elif found:
            others.change(found, {field.physical_name: None}, batch)


def _pointing(others: "RowStore", name: str, ids: Sequence[int], besides: Sequence[int]) -> list[int]:
    layout = others.layout
    condition = queries.condition(layout, [{"field": name, "op": "in", "value": list(ids)}])
    found = [row[0] for row in others._answer(queries.ids(layout, condition, MOST + 1))]
    if len(found) > MOST:
        raise TooManyFollow(
            _("More than %(most)d rows of “%(table)s” would go with it; delete them first.")
            % {"most": MOST, "table": layout.label}
        )
    return [each for each in found if each not in set(besides)]
