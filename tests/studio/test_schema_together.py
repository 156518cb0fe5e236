"""Two people change one project at once: one waits or is told, and nobody's change is lost."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections, transaction

from nocode.foundation.errors import NoCodeError
from nocode.studio.errors import NameTaken, RecordErrors, SchemaBusy, TableChanged, TableMissing
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema import change
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests.factories import make_table
from tests.studio.structure import changes, in_use

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def table():
    made = make_table(label="People", fields=(NewField("Name", "text"), NewField("Age", "integer")))
    yield made
    Project.everything.get(pk=made.project_id).delete()


def at_once(*calls: Callable[[SchemaManager, DataTable], object], table: DataTable) -> list:
    """What each call answered or was refused with, all started together, each with objects of its own."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number: int, call: Callable) -> None:
        try:
            mine = DataTable.everything.select_related("project").get(pk=table.pk)
            start.wait(10)
            answers[number] = call(SchemaManager(mine.project), mine)
        except NoCodeError as refusal:
            answers[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def field(table: DataTable, label: str) -> Field:
    return Field.everything.select_related("table__project").get(table=table, label=label)


def test_different_fields_are_all_added(table):
    answers = at_once(
        *(lambda manager, mine, number=number: manager.add_field(mine, f"F{number}", "text") for number in range(4)),
        table=table,
    )

    assert all(isinstance(answer, Field) for answer in answers)
    assert {each.label for each in table.fields.all()} == {"Name", "Age", "F0", "F1", "F2", "F3"}
    assert len({each.position for each in table.fields.all()}) == 6


def test_one_name_is_given_once(table):
    answers = at_once(*[lambda manager, mine: manager.add_field(mine, "Mail", "email")] * 3, table=table)

    assert sorted(type(answer).__name__ for answer in answers) == ["Field", "NameTaken", "NameTaken"]
    assert NameTaken.__name__ == "NameTaken"
    assert table.fields.filter(label="Mail").count() == 1


def test_different_values_of_one_field_are_both_kept(table):
    name = field(table, "Name")

    at_once(
        lambda manager, mine: manager.change_field(name, required=True),
        lambda manager, mine: manager.change_field(name, help_text="As on the card"),
        table=table,
    )

    now = field(table, "Name")
    assert (now.required, now.help_text) == (True, "As on the card")


def test_each_undo_undoes_another_change(table):
    manager = SchemaManager(table.project)
    for label in ("A", "B", "C"):
        manager.rename_table(table, label)

    at_once(*[lambda manager, mine: manager.undo()] * 3, table=table)

    assert DataTable.objects.get(pk=table.pk).label == "People"
    assert changes(table.project) == [("create_table", False), *[("change_table", True)] * 3]


def test_a_field_thrown_away_by_somebody_else_is_told(table):
    age = field(table, "Age")

    answers = at_once(*[lambda manager, mine: manager.drop_field(age)] * 2, table=table)

    refusals = [answer for answer in answers if answer is not None]
    assert [type(refusal) for refusal in refusals] == [TableMissing]
    assert "“Age” is in the trash" in refusals[0].message


def test_rows_written_while_a_type_changes_are_all_there_or_refused(table):
    """Rows wait for the change; those made for the old type are refused, none is lost or half there."""
    records = Records(table)
    for number in range(300):
        records.create({"name": str(number), "age": number})
    written = []

    def write(manager: SchemaManager, mine: DataTable) -> None:
        for number in range(30):
            try:
                written.append(Records(DataTable.objects.get(pk=mine.pk)).create({"name": "w", "age": number})["id"])
            except (TableChanged, RecordErrors):
                continue

    answers = at_once(write, lambda manager, mine: manager.retype_field(field(mine, "Age"), "text"), write, table=table)

    assert [answer for answer in answers if isinstance(answer, NoCodeError)] == []
    found = {row["id"] for row in Records(DataTable.objects.get(pk=table.pk)).find([{"field": "name", "value": "w"}])}
    assert found == set(written)


def test_a_change_gives_up_soon_while_a_row_is_held(table, monkeypatch):
    monkeypatch.setattr(change, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(change, "PAUSES", (0.01,))
    Records(table).create({"name": "Ada", "age": 1})
    before, held, done = in_use(table.project), threading.Event(), threading.Event()

    def writer() -> None:
        with transaction.atomic():
            Records(DataTable.objects.get(pk=table.pk)).update(1, {"name": "Bob"})
            held.set()
            done.wait(10)
            transaction.set_rollback(True)
        connections.close_all()

    thread = threading.Thread(target=writer)
    thread.start()
    assert held.wait(10)
    try:
        with pytest.raises(SchemaBusy, match="“Age” is being used"):
            SchemaManager(table.project).retype_field(field(table, "Age"), "text")
    finally:
        done.set()
        thread.join(10)

    assert in_use(table.project) == before
