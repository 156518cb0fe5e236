"""Impatient people on the same rows at once: each gets an answer in words, nobody's change is half there."""

import random
import threading
import time

import pytest
from django.db import connection

from nocode.foundation.errors import NoCodeError
from nocode.studio.errors import TableChanged
from nocode.studio.models import DataTable, RecordChange, SchemaChange
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 4
PEOPLE = 4
ROWS = 12


@pytest.fixture
def table():
    made = factories.make_table(
        fields=(NewField("Name", "text"), NewField("Amount", "integer"), NewField("Extra", "text"))
    )
    manager = SchemaManager(made.project)
    manager.add_field(made, "Parent", "relation", settings={"table": str(made.pk), "on_delete": "cascade"})
    manager.add_field(made, "Friends", "relations", settings={"table": str(made.pk)})
    SchemaChange.objects.update(backward=None)  # people undo what was done since
    made = DataTable.objects.get(pk=made.pk)
    Records(made).create_many([{"name": f"row {number}", "amount": 0} for number in range(ROWS)])
    return made


class Person(threading.Thread):
    """Does one thing after the other, until told to stop; keeps what was no refusal in words."""

    def __init__(self, table: DataTable, until: float, acts: list):
        super().__init__()
        self.table_id, self.until, self.acts = table.pk, until, acts
        self.chance = random.Random(id(self))
        self.errors: list[BaseException] = []
        self.done = 0

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                try:
                    self.chance.choice(self.acts)(self, DataTable.objects.get(pk=self.table_id))
                    self.done += 1
                except NoCodeError:
                    pass
                except Exception as error:
                    self.errors.append(error)
        finally:
            connection.close()

    def some(self, table: DataTable) -> list[int]:
        """Some rows, in any order."""
        ids = [row["id"] for row in Records(table).find(limit=ROWS)]
        self.chance.shuffle(ids)
        return ids[: self.chance.randint(1, ROWS)]


def change(person: Person, table: DataTable) -> None:
    Records(table).update_many({"amount": person.chance.randint(1, 9)}, ids=person.some(table))


def edit(person: Person, table: DataTable) -> None:
    for row in person.some(table)[:1]:
        Records(table).update(row, {"extra": "edited"})


def lead(person: Person, table: DataTable) -> None:
    for row in person.some(table)[:1]:
        others = person.some(table)
        Records(table).update(row, {"parent": others[0], "friends": others})


def delete_and_undo(person: Person, table: DataTable) -> None:
    act = Records(table).delete_many(ids=person.some(table)[:3])
    Records(table).restore(act.batch)


def change_and_undo(person: Person, table: DataTable) -> None:
    act = Records(table).update_many({"name": "changed"}, ids=person.some(table))
    Records(table).restore(act.batch)


def drop_and_undo(person: Person, table: DataTable) -> None:
    manager = SchemaManager(table.project)
    for field in table.fields.filter(label="Extra"):
        manager.drop_field(field)
        manager.undo()


def retype_and_undo(person: Person, table: DataTable) -> None:
    manager = SchemaManager(table.project)
    manager.retype_field(table.fields.get(label="Amount"), person.chance.choice(["text", "decimal"]), {}, lossy=True)
    manager.undo(lossy=True)


@pytest.mark.parametrize(
    "acts",
    [
        [change, edit, lead, change_and_undo, delete_and_undo],
        [change, edit, delete_and_undo, drop_and_undo, retype_and_undo],
    ],
    ids=["rows", "rows and structure"],
)
def test_whatever_people_do_at_once_each_is_answered_in_words(table, acts):
    until = time.monotonic() + SECONDS
    people = [Person(table, until, acts) for _ in range(PEOPLE)]

    for person in people:
        person.start()
    for person in people:
        person.join(60)

    assert [error for person in people for error in person.errors] == []
    assert all(person.done for person in people)
    assert not any(person.is_alive() for person in people)
    rows = Records(DataTable.objects.get(pk=table.pk)).find(limit=100)
    undone = RecordChange.objects.filter(verb="restored").count()
    assert len(rows) <= ROWS
    assert undone > 0


@pytest.mark.parametrize(("before", "after"), [("integer", "decimal"), ("decimal", "integer"), ("date", "integer")])
def test_rows_are_not_read_and_written_by_the_types_of_yesterday(before, after):
    table = factories.make_table(fields=(NewField("Value", before), NewField("Name", "text")))
    seen = DataTable.objects.get(pk=table.pk)
    row = Records(seen).create({"value": "2026-01-02" if before == "date" else 7})["id"]
    SchemaManager(table.project).retype_field(table.fields.get(label="Value"), after, {}, lossy=True)
    fresh = Records(DataTable.objects.get(pk=table.pk))
    fresh.update(row, {"value": 7})

    for work in (lambda: Records(seen).get(row), lambda: Records(seen).update_many({"value": None}, ids=[row])):
        try:
            work()
        except TableChanged:
            continue

    assert fresh.get(row)["value"] in (7, None)
