"""Rows that lead to each other, types that change under them, patterns that never end: all of it ends, and in words."""

import pytest
from django.urls import reverse

from nocode.studio.errors import FieldRefused, QueryRefused
from nocode.studio.fields import patterns
from nocode.studio.importing import checking
from nocode.studio.models import DataTable, RecordChange
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import bulk, cascades, many
from nocode.studio.services.records import Records
from tests import factories
from tests.studio.importing import import_file

pytestmark = pytest.mark.django_db


def relation(table, other, label) -> DataTable:
    settings = {"table": str(other.pk), "on_delete": "cascade"}
    SchemaManager(table.project).add_field(table, label, "relation", settings=settings)
    return DataTable.objects.get(pk=table.pk)


@pytest.fixture
def table():
    return factories.make_table()


def test_a_circle_of_rows_goes_with_all_it_was_and_comes_back(table):
    table = relation(table, table, "Next")
    records = Records(table)
    ids = [records.create({"name": name})["id"] for name in "abc"]
    for number, row in enumerate(ids):
        records.update(row, {"next": ids[(number + 1) % 3]})

    act = records.delete_many(ids=[ids[0]])

    assert records.count() == 0
    assert RecordChange.objects.filter(batch=act.batch, verb="deleted").count() == 3
    assert records.restore(act.batch).count == 3
    assert [row["next"] for row in records.find(order="id")] == [ids[1], ids[2], ids[0]]


def test_rows_of_two_tables_that_lead_to_each_other_go_with_all_they_were(table):
    other = factories.make_table(table.project)
    table, other = relation(table, other, "There"), relation(other, table, "Back")
    here, there = Records(table), Records(other)
    one = here.create({"name": "one"})["id"]
    two = there.create({"name": "two", "back": one})["id"]
    here.update(one, {"there": two})

    gone = here.delete(one)

    assert gone["name"] == "one"
    assert (here.count(), there.count()) == (0, 0)
    kept = {change.table_id: change.before["name"] for change in RecordChange.objects.filter(verb="deleted")}
    assert kept == {table.pk: "one", other.pk: "two"}


@pytest.mark.parametrize("length", [cascades.DEEPEST - 1, cascades.DEEPEST + 5])
def test_a_chain_of_rows_goes_or_is_refused_in_words(client, table, length):
    table = relation(table, table, "Before")
    records = Records(table)
    records.create({"name": "first"})
    for number in range(1, length):
        records.create({"name": "x", "before": number})
    client.force_login(factories.make_user(organization=table.project.organization))

    answer = client.post(reverse("admin:studio_table_row_delete", args=[table.pk, 1]), follow=True)

    assert (f"Rows of “{table.label}” lead to rows" in answer.content.decode()) == (length > cascades.DEEPEST)
    assert records.count() == (length if length > cascades.DEEPEST else 0)


# --- History of values that had another type


KINDS = {
    "date": ("2026-01-02", {}),
    "datetime": ("2026-01-02T10:00:00Z", {}),
    "time": ("10:00", {}),
    "decimal": ("1.5", {}),
    "duration": ("1:30", {}),
    "boolean": ("true", {}),
    "select": ("A", {"options": ["A"]}),
    "multi_select": ("A", {"options": ["A"]}),
    "json": ('{"a": 1}', {}),
    "email": ("a@example.com", {}),
    "user": ("1", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_history_of_a_row_survives_another_type(client, kind):
    value, settings = KINDS[kind]
    table = factories.make_table(fields=(NewField("Name", "text"), NewField("Value", "text")))
    client.force_login(factories.make_user(organization=table.project.organization))
    records = Records(table)
    row = records.create({"name": "x", "value": "words of old"})["id"]
    batch = records.update_many({"value": value}, ids=[row]).batch

    SchemaManager(table.project).retype_field(table.fields.get(label="Value"), kind, settings, lossy=True)

    history = client.get(reverse("admin:studio_table_row_history", args=[table.pk, row]))
    assert "words of old" in history.content.decode()
    undone = client.post(reverse("admin:studio_table_undo", args=[table.pk, batch]), follow=True)
    reverted = client.post(
        reverse("admin:studio_table_row_revert", args=[table.pk, row, RecordChange.objects.first().pk]), follow=True
    )
    assert (undone.status_code, reverted.status_code) == (200, 200)


# --- Patterns


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:(?:(?:a?){1000}){1000}){1000}",
        "(((a?){1000}){1000}){1000}",
        "(?<=a{1000000})",
        "a{99999999999999999999}",
        "(?x)(a{1000}) {1000}",
        "(?ix)a",
        "(a{1000})(?#x){1000}",
        "((((a{9}){9}){9}){9}){9}",
    ],
)
def test_a_pattern_larger_than_memory_is_refused(table, pattern):
    with pytest.raises(FieldRefused, match="too much"):
        SchemaManager(table.project).add_field(table, "Code", "text", settings={"pattern": pattern})


@pytest.mark.parametrize(
    "pattern",
    ["[A-Z]{2}-[0-9]{4}", r"\d{1,255}-\d{1,255}", r"(?:[A-Z]{1,50} ?){1,50}", r"\{1000\}\{1000\}", "[{9}]{9}", "(?i)x"],
)
def test_usual_patterns_are_not(pattern):
    assert not patterns.is_too_large(pattern)


def test_a_long_value_is_not_given_to_many_rows(monkeypatch):
    table = factories.make_table(fields=(NewField("Words", "long_text"),))
    records = Records(table)
    ids = [row["id"] for row in records.create_many([{"words": "x"}] * 30)]
    monkeypatch.setattr(many, "MOST_WRITTEN", 1_000_000)
    monkeypatch.setattr(bulk, "MOST_IN_A_REQUEST", 10)

    with pytest.raises(QueryRefused, match="This would write"):
        records.update_many({"words": "y" * 100_000}, ids=ids)
    with pytest.raises(QueryRefused, match="This would write"):
        bulk.change(table, many.Matching(), {"words": "y" * 100_000}, factories.make_user())

    assert records.update_many({"words": "y" * 10_000}, ids=ids).count == 30


def test_an_import_gives_a_pattern_up_that_gives_up_on_every_value(monkeypatch):
    monkeypatch.setattr(checking, "MOST_SLOW", 3)
    field = NewField("Code", "text", settings={"pattern": "(a|a|b?)+(a|aa)+$", "max_length": 100})
    table = factories.make_table(fields=(field,))
    content = b"Code\n" + b"".join(b"%sc%d\n" % (b"a" * 60, number) for number in range(50))

    job = import_file(table.project, content, table)

    assert (job.state, "takes too long on these values" in job.error) == ("failed", True)
