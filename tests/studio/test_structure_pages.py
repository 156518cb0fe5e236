"""Changes of structure in the console: another type after a look, undo and redo, the trash, indexes, the diagram."""

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio import diagram
from nocode.studio.models import DataTable, Field, TableIndex
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def table():
    project = factories.make_project(factories.make_organization(), "Sales")
    made = factories.make_table(project, "Deals", (NewField("Name", "text"), NewField("Amount", "text")))
    Records(made).create_many([{"name": "Ann", "amount": "5"}, {"name": "Bob", "amount": "many"}])
    return made


@pytest.fixture
def owner(client, table):
    client.force_login(factories.make_user(organization=table.project.organization))
    return client


def amounts(table) -> list:
    return [row["amount"] for row in Records(DataTable.objects.get(pk=table.pk)).find(order="id")]


def retype(browser, table, **data):
    url = reverse("admin:studio_field_retype", args=[table.fields.get(label="Amount").pk])
    return browser.post(url, {"kind": "integer", **data}, follow=True)


def test_a_look_shows_what_would_be_lost_and_changes_nothing(owner, table):
    page = retype(owner, table, look="1")

    [problem] = page.context["preview"].problems
    assert (problem.count, problem.samples) == (1, [(2, "many")])
    assert amounts(table) == ["5", "many"]


def test_a_lossy_change_is_refused_until_it_is_accepted_and_undo_brings_all_back(owner, table):
    question = retype(owner, table)
    assert "1 value would be lost or changed" in question.content.decode()
    assert amounts(table) == ["5", "many"]

    retype(owner, table, agreed=question.context["consent"].key)
    assert amounts(table) == [5, None]

    owner.post(reverse("admin:studio_project_undo", args=[table.project_id]))
    assert amounts(table) == ["5", "many"]
    redo = reverse("admin:studio_project_redo", args=[table.project_id])
    again = owner.post(redo).context["consent"]
    assert amounts(table) == ["5", "many"]
    owner.post(redo, {"agreed": again.key})
    assert amounts(table) == [5, None]


def test_changes_are_listed_with_their_sql(owner, table):
    SchemaManager(table.project).add_field(table, "Closed", "date")

    page = owner.get(reverse("admin:studio_project_changes", args=[table.project_id]))

    assert "ADD COLUMN" in page.content.decode()
    assert page.context["undoable"].forward["op"] == "add_field"


def test_the_trash_gives_back_and_forgets(owner, table):
    field = table.fields.get(label="Amount")
    SchemaManager(table.project).drop_field(field)
    page = owner.get(reverse("admin:studio_project_trash", args=[table.project_id]))
    assert [each.label for each in page.context["fields"]] == ["Amount"]

    act = reverse("admin:studio_project_trash_act", args=[table.project_id, "field", field.pk])
    owner.post(act)
    assert amounts(table) == ["5", "many"]

    SchemaManager(table.project).drop_field(Field.objects.get(pk=field.pk))
    owner.post(act, {"purge": "1"})
    assert not Field.everything.filter(pk=field.pk).exists()


def test_lists_count_what_is_not_in_the_trash(owner, table):
    def made(model, count):
        page = owner.get(reverse(f"admin:studio_{model}_changelist"))
        return [getattr(each, count) for each in page.context["cl"].result_list]

    SchemaManager(table.project).drop_field(table.fields.get(label="Amount"))
    assert made("datatable", "fields_made") == [1]
    SchemaManager(table.project).drop_table(DataTable.objects.get(pk=table.pk))

    assert made("project", "tables_made") == [0]


def test_an_index_is_asked_for_and_dropped(owner, table):
    owner.post(reverse("admin:studio_table_index_add", args=[table.pk]), {"column": "name"})
    index = TableIndex.objects.get()
    assert index.columns == ["name"]

    owner.post(reverse("admin:studio_table_index_drop", args=[table.pk, index.pk]))
    assert not TableIndex.objects.exists()


@pytest.mark.parametrize("tables", [1, 50])
def test_the_diagram_draws_each_table_apart_and_each_relation(owner, table, tables, django_assert_num_queries):
    manager = SchemaManager(table.project)
    for number in range(tables):
        other = manager.create_table(f"Table {number}", [NewField("Name", "text")])
        manager.add_field(other, "Deal", "relation", settings={"table": str(table.pk)})

    with django_assert_num_queries(2):
        drawn = diagram.draw(table.project)

    assert len(drawn.lines) == tables
    boxes = sorted(drawn.boxes, key=lambda box: (box.x, box.y))
    for first, second in zip(boxes, boxes[1:], strict=False):
        assert first.x + first.width <= second.x or first.y + first.height <= second.y
    page = owner.get(reverse("admin:studio_project_diagram", args=[table.project_id]))
    assert page.content.decode().count("c-erd__head") == tables + 1


@pytest.mark.parametrize("name", ["changes", "trash", "diagram"])
def test_strangers_and_viewers(client, table, name):
    url = reverse(f"admin:studio_project_{name}", args=[table.project_id])
    client.force_login(factories.make_user(organization=table.project.organization, role=Role.VIEWER))
    assert client.get(url).status_code == 200
    assert client.post(reverse("admin:studio_project_undo", args=[table.project_id])).status_code == 403

    client.force_login(factories.make_user(organization=factories.make_organization()))
    assert client.get(url).status_code == 404
