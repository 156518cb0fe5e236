"""How Records writes: statements in one transaction, what they did kept as history, and events about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from psycopg2 import sql

from nocode.foundation.database import execute, fetch
from nocode.foundation.models import User
from nocode.studio import queries
from nocode.studio.events import tell_records
from nocode.studio.layouts import Layout, layout_of, values_of
from nocode.studio.models import DataTable
from nocode.studio.services import cascades, history, loose
from nocode.studio.services.checking import Checking, Row
from nocode.studio.services.history import Changed, Verb
from nocode.studio.services.loose import Undone
from nocode.studio.services.refusals import explain


class Written(NamedTuple):
    """The rows that were found, as they are now, and how many of them were others before."""

    rows: list[Row]
    changed: int


class RowStore:
    """The statements about the rows of one table, for `actor`, or for what `source` names. All values are cleaned.

    `cause` is the execution of a workflow that writes: its events tell, for workflows that start each other to be seen.
    """

    def __init__(
        self,
        table: DataTable,
        *,
        actor: User | None = None,
        source: str = "",
        cause: str = "",
        savepoint: bool = True,
    ):
        self.table, self.actor, self.source, self.cause = table, actor, source, cause
        self.savepoint = savepoint
        self.last_act: UUID | None = None  # what `restore` undoes; none when nothing was new

    def beside(self, table: DataTable) -> Self:
        """The rows of another table, for the same person or source."""
        return type(self)(table, actor=self.actor, source=self.source, cause=self.cause, savepoint=self.savepoint)

    @property
    def layout(self) -> Layout:
        return layout_of(self.table)

    def _catch_up(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """A value for a field that was added since `table` was read: read the table again."""
        if any(not set(values) <= set(self.layout.fields) for values in rows):
            self.table.refresh_from_db(fields=["updated_at"])

    def change(self, ids: Sequence[int], values: Row, batch: UUID, seen_at: datetime | None = None) -> Written:
        """Write the same values to rows."""
        layout = self.layout
        Checking(layout).accept([values])
        stored = {name: value for name, value in values.items() if layout.fields[name].type.column}
        linked = {name: value for name, value in values.items() if name not in stored}
        before = self._links(ids, linked)
        stamps = self._stamps("updated")
        found = fetch(queries.update(layout, queries.one_of(ids), stored | stamps, seen_at))
        for name, value in linked.items():
            field = layout.fields[name]
            self._execute(field.type.write(field, layout, {row[0]: value for row in found}))
        rows = [queries.to_dict(layout, row) for row in found] if not linked else self._again(found)
        with values_of(layout):
            both = zip(found, rows, strict=True)
            changes = [self._changed(row, after, stored, linked, before) for row, after in both]
        changes = [each for each in changes if each.before or each.after]
        if changes:
            history.keep(self, Verb.UPDATED, changes, batch)
            self._tell("updated", [(each.record_id, sorted(each.after)) for each in changes], batch)
        return Written(rows, len(changes))

    def remove(self, ids: Sequence[int], batch: UUID, going: cascades.Going | None = None) -> list[Row]:
        """Delete rows, after those of other tables that go with them; answers what they were.

        `going` has the rows that go already. Where rows lead to each other in a circle, the database may take these
        with the others: what they were is read before.
        """
        layout = self.layout
        ids = self.hold(queries.one_of(ids))  # a row that is about to point to one of them waits, and then learns of it
        found = fetch(queries.by_ids(layout, ids)) if cascades.leads_on(layout) else None
        cascades.follow(self, ids, batch, going or cascades.Going())
        deleted = fetch(queries.delete(layout, queries.one_of(ids)))
        gone = self._dicts(deleted if found is None else found)
        if gone:
            history.keep(self, Verb.DELETED, [Changed(row["id"], _kept(layout, row)) for row in gone], batch)
            self._tell("deleted", [(row["id"], []) for row in gone], batch)
        return gone

    def put_back(self, rows: Sequence[Row], act: UUID) -> Undone:
        """Bring deleted rows back under their ids."""
        layout = self.layout
        kept, left_out = loose.part(self, {row["id"]: row for row in rows}, coming=True)
        rows = list(kept.values())
        if not rows:
            return Undone(loose=left_out)
        back = {row[0] for row in fetch(queries.put_back(layout, rows))}
        made = [row for row in rows if row["id"] in back]
        for name, field in layout.writable.items():
            links = {row["id"]: row[name] for row in made if name in row} if field.type.column is None else {}
            self._execute(field.type.write(field, layout, links) if links else [])
        history.keep(self, Verb.RESTORED, [Changed(row["id"], {}) for row in made], act)
        self._tell("created", [(row["id"], sorted(set(row) & set(layout.fields))) for row in made], act)
        return Undone(len(made), [each for each in left_out if each.stops or each.row in back])

    def turn_back(self, names: Sequence[str], rows: Mapping[int, tuple[Row, Row]], act: UUID) -> Undone:
        """Give rows values of their own (first) where they still have those seen (second)."""
        layout = self.layout
        kept, left_out = loose.part(self, {record_id: values for record_id, (values, _seen) in rows.items()})
        rows = {record_id: (values, rows[record_id][1]) for record_id, values in kept.items()}
        stored = [name for name in names if layout.fields[name].type.column]
        linked = [name for name in names if name not in stored]
        done = self._still(linked, {record_id: rows[record_id] for record_id in self.hold(queries.one_of(rows))})
        if stored and done:
            update = queries.update_each(layout, stored, {record_id: rows[record_id] for record_id in done})
            done = [row[0] for row in fetch(update)]
        for name in linked:
            field, links = layout.fields[name], {record_id: rows[record_id][0][name] for record_id in done}
            self._execute(field.type.write(field, layout, links))
        history.keep(self, Verb.RESTORED, [Changed(record_id, {}) for record_id in done], act)
        self._tell("updated", [(record_id, sorted(names)) for record_id in done], act)
        return Undone(len(done), [each for each in left_out if each.stops or each.row in done])

    def hold(self, condition: sql.Composable, limit: int | None = None, after: int = 0) -> list[int]:
        """Keep rows from others until the end of the transaction; answers their ids, in order."""
        return [row[0] for row in fetch(queries.hold(self.layout, condition, limit, after))]

    # --- Statements

    def _read(self, statement: sql.Composable) -> list[tuple]:
        """What a statement answers, outside of our own writing: a refusal leaves the caller's transaction usable."""
        with self._writing() if connection.in_atomic_block else self._explained():
            return fetch(statement)

    def _rows(self, statement: sql.Composable) -> list[Row]:
        return self._dicts(self._read(statement))

    def _dicts(self, rows: Iterable[tuple]) -> list[Row]:
        return [queries.to_dict(self.layout, row) for row in rows]

    @staticmethod
    def _execute(statements: Iterable[sql.Composable]) -> None:
        for statement in statements:
            execute(statement)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, or a savepoint of the caller's, with PostgreSQL's refusals in our words."""
        with self._explained(), transaction.atomic(savepoint=self.savepoint):
            yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if refusal := explain(error, self.layout):
                raise refusal from error
            raise

    # --- What changed

    def _tell(self, verb: str, changes: Sequence[tuple[int, list[str]]], batch: UUID | None = None) -> None:
        tell_records(self.layout, verb, changes, batch=batch, cause=self.cause)

    def _linked(self, made: list[Row], cleaned: Sequence[Row]) -> list[Row]:
        """New rows with the links to others that their values name."""
        layout, linked = self.layout, False
        for name, field in layout.writable.items():
            if field.type.column is None:
                links = {row["id"]: given[name] for row, given in zip(made, cleaned, strict=True) if given.get(name)}
                self._execute(field.type.write(field, layout, links) if links else [])
                linked = linked or bool(links)
        return self._dicts(fetch(queries.by_ids(layout, [row["id"] for row in made]))) if linked else made

    def _links(self, ids: Sequence[int], linked: Row) -> dict[int, Row]:
        """What rows are linked to now, where that is about to change."""
        if not linked:
            return {}
        self.hold(queries.one_of(ids))
        return {row["id"]: row for row in self._dicts(fetch(queries.by_ids(self.layout, ids)))}

    def _still(self, linked: Sequence[str], rows: Mapping[int, tuple[Row, Row]]) -> list[int]:
        """Of rows that are held, those that still have the links seen (second)."""
        if not linked:
            return list(rows)
        now = self._dicts(fetch(queries.by_ids(self.layout, rows)))
        return [row["id"] for row in now if all(row[name] == rows[row["id"]][1][name] for name in linked)]

    def _again(self, found: Sequence[tuple]) -> list[Row]:
        again = self._dicts(fetch(queries.by_ids(self.layout, [row[0] for row in found])))
        rows = {row["id"]: row for row in again}
        return [rows[row[0]] for row in found]

    def _changed(self, row: tuple, after: Row, stored: Row, linked: Row, links: Mapping[int, Row]) -> Changed:
        """What is new in a row, of what was written."""
        layout, told = self.layout, row[len(self.layout.columns) :]
        before: Row = {}
        for number, name in enumerate(stored):
            old, is_new = told[2 * number : 2 * number + 2]
            if is_new:
                before[name] = None if old is None else layout.types[name].to_json(old)
        before |= {name: links[row[0]][name] for name in linked if links[row[0]][name] != after[name]}
        return Changed(row[0], before, {name: after[name] for name in before})

    def _stamps(self, *acts: str) -> Row:
        """Who it was, for the fields that keep that."""
        person = self.actor and self.actor.pk
        return {name: person for name, field in self.layout.fields.items() if field.type.stamped & set(acts)}


def _kept(layout: Layout, row: Row) -> Row:
    """What a deleted row was, for it to come back: what was empty as well, which has a default in another row."""
    return {"created_at": row["created_at"]} | {
        name: row[name] for name, field in layout.fields.items() if _is_own(field)
    }


def _is_own(field: Any) -> bool:
    return bool(field.type.column) or not field.type.is_computed
