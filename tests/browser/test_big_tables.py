"""A list of very many rows in a browser: it says why it is slow, gets its index, and counts when asked."""

import pytest
from django.db import connection
from psycopg2 import sql

from nocode.foundation.events import deliver_events
from nocode.studio.layouts import layout_of
from nocode.studio.models import TableJob
from nocode.studio.schema.manager import NewField
from nocode.studio.tasks import run_table_job
from tests.factories import make_project, make_table

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 60_000


@pytest.fixture
def table():
    made = make_table(make_project(), "People", (NewField("Name", "text"), NewField("Code", "text")))
    target = layout_of(made).target
    with connection.cursor() as cursor:
        fill = "INSERT INTO {} (name, code) SELECT 'Person ' || i, 'C' || i FROM generate_series(1, {}) AS i"
        cursor.execute(sql.SQL(fill).format(target, sql.Literal(MANY)))
        cursor.execute(sql.SQL("ANALYZE {}").format(target))
    return made


def test_a_slow_list_gets_its_index(console_page, table):
    page = console_page
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/?f=code&op=eq&v=C777&g=0")
    page.get_by_text("This list is slow because “Code” has no index.").wait_for()

    page.get_by_role("button", name="Build the index").click()
    page.get_by_text("The index for “Code” is being built.").wait_for()
    assert "f=code" in page.url
    deliver_events()
    run_table_job(str(TableJob.objects.get().pk))

    page.locator("#slow").wait_for(state="detached")  # the page has seen by itself that it is ready
    page.reload()
    page.get_by_role("gridcell", name="Person 777", exact=True).wait_for()
    assert page.locator("#slow").count() == 0


def test_rows_are_counted_when_somebody_asks(console_page, table):
    page = console_page
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/")
    page.get_by_text("about 60,000 rows").wait_for()

    page.get_by_role("button", name="Count exactly").click()

    page.locator("#grid-size").get_by_text("60,000 rows", exact=True).wait_for()
    assert page.get_by_role("button", name="Count exactly").count() == 0


def test_a_column_moves_by_its_menu(console_page, table):
    page = console_page
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/?sort=-name")
    heads = page.locator(".c-sheet thead summary")
    assert heads.all_inner_texts() == ["Name", "Code"]

    heads.first.click()
    page.get_by_role("button", name="Move right").first.click()

    page.wait_for_function("document.querySelector('.c-sheet thead summary').innerText === 'Code'")
    assert "sort=-name" in page.url
