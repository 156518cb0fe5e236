"""The grid of a big table: what a page costs, what makes a list slow, and the way out."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import formats, translation
from psycopg2 import sql

from nocode.foundation.models import Role
from nocode.studio.fields.clock import written
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, TableIndex, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import sizes
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

MANY = 60_000
MOST_STATEMENTS, MOST_BYTES = 12, 105 * 1024
FILL = sql.SQL(
    "INSERT INTO {} (name, code, stage, amount, notes) SELECT 'Person ' || i, 'C' || i,"
    " (ARRAY['New', 'Won'])[1 + i % 2], i, 'said ' || md5(i::text) FROM generate_series(1, {}) AS i"
)


@pytest.fixture
def table():
    """Sixty thousand rows without an index, as PostgreSQL knows."""
    fields = (
        NewField("Name", "text", required=True),
        NewField("Code", "text"),
        NewField("Stage", "select", settings={"options": ["New", "Won"]}),
        NewField("Amount", "integer"),
        NewField("Notes", "long_text"),
    )
    made = factories.make_table(factories.make_project(factories.make_organization()), "People", fields)
    SchemaManager(made.project).add_field(made, "Double", "formula", settings={"formula": "{Amount} * 2"})
    target = layout_of(made).target
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(target, sql.Literal(MANY)))
        cursor.execute(sql.SQL("ANALYZE {}").format(target))
    return DataTable.objects.get(pk=made.pk)


@pytest.fixture
def ask(client, table):
    """`ask(role, **query)` → the answer to somebody with that role; None: of another organization."""

    def answer(role=Role.OWNER, name="rows", *more, **query):
        organization = table.project.organization if role else factories.make_organization()
        client.force_login(factories.make_user(organization=organization, role=role or Role.OWNER))
        return client.get(reverse(f"admin:studio_table_{name}", args=[table.pk, *more]), query)

    return answer


def where(field, op, value):
    return {"f": field, "op": op, "v": value, "g": "0"}


def note(answer) -> str:
    """What the page says about its being slow."""
    found = re.search(r'<div class="c-notice c-slow".*?</div>\n', answer.content.decode(), re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[0])).strip() if found else ""


def made_ready(table, *columns, kind=TableIndex.Kind.ORDER) -> TableIndex:
    """An index that is there: built at once, for the transaction of a test cannot build it beside others."""
    index = SchemaManager(table.project).add_index(table, columns, kind)
    with connection.cursor() as cursor:
        keys = sql.SQL(", ").join(map(sql.Identifier, [*columns, "id"]))
        cursor.execute(
            sql.SQL("CREATE INDEX {} ON {} ({})").format(
                sql.Identifier(index.physical_name), layout_of(table).target, keys
            )
        )
    TableIndex.objects.filter(pk=index.pk).update(state=TableIndex.State.READY)
    table.save(update_fields=["updated_at"])
    return index


# --- What a page costs


ROW = {
    "status": "Open",
    "amount": "1234.25",
    "quantity": 12345,
    "rate": "0.125",
    "active": True,
    "born": "1980-02-03",
    "seen": "2026-01-02T03:04:05Z",
    "phone": "+33 6 12345678",
    "notes": "Something that was said about somebody on the phone",
}


@pytest.fixture
def people():
    """A table of twelve columns of mixed types; `people(rows)` fills it."""
    project = factories.make_project(factories.make_organization())
    companies = factories.make_table(project, "Companies")
    fields = (
        NewField("Name", "text", required=True),
        NewField("E-mail", "email", unique=True),
        NewField("Status", "select", settings={"options": ["New", "Open"]}),
        NewField("Amount", "decimal", required=True),
        NewField("Quantity", "integer"),
        NewField("Rate", "percent"),
        NewField("Active", "boolean"),
        NewField("Born", "date"),
        NewField("Seen", "datetime"),
        NewField("Company", "relation", settings={"table": str(companies.pk)}),
        NewField("Phone", "phone"),
        NewField("Notes", "long_text"),
    )
    table = factories.make_table(project, "People", fields)
    company = Records(companies).create({"name": "A company with a name"})["id"]

    def fill(rows: int) -> DataTable:
        own = [{"name": f"Person {each}", "e_mail": f"person{each}@example.com"} for each in range(rows)]
        Records(table).create_many([ROW | {"company": company} | each for each in own])
        return table

    return fill


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"after": 25},
        {"sort": "-amount"},
        {"sort": "company", "after": 5},
        where("quantity", "gte", 5),
        {"q": "said"},
    ],
    ids=str,
)
def test_a_page_of_fifty_rows_and_twelve_columns_costs_little(client, people, query):
    table = people(60)
    client.force_login(factories.make_user(organization=table.project.organization))
    address = reverse("admin:studio_table_rows", args=[table.pk])
    client.get(address)

    with CaptureQueriesContext(connection) as statements:
        page = client.get(address, query)

    asked = [each["sql"] for each in statements if "SAVEPOINT" not in each["sql"]]  # of the test's transaction
    assert len(asked) <= MOST_STATEMENTS
    assert len(page.content) <= MOST_BYTES


def test_a_list_that_fits_on_a_page_is_not_counted(client, people):
    table = people(3)
    client.force_login(factories.make_user(organization=table.project.organization))

    with CaptureQueriesContext(connection) as statements:
        page = client.get(reverse("admin:studio_table_rows", args=[table.pk]), where("quantity", "eq", 12345))

    assert page.context["size"] == sizes.Size(3)
    assert not [each for each in statements if "count(*)" in each["sql"]]


def test_rows_are_grouped_by_the_names_of_related_rows(client, people):
    table = people(3)
    companies = DataTable.objects.get(label="Companies")
    first = Records(companies).create({"name": "A company before it"})["id"]
    Records(table).update(1, {"company": first})
    Records(table).update(2, {"company": None})
    client.force_login(factories.make_user(organization=table.project.organization))

    page = client.get(reverse("admin:studio_table_rows", args=[table.pk]), {"group": "company"})

    found = [(each["label"], each["count"]) for each in page.context["groups"]]
    assert found == [("A company before it", 1), ("A company with a name", 1), (None, 1)]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["SHORT_DATE_FORMAT", "SHORT_DATETIME_FORMAT", "DATETIME_FORMAT", "r"])
def test_dates_are_written_as_everywhere(language, name):
    with translation.override(language):
        for month in range(1, 13):
            moment = dt.datetime(2026 - month * 90, month, month, 7, 5, tzinfo=dt.UTC)
            assert written(moment, name) == formats.date_format(moment, name)


# --- What makes a list slow

NO_INDEX = "This list is slow because “{}” has no index."


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, ""),
        ({"sort": "-id"}, ""),
        (where("stage", "eq", "Won"), ""),  # half of the rows: a page is soon full
        (where("code", "ne", "C1"), ""),
        (where("code", "eq", "C77"), NO_INDEX.format("Code")),
        (where("amount", "lt", "3"), NO_INDEX.format("Amount")),
        (where("amount", "is_empty", ""), NO_INDEX.format("Amount")),
        ({"sort": "name"}, NO_INDEX.format("Name")),
        ({"sort": "created_at"}, NO_INDEX.format("created")),
        ({"q": "md5-like words"}, "This list is slow because the texts of this table have no index for searching."),
        (where("notes", "contains", "zzz"), "This list is slow because the texts of this table have no index"),
        ({"sort": "double"}, "“Double” cannot have an index."),
        (where("double", "eq", "8"), "all of about 60,000 rows are read: “Double” cannot have an index."),
    ],
    ids=str,
)
def test_a_slow_list_says_what_it_lacks(ask, query, sentence):
    said = note(ask(**query))

    assert sentence in said
    assert bool(sentence) == bool(said)


def test_a_small_table_is_never_slow(ask, table):
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DELETE FROM {0} WHERE id > 1000").format(layout_of(table).target))
        cursor.execute(sql.SQL("ANALYZE {}").format(layout_of(table).target))

    assert note(ask(**where("code", "eq", "C77"))) == ""


@pytest.mark.parametrize("query", [where("code", "eq", "C77"), {"sort": "code"}, {"sort": "-code"}], ids=str)
def test_an_index_makes_it_fast(ask, table, query):
    assert note(ask(**query)) != ""

    made_ready(table, "code")

    assert note(ask(**query)) == ""


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.EDITOR, True), (Role.VIEWER, False)])
def test_the_index_is_offered_to_those_who_may_change_the_table(ask, role, may):
    page = ask(role, **where("code", "eq", "C77")).content.decode()

    assert ("Build the index" in page) is may
    assert ("Whoever may change the table can have it built." in page) is not may


def test_asking_for_the_index_leads_back_to_the_list_which_tells_how_far_it_is(ask, client, table):
    query = where("code", "eq", "C77")
    page = ask(**query).content.decode()
    back = re.search(r'name="back" value="([^"]*rows/\?f=[^"]*)"', page)[1].replace("&amp;", "&")

    answer = client.post(reverse("admin:studio_table_index_add", args=[table.pk]), {"column": "code", "back": back})

    assert answer.url == back
    index = TableIndex.objects.get()
    job = TableJob.objects.create(
        project=table.project, table=table, kind="index", options={"index": str(index.pk)}, done=30, total=120
    )
    shown = client.get(back)
    assert note(shown) == (
        "construction The index for “Code” is being built. Until it is ready this list stays slow; "
        "everything can be used."
    )
    progress = reverse("admin:studio_table_index_progress", args=[table.pk, index.pk])
    assert f'hx-get="{progress}"' in shown.content.decode()
    assert 'value="25"' in client.get(progress).content.decode()

    job.delete()
    TableIndex.objects.update(state=TableIndex.State.FAILED, error="No room is left on the disk.")
    assert "could not be built: No room is left on the disk." in note(client.get(progress))

    TableIndex.objects.update(state=TableIndex.State.READY)
    assert client.get(progress).content == b""
    index.delete()
    assert client.get(progress).content == b""


# --- Counted on request


def test_rows_are_counted_exactly_on_request(ask, table):
    page = ask(**where("stage", "eq", "Won"))
    assert "more than 10,000 rows" in page.content.decode()
    address = reverse("admin:studio_table_count", args=[table.pk])
    assert f'hx-get="{address}?f=stage&amp;op=eq&amp;v=Won&amp;g=0"' in page.content.decode()

    counted = ask(name="count", **where("stage", "eq", "Won")).content.decode()

    assert "30,000 rows" in counted
    assert "Count exactly" not in counted


def test_a_count_that_takes_too_long_is_given_up_in_words(ask, table, monkeypatch):
    monkeypatch.setattr(sizes, "COUNT_SECONDS", 0.001)

    answer = ask(name="count", **where("notes", "contains", "zzz"))

    assert answer.status_code == 200
    assert "Counting was given up after" in answer.content.decode()


def test_all_rows_are_offered_without_a_number_that_takes_too_long(ask, monkeypatch):
    monkeypatch.setattr(sizes, "COUNT_SECONDS", 0.001)

    narrowed, whole = ask(name="bulk_all", **where("notes", "contains", "zzz")), ask(name="bulk_all")

    assert "Select all rows that match<" in narrowed.content.decode()
    assert "Select all rows of the table<" in whole.content.decode()
    assert whole.context["until"] == MANY


def test_a_deletion_is_asked_about_with_an_estimate_where_counting_takes_too_long(ask, monkeypatch):
    monkeypatch.setattr(sizes, "COUNT_SECONDS", 0.001)

    narrowed, whole = ask(name="bulk_delete", **where("notes", "contains", "zzz")), ask(name="bulk_delete")

    assert "Delete all rows that match?" in narrowed.content.decode()
    assert "Delete about 60,000 rows?" in whole.content.decode()
    assert all('type="submit"' in answer.content.decode() for answer in (narrowed, whole))


def test_a_condition_that_cannot_be_used_is_not_counted(ask):
    assert "“abc” is not a" in ask(name="count", **where("amount", "gte", "abc")).content.decode()


@pytest.mark.parametrize("name", ["rows", "count"])
def test_strangers_count_nothing(ask, name):
    assert ask(None, name).status_code == 404
