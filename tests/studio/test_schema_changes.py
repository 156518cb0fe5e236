"""Changes of structure are recorded, undone, made again and previewed."""

from dataclasses import asdict, replace

import pytest
from django.db import connection

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import FieldRefused, NameTaken, SchemaRefused
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field, SchemaChange
from nocode.studio.schema import history
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.operations import (
    AddField,
    ChangeField,
    ChangeTable,
    CreateTable,
    Operation,
    RetypeField,
    TrashField,
    TrashTable,
    from_json,
    operations,
)
from nocode.studio.schema.words import in_words
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table, make_user
from tests.studio.structure import changes, in_use

pytestmark = pytest.mark.django_db

PEOPLE = (
    NewField("Name", "text", required=True, help_text="As on the card"),
    NewField("Age", "integer", default=18),
    NewField("City", "select", settings={"options": ["Paris", "Rome"]}),
)


@pytest.fixture
def people() -> DataTable:
    table = make_table(label="People", fields=PEOPLE)
    for name, age in (("Ada", 36), ("Bob", None), ("Cid", 7)):
        Records(table).create({"name": name, "age": age})
    return table


CHANGES = {
    "create_table": lambda manager, table: manager.create_table("Built", PEOPLE, description="What we build"),
    "rename_table": lambda manager, table: manager.rename_table(table, "Persons"),
    "change_table": lambda manager, table: manager.change_table(table, description="Who", display_name="age"),
    "drop_table": lambda manager, table: manager.drop_table(table),
    "add_field": lambda manager, table: manager.add_field(table, "Mail", "email", unique=True),
    "add_filled": lambda manager, table: manager.add_field(table, "Score", "integer", required=True, fill=1),
    "rename_field": lambda manager, table: manager.rename_field(field(table, "Name"), "Full name"),
    "change_rules": lambda manager, table: manager.change_field(field(table, "Name"), required=False, unique=True),
    "change_default": lambda manager, table: manager.change_field(field(table, "Age"), default=None),
    "change_settings": lambda manager, table: manager.change_field(
        field(table, "City"), settings={"options": ["Rome"]}, help_text="Where"
    ),
    "retype_field": lambda manager, table: manager.retype_field(field(table, "Age"), "text"),
    "reorder": lambda manager, table: manager.reorder_fields(table, [field(table, "City"), field(table, "Age")]),
    "drop_field": lambda manager, table: manager.drop_field(field(table, "Name")),
    "add_index": lambda manager, table: manager.add_index(table, ["age", "name"]),
    "together": lambda manager, table: manager.make_together(several(table), table),
}


def several(table: DataTable) -> list[Operation]:
    """One of each kind, where the later ones need the earlier ones."""
    key, name, age = str(table.pk), str(field(table, "Name").pk), str(field(table, "Age").pk)
    return [
        ChangeTable(key, {"label": "Persons"}),
        TrashField(key, age),
        ChangeField(key, name, {"label": "Full name", "required": False}),
        AddField(key, asdict(NewField("Age", "text"))),
        AddField(key, asdict(NewField("Name", "email", unique=True))),
    ]


def field(table: DataTable, label: str) -> Field:
    return table.fields.get(label=label)


@pytest.mark.parametrize("name", CHANGES)
def test_undo_brings_everything_back_and_redo_makes_it_again(name, people):
    manager, before = SchemaManager(people.project), in_use(people.project)

    CHANGES[name](manager, people)
    after = in_use(people.project)
    assert after != before

    for _turn in range(2):
        manager.undo()
        assert in_use(people.project) == before
        manager.redo()
        assert in_use(people.project) == after


def test_many_changes_are_undone_in_turn(people):
    manager, states = SchemaManager(people.project), [in_use(people.project)]
    for name in ("add_field", "rename_table", "change_rules", "retype_field", "drop_field", "drop_table"):
        CHANGES[name](manager, people)
        states.append(in_use(people.project))

    for state in reversed(states[:-1]):
        manager.undo()
        assert in_use(people.project) == state
    for state in states[1:]:
        manager.redo()
        assert in_use(people.project) == state


def test_several_changes_made_together_are_one(people):
    manager = SchemaManager(people.project)
    made = SchemaChange.objects.count()

    manager.make_together(several(people), people)

    assert SchemaChange.objects.count() == made + 1
    assert in_words([SchemaChange.objects.latest("created_at")]) == [
        "Table renamed or described: Persons · Field thrown away: Age · Field changed: Full name · "
        "Field added: Age, Name"
    ]


def test_of_several_changes_the_idle_ones_are_none(people):
    manager, made = SchemaManager(people.project), SchemaChange.objects.count()
    key, name = str(people.pk), str(field(people, "Name").pk)

    manager.make_together([ChangeTable(key, {"label": "People"}), ChangeField(key, name, {"label": "Name"})], people)
    assert SchemaChange.objects.count() == made
    manager.make_together([ChangeTable(key, {"label": "People"}), ChangeField(key, name, {"label": "N"})], people)
    assert SchemaChange.objects.latest("created_at").forward["op"] == "change_field"


def test_one_refused_change_refuses_all_of_them(people):
    manager, before = SchemaManager(people.project), in_use(people.project)
    key = str(people.pk)

    with pytest.raises(NoCodeError, match="already has a field named “City”"):
        manager.make_together([*several(people), AddField(key, asdict(NewField("City", "text")))], people)

    assert in_use(people.project) == before


def test_a_field_thrown_away_together_with_other_changes_comes_back_alone_as_it_was(people):
    manager = SchemaManager(people.project)
    manager.change_table(people, display_name="age")
    manager.add_index(people, ["age"])
    manager.add_field(people, "Double", "formula", settings={"formula": "{Age} * 2"})
    age = field(people, "Age")
    manager.make_together([TrashField(str(people.pk), str(age.pk)), *several(people)[2:4]], people)

    manager.restore(Field.everything.select_related("table__project").get(pk=age.pk))

    table = DataTable.objects.get(pk=people.pk)
    assert sorted(table.fields.values_list("label", flat=True)) == ["Age", "Age (2)", "City", "Double", "Full name"]
    assert (table.display_name, [each.columns for each in table.indexes.all()]) == ("age", [["age"]])


def test_changes_made_together_cannot_be_undone_once_one_of_their_fields_is_gone_for_good(people):
    manager = SchemaManager(people.project)
    SchemaChange.objects.all().delete()
    age = field(people, "Age")
    manager.make_together(several(people), people)

    manager.purge(Field.everything.select_related("table__project").get(pk=age.pk))

    with pytest.raises(SchemaRefused, match="nothing to undo"):
        manager.undo()


def test_rows_written_meanwhile_stay(people):
    manager = SchemaManager(people.project)
    manager.add_field(people, "Mail", "email")
    Records(people).create({"name": "Dan", "mail": "dan@example.com"})

    manager.undo()
    Records(DataTable.objects.get(pk=people.pk)).create({"name": "Eve"})
    manager.redo()

    rows = Records(DataTable.objects.get(pk=people.pk)).find([{"field": "id", "op": "gte", "value": 4}])
    assert [(row["name"], row["mail"]) for row in rows] == [("Dan", "dan@example.com"), ("Eve", None)]


def test_a_new_change_ends_what_can_be_made_again(people):
    manager = SchemaManager(people.project)
    manager.rename_table(people, "A")
    manager.rename_table(people, "B")
    manager.undo()
    manager.undo()
    manager.rename_table(people, "C")

    with pytest.raises(SchemaRefused, match="nothing to make again"):
        manager.redo()
    manager.undo()
    manager.redo()
    assert DataTable.objects.get(pk=people.pk).label == "C"
    with pytest.raises(SchemaRefused, match="nothing to make again"):
        manager.redo()


def test_nothing_to_undo_is_told():
    with pytest.raises(SchemaRefused, match="nothing to undo"):
        SchemaManager(make_project()).undo()


def test_undo_concerns_one_project_only(people):
    other = make_table()

    SchemaManager(people.project).undo()

    assert not DataTable.objects.filter(pk=people.pk).exists()
    assert DataTable.objects.filter(pk=other.pk).exists()


def test_a_change_tells_who_made_it_and_its_sql(people):
    user = make_user()

    SchemaManager(people.project, user).change_field(field(people, "Name"), unique=True)

    change = SchemaChange.objects.order_by("created_at").last()
    name = field(people, "Name")
    assert (change.actor, change.table) == (user, people)
    assert change.forward == {
        "op": "change_field",
        "table": str(people.pk),
        "field": str(name.pk),
        "values": {"unique": True},
    }
    assert change.backward == change.forward | {"values": {"unique": False}}
    target, rule = f'"{people.project.schema_name}"."people"', f'"{name.unique_constraint}"'
    assert change.sql.split(";\n") == [  # most of the work keeps nobody from reading
        f'CREATE UNIQUE INDEX {rule} ON {target} ("name")',
        f"ALTER TABLE {target} ADD CONSTRAINT {rule} UNIQUE USING INDEX {rule}",
    ]
    event = OutboxEvent.objects.get(name="studio.field.changed")
    assert (event.actor_id, event.payload["name"], event.payload["table_id"]) == (user.pk, "Name", str(people.pk))


def test_what_changes_nothing_is_no_change(people):
    manager, before = SchemaManager(people.project), changes(people.project)

    manager.rename_table(people, " People ")
    manager.change_field(field(people, "Name"), required=True, help_text="As on the card")
    manager.reorder_fields(people, list(people.fields.all()))

    assert changes(people.project) == before == [("create_table", False)]


def test_every_operation_survives_json(people):
    manager = SchemaManager(people.project)
    for name in CHANGES:
        CHANGES[name](manager, people)
        manager.undo()

    kept = [data for change in SchemaChange.objects.all() for data in (change.forward, change.backward)]

    elsewhere = ("adopt", "repairs", "rules", "rule_state")
    repairing = {op for op, kind in operations.items() if kind.__module__.rpartition(".")[2] in elsewhere}
    assert {data["op"] for data in kept} == set(operations) - repairing  # those are in test_drift.py
    assert [from_json(data).to_json() for data in kept] == kept


def test_default_is_what_new_rows_get(people):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO \"{people.project.schema_name}\".people (name) VALUES ('Dan') RETURNING age")
        assert cursor.fetchone() == (18,)

    with pytest.raises(FieldRefused, match="Age – .*not a number"):
        SchemaManager(people.project).change_field(field(people, "Age"), default="many")


def test_a_required_field_with_a_default_fills_the_rows_that_exist(people):
    SchemaManager(people.project).add_field(people, "Score", "integer", required=True, default=5)

    assert [row["score"] for row in Records(people).find()] == [5, 5, 5]


def test_order_of_fields_is_kept(people):
    SchemaManager(people.project).reorder_fields(people, [field(people, "City"), field(people, "Name")])

    assert list(layout_of(DataTable.objects.get(pk=people.pk)).fields) == ["city", "name", "age"]


def test_order_taken_back_leaves_fields_in_the_trash_their_places(people):
    manager, order = SchemaManager(people.project), [each.label for each in people.fields.all()]
    manager.drop_field(field(people, order[1]))
    before = in_use(people.project)

    manager.reorder_fields(people, list(people.fields.order_by("-position")))
    manager.undo()

    assert in_use(people.project) == before
    manager.restore(Field.everything.get(table=people, label=order[1]))
    assert [each.label for each in people.fields.all()] == order


def test_settings_are_held_by_the_database_as_far_as_rows_allow(people):
    """A smaller choice stays possible while rows have another value: then only what people write is checked."""
    manager = SchemaManager(people.project)
    Records(people).create({"name": "Dan", "city": "Paris"})

    manager.change_field(field(people, "City"), settings={"options": ["Rome"]})

    assert Records(people).get(4)["city"] == "Paris"
    assert Records(people).update(4, {"age": 5})["age"] == 5


# --- Previews ---------------------------------------------------------------------------------------------------------


def test_preview_of_a_conversion_tells_what_would_be_lost(people, everything):
    records = Records(people)
    records.create({"name": "007"})
    manager, before = SchemaManager(people.project), everything()

    seen = manager.preview(RetypeField(str(people.pk), str(field(people, "Name").pk), "integer"))

    assert everything() == before
    assert (seen.rows, seen.rewrites, seen.lock) == (4, True, "ACCESS EXCLUSIVE")
    (problem,) = seen.problems[:1]
    assert (problem.rule, problem.count) == ("conversion", 4)
    assert problem.samples == [(1, "Ada"), (2, "Bob"), (3, "Cid"), (4, "007")]
    assert str(problem) == "“Name”: 4 values would be lost or changed"
    assert str(replace(problem, count=4976)) == "“Name”: 4,976 values would be lost or changed"
    assert any('ALTER COLUMN "name" TYPE bigint USING' in statement for statement in seen.sql)


@pytest.mark.parametrize(
    ("values", "rule", "samples"),
    [
        ({"required": True}, "required", [(2, "")]),
        ({"unique": True}, "unique", [(1, "36"), (4, "36")]),
    ],
)
def test_preview_of_a_rule_tells_the_rows_in_its_way(values, rule, samples, people, everything):
    Records(people).create({"name": "Dan", "age": 36})
    before = everything()

    seen = SchemaManager(people.project).preview(ChangeField(str(people.pk), str(field(people, "Age").pk), values))

    assert everything() == before
    assert [(problem.rule, problem.samples) for problem in seen.problems] == [(rule, samples)]
    assert (seen.checks, seen.rewrites, seen.seconds) == (True, False, 1)


@pytest.mark.parametrize(
    ("operation", "statements"),
    [
        (lambda table: TrashTable(str(table.pk)), 4),
        (lambda table: TrashField(str(table.pk), str(field(table, "Age").pk)), 2),
        (lambda table: AddField(str(table.pk), {"label": "Mail", "kind": "email"}), 1),
        (lambda table: CreateTable("", "Orders", "", [{"label": "Total", "kind": "decimal"}]), 2),
    ],
)
def test_preview_executes_nothing(operation, statements, people, everything):
    before, executed = everything(), []

    def watch(execute, statement, *rest):
        executed.append(str(statement))
        return execute(statement, *rest)

    with connection.execute_wrapper(watch):
        seen = SchemaManager(people.project).preview(operation(people))

    assert len(seen.sql) >= statements
    assert not [text for text in executed if "ALTER TABLE" in text or "CREATE" in text or "LOCK" in text]
    assert everything() == before


def test_preview_says_what_the_change_then_does(people):
    manager = SchemaManager(people.project)
    operation = TrashField(str(people.pk), str(field(people, "Age").pk))

    seen = manager.preview(operation)
    manager.make(operation)

    assert ";\n".join(seen.sql) == SchemaChange.objects.order_by("created_at").last().sql


def test_preview_refuses_what_the_change_refuses(people):
    with pytest.raises(NameTaken, match="“People”"):
        SchemaManager(people.project).preview(CreateTable("", "People"))


def test_trashed_project_cannot_be_changed(people):
    type(people.project).objects.filter(pk=people.project_id).update(trashed_at="2026-01-01T00:00Z")

    with pytest.raises(SchemaRefused, match="in the trash"):
        SchemaManager(people.project).rename_table(people, "Persons")
    with pytest.raises(SchemaRefused, match="in the trash"):
        SchemaManager(people.project).undo()


def test_what_can_be_undone_costs_one_query(people, django_assert_num_queries):
    manager = SchemaManager(people.project)
    for number in range(30):
        manager.rename_table(people, f"People {number}")

    with django_assert_num_queries(1):
        assert history.undoable(people.project).forward["values"] == {"label": "People 29"}
