"""Links that an undo would put back to rows that are gone: left out, so that all the rest comes back, and named."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.foundation.database import fetch
from nocode.studio import queries
from nocode.studio.models import DataTable, Field
from nocode.studio.services.checking import Row

if TYPE_CHECKING:
    from nocode.studio.services.rowstore import RowStore

MOST_NAMED = 10


@dataclass(frozen=True)
class Loose:
    """The links of one row in one field (`name`; `label` for people) of which some lead to rows that are `gone`.

    `stops`: the field may not be empty, so that the row stays as it is, or away.
    """

    table: str
    row: int
    name: str
    label: str
    value: int | list[int]
    gone: list[int]
    stops: bool = False

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(**kept)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def left(self) -> int | list[int] | None:
        """What could be put back."""
        left = [each for each in _targets(self.value) if each not in self.gone]
        if not left:
            return None
        return left if isinstance(self.value, list) else self.value

    def without(self, there: set[int]) -> Self:
        """The same, when some rows are there again."""
        return replace(self, gone=[each for each in self.gone if each not in there])


@dataclass(frozen=True)
class Undone:
    """What undoing an act did: how many rows are as they were, and the links that could not be put back."""

    count: int = 0
    loose: Sequence[Loose] = field(default_factory=list)

    def __add__(self, other: "Undone") -> "Undone":
        return Undone(self.count + other.count, [*self.loose, *other.loose])


def part(records: "RowStore", rows: Mapping[int, Row], *, coming: bool = False) -> tuple[dict[int, Row], list[Loose]]:
    """The values of rows without the links that lead nowhere, and these; the rows that the others lead to are held.

    `coming`: the rows are not there yet, and may lead to each other. A row that cannot be without such a link is left
    out.
    """
    found: list[Loose] = []
    for name, relation in records.layout.writable.items():
        leading = {row: targets for row, values in rows.items() if (targets := _targets(values.get(name)))}
        if not relation.type.is_relation or not leading:
            continue
        there = _there(records, relation, set().union(*leading.values()))
        if coming and relation.settings["table"] == str(records.layout.table_id):
            there |= set(rows)
        title = _("%(table)s · %(field)s") % {"table": records.layout.label, "field": relation.label}
        found += [
            Loose(str(records.layout.table_id), row, name, title, rows[row][name], gone, relation.required)
            for row, targets in leading.items()
            if (gone := [each for each in targets if each not in there])
        ]
    stopped = {each.row for each in found if each.stops}
    kept = {row: dict(values) for row, values in rows.items() if row not in stopped}
    for each in found:
        if each.row in kept:
            kept[each.row][each.name] = each.left
    return kept, found


def again(records: "RowStore", loose: Iterable[Loose], act: UUID) -> list[Loose]:
    """Put back the links to rows that came back after all; answers those that still lead nowhere."""
    groups: dict[tuple[str, str], list[Loose]] = defaultdict(list)
    for each in loose:
        groups[each.table, each.name].append(each)
    tables = DataTable.objects.select_related("project").in_bulk({UUID(table) for table, _name in groups})
    still: list[Loose] = []
    for (table, name), own in groups.items():
        others = records.beside(tables[UUID(table)])
        there = _there(others, others.layout.fields[name], {target for each in own for target in each.gone})
        after = [each if each.stops else each.without(there) for each in own]
        pairs = ((old, new) for old, new in zip(own, after, strict=True) if new.gone != old.gone)
        back = {old.row: ({name: new.left}, {name: old.left}) for old, new in pairs}
        if back:
            others.turn_back([name], back, act)
        still += [each for each in after if each.gone]
    return still


def in_words(loose: Sequence[Loose], more: int = 0) -> str:
    """What was left out, for people: how many links, `more` that are not known one by one, and the first of them."""
    number = sum(len(each.gone) for each in loose) + more
    named = [f"{each.label} #{each.row} → {', '.join(f'#{gone}' for gone in each.gone)}" for each in loose[:MOST_NAMED]]
    names = {"count": intcomma(number), "links": "; ".join(named) + ("; …" if len(loose) > MOST_NAMED or more else "")}
    said = ngettext(
        "%(count)s link leads to a row that is gone, and could not be put back: %(links)s.",
        "%(count)s links lead to rows that are gone, and could not be put back: %(links)s.",
        number,
    )
    return said % names


def _targets(value: Any) -> list[int]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _there(records: "RowStore", relation: Field, ids: set[int]) -> set[int]:
    """Those of the rows it leads to that are there; they stay as long as the transaction lasts."""
    other = records.layout.related(relation.settings["table"])
    return {row[0] for row in fetch(queries.there(other, sorted(ids)))} if ids else set()
