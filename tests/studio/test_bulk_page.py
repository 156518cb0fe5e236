"""Acts on all rows that match, from the grid: the offer, the question before a deletion, what is told; who may."""

import re

import pytest
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import bulk
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

FIELDS = (NewField("Name", "text"), NewField("Stage", "select", settings={"options": ["New", "Won"]}))
NEW = "f=stage&op=eq&v=New&g=0"


@pytest.fixture
def table():
    """Sixty rows, of which forty are new: the page shows fifty."""
    made = factories.make_table(factories.make_project(factories.make_organization(), "Sales"), "Deals", FIELDS)
    Records(made).create_many([{"name": f"n{n}", "stage": "Won" if n % 3 == 0 else "New"} for n in range(60)])
    return made


@pytest.fixture
def person(client, table):
    """`person(role)` → the browser of somebody with that role; None: of another organization."""

    def log_in(role=Role.OWNER):
        organization = table.project.organization if role else factories.make_organization()
        client.force_login(factories.make_user(organization=organization, role=role or Role.OWNER))
        return client

    return log_in


def address(name, table, *more) -> str:
    return reverse(f"admin:studio_table_{name}", args=[table.pk, *more])


def text(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def told(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def count(table, stage=None) -> int:
    return Records(table).count([{"field": "stage", "op": "eq", "value": stage}] if stage else [])


def test_all_rows_are_offered_where_the_page_does_not_show_all(person, table):
    browser = person()

    whole, narrowed = browser.get(address("rows", table)), browser.get(f"{address('rows', table)}?{NEW}")

    assert f"{address('bulk_all', table)}?" in whole.content.decode()
    assert address("bulk_all", table) not in narrowed.content.decode()
    assert "Select all 60 rows of the table" in text(browser.get(address("bulk_all", table)))
    assert "Select all 40 rows that match" in text(browser.get(f"{address('bulk_all', table)}?{NEW}"))


def test_many_rows_are_told_with_separators(person, table):
    Records(table).create_many([{"name": "more", "stage": "New"} for _number in range(1000)])
    browser = person()
    data = {"row": [1], "list": NEW, "until": "1060", "field": "stage", "value_stage": "Won"}

    page = browser.post(address("bulk", table), data, follow=True)

    assert told(page) == ["1,040 rows were changed."]
    page = browser.post(address("undo", table, page.context["undo"]), follow=True)
    assert told(page) == ["1,040 rows are as they were."]


def test_all_rows_that_match_are_changed_and_the_change_is_undone(person, table):
    browser = person()
    data = {"row": [1, 2], "list": NEW, "until": "60", "field": "stage", "value_stage": "Won"}

    page = browser.post(address("bulk", table), data, follow=True)

    assert told(page) == ["40 rows were changed."]
    assert (count(table, "Won"), page.context["asked"].filters) == (
        60,
        [{"field": "stage", "op": "eq", "value": "New"}],
    )
    page = browser.post(address("undo", table, page.context["undo"]), follow=True)
    assert (told(page), count(table, "New")) == (["40 rows are as they were."], 40)


def test_files_are_not_set_for_many_rows(person, table):
    SchemaManager(table.project).add_field(table, "Proof", "file")
    browser = person()

    page = browser.get(address("rows", table)).content.decode()
    offered = re.search(r'<select[^>]* name="field".*?</select>', page)[0]
    assert re.findall(r'value="(\w+)"', offered) == ["name", "stage"]
    page = browser.post(address("bulk", table), {"row": [1], "field": "proof"}, follow=True)
    assert told(page) == ["Choose the field to change."]


def test_rows_that_were_picked_are_meant_unless_all_are(person, table):
    data = {"row": [1, 2], "list": NEW, "field": "stage", "value_stage": "Won"}

    assert told(person().post(address("bulk", table), data, follow=True)) == ["1 row was changed."]


def test_a_deletion_of_all_that_match_is_asked_about_with_their_number(person, table):
    browser = person()
    data = {"row": [1, 2], "list": NEW, "until": "60", "delete": "1"}

    question = browser.post(address("bulk", table), data, follow=True)
    assert count(table) == 60
    assert "Delete 40 rows?" in text(question)
    assert "Stage is “New”" in text(question)
    Records(table).create({"stage": "New"})
    Records(table).delete(2)
    until = question.context["until"]
    page = browser.post(
        question.request["PATH_INFO"] + "?" + question.request["QUERY_STRING"], {"until": until}, follow=True
    )

    assert told(page) == ["39 rows were deleted."]
    assert (count(table, "New"), count(table, "Won")) == (1, 20)
    browser.post(address("undo", table, page.context["undo"]))
    assert count(table, "New") == 40


def test_nothing_is_deleted_that_nobody_was_told_the_number_of(person, table):
    page = person().post(address("bulk_delete", table), follow=True)

    assert told(page) == ["Select the rows first."]
    assert count(table) == 60


@pytest.mark.parametrize("query", ["f=gone&op=eq&v=x&g=0", "f=stage&op=strange&v=x&g=0", "f=stage"])
def test_a_list_that_cannot_be_understood_is_not_acted_on(person, table, query):
    browser = person()

    for name in ("bulk", "bulk_delete"):
        data = {"list": query, "until": "60", "field": "stage", "value_stage": "Won"}
        browser.post(f"{address(name, table)}?{query if name == 'bulk_delete' else ''}", data)

    assert (count(table), count(table, "Won")) == (60, 20)


def test_many_rows_are_left_to_a_job(person, table, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_IN_A_REQUEST", 10)
    browser = person()

    changed = browser.post(address("bulk", table), {"list": NEW, "until": "60", "field": "stage", "value_stage": "Won"})
    deleted = browser.post(f"{address('bulk_delete', table)}?{NEW}", {"until": "60"})

    newest, oldest = TableJob.objects.order_by("-created_at")
    assert (oldest.kind, newest.kind) == ("change_rows", "delete_rows")
    assert [changed.url, deleted.url] == [reverse("admin:studio_job", args=[each.pk]) for each in (oldest, newest)]
    assert "Deletion of rows of “Deals”" in text(browser.get(deleted.url))


def test_viewers_and_editors_do_what_they_may(person, table):
    for role, allowed in ((Role.VIEWER, []), (Role.EDITOR, ["all", "change"])):
        browser = person(role)
        answers = {
            "all": browser.get(address("bulk_all", table)).status_code,
            "change": browser.post(
                address("bulk", table), {"list": NEW, "until": "60", "field": "stage", "value_stage": "New"}
            ).status_code,
            "question": browser.get(address("bulk_delete", table)).status_code,
            "delete": browser.post(address("bulk_delete", table), {"until": "60"}).status_code,
            "deletion": browser.post(address("bulk", table), {"list": NEW, "until": "60", "delete": "1"}).status_code,
        }
        assert [name for name, status in answers.items() if status != 403] == allowed
    assert count(table) == 60


@pytest.mark.parametrize("name", ["bulk_all", "bulk_delete"])
def test_strangers_find_nothing(person, table, name):
    browser = person(None)

    assert browser.get(address(name, table)).status_code == 404
    assert browser.post(address("bulk_delete", table), {"until": "60"}).status_code == 404
    assert count(table) == 60
