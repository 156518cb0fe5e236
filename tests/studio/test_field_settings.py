"""The settings of relations and computed fields on the page of a table: chosen among what the project has."""

import pytest
from django.urls import reverse

from nocode.studio.models import DataTable, Field
from nocode.studio.schema.manager import NewField, SchemaManager
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def tables(organization):
    project = make_project(organization)
    customers = make_table(project, "Customers", (NewField("Name", "text"), NewField("Limit", "decimal")))
    return customers, make_table(project, "Orders", (NewField("Title", "text"), NewField("Amount", "decimal")))


def page(client, organization, table: DataTable):
    client.force_login(make_user(organization=organization))
    return client.get(reverse("admin:studio_datatable_change", args=[table.pk]))


def save(client, response, **values) -> str:
    """Send the form of the page as a browser does, with an added line."""
    forms = response.context["inline_admin_formsets"][0].formset
    data = {"label": response.context["original"].label}
    for form in [forms.management_form, *forms.forms]:
        data |= {form.add_prefix(name): form[name].value() or "" for name in form.fields if name != "settings"}
    number = len(forms.forms)
    data |= {"fields-TOTAL_FORMS": number + 1} | {f"fields-{number}-{key}": value for key, value in values.items()}
    answer = client.post(response.request["PATH_INFO"], data, follow=True)
    return answer.content.decode()


def test_relation_is_added_on_the_page_of_a_table(client, organization, tables):
    customers, orders = tables
    response = page(client, organization, orders)
    assert f'<option value="{customers.pk}">Customers</option>' in response.content.decode()

    save(client, response, label="Customer", kind="relation", **{"settings-relation-table": str(customers.pk)})

    made = Field.objects.get(table=orders, kind="relation")
    assert made.settings == {"table": str(customers.pk), "on_delete": "restrict"}


def test_lookup_is_offered_relations_both_ways(client, organization, tables):
    customers, orders = tables
    relation = SchemaManager(orders.project).add_field(
        orders, "Customer", "relation", settings={"table": str(customers.pk), "on_delete": "restrict"}
    )

    there = page(client, organization, DataTable.objects.get(pk=orders.pk)).content.decode()
    back = page(client, organization, DataTable.objects.get(pk=customers.pk)).content.decode()

    assert f'<option value="{relation.pk}">Customer → Customers</option>' in there
    assert f'<option value="-{relation.pk}">Orders (Customer)</option>' in back
    assert '<optgroup label="Orders">' in back


def test_formula_is_shown_with_the_names_of_fields(client, organization, tables):
    _customers, orders = tables
    manager = SchemaManager(orders.project)
    manager.add_field(orders, "Double", "formula", settings={"formula": "{Amount} * 2"})
    manager.rename_field(Field.objects.get(table=orders, label="Amount"), "Net")

    response = page(client, organization, DataTable.objects.get(pk=orders.pk))

    assert "{Net} * 2</textarea>" in response.content.decode()


def test_mistake_in_a_formula_is_told(client, organization, tables):
    _customers, orders = tables
    response = page(client, organization, orders)

    answer = save(client, response, label="Double", kind="formula", **{"settings-formula-formula": "{Amount} * "})

    assert "the formula ends too early" in answer.lower()
    assert not Field.objects.filter(kind="formula").exists()
