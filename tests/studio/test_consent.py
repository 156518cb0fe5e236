"""What a save of structure would do is shown when asked for, and by itself before it loses or rewrites anything."""

import re

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import DataTable
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def deals():
    made = factories.make_table(None, "Deals", (NewField("Name", "text"), NewField("Amount", "text")))
    Records(made).create_many([{"name": "Ann", "amount": "5"}, {"name": "Ann", "amount": "many"}, {"amount": "7"}])
    return made


@pytest.fixture
def person(client, deals):
    """`person(role)` → the browser of somebody with that role; None: of another organization."""

    def log_in(role=Role.OWNER):
        organization = deals.project.organization if role else factories.make_organization()
        client.force_login(factories.make_user(organization=organization, role=role or Role.OWNER))
        return client

    return log_in


def page_of(table: DataTable) -> str:
    return reverse("admin:studio_datatable_change", args=[table.pk])


def lines(table: DataTable, *added: dict, **changed: dict) -> dict:
    """What the page of a table sends: `changed` by the column of a field, `added` below."""
    fields = list(table.fields.order_by("position"))
    rows = [{"id": field.pk, "label": field.label, **changed.get(field.physical_name, {})} for field in fields]
    data = {"label": table.label, "fields-TOTAL_FORMS": len(rows) + len(added), "fields-INITIAL_FORMS": len(rows)}
    for number, line in enumerate([*rows, *added]):
        data |= {f"fields-{number}-{name}": value for name, value in line.items()}
    return data


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def labels(table: DataTable) -> list[str]:
    return list(table.fields.order_by("position").values_list("label", flat=True))


def test_a_look_tells_each_change_in_words_with_its_sql_and_saves_nothing(person, deals):
    sent = lines(deals, {"label": "Closed", "kind": "date"}, name={"label": "Person"}, amount={"DELETE": "on"})

    seen = person().post(page_of(deals), sent | {"look": "1"}, headers=HTMX)

    assert seen.content.decode().lstrip().startswith("<dialog")
    said = text(seen)
    assert "“Amount” is thrown away. delete 3 values of “Amount” go to the trash with it." in said
    assert "“Name” is called “Person” from now on." in said
    assert "“Closed” is added: Date." in said
    assert "ACCESS EXCLUSIVE" in said
    assert "ADD COLUMN" in said
    assert labels(deals) == ["Name", "Amount"]


def test_a_look_at_what_is_not_filled_in_right_says_what_to_correct(person, deals):
    seen = person().post(page_of(deals), lines(deals, name={"label": ""}) | {"look": "1"}, headers=HTMX)

    assert "Correct this first" in text(seen)
    assert "This field is required" in text(seen)


def test_what_loses_values_comes_back_with_all_that_was_typed_and_is_done_once_agreed_to(person, deals):
    sent = lines(deals, {"label": "Closed", "kind": "date"}, amount={"DELETE": "on"})
    browser = person()

    question = browser.post(page_of(deals), sent)

    assert 'value="Closed"' in question.content.decode()
    assert labels(deals) == ["Name", "Amount"]
    browser.post(page_of(deals), sent | {"agreed": question.context["consent"].key})
    assert labels(deals) == ["Name", "Closed"]


def test_agreeing_is_asked_again_when_rows_changed_meanwhile(person, deals):
    sent = lines(deals, amount={"DELETE": "on"})
    browser = person()
    seen = browser.post(page_of(deals), sent).context["consent"].key
    Records(deals).create({"amount": "9"})

    assert "4 values of “Amount”" in text(browser.post(page_of(deals), sent | {"agreed": seen}))
    assert labels(deals) == ["Name", "Amount"]


def test_a_change_that_loses_nothing_is_saved_at_once(person, deals):
    person().post(page_of(deals), lines(deals, {"label": "Closed", "kind": "date"}, name={"label": "Person"}))

    assert labels(deals) == ["Person", "Amount", "Closed"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("required", "“Name”: 1 row has no value (of about 3 rows). Fill them in first: Show these rows"),
        ("unique", "“Name”: 2 rows have a value that another one has (of about 3 rows). Correct them first. Row 1 Ann"),
    ],
)
def test_rows_in_the_way_of_a_rule_are_shown_and_cannot_be_agreed_away(rule, said, person, deals):
    question = person().post(page_of(deals), lines(deals, name={rule: "on"}))

    assert said in text(question)
    assert "Make these changes" not in question.content.decode()
    assert not getattr(deals.fields.get(label="Name"), rule)
    if rule == "required":
        rows = re.search(r'href="([^"]+is_empty[^"]*)"', question.content.decode())[1].replace("&amp;", "&")
        assert set(re.findall(r'data-id="(\d+)"', person().get(rows).content.decode())) == {"3"}


def test_the_question_before_a_table_goes_says_what_goes_with_it(person, deals):
    other = factories.make_table(deals.project, "Letters")
    SchemaManager(deals.project).add_field(other, "Deal", "relation", settings={"table": str(deals.pk)})

    page = text(person().get(reverse("admin:studio_datatable_delete", args=[deals.pk])))

    assert "3 rows of “Deals” go to the trash with it." in page
    assert "Field “Deal” of “Letters”, which goes with it" in page
    assert "SET SCHEMA" in page


def test_a_new_table_can_be_looked_at(person, deals):
    sent = {"project": deals.project_id, "label": "Letters", "fields-TOTAL_FORMS": 1, "fields-INITIAL_FORMS": 0}
    sent |= {"fields-0-label": "Title", "fields-0-kind": "text"}

    seen = person().post(reverse("admin:studio_datatable_add"), sent | {"look": "1"}, headers=HTMX)

    assert "The table “Letters” is made, with 1 field: Title" in text(seen)
    assert not DataTable.objects.filter(label="Letters").exists()


@pytest.mark.parametrize(("role", "status"), [(Role.EDITOR, 200), (Role.VIEWER, 403), (None, 404)])
@pytest.mark.parametrize("name", ["datatable_change", "field_details", "field_retype"])
def test_who_may_look(name, role, status, person, deals):
    pk = deals.pk if name == "datatable_change" else deals.fields.get(label="Amount").pk
    sent = lines(deals, name={"label": "Person"}) | {"look": "1", "kind": "integer", "help_text": "Help"}

    answer = person(role).post(reverse(f"admin:studio_{name}", args=[pk]), sent, headers=HTMX)

    assert answer.status_code == status


@pytest.mark.parametrize("fields", [1, 30])
def test_a_look_costs_the_same_for_each_field(fields, person, deals, django_assert_max_num_queries):
    added = [{"label": f"F{number}", "kind": "text"} for number in range(fields)]
    browser = person()
    browser.post(page_of(deals), lines(deals) | {"look": "1"}, headers=HTMX)

    with django_assert_max_num_queries(40 + 11 * fields):
        browser.post(page_of(deals), lines(deals, *added) | {"look": "1"}, headers=HTMX)


def test_undoing_what_would_throw_values_away_is_asked_about_first(person, deals):
    SchemaManager(deals.project).add_field(deals, "City", "text")
    Records(DataTable.objects.get(pk=deals.pk)).update(1, {"city": "Rome"})
    browser, undo = person(), reverse("admin:studio_project_undo", args=[deals.project_id])

    question = browser.post(undo)

    assert "1 value of “City” goes to the trash with it." in text(question)
    assert labels(deals) == ["Name", "Amount", "City"]
    browser.post(undo, {"agreed": question.context["consent"].key})
    assert labels(deals) == ["Name", "Amount"]


def test_undoing_what_loses_nothing_is_done_at_once(person, deals):
    SchemaManager(deals.project).retype_field(deals.fields.get(label="Name"), "select", {"options": ["Ann"]})

    person().post(reverse("admin:studio_project_undo", args=[deals.project_id]))

    assert deals.fields.get(label="Name").kind == "text"
