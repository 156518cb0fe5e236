"""The grid in the console: editing in place, many rows at once, views, columns; and who may do what."""

import json
import re
from uuid import uuid4

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import DataTable, GridView
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

FIELDS = (
    NewField("Name", "text", required=True),
    NewField("Stage", "select", settings={"options": ["New", "Won"]}),
    NewField("Amount", "decimal"),
)


@pytest.fixture
def table():
    made = factories.make_table(factories.make_project(factories.make_organization(), "Sales"), "Deals", FIELDS)
    rows = [("Ann", "New", 5), ("Bob", "Won", 10), ("Cyd", "Won", None)]
    Records(made).create_many([dict(zip(["name", "stage", "amount"], row, strict=True)) for row in rows])
    return made


@pytest.fixture
def person(client, table):
    """`person(role)` → the browser of somebody with that role; None: of another organization."""

    def log_in(role=Role.OWNER):
        organization = table.project.organization if role else factories.make_organization()
        client.user = factories.make_user(organization=organization, role=role or Role.OWNER)
        client.force_login(client.user)
        return client

    return log_in


def address(name, table, *more) -> str:
    return reverse(f"admin:studio_table_{name}", args=[table.pk, *more])


def values(table, name="name") -> dict[int, object]:
    return {row["id"]: row[name] for row in Records(table).find(order="id")}


# --- One value


def test_a_value_is_edited_where_it_stands(person, table):
    browser = person()
    editor = browser.get(address("cell", table, 1, "amount"))
    seen = re.search(r'name="seen_at" value="([^"]+)"', editor.content.decode())[1]

    saved = browser.post(address("cell", table, 1, "amount"), {"value_amount": "7.5", "seen_at": seen})

    assert saved.content.decode() == "7.5"
    assert values(table, "amount")[1] == 7.5
    assert values(table, "name")[1] == "Ann"


def test_a_refused_value_keeps_its_input_and_says_why(person, table):
    answer = person().post(address("cell", table, 1, "amount"), {"value_amount": "much"})

    assert "“much” is not a number" in answer.content.decode()
    assert values(table, "amount")[1] == 5


def test_a_value_changed_meanwhile_is_not_overwritten(person, table):
    browser = person()
    editor = browser.get(address("cell", table, 1, "name"))
    seen = re.search(r'name="seen_at" value="([^"]+)"', editor.content.decode())[1]
    Records(table).update(1, {"name": "Anna"})

    answer = browser.post(address("cell", table, 1, "name"), {"value_name": "Anne", "seen_at": seen})

    assert "Somebody changed this row meanwhile" in answer.content.decode()
    assert values(table)[1] == "Anna"


@pytest.mark.parametrize("name", ["id", "updated_at", "no_such"])
def test_only_fields_are_edited(person, table, name):
    assert person().get(address("cell", table, 1, name)).status_code == 404


# --- Many rows


def test_many_rows_get_a_value_and_lose_it_again(person, table):
    browser = person()

    page = browser.post(address("bulk", table), {"row": [1, 2], "field": "stage", "value_stage": "Won"}, follow=True)
    assert values(table, "stage") == {1: "Won", 2: "Won", 3: "Won"}
    undo = page.context["undo"]
    browser.post(address("undo", table, undo))

    assert values(table, "stage") == {1: "New", 2: "Won", 3: "Won"}


def test_deleted_rows_come_back_as_they_were(person, table):
    browser = person()
    before = Records(table).find(order="id")

    page = browser.post(address("bulk", table), {"row": [1, 3], "delete": "1"}, follow=True)
    assert list(values(table)) == [2]
    browser.post(address("undo", table, page.context["undo"]))

    after = Records(table).find(order="id")
    assert [row | {"updated_at": None} for row in after] == [row | {"updated_at": None} for row in before]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"field": "stage", "value_stage": "Won"}, "Select the rows first."),
        ({"row": [1]}, "Choose the field to change."),
        ({"row": [1], "field": "stage", "value_stage": "Lost"}, "Lost"),
        ({"row": [1], "field": "name", "value_name": ""}, "required"),
    ],
)
def test_a_refused_change_changes_nothing(person, table, data, problem):
    before = Records(table).find()

    page = person().post(address("bulk", table), data, follow=True)

    assert problem in " ".join(str(message) for message in page.context["messages"])
    assert Records(table).find() == before


def test_an_unknown_act_cannot_be_undone(person, table):
    page = person().post(address("undo", table, uuid4()), follow=True)

    assert "not known any more" in page.content.decode()


# --- Views and columns


def test_a_view_keeps_conditions_orders_and_columns(person, table):
    browser = person()
    asked = {"f": "stage", "op": "eq", "v": "Won", "g": "0", "sort": "-amount", "set": "1"}
    browser.post(address("arrange", table), {"column": "amount", "do": "hide"})
    browser.post(address("view_save", table), {**asked, "name": "Won deals"})
    view = GridView.objects.get(name="Won deals")

    page = browser.get(address("rows", table), {"view": view.pk})

    assert re.findall(r'<tr data-id="(\d+)"', page.content.decode()) == ["2", "3"]
    assert [placed.column.label for placed in page.context["arrangement"].seen] == ["Name", "Stage"]
    assert not page.context["asked"].is_changed


def test_alternatives_are_joined_by_or(person, table):
    query = "f=name&op=eq&v=Ann&g=0&f=name&op=eq&v=Cyd&g=0&f=amount&op=is_not_empty&v=&g=1"

    page = person().get(f"{address('rows', table)}?{query}")

    assert re.findall(r'<tr data-id="(\d+)"', page.content.decode()) == ["1"]


@pytest.mark.parametrize(
    ("actions", "order"),
    [
        ([{"do": "right"}], ["Stage", "Name", "Amount"]),
        ([{"do": "move", "before": ""}], ["Stage", "Amount", "Name"]),
        ([{"do": "hide"}], ["Stage", "Amount"]),
        ([{"do": "hide"}, {"do": "show"}], ["Name", "Stage", "Amount"]),
        ([{"do": "left"}], ["Name", "Stage", "Amount"]),
    ],
)
def test_columns_move_and_hide(person, table, actions, order):
    browser = person()
    for action in actions:
        dragged = "before" in action
        button = {"do": f"{action['do']} name"}
        browser.post(address("arrange", table), {"column": "name", **action} if dragged else button)

    seen = browser.get(address("rows", table)).context["arrangement"].seen

    assert [placed.column.label for placed in seen] == order


def test_a_column_is_resized_within_reason(person, table):
    browser = person()
    for width, kept in (("300", 300), ("1", 60), ("9999", 800)):
        browser.post(address("arrange", table), {"column": "name", "do": "resize", "width": width})
        assert browser.get(address("rows", table)).context["arrangement"].seen[0].width == kept


def test_rows_are_counted_and_added_up_by_group(person, table):
    page = person().get(address("rows", table), {"group": "stage"})

    assert [(group["label"], group["count"], group["sums"]) for group in page.context["groups"]] == [
        ("New", 1, [("Amount", "5")]),
        ("Won", 2, [("Amount", "10")]),
    ]


# --- Who may do what


def test_viewers_look_and_arrange_for_themselves(person, table):
    browser = person(Role.VIEWER)

    assert browser.get(address("cell", table, 1, "name")).status_code == 403
    assert browser.post(address("bulk", table), {"row": [1], "delete": "1"}).status_code == 403
    assert browser.post(address("view_save", table), {"name": "Mine", "set": "1"}).status_code == 302
    assert browser.post(address("view_save", table), {"name": "Ours", "shared": "1"}).status_code == 403
    assert GridView.objects.get().owner == browser.user


def test_editors_change_but_do_not_delete(person, table):
    browser = person(Role.EDITOR)

    assert browser.post(address("bulk", table), {"row": [1], "delete": "1"}).status_code == 403
    assert browser.post(address("bulk", table), {"row": [1], "field": "stage", "value_stage": ""}).status_code == 302
    assert values(table, "stage")[1] is None


def test_a_view_of_a_teammate_is_theirs(person, table):
    teammate = factories.make_user(organization=table.project.organization)
    view = GridView.objects.create(table=table, owner=teammate, name="Private plan", settings={"search": "Ann"})

    browser = person()

    assert b"Private plan" not in browser.get(address("rows", table), {"view": view.pk}).content
    assert browser.post(address("view_change", table, view.pk), {"delete": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "more"), [("cell", (1, "name")), ("bulk", ()), ("arrange", ()), ("view_save", ()), ("row_history", (1,))]
)
def test_strangers_find_nothing(person, table, name, more):
    browser = person(None)

    assert {browser.get(address(name, table, *more)).status_code, 405} <= {404, 405}
    assert browser.post(address(name, table, *more)).status_code in {404, 405}


def test_related_rows_are_shown_by_their_names(person, table):
    manager = SchemaManager(table.project)
    people = factories.make_table(table.project, "People", (NewField("Name", "text"),))
    ids = [row["id"] for row in Records(people).create_many([{"name": "<Zoé>"}, {"name": "Max"}])]
    manager.add_field(table, "Seller", "relation", settings={"table": str(people.pk)})
    manager.add_field(table, "Team", "relations", settings={"table": str(people.pk)})
    Records(DataTable.objects.get(pk=table.pk)).update(1, {"seller": ids[0], "team": ids})

    page = person().get(address("rows", table)).content.decode()

    assert re.findall(r'<span class="c-chip">(.*?)</span>', page) == ["&lt;Zoé&gt;", "&lt;Zoé&gt;", "Max"]


# --- Ways out and back ------------------------------------------------------------------------------------------------


def test_what_is_saved_beside_the_grid_can_be_taken_back_from_there(person, table):
    browser = person()
    editor = browser.get(address("cell", table, 1, "name")).content.decode()
    seen = {"seen_at": re.search(r'name="seen_at" value="([^"]+)"', editor)[1]}

    same = browser.post(address("cell", table, 1, "name"), seen | {"value_name": values(table)[1]})
    saved = browser.post(address("cell", table, 1, "name"), seen | {"value_name": "Other"})

    assert "HX-Trigger" not in same
    batch = json.loads(saved["HX-Trigger"])["grid-act"]["batch"]
    undone = browser.post(address("undo", table, batch), headers={"HX-Request": "true"})
    assert "1 row is as it was." in undone.content.decode()
    assert json.loads(undone["HX-Trigger-After-Swap"]) == {"rows-changed": {}}
    assert values(table)[1] != "Other"


def test_a_row_deleted_from_the_drawer_leads_back_to_the_same_list(person, table):
    browser = person()
    grid = f"{address('rows', table)}?f=name&op=is_not_empty&v=&g=0&sort=-name"
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{grid}"}
    drawer = browser.get(address("row", table, 1), headers=headers).content.decode()
    delete = re.search(r'href="([^"]+/delete/\?list=[^"]+)"', drawer)[1].replace("&amp;", "&")
    question = browser.get(delete).content.decode()
    sent = re.search(r'name="list" value="([^"]*)"', question)[1].replace("&amp;", "&")

    answer = browser.post(delete, {"list": sent})

    assert answer.url.startswith(f"{grid}&undo=")


def test_an_empty_table_offers_a_row_and_a_file_to_those_who_may_add(person, table):
    Records(table).delete_many(ids=list(values(table)))

    page = person().get(address("rows", table)).content.decode()

    assert f'<a class="c-button" href="{address("import", table)}">Import a file</a>' in page
    assert "Import a file" not in person(Role.VIEWER).get(address("rows", table)).content.decode()
