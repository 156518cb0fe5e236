"""What is thrown away is out of sight, comes back as it was, or is gone for good after a while."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import SchemaRefused, TableMissing
from nocode.studio.models import DataTable, Field, GridView, SchemaChange
from nocode.studio.schema import drift, expiry
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import pages
from nocode.studio.services.records import Records
from nocode.studio.signals import field_users, table_users
from nocode.studio.tasks import empty_trash
from tests.factories import (
    make_deployed,
    make_node,
    make_project,
    make_published,
    make_table,
    make_trigger,
    make_user,
    make_workflow,
)
from tests.studio.structure import COLUMNS, RELATIONS, ask, in_use, loss_tables, rows_of

pytestmark = pytest.mark.django_db

PEOPLE = (NewField("Name", "text", required=True), NewField("Age", "integer", unique=True, default=18))


@pytest.fixture
def people() -> DataTable:
    table = make_table(label="People", fields=PEOPLE)
    for name, age in (("Ada", 36), ("Bob", 7)):
        Records(table).create({"name": name, "age": age})
    return table


def field(table: DataTable, label: str) -> Field:
    return Field.everything.select_related("table__project").get(table=table, label=label)


def link(people: DataTable, kind: str = "relation", **settings) -> tuple[DataTable, Field]:
    """A table whose rows lead to people."""
    orders = make_table(people.project, "Orders", (NewField("Title", "text"),))
    manager = SchemaManager(people.project)
    return orders, manager.add_field(orders, "Buyer", kind, settings={"table": str(people.pk), **settings})


def test_field_in_the_trash_keeps_its_values_without_its_rules(people):
    SchemaManager(people.project).drop_field(field(people, "Age"))

    thrown = field(people, "Age")
    columns = {row[1]: row[2:] for row in ask(COLUMNS, people.project.schema_name)}
    assert columns[f"trash_{thrown.pk.hex}"] == ("bigint", "YES", None)
    assert "age" not in columns
    assert (thrown.trashed_at is not None, thrown.unique, thrown.default) == (True, True, 18)
    assert [each.label for each in people.fields.all()] == ["Name"]
    assert Records(DataTable.objects.get(pk=people.pk)).create({"name": "Cid"}).keys() == {
        "id", "created_at", "updated_at", "name"
    }  # fmt: skip


def test_field_comes_back_with_its_values_and_rules(people):
    manager, before = SchemaManager(people.project), in_use(people.project)
    manager.drop_field(field(people, "Age"))

    manager.restore(field(people, "Age"))

    assert in_use(people.project) == before
    assert manager.notes == []


def test_rules_that_rows_broke_meanwhile_are_left_off_and_said(people):
    manager = SchemaManager(people.project)
    manager.change_field(field(people, "Age"), required=True)
    manager.drop_field(field(people, "Age"))
    Records(DataTable.objects.get(pk=people.pk)).create({"name": "Cid"})
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{people.project.schema_name}".people SET trash_{field(people, "Age").pk.hex} = 7')
        cursor.execute(
            f'UPDATE "{people.project.schema_name}".people SET trash_{field(people, "Age").pk.hex} = NULL WHERE id = 3'
        )

    manager.restore(field(people, "Age"))

    assert manager.notes == [
        "“Age”: 1 row has no value: it is not required any more.",
        "“Age”: 2 rows have a value that another one has: it is not unique any more.",
    ]
    back = field(people, "Age")
    assert (back.trashed_at, back.required, back.unique) == (None, False, False)
    manager.undo()
    assert (field(people, "Age").required, field(people, "Age").unique) == (True, True)


def test_name_taken_meanwhile_is_numbered(people):
    manager = SchemaManager(people.project)
    manager.drop_field(field(people, "Age"))
    first = field(people, "Age")
    manager.add_field(people, "Age", "text")
    manager.drop_table(people)
    make_table(people.project, "People")

    manager.restore(people)
    assert DataTable.objects.get(pk=people.pk).label == "People (2)"
    assert manager.notes == ["“People” is now “People (2)”: its name is taken."]

    manager.restore(first)
    assert list(people.fields.values_list("label", "physical_name")) == [
        ("Name", "name"), ("Age (2)", "age"), ("Age", "age_2")
    ]  # fmt: skip


def test_table_in_the_trash_is_out_of_the_schema(people):
    rows = rows_of(people)

    SchemaManager(people.project).drop_table(people)

    assert ask(RELATIONS, people.project.schema_name) == []
    names = [name for name, kind in ask(RELATIONS, people.project.trash_schema) if kind == "r"]
    assert names == [f"t_{people.pk.hex}"]
    assert rows_of(DataTable.everything.get(pk=people.pk)) == rows
    with pytest.raises(TableMissing):
        Records(people).find()


def test_names_of_the_trash_are_not_given_away(people):
    """Its index “people_pkey” must find its name free when the table comes back."""
    manager = SchemaManager(people.project)
    manager.drop_table(people)

    other = manager.create_table("People pkey", PEOPLE)
    assert other.physical_name == "people_pkey_2"
    manager.drop_table(other)
    manager.restore(people)
    manager.restore(other)

    assert {row["name"] for row in Records(DataTable.objects.get(pk=people.pk)).find()} == {"Ada", "Bob"}


@pytest.mark.parametrize("kind", ["relation", "relations"])
def test_fields_that_point_to_a_table_go_and_come_with_it(kind, people):
    orders, buyer = link(people, kind)
    schema = people.project.schema_name
    leading = {
        "relation": f'UPDATE "{schema}".orders SET buyer = 1',
        "relations": f'INSERT INTO "{schema}".l_{buyer.pk.hex} VALUES (1, 1), (1, 2)',
    }
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO \"{schema}\".orders (title) VALUES ('Pen')")
        cursor.execute(leading[kind])
    value = Records(orders).get(1)["buyer"]
    assert value in (1, [1, 2])
    manager, before = SchemaManager(people.project), in_use(people.project)

    manager.drop_table(people)
    assert not orders.fields.filter(pk=buyer.pk).exists()
    assert Records(DataTable.objects.get(pk=orders.pk)).get(1).keys() == {"id", "created_at", "updated_at", "title"}
    with pytest.raises(SchemaRefused, match="“Buyer” needs “People”, which is not in use"):
        manager.restore(field(orders, "Buyer"))

    manager.restore(people)
    assert in_use(people.project) == before
    assert Records(DataTable.objects.get(pk=orders.pk)).get(1)["buyer"] == value


def test_a_table_in_the_trash_holds_nobody_back(people):
    """Rows that a thrown-away table refers to can be deleted; the reference is empty when it comes back."""
    orders, _buyer = link(people, on_delete="restrict")
    Records(orders).create({"title": "Pen", "buyer": 1})
    Records(orders).create({"title": "Ink", "buyer": 2})
    manager = SchemaManager(people.project)

    manager.drop_table(orders)
    Records(people).delete(1)
    manager.restore(orders)

    assert [row["buyer"] for row in Records(DataTable.objects.get(pk=orders.pk)).find()] == [None, 2]


@pytest.mark.parametrize("thrown", ["table", "field"])
def test_what_leads_to_rows_that_are_gone_does_not_hold_up_an_undo_and_is_listed(thrown, people):
    orders, buyer = link(people)
    records = Records(DataTable.objects.get(pk=orders.pk))
    records.create_many([{"title": "Pen", "buyer": 1}, {"title": "Ink", "buyer": 2}])
    manager = SchemaManager(people.project)
    buyer = manager.change_field(buyer, required=True)
    manager.drop_table(orders) if thrown == "table" else manager.drop_field(buyer)
    Records(people).delete(1)

    manager.undo()

    assert manager.notes == [
        "“Buyer”: 1 value leads to a row that is gone: they are empty now (#1: 1).",
        "“Buyer”: 1 row has no value: it is not required any more.",
    ]
    assert [row["buyer"] for row in Records(DataTable.objects.get(pk=orders.pk)).find()] == [None, 2]
    assert not field(orders, "Buyer").required
    assert not drift.findings(people.project)


def test_table_comes_back_while_what_it_points_to_is_away(people):
    orders, buyer = link(people)
    Records(orders).create({"title": "Pen", "buyer": 2})
    manager = SchemaManager(people.project)
    manager.drop_table(orders)
    manager.drop_table(people)

    manager.restore(orders)
    assert manager.notes == ["“Buyer” stays in the trash: it needs “People”, which is not in use."]
    manager.restore(people)
    manager.restore(field(orders, "Buyer"))

    assert Records(DataTable.objects.get(pk=orders.pk)).get(1)["buyer"] == 2


def test_readers_of_a_table_learn_that_it_changed(people):
    orders, _buyer = link(people)
    version = DataTable.objects.get(pk=orders.pk).updated_at

    SchemaManager(people.project).rename_field(field(people, "Name"), "Full name")

    assert DataTable.objects.get(pk=orders.pk).updated_at > version


def test_display_name_comes_back_with_its_field(people):
    manager = SchemaManager(people.project)
    manager.change_table(people, display_name="age")

    manager.drop_field(field(people, "Age"))
    assert DataTable.objects.get(pk=people.pk).display_name == ""
    manager.restore(field(people, "Age"))
    assert DataTable.objects.get(pk=people.pk).display_name == "age"


# --- For good ---------------------------------------------------------------------------------------------------------


def test_purge_needs_the_trash(people):
    with pytest.raises(TableMissing, match="“People” is not in the trash"):
        SchemaManager(people.project).purge(people)
    with pytest.raises(TableMissing, match="“Age” is not in the trash"):
        SchemaManager(people.project).purge(field(people, "Age"))


def test_purged_field_is_gone_and_older_changes_can_still_be_undone(people):
    manager = SchemaManager(people.project)
    manager.rename_table(people, "Persons")
    manager.rename_field(field(people, "Age"), "Years")
    thrown = field(people, "Years")
    manager.drop_field(thrown)

    manager.purge(thrown)

    assert [row[1] for row in ask(COLUMNS, people.project.schema_name)] == ["id", "created_at", "updated_at", "name"]
    assert not Field.everything.filter(pk=thrown.pk).exists()
    with pytest.raises(TableMissing):
        manager.restore(thrown)
    manager.undo()
    assert DataTable.objects.get(pk=people.pk).label == "People"


def test_purged_table_takes_what_points_to_it(people):
    orders, buyer = link(people, "relations")
    manager = SchemaManager(people.project)
    manager.drop_table(people)

    manager.purge(people)

    assert ask(RELATIONS, people.project.trash_schema) == []
    assert not Field.everything.filter(pk=buyer.pk).exists()
    assert [row[0] for row in ask(RELATIONS, people.project.schema_name) if row[0].startswith("l_")] == []
    assert OutboxEvent.objects.filter(name="studio.table.purged").count() == 1
    assert SchemaChange.objects.order_by("created_at").last().forward == {"op": "purge", "name": "People"}


def test_what_waits_in_a_thrown_away_table_goes_with_what_it_points_to(people):
    orders, buyer = link(people)
    manager = SchemaManager(people.project)
    manager.drop_table(orders)
    manager.drop_table(people)

    manager.purge(people)
    manager.restore(orders)

    assert not Field.everything.filter(pk=buyer.pk).exists()
    assert [each.label for each in orders.fields.all()] == ["Title"]


# --- Who is told before ---------------------------------------------------------------------------------------------


def users_of(signal, **thing) -> set[str]:
    return {name for _receiver, users in signal.send(DataTable, **thing) for name, _address in users}


def test_users_of_a_table_and_of_a_field_are_listed(people):
    orders, buyer = link(people)
    GridView.objects.create(table=orders, name="By buyer", settings={"order": ["-buyer"]})
    GridView.objects.create(table=orders, name="Mine", owner=make_user(), settings={"hidden": ["buyer"]})
    GridView.objects.create(table=orders, name="Titles", settings={"order": ["title"]})
    page = pages.make_pages_for(orders)[0]
    workflow = make_workflow(people.project.organization, name="Sell", project=people.project)
    make_node(workflow, "new", "record.create", config={"table": "orders", "values": [{"name": "buyer", "value": "1"}]})
    make_node(workflow, "other", "record.create", config={"table": "people", "values": []})

    assert users_of(table_users, table=people) == {
        "Field “Buyer” of “Orders”, which goes with it",
        "Workflow “Sell”",
    }
    assert users_of(field_users, field=field(people, "Age")) == set()
    assert users_of(field_users, field=buyer) >= {"View “By buyer”", "A private view", "Workflow “Sell”"}
    assert "View “Titles”" not in users_of(field_users, field=buyer)
    assert f"Page “{page}”" in users_of(table_users, table=orders)


@pytest.mark.parametrize(
    "config",
    [
        {"events": ["updated"], "fields_watched": [{"field": "age"}], "where": []},
        {"events": ["created"], "fields_watched": [], "where": [{"field": "age", "op": "gt", "value": "3"}]},
    ],
)
def test_a_trigger_that_watches_a_field_uses_it(people, config):
    workflow = make_workflow(people.project.organization, name="Watch", project=people.project)
    make_trigger(workflow, "record", config={"table": "people", **config})

    assert users_of(field_users, field=field(people, "Age")) == {"Workflow “Watch”"}
    assert users_of(field_users, field=field(people, "Name")) == set()
    assert users_of(table_users, table=people) == {"Workflow “Watch”"}


def test_an_expression_that_reads_a_field_of_a_row_uses_it(people):
    workflow = make_workflow(people.project.organization, name="Read", project=people.project)
    make_trigger(workflow, "record", config={"table": "people", "events": ["created"]})
    make_node(workflow, "say", "set", config={"values": [{"name": "x", "value": "{{ trigger.record.age + 1 }}"}]})
    other = make_workflow(people.project.organization, name="Other", project=people.project)
    make_node(other, "say", "set", config={"values": [{"name": "x", "value": "{{ input.age }}"}]})

    assert users_of(field_users, field=field(people, "Age")) == {"Workflow “Read”"}


def test_what_is_published_uses_a_field_even_when_the_draft_does_not_any_more(people):
    config = {"table": "people", "values": [{"field": "age", "value": "1"}]}
    workflow = make_published(
        ("new", "record.create", {**config, "values": [{"field": "name", "value": "Ada"}, *config["values"]]}),
        organization=people.project.organization,
        name="Grow",
        project=people.project,
    )
    workflow.nodes.update(config={"table": "people", "values": []})

    assert users_of(field_users, field=field(people, "Age")) == {"Workflow “Grow”"}
    workflow.status = "archived"
    workflow.save()
    assert users_of(field_users, field=field(people, "Age")) == set()


def test_the_field_that_names_rows_is_used_by_its_table(people):
    SchemaManager(people.project).change_table(people, display_name="age")

    assert users_of(field_users, field=field(people, "Age")) == {"Table “People”: its rows are named by it"}


def test_an_application_uses_what_its_pages_show_as_they_are_online(people):
    pages.make_pages_for(people)
    make_deployed(people.project, name="Desk")
    people.project.pages.all().delete()

    assert users_of(table_users, table=people) == {"Application “Desk”, as it is online"}


def test_undone_field_that_was_purged_is_made_again_empty(people):
    manager = SchemaManager(people.project)
    manager.add_field(people, "Mail", "email")
    manager.undo()
    manager.purge(field(people, "Mail"))

    manager.redo()

    assert people.fields.filter(label="Mail").exists()


def test_trash_is_emptied_after_the_grace_period(people, settings):
    settings.NOCODE_TRASH_DAYS = 30
    manager, kept = SchemaManager(people.project), make_table(people.project, "Kept")
    gone = make_table(people.project, "Gone")
    for table in (kept, gone):
        manager.drop_table(table)
    manager.drop_field(field(people, "Age"))
    old = timezone.now() - timedelta(days=30, minutes=1)
    DataTable.everything.filter(pk=gone.pk).update(trashed_at=old)
    Field.everything.filter(pk=field(people, "Age").pk).update(trashed_at=old)
    DataTable.everything.filter(pk=kept.pk).update(trashed_at=old + timedelta(minutes=2))

    assert empty_trash() == {"projects": 0, "tables": 1, "fields": 1}

    assert list(DataTable.everything.exclude(trashed_at=None)) == [kept]
    assert not Field.everything.filter(table=people, label="Age").exists()
    assert empty_trash() == {"projects": 0, "tables": 0, "fields": 0}


def test_one_that_cannot_go_does_not_hold_up_the_others(people, caplog):
    manager, other = SchemaManager(people.project), make_table(make_project(), "Other")
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE VIEW public.looks AS SELECT name FROM "{people.project.schema_name}".people')
    manager.drop_table(people)
    SchemaManager(other.project).drop_table(other)
    DataTable.everything.update(trashed_at=timezone.now() - timedelta(days=400))

    assert expiry.purge_expired()["tables"] == 1

    assert list(DataTable.everything.all()) == [people]
    assert "still needs “People”" in caplog.text


def test_values_lost_in_a_conversion_are_forgotten_after_the_grace_period(people):
    manager = SchemaManager(people.project)
    manager.retype_field(field(people, "Name"), "integer", lossy=True)
    assert len(loss_tables(people.project)) == 1

    SchemaChange.objects.update(created_at=timezone.now() - timedelta(days=31))
    expiry.purge_expired()

    assert loss_tables(people.project) == []
    assert SchemaChange.objects.get(forward__op="retype_field").backward is None
