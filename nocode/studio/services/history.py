"""What became of rows: kept with every change, told to people, and turned back."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid7
from nocode.studio.errors import RecordNotFound
from nocode.studio.layouts import OF_OTHER_TYPES, Layout, changed_meanwhile
from nocode.studio.models import DataTable, Field, RecordChange, TableJob
from nocode.studio.services import choices, loose
from nocode.studio.services.loose import Undone

if TYPE_CHECKING:
    from nocode.studio.services.records import Records
    from nocode.studio.services.rowstore import RowStore

Verb = RecordChange.Verb
MOST_SHOWN = 100
Titles = dict[str, dict[int, str]]  # by field and row


@dataclass(frozen=True)
class Act:
    """What was done to several rows at once; `batch` undoes it."""

    count: int
    batch: UUID


@dataclass(frozen=True)
class Changed:
    """A row that was changed or deleted: the values that differ, as JSON."""

    record_id: int
    before: dict[str, Any]
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One value of a change, for people."""

    label: str
    before: str
    after: str


def new_act() -> UUID:
    """Names an act, for all it does to be undone together."""
    return uuid7()


def keep(records: "RowStore", verb: str, changes: Iterable[Changed], batch: UUID) -> None:
    """Keep what an act did to rows, in one statement. Raises TableChanged."""
    layout = records.layout
    kept = [
        RecordChange(
            table_id=layout.table_id,
            record_id=each.record_id,
            actor=records.actor,
            source=records.source,
            verb=verb,
            before=each.before,
            after=each.after,
            batch=batch,
        )
        for each in changes
    ]
    try:
        RecordChange.objects.bulk_create(kept)
    except TypeError as error:  # the column holds another type by now, whose values this layout does not turn into JSON
        raise changed_meanwhile(layout) from error


def of_row(records: "Records", record_id: int) -> list[RecordChange]:
    """The last changes of a row, the newest first, each with its `lines` for people."""
    found = RecordChange.objects.filter(table=records.layout.table_id, record_id=record_id).select_related("actor")
    changes = list(found.order_by("-id")[:MOST_SHOWN])
    titles = _titles(records.layout, changes)
    for each in changes:
        each.lines = _lines(records.layout, each, titles)
    return changes


def origin_of(records: "Records", record_id: int) -> TableJob | None:
    """The import that a row came with: its new rows were made at one moment, which no other row shares."""
    found = records.find([{"field": "id", "value": record_id}], limit=1)
    if not found:
        return None
    made_at = datetime.fromisoformat(found[0]["created_at"]).astimezone(UTC).isoformat()
    done = TableJob.objects.filter(project=records.layout.project_id, kind="import", state=TableJob.State.DONE)
    return done.filter(result__at=made_at, result__dry_run=False).select_related("requested_by").first()


def revert(records: "Records", record_id: int, change_id: int) -> Undone:
    """Give a row the values it had before a change. Raises RecordNotFound, RecordErrors."""
    found = RecordChange.objects.filter(table=records.layout.table_id, record_id=record_id, pk=change_id).first()
    if found is None:
        raise RecordNotFound(_("This change is not known any more."))
    values = _writable(records.layout, found.before)
    kept, left_out = loose.part(records, {record_id: values})
    records.update(record_id, kept.get(record_id, values))  # a link it cannot be without is refused, by its name
    return Undone(1, left_out)


def size(records: "RowStore", batch: UUID) -> int:
    """How many changes of rows an act made. Raises RecordNotFound when it made none in this table."""
    numbers = dict(_of_act(batch).order_by().values_list("table").annotate(Count("pk")))
    _refuse_unknown(records, numbers)
    return sum(numbers.values())


def restore(records: "RowStore", batch: UUID) -> Undone:
    """Undo an act in every table it touched; rows changed since keep what they have."""
    changes = list(_of_act(batch))
    _refuse_unknown(records, {each.table_id for each in changes})
    return _restore(records, changes, new_act())


def restore_next(
    records: "RowStore", batch: UUID, act: UUID, before: int | None, most: int
) -> tuple[int, Undone, int | None]:
    """Undo the last changes of an act before a change: how many there were, what that did, the first of them."""
    changes = list((_of_act(batch).filter(pk__lt=before) if before else _of_act(batch))[:most])
    return len(changes), _restore(records, changes, act), changes[-1].pk if changes else before


def _refuse_unknown(records: "RowStore", tables: Collection[UUID]) -> None:
    if records.layout.table_id not in tables:
        raise RecordNotFound(_("This change is not known any more."))


def _of_act(batch: UUID) -> QuerySet[RecordChange]:
    """What an act did, the last first."""
    return RecordChange.objects.filter(batch=batch).exclude(verb=Verb.RESTORED).order_by("-id")


def _restore(records: "RowStore", changes: list[RecordChange], act: UUID) -> Undone:
    others = DataTable.objects.select_related("project").in_bulk({each.table_id for each in changes})
    done = Undone()
    # What was deleted comes back first, the rows that others point to before those others: deleted last, back first.
    for verb in (Verb.DELETED, Verb.UPDATED):
        for table_id, own in _by_table(changes, verb):
            if table_id in others:
                of_table = records.beside(others[table_id])
                done += _put_back(of_table, own, act) if verb == Verb.DELETED else _turn_back(of_table, own, act)
    return Undone(done.count, loose.again(records, done.loose, act)) if done.loose else done


def _by_table(changes: Iterable[RecordChange], verb: str) -> list[tuple[UUID, list[RecordChange]]]:
    found: dict[UUID, list[RecordChange]] = defaultdict(list)
    for each in changes:
        if each.verb == verb:
            found[each.table_id].append(each)
    return list(found.items())


def _put_back(records: "RowStore", changes: list[RecordChange], act: UUID) -> Undone:
    changes = sorted(changes, key=lambda each: each.record_id)
    rows = [_cleaned(records.layout, each.before) | {"id": each.record_id} for each in changes]
    times = [each.before.get("created_at") for each in changes]
    rows = [row | ({"created_at": at} if at else {}) for row, at in zip(rows, times, strict=True)]
    return records.put_back(rows, act)


def _turn_back(records: "RowStore", changes: list[RecordChange], act: UUID) -> Undone:
    """Rows get their old values in one statement for each set of fields."""
    same: dict[tuple[str, ...], dict[int, tuple[dict, dict]]] = defaultdict(dict)
    for each in changes:
        before = _cleaned(records.layout, each.before)
        seen = _cleaned(records.layout, each.after, only=before)
        if before and before.keys() == seen.keys():  # what was written is no value of the field's present type: left
            same[tuple(before)][each.record_id] = (before, seen)
    return sum((records.turn_back(names, rows, act) for names, rows in same.items()), Undone())


def _writable(layout: Layout, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in layout.writable}


def _cleaned(layout: Layout, values: Mapping[str, Any], only: Iterable[str] | None = None) -> dict[str, Any]:
    """Kept values as they can be stored again; those of fields that have gone or changed their type are left out."""
    cleaned = {}
    for name, value in values.items():
        known = layout.fields.get(name)
        if known is None or (only is not None and name not in only):
            continue
        try:
            cleaned[name] = known.type.parse(value)
        except OF_OTHER_TYPES:
            continue
    return cleaned


def _titles(layout: Layout, changes: list[RecordChange]) -> Titles:
    """What people call the rows that relations led to, by field: one question for each field that changed."""
    found = {}
    for name, each in layout.fields.items():
        ids = {id for change in changes for side in (change.before, change.after) for id in _ids(each, side.get(name))}
        if ids and not layout.columns[name].is_broken:
            found[name] = choices.titles(layout.related(each.settings["table"]), ids)
    return found


def _ids(field: Field, value: Any) -> list[int]:
    """The rows that a kept value of a relation leads to; what it was before it was one leads nowhere."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if type(each) is int] if field.type.is_relation else []


def _lines(layout: Layout, change: RecordChange, titles: Titles) -> list[Line]:
    """The values that differ, in the order of the fields."""
    return [
        Line(each.label, _shown(layout, name, change.before, titles), _shown(layout, name, change.after, titles))
        for name, each in layout.fields.items()
        if change.before.get(name) != change.after.get(name)
    ]


def _shown(layout: Layout, name: str, values: Mapping[str, Any], titles: Titles) -> str:
    value = values.get(name)
    column = layout.columns[name]
    if value is None:
        return ""
    if name in titles and (ids := _ids(column.field, value)):
        return ", ".join(titles[name].get(each, f"#{each}") for each in ids)
    try:
        parsed = column.type.parse(value)
        if isinstance(parsed, list) == isinstance(value, list):
            return str(column.type.display(value, column.settings))
    except OF_OTHER_TYPES:
        pass
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
