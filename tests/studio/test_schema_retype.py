"""Another type for a field: nothing is lost silently, and undo brings back exactly what was."""

import datetime as dt

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nocode.studio.errors import ConversionRefused, FieldRefused
from nocode.studio.fields import field_types
from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations.retype import is_convertible
from nocode.studio.services.records import Records
from tests.factories import make_table
from tests.studio.structure import ask, in_use, loss_tables, rows_of

pytestmark = pytest.mark.django_db

TEXTS = [
    "12",
    "007",
    "1.5",
    "yes",
    "2024-02-29",
    "2024-02-29T12:00:00+00:00",
    "ada@example.com",
    "Ada",
    "  x ",
    "Paris",
]


def make(kind: str, values: list, **new) -> DataTable:
    table = make_table(label="T", fields=(NewField("Value", kind, **new),))
    for value in values:
        Records(table).create({"value": value})
    return table


def field(table: DataTable) -> Field:
    return Field.objects.select_related("table__project").get(table=table)


def values_of(table: DataTable) -> list:
    return [row["value"] for row in Records(DataTable.objects.get(pk=table.pk)).find()]


def retype(table: DataTable, kind: str, *, lossy: bool = False, **configured) -> SchemaManager:
    manager = SchemaManager(table.project)
    manager.retype_field(field(table), kind, configured, lossy=lossy)
    return manager


@pytest.mark.parametrize(
    ("kind", "values", "to", "settings", "became"),
    [
        ("text", ["12", None, "-3"], "integer", {}, [12, None, -3]),
        ("integer", [12, None, -3], "text", {}, ["12", None, "-3"]),
        ("integer", [12], "decimal", {}, [12]),
        ("text", ["1.5"], "decimal", {}, [1.5]),
        ("text", ["2024-02-29"], "date", {}, ["2024-02-29"]),
        ("date", ["2024-02-29"], "text", {}, ["2024-02-29"]),
        ("text", ["Paris", "Rome"], "select", {"options": ["Paris", "Rome"]}, ["Paris", "Rome"]),
        ("select", ["Paris"], "long_text", {}, ["Paris"]),
        ("text", ["ada@example.com"], "email", {}, ["ada@example.com"]),
    ],
)
def test_values_become_what_they_mean(kind, values, to, settings, became):
    table = make(kind, values, settings={"options": ["Paris"]} if kind == "select" else {})
    before = in_use(table.project)

    manager = retype(table, to, **settings)

    assert values_of(table) == became
    assert loss_tables(table.project) == []
    manager.undo()
    assert in_use(table.project) == before


def test_loss_is_refused_and_told_row_by_row(everything):
    table = make("text", ["12", "007", "many", None])
    before = everything()

    with pytest.raises(ConversionRefused, match="“Value”: 2 values would be lost or changed") as refusal:
        retype(table, "integer")

    assert refusal.value.details["problem"].samples == [(2, "007"), (3, "many")]
    assert everything() == before


def test_accepted_loss_comes_back_with_undo():
    table = make("text", ["12", "007", "many", None], required=False)
    before, stamps = in_use(table.project), rows_of(table)

    manager = retype(table, "integer", lossy=True)
    assert values_of(table) == [12, 7, None, None]
    (loss,) = loss_tables(table.project)
    assert ask(f'SELECT id, value, became FROM "{table.project.trash_schema}".{loss} ORDER BY 1') == [
        (2, "007", "7"), (3, "many", None)
    ]  # fmt: skip

    manager.undo()
    assert in_use(table.project) == before
    assert rows_of(table) == stamps  # the times of change, too
    assert loss_tables(table.project) == []
    manager.redo()
    assert values_of(table) == [12, 7, None, None]
    manager.undo()
    assert in_use(table.project) == before


def test_rows_edited_since_keep_what_was_typed():
    table = make("text", ["many", "007", "some"])
    manager = retype(table, "integer", lossy=True)
    records = Records(DataTable.objects.get(pk=table.pk))
    records.update(1, {"value": 5})
    records.create({"value": 8})

    manager.undo()

    assert values_of(table) == ["5", "007", "some", "8"]


def test_undo_refuses_to_lose_what_was_typed_since():
    table = make("integer", [1, 2])
    manager = retype(table, "text")
    Records(DataTable.objects.get(pk=table.pk)).update(1, {"value": "many"})

    with pytest.raises(ConversionRefused, match="1 value would be lost"):
        manager.undo()
    manager.undo(lossy=True)
    assert values_of(table) == [None, 2]
    manager.redo()
    assert values_of(table) == ["many", "2"]


def test_rules_and_default_go_along():
    table = make("text", ["1", "2"], required=True, unique=True, default="3")
    before = in_use(table.project)

    manager = retype(table, "integer")

    changed = field(table)
    assert (changed.required, changed.unique, changed.default) == (True, True, 3)
    assert ask("SELECT conname, contype FROM pg_constraint WHERE conname = %s", changed.unique_constraint)
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{table.project.schema_name}".t DEFAULT VALUES RETURNING value')
        assert cursor.fetchone() == (3,)
        cursor.execute(f'DELETE FROM "{table.project.schema_name}".t WHERE id = 3')
    assert manager.notes == []
    manager.undo()
    assert in_use(table.project) == before


def test_rules_that_cannot_go_along_are_left_off_said_and_come_back():
    table = make("text", ["1", "01", "many"], required=True, unique=True, default="none")
    before = in_use(table.project)

    manager = retype(table, "integer", lossy=True)

    changed = field(table)
    assert (changed.required, changed.unique, changed.default) == (False, False, None)
    assert "“Value” has no default any more." in manager.notes
    assert "“Value”: 1 row has no value: it is not required any more." in manager.notes
    assert "“Value”: 2 rows have a value that another one has: it is not unique any more." in manager.notes
    manager.undo()
    assert in_use(table.project) == before


def test_value_the_settings_forbid_by_now_is_not_lost_on_the_way():
    """A choice that was taken off the list stays in its rows: also there and back."""
    table = make("select", ["Paris", "Rome"], settings={"options": ["Paris", "Rome"]})
    SchemaManager(table.project).change_field(field(table), settings={"options": ["Rome"]})

    with pytest.raises(ConversionRefused):
        retype(table, "integer")
    retype(table, "integer", lossy=True).undo()

    assert values_of(table) == ["Paris", "Rome"]


def test_types_without_values_of_their_own_are_refused():
    table = make("text", [])

    with pytest.raises(FieldRefused, match="cannot be converted"):
        retype(table, "created_time")
    with pytest.raises(FieldRefused, match="Value – Options"):
        retype(table, "select")


def convertible() -> list[str]:
    return [kind.kind for kind in field_types if is_convertible(kind)]


def settings_of(kind: str) -> dict:
    form = field_types[kind].Config({})
    config = {"options": ["Paris", "Rome", "12"]} if "options" in form.fields else {}
    if "currency" in form.fields:
        config["currency"] = "EUR"
    return config


@pytest.mark.parametrize("to", [kind for kind in convertible() if kind != "text"])
def test_every_text_goes_to_every_type_and_back(to):
    table = make("text", TEXTS)
    before = in_use(table.project)

    manager = retype(table, to, lossy=True, **settings_of(to))
    manager.undo()

    assert in_use(table.project) == before


SOME = {
    "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\n"), max_size=20),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3, max_value=10**9, min_value=-(10**9)),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_conversion_loses_a_value_silently(data, db):
    kind = data.draw(st.sampled_from(sorted(SOME)))
    to = data.draw(st.sampled_from([each for each in convertible() if each != kind]))
    values = data.draw(st.lists(st.none() | SOME[kind], max_size=5))
    table = make(kind, [value.isoformat() if isinstance(value, dt.date) else value for value in values])
    before, shown = in_use(table.project), values_of(table)

    try:
        manager = retype(table, to, **settings_of(to))
    except ConversionRefused:
        assert in_use(table.project) == before
        manager = retype(table, to, lossy=True, **settings_of(to))
        manager.undo()
        assert in_use(table.project) == before
        return

    assert [value is None for value in values_of(table)] == [value is None for value in shown]
    manager.undo()
    assert (in_use(table.project), values_of(table)) == (before, shown)
