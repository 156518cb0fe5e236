"""What a role may not do, it does not get done by another way either."""

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import DataTable, Field, GridView, RecordComment
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import comments
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return factories.make_project()


@pytest.fixture
def person(client, project):
    """`person(role)` → the browser of a member with that role."""

    def log_in(role):
        client.user = factories.make_user(organization=project.organization, role=role)
        client.force_login(client.user)
        return client

    return log_in


def address(name, *args) -> str:
    return reverse(f"admin:studio_{name}", args=args)


@pytest.fixture
def owner(project):
    return factories.make_user(organization=project.organization)


def make(project, actor) -> DataTable:
    return SchemaManager(project, actor).create_table("Deals", [NewField("Name", "text")])


def test_an_editor_undoes_what_they_made_themselves(person, project):
    browser = person(Role.EDITOR)
    make(project, browser.user)

    browser.post(address("project_undo", project.pk))

    assert not DataTable.objects.exists()


def test_an_editor_throws_away_nothing_of_others_by_undoing(person, project, owner):
    make(project, owner)

    answer = person(Role.EDITOR).post(address("project_undo", project.pk), follow=True)

    assert "Somebody else made what this would throw away" in answer.content.decode()
    assert DataTable.objects.exists()


def test_an_editor_throws_away_nothing_of_others_by_making_it_again(person, project, owner):
    manager = SchemaManager(project, owner)
    manager.drop_table(make(project, owner))
    manager.undo()

    person(Role.EDITOR).post(address("project_redo", project.pk))

    assert DataTable.objects.exists()


def test_an_administrator_may_undo_it(person, project, owner):
    make(project, owner)

    person(Role.ADMIN).post(address("project_undo", project.pk))

    assert not DataTable.objects.exists()


def test_an_editor_drops_no_field_on_the_page_of_the_table(person, project, owner):
    table = make(project, owner)
    field = table.fields.get()
    data = {
        "label": table.label,
        "fields-TOTAL_FORMS": "1",
        "fields-INITIAL_FORMS": "1",
        "fields-0-id": str(field.pk),
        "fields-0-table": str(table.pk),
        "fields-0-label": field.label,
        "fields-0-kind": field.kind,
        "fields-0-settings-text-max_length": "255",
        "fields-0-DELETE": "on",
    }

    person(Role.EDITOR).post(address("datatable_change", table.pk), data)

    assert Field.objects.filter(pk=field.pk).exists()


def test_fields_of_other_tables_cannot_be_named_on_the_page_of_a_table(person, project, owner):
    table, strange = make(project, owner), factories.make_table(label="Strange")
    field = strange.fields.get()
    data = {
        "label": table.label,
        "project": str(strange.project_id),
        "fields-TOTAL_FORMS": "1",
        "fields-INITIAL_FORMS": "1",
        "fields-0-id": str(field.pk),
        "fields-0-table": str(table.pk),
        "fields-0-label": "Taken over",
        "fields-0-kind": field.kind,
        "fields-0-settings-text-max_length": "255",
    }

    person(Role.OWNER).post(address("datatable_change", table.pk), data)

    field.refresh_from_db()
    table.refresh_from_db()
    assert (field.label, field.table_id, table.project_id) == ("Name", strange.pk, project.pk)


def test_what_nobody_writes_is_written_by_nobody(person, project, owner):
    fields = [NewField("Name", "text"), NewField("Number", "auto_number"), NewField("By", "created_by")]
    table = SchemaManager(project, owner).create_table("Deals", fields)
    browser = person(Role.EDITOR)
    system = {"value_id": "77", "value_created_at": "2001-01-01", "value_updated_at": "2001-01-01"}

    given = {"value_name": "x", "value_number": "99", "value_by": "1", **system}
    browser.post(address("table_row_add", table.pk), given)

    row = Records(table).find()[0]
    assert (row["id"], row["number"], row["by"]) == (1, 1, browser.user.pk)
    assert not row["created_at"].startswith("2001")


def test_views_and_comments_of_others_stay_theirs(person, project, owner):
    table = make(project, owner)
    row = Records(table).create({"name": "x"})["id"]
    private = GridView.objects.create(table=table, owner=owner, name="Private")
    shared = GridView.objects.create(table=table, name="Shared")
    comment = comments.add(table, row, owner, "hello")
    browser = person(Role.VIEWER)

    answers = [
        browser.post(address("table_view_change", table.pk, private.pk), {"name": "Mine", "delete": "1"}),
        browser.post(address("table_view_change", table.pk, shared.pk), {"name": "Mine", "delete": "1"}),
        browser.post(address("table_view_save", table.pk), {"view": str(shared.pk)}),
        browser.post(address("table_view_save", table.pk), {"view": str(private.pk)}),
        browser.post(address("table_view_save", table.pk), {"name": "For all", "shared": "1"}),
        browser.post(address("table_arrange", table.pk), {"view": str(shared.pk), "column": "name", "do": "hide"}),
        browser.post(address("table_row_comment_delete", table.pk, row, comment.pk)),
    ]

    assert [answer.status_code for answer in answers] == [404, 403, 403, 404, 403, 403, 403]
    assert GridView.objects.count() == 2
    assert RecordComment.objects.count() == 1
    assert "Private" not in browser.get(address("table_rows", table.pk), {"view": str(private.pk)}).content.decode()


def test_an_act_of_another_table_is_not_undone_here(person, project, owner):
    strange = factories.make_table(label="Strange")
    batch = Records(strange).delete_many(ids=[Records(strange).create({"name": "x"})["id"]]).batch
    table = make(project, owner)

    person(Role.OWNER).post(address("table_undo", table.pk, batch))

    assert Records(strange).count() == 0
