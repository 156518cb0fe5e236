"""The page about a field: its help, what new rows get, its place, and whether it names the rows."""

import contextlib

import psycopg2
import pytest
from django.test import Client
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable
from nocode.studio.schema import change
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories
from tests.processes import database_url

pytestmark = pytest.mark.django_db

FIELDS = (NewField("Name", "text"), NewField("Amount", "integer"), NewField("Due", "date"))


@pytest.fixture
def table():
    return factories.make_table(label="Deals", fields=FIELDS)


@pytest.fixture
def owner(client, table):
    client.force_login(factories.make_user(organization=table.project.organization))
    return client


def address(table: DataTable, label: str = "Amount") -> str:
    return reverse("admin:studio_field_details", args=[table.fields.get(label=label).pk])


def send(browser: Client, table: DataTable, label: str = "Amount", **said):
    """The form as the page shows it, with what is changed in it."""
    shown = browser.get(address(table, label)).context["form"]
    kept = {name: shown[name].value() for name in shown.fields if shown[name].value() not in (None, False)}
    return browser.post(address(table, label), kept | said, follow=True)


def order(table: DataTable) -> list[str]:
    return [field.label for field in table.fields.all()]


def test_all_details_are_one_change_with_one_undo(owner, table):
    after = str(table.fields.get(label="Due").pk)

    send(owner, table, help_text="In euros", default="12", after=after, names_rows="on")

    field = table.fields.get(label="Amount")
    table.refresh_from_db()
    assert (field.help_text, field.default, table.display_name) == ("In euros", 12, "amount")
    assert order(table) == ["Name", "Due", "Amount"]
    assert Records(table).create({"name": "Ann"})["amount"] == 12

    SchemaManager(table.project).undo()

    field.refresh_from_db()
    table.refresh_from_db()
    assert (field.help_text, field.default, table.display_name) == ("", None, "")
    assert order(table) == ["Name", "Amount", "Due"]


def test_what_is_shown_is_what_is_kept(owner, table):
    send(owner, table, "Due", default="2026-05-04", names_rows="on")
    changes = table.project.changes.count()

    send(owner, table, "Due")

    assert table.fields.get(label="Due").default == "2026-05-04"
    assert table.project.changes.count() == changes


def test_what_was_said_is_taken_back(owner, table):
    send(owner, table, help_text="In euros", default="12", names_rows="on")

    owner.post(address(table), {"help_text": "", "default": "", "after": ""})

    field = table.fields.get(label="Amount")
    table.refresh_from_db()
    assert (field.help_text, field.default, table.display_name) == ("", None, "")
    assert order(table) == ["Amount", "Name", "Due"]


def test_a_default_that_is_none_of_its_values_is_refused_beside_it(owner, table):
    page = send(owner, table, default="many")

    assert page.context["form"].errors.keys() == {"default"}
    assert table.fields.get(label="Amount").default is None


@pytest.mark.django_db(transaction=True)
def test_what_is_not_about_the_default_is_not_said_beside_it(owner, table, monkeypatch):
    monkeypatch.setattr(change, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(change, "PAUSES", ())
    with contextlib.closing(psycopg2.connect(database_url())) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM studio_project WHERE id = %s FOR UPDATE", [str(table.project_id)])

        page = send(owner, table, default="12")

    assert page.context["form"].errors.keys() == {"__all__"}
    assert "is being used right now" in page.content.decode()


@pytest.mark.parametrize(
    ("kind", "settings", "typed", "kept"),
    [
        ("json", {}, '{"tags": []}', {"tags": []}),
        ("boolean", {}, "true", True),
        ("decimal", {"decimals": 2}, "1.50", 1.5),
        ("multi_select", {"options": ["red", "blue"]}, ["red"], ["red"]),
        ("datetime", {}, "2026-05-04 10:30", "2026-05-04T10:30:00Z"),
    ],
)
def test_defaults_of_other_types(owner, table, kind, settings, typed, kept):
    SchemaManager(table.project).add_field(table, "Thing", kind, settings=settings)

    send(owner, table, "Thing", default=typed)

    field = table.fields.get(label="Thing")
    assert field.default == kept
    assert Records(DataTable.objects.get(pk=table.pk)).create({"name": "Ann"})["thing"] == kept


def test_what_nobody_types_has_no_default(owner, table):
    SchemaManager(table.project).add_field(table, "Twice", "formula", settings={"formula": "{Amount} * 2"})

    assert "default" not in owner.get(address(table, "Twice")).context["form"].fields
    assert send(owner, table, "Twice", help_text="Of the amount").status_code == 200
    assert layout_of(DataTable.objects.get(pk=table.pk)).fields["twice"].help_text == "Of the amount"


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 302), (Role.VIEWER, 403), (None, 404)])
def test_who_may_change_fields(client, table, role, status):
    organization = table.project.organization if role else factories.make_organization()
    client.force_login(factories.make_user(organization=organization, role=role or Role.OWNER))

    assert client.post(address(table), {"help_text": "Mine", "after": ""}).status_code == status
    assert (table.fields.get(label="Amount").help_text == "Mine") is (status == 302)


def test_the_default_is_labelled_like_the_other_details(owner, table):
    form = owner.get(address(table)).context["form"]

    assert [form[name].label for name in ("help_text", "default")] == ["Help text", "Default"]
