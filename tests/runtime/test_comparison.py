"""What differs between two snapshots. No database."""

import copy

import pytest

from nocode.runtime.comparison import compare

HEADING = {"id": "h", "kind": "text.heading", "settings": {"text": "Hello", "size": "large"}, "slots": []}
LIST = {"id": "l", "kind": "data.list", "settings": {"table": "t1"}, "slots": []}
STAT = {"id": "s", "kind": "data.stat", "settings": {"table": "t1"}, "slots": []}
COLUMNS = {"id": "c", "kind": "layout.columns", "settings": {"widths": "halves"}, "slots": [[STAT], []]}
NAME = {"physical_name": "name", "label": "Name", "kind": "text", "required": True, "unique": False, "settings": {}}


def page(key: str, *blocks: dict, **more) -> dict:
    return {"id": key, "title": key.title(), "slug": key, "icon": "", "in_menu": True, "blocks": list(blocks), **more}


BEFORE = {
    "app": {"name": "Desk", "slug": "desk", "description": ""},
    "pages": [page("home", HEADING, LIST, COLUMNS), page("news")],
    "tables": [{"id": "t1", "label": "Orders", "physical_name": "orders", "fields": [NAME]}],
    "workflows": [{"id": "w", "name": "Intake", "version": 1}],
}


def changed(change) -> list[tuple]:
    after = copy.deepcopy(BEFORE)
    change(after)
    return [(each.how, each.what, each.name, each.where, each.values) for each in compare(BEFORE, after)]


def test_nothing_differs_from_itself():
    assert changed(lambda after: None) == []


def swap(items: list, a: int, b: int) -> None:
    items[a], items[b] = items[b], items[a]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda after: after["app"].update(name="Office"),
            [("changed", "app", "Office", "", [("name", "Desk", "Office")])],
        ),
        (lambda after: after["pages"].append(page("more")), [("added", "page", "More", "", [])]),
        (lambda after: after["pages"].pop(), [("removed", "page", "News", "", [])]),
        (
            lambda after: after["pages"][1].update(title="Press"),
            [("changed", "page", "Press", "", [("title", "News", "Press")])],
        ),
        (
            lambda after: after["pages"][0]["blocks"][0]["settings"].update(text="Bye"),
            [("changed", "block", "Heading", "Home", [("text", "Hello", "Bye")])],
        ),
        (lambda after: after["pages"][0]["blocks"].pop(1), [("removed", "block", "List of rows", "Home", [])]),
        (
            lambda after: after["pages"][0]["blocks"].insert(0, {**HEADING, "id": "new"}),
            [("added", "block", "Heading", "Home", [])],
        ),
        (
            lambda after: swap(after["pages"][0]["blocks"][2]["slots"], 0, 1),
            [("moved", "block", "Figure", "Home", [])],
        ),
        (
            lambda after: after["tables"][0]["fields"].append({**NAME, "physical_name": "vat", "label": "VAT"}),
            [("added", "field", "VAT", "Orders", [])],
        ),
        (
            lambda after: after["tables"][0]["fields"][0].update(required=False),
            [("changed", "field", "Name", "Orders", [("required", True, False)])],
        ),
        (lambda after: after["tables"].pop(), [("removed", "table", "Orders", "", [])]),
        (
            lambda after: after["tables"][0].update(label="Sales"),
            [("changed", "table", "Sales", "", [("label", "Orders", "Sales")])],
        ),
        (
            lambda after: after["workflows"][0].update(version=2),
            [("changed", "workflow", "Intake", "", [("version", 1, 2)])],
        ),
    ],
)
def test_each_kind_of_change_is_found(change, found):
    assert changed(change) == found


def test_one_thing_moved_is_one_change():
    after = copy.deepcopy(BEFORE)
    after["pages"][0]["blocks"] = [LIST, COLUMNS, HEADING]

    assert [(each.how, each.name) for each in compare(BEFORE, after)] == [("moved", "Heading")]


def test_pages_in_another_order_are_found():
    after = copy.deepcopy(BEFORE)
    after["pages"].reverse()

    assert [(each.how, each.what) for each in compare(BEFORE, after)] == [("moved", "page")]


def test_a_block_that_moved_to_another_page_is_found():
    after = copy.deepcopy(BEFORE)
    after["pages"][1]["blocks"].append(after["pages"][0]["blocks"].pop(0))

    assert [(each.how, each.name, each.where) for each in compare(BEFORE, after)] == [("moved", "Heading", "News")]


def test_a_block_type_that_is_gone_is_called_by_its_kind():
    after = copy.deepcopy(BEFORE)
    after["pages"][0]["blocks"].append({**HEADING, "id": "x", "kind": "gone.kind"})

    assert [each.name for each in compare(BEFORE, after)] == ["gone.kind"]
