"""What is in the way on the page of a table: fields that something uses, fields that cannot be computed."""

import re

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import DataTable, Field, GridView
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders():
    """Orders of customers, with a formula and a rollup that count on them."""
    project = factories.make_project(factories.make_organization())
    customers = factories.make_table(project, "Customers")
    orders = factories.make_table(project, "Orders", (NewField("Title", "text"), NewField("Total", "decimal")))
    manager = SchemaManager(project)
    manager.add_field(orders, "Customer", "relation", settings={"table": str(customers.pk)})
    manager.add_field(orders, "Double", "formula", settings={"formula": "{Total} * 2"})
    return DataTable.objects.select_related("project").get(pk=orders.pk)


@pytest.fixture
def person(client, orders):
    """`person(role)` → the browser of somebody with that role; None: of another organization."""

    def log_in(role=Role.OWNER):
        organization = orders.project.organization if role else factories.make_organization()
        client.force_login(factories.make_user(organization=organization, role=role or Role.OWNER))
        return client

    return log_in


def address(table: DataTable) -> str:
    return reverse("admin:studio_datatable_change", args=[table.pk])


def lines(table: DataTable, drop: tuple[str, ...] = (), **renamed: str) -> dict:
    """What the page of a table sends when nothing but this was done to it."""
    fields = list(table.fields.order_by("position"))
    data = {"label": table.label, "fields-TOTAL_FORMS": len(fields), "fields-INITIAL_FORMS": len(fields)}
    for number, field in enumerate(fields):
        line = {"id": field.pk, "label": renamed.get(field.physical_name, field.label)}
        if field.label in drop:
            line["DELETE"] = "on"
        settings = field.type.spoken(field.settings, field)
        line |= {f"settings-{field.kind}-{name}": "" if value is None else value for name, value in settings.items()}
        data |= {f"fields-{number}-{name}": value for name, value in line.items()}
    return data


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def labels(table: DataTable) -> set[str]:
    return set(table.fields.values_list("label", flat=True))


def test_a_field_that_is_used_is_thrown_away_once_the_person_has_seen_by_what(person, orders):
    GridView.objects.create(table=orders, name="Large", settings={"sort": ["-total"]})
    workflow = factories.make_workflow(orders.project.organization, name="Sum up", project=orders.project)
    factories.make_trigger(
        workflow, "record", config={"table": "orders", "events": ["updated"], "fields_watched": [{"field": "total"}]}
    )
    browser = person()
    sent = lines(orders, ("Total",), title="Name")

    question = browser.post(address(orders), sent)

    assert question.status_code == 200
    assert "“Total” is used by the following" in text(question)
    assert "Field “Double” of “Orders”, which goes with it" in text(question)
    assert {"View “Large”", "Workflow “Sum up”"} <= set(re.findall(r"(?:View|Workflow) “[^”]+”", text(question)))
    assert labels(orders) == {"Title", "Total", "Customer", "Double"}
    assert 'value="Name"' in question.content.decode()  # what else was typed is still there
    browser.post(address(orders), sent | {"agreed": question.context["consent"].key})
    assert labels(orders) == {"Name", "Customer"}


def test_agreeing_to_one_field_is_not_agreeing_to_another(person, orders):
    GridView.objects.create(table=orders, name="Titles", settings={"sort": ["title"]})
    browser = person()
    seen = browser.post(address(orders), lines(orders, ("Total",))).context["consent"].key

    question = browser.post(address(orders), lines(orders, ("Title", "Total")) | {"agreed": seen})

    assert "“Title” is used by the following" in text(question)
    assert "View “Titles”" in text(question)
    assert "Title" in labels(orders)


def test_a_field_without_values_that_nothing_uses_is_thrown_away_at_once(person, orders):
    person().post(address(orders), lines(orders, ("Title",)))

    assert labels(orders) == {"Total", "Customer", "Double"}


@pytest.mark.parametrize(("role", "status"), [(Role.EDITOR, 302), (Role.VIEWER, 403), (None, 404)])
def test_only_who_may_delete_throws_fields_away(person, orders, role, status):
    agreed = person().post(address(orders), lines(orders, ("Total",))).context["consent"].key
    sent = lines(orders, ("Total",)) | {"agreed": agreed}

    assert person(role).post(address(orders), sent).status_code == status
    assert labels(orders) == {"Title", "Total", "Customer", "Double"}


# --- Fields that cannot be computed any more


@pytest.fixture
def broken(orders):
    """The formula reads a number that was made a text."""
    Field.objects.filter(label="Double").update(settings={"formula": "1 +", "decimals": None})
    DataTable.objects.get(pk=orders.pk).save()
    return DataTable.objects.select_related("project").get(pk=orders.pk)


def test_the_page_of_a_table_says_at_a_field_why_it_cannot_be_computed_and_what_to_do(person, broken):
    page = text(person().get(address(broken)))

    assert page.count("It cannot be computed:") == 1
    assert "character 4" in page
    assert "Change its settings here, or delete the field." in page


def test_other_fields_are_saved_beside_one_that_cannot_be_computed(person, broken):
    person().post(address(broken), lines(broken, title="Name"))

    assert "Name" in labels(broken)


def test_the_grid_warns_in_the_head_of_what_cannot_be_computed(person, broken):
    Records(broken).create({"title": "A", "total": 1})

    head = text(person().get(reverse("admin:studio_table_rows", args=[broken.pk])))

    assert "warning cannot be computed: Double It cannot be computed:" in head
    assert head.count("It cannot be computed:") == 1


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_of_fields_costs_the_same(person, orders, rows, django_assert_max_num_queries):
    for number in range(rows):
        SchemaManager(orders.project).add_field(orders, f"F{number}", "formula", settings={"formula": "{Total} + 1"})
    browser = person()
    browser.get(address(orders))

    with django_assert_max_num_queries(20):
        browser.get(address(orders))
