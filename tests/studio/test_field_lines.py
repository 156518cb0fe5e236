"""The lines of fields on the page of a table: what they offer, how they look after an error, what a save tells."""

import re

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.fields import kind_choices
from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db

ADD = "admin:studio_datatable_add"


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def customers(organization) -> DataTable:
    fields = (NewField("Name", "text"), NewField("Notes", "text"))
    return make_table(make_project(organization, "Sales"), "Customers", fields)


@pytest.fixture
def owner(client, organization):
    client.force_login(make_user(organization=organization))
    return client


def new(**values) -> dict:
    """One new line."""
    count = {"fields-TOTAL_FORMS": 1, "fields-INITIAL_FORMS": 0}
    return count | {f"fields-0-{key}": value for key, value in values.items()}


def kept(table: DataTable, **changes) -> dict:
    """The lines of a table as they are, the first with `changes`."""
    fields = list(table.fields.order_by("position"))
    data = {"label": table.label, "fields-TOTAL_FORMS": len(fields), "fields-INITIAL_FORMS": len(fields)}
    for number, field in enumerate(fields):
        line = {"id": str(field.pk), "label": field.label} | (changes if number == 0 else {})
        data |= {f"fields-{number}-{key}": value for key, value in line.items()}
    return data


def offered(page) -> set[str]:
    """The tables that relations of new lines may lead to."""
    form = page.context["inline_admin_formsets"][0].formset.empty_form
    html = str(form["settings"])
    lists = re.findall(r'<select name="[^"]*-(?:relation|relations)-table".*?</select>', html, re.S)
    assert len(lists) == 2
    first, second = ({*re.findall(r"<option[^>]*>([^<—]+)</option>", each)} for each in lists)
    assert first == second
    return first


def test_a_new_table_is_offered_the_tables_of_its_project(owner, organization, customers):
    assert offered(owner.get(reverse(ADD))) == {"Customers"}  # of the only project
    other = make_table(make_project(organization, "Stock"), "Products")

    assert offered(owner.get(reverse(ADD))) == set()
    assert offered(owner.get(reverse(ADD), {"project": customers.project_id})) == {"Customers"}
    assert offered(owner.get(reverse(ADD), {"project": other.project_id})) == {"Products"}
    assert offered(owner.get(reverse(ADD), {"project": "nonsense"})) == set()


def test_the_posted_project_decides_what_is_offered(owner, organization, customers):
    other = make_table(make_project(organization, "Stock"), "Products")
    sent = {"project": other.project_id, "label": "", **new(label="Product", kind="relation")}

    page = owner.post(f"{reverse(ADD)}?project={customers.project_id}", sent)

    assert offered(page) == {"Products"}


@pytest.mark.parametrize("kind", ["relation", "relations"])
def test_a_table_is_added_with_a_relation(owner, customers, kind):
    line = new(label="Customer", kind=kind, **{f"settings-{kind}-table": str(customers.pk)})

    owner.post(reverse(ADD), {"project": customers.project_id, "label": "Orders", **line})

    made = Field.objects.get(table__label="Orders")
    assert (made.kind, made.settings["table"]) == (kind, str(customers.pk))


def test_tables_are_offered_only_where_the_person_may_make_some(client, customers):
    stranger = make_user(organization=make_organization())
    make_project(stranger.memberships.get().organization)
    client.force_login(stranger)

    assert offered(client.get(reverse(ADD), {"project": customers.project_id})) == set()


def test_tables_of_a_project_the_person_only_views_are_not_offered(client, customers, organization):
    person = make_user(organization=make_organization())
    person.memberships.create(organization=organization, role=Role.VIEWER)
    client.force_login(person)

    assert offered(client.get(reverse(ADD), {"project": customers.project_id})) == set()


def test_what_follows_a_relation_is_offered_once_the_table_is_there(owner, customers):
    def kinds(page) -> list[str]:
        return [
            kind for kind, _label in page.context["inline_admin_formsets"][0].formset.empty_form["kind"].field.choices
        ]

    last = ["relation", "relations", "lookup", "rollup", "formula"]
    assert [kind for kind, _label in kind_choices()][-5:] == last
    assert kinds(owner.get(reverse("admin:studio_datatable_change", args=[customers.pk])))[-5:] == last
    assert kinds(owner.get(reverse(ADD)))[-3:] == ["relation", "relations", "formula"]


def test_the_column_stands_below_the_name_and_not_on_a_new_table(owner, client, organization, customers):
    page = owner.get(reverse("admin:studio_datatable_change", args=[customers.pk])).content.decode()
    assert re.search(r'c-field-column" title="[^"]+">notes<', page)
    assert "column-physical_name" not in page
    assert "column-more" in page
    added = owner.get(reverse(ADD)).content.decode()
    assert "column-physical_name" not in added
    assert "column-more" not in added

    client.force_login(make_user(organization=organization, role=Role.VIEWER))
    read = client.get(reverse("admin:studio_datatable_change", args=[customers.pk])).content.decode()
    assert "column-physical_name" in read


def test_a_field_thrown_away_is_said_to_be_in_the_trash_with_the_way_to_undo(owner, customers):
    address = reverse("admin:studio_datatable_change", args=[customers.pk])

    page = owner.post(address, kept(customers, DELETE="on"), follow=True).content.decode()

    assert "“Name” is in the trash." in page
    changes = reverse("admin:studio_project_changes", args=[customers.project_id])
    assert f'is in the trash. <a class="c-link" href="{changes}">Undo</a>' in page
    assert "is in the trash" not in owner.post(address, kept(customers), follow=True).content.decode()


def test_a_new_type_and_new_details_lead_to_undo(owner, customers):
    field = customers.fields.get(label="Notes")
    way = reverse("admin:studio_project_changes", args=[customers.project_id])
    link = f'<a class="c-link" href="{way}">Undo</a>'

    details = owner.post(reverse("admin:studio_field_details", args=[field.pk]), {"help_text": "Read"}, follow=True)
    retyped = owner.post(reverse("admin:studio_field_retype", args=[field.pk]), {"kind": "integer"}, follow=True)

    assert f"was changed. This can be undone. {link}" in details.content.decode()
    assert f"has its new type. This can be undone. {link}" in retyped.content.decode()


def test_after_an_error_only_the_settings_that_are_wrong_are_open(owner, customers):
    wrong = kept(customers, **{"settings-text-max_length": "99999"})

    page = owner.post(reverse("admin:studio_datatable_change", args=[customers.pk]), wrong)

    name, notes = page.context["inline_admin_formsets"][0].formset.forms
    assert "settings" in name.errors
    assert re.search(r'data-kind="text" open', str(name["settings"]))
    assert " open>" not in str(notes["settings"])
