"""Numbers in rows name nobody outside of the organization, however they came there."""

import pytest
from django.urls import reverse

from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

SECRET = "Zebulon Stranger"


@pytest.fixture
def stranger():
    return factories.make_user(organization=factories.make_organization(), name=SECRET)


@pytest.fixture
def table():
    return factories.make_table(fields=(NewField("Name", "text"), NewField("Who", "integer")))


@pytest.fixture
def browser(client, table):
    client.force_login(factories.make_user(organization=table.project.organization, name="Ada Member"))
    return client


def pages(browser, table) -> str:
    """All that is shown of the first row."""
    names = [("table_rows", []), ("table_row", [1]), ("table_row_history", [1]), ("table_row_delete", [1])]
    urls = [reverse(f"admin:studio_{name}", args=[table.pk, *more]) for name, more in names]
    urls += [f"{urls[0]}?group=who", f"{reverse('admin:studio_table_export', args=[table.pk])}?format=csv"]
    return "".join(b"".join(browser.get(url)).decode() for url in urls)


def test_a_number_that_becomes_a_person_names_no_stranger(browser, table, stranger):
    records = Records(table)
    row = records.create({"name": "x", "who": 1})["id"]
    records.update(row, {"who": stranger.pk})

    SchemaManager(table.project).retype_field(table.fields.get(label="Who"), "user", {})

    shown = pages(browser, DataTable.objects.get(pk=table.pk))
    assert SECRET not in shown
    assert stranger.email not in shown


def test_what_rows_get_with_a_new_field_names_no_stranger(browser, table, stranger):
    Records(table).create({"name": "x"})

    SchemaManager(table.project).add_field(table, "Owner", "user", fill=stranger.pk, default=stranger.pk)

    table = DataTable.objects.get(pk=table.pk)
    add = browser.get(reverse("admin:studio_table_row_add", args=[table.pk])).content.decode()
    assert SECRET not in pages(browser, table) + add
    assert "deleted person" in add


def test_members_are_named_as_before(browser, table):
    person = factories.make_user(organization=table.project.organization, name="Bob Member")
    SchemaManager(table.project).add_field(table, "Owner", "user")
    table = DataTable.objects.get(pk=table.pk)
    Records(table).create({"name": "x", "owner": person.pk})

    assert pages(browser, table).count("Bob Member") >= 4


def test_values_of_a_field_that_is_gone_for_good_are_gone_from_the_history(browser, table):
    records, manager = Records(table), SchemaManager(table.project)
    row = records.create({"name": "x", "who": 1})["id"]
    records.update(row, {"name": "y", "who": 12345})
    field = table.fields.get(label="Who")

    manager.drop_field(field)
    manager.purge(Field.everything.get(pk=field.pk))
    again = SchemaManager(table.project).add_field(table, "Who", "created_by")

    change = Records(DataTable.objects.get(pk=table.pk)).history(row)[0]
    assert again.physical_name == "who"
    assert (change.before, change.after) == ({"name": "x"}, {"name": "y"})


@pytest.mark.parametrize("kind", ["user", "created_by"])
def test_a_condition_names_no_stranger(browser, table, stranger, kind):
    SchemaManager(table.project).add_field(table, "Person", kind)
    member = factories.make_user(organization=table.project.organization, name="Bob Member")
    url = reverse("admin:studio_table_rows", args=[table.pk])

    told = [
        browser.get(url, {"f": "person", "op": "eq", "v": str(each.pk)}).content.decode() for each in (stranger, member)
    ]

    assert [SECRET in told[0], stranger.email in told[0], "Bob Member" in told[1]] == [False, False, True]
