"""A file on its way into a table, in a browser: chosen, looked at, imported."""

import pytest

from nocode.studio.models import DataTable, TableJob
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests.factories import make_project, make_table
from tests.studio.importing import rows_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_file_is_imported_into_a_table(console_page):
    table = make_table(make_project(), "People", (NewField("Name", "text"), NewField("Age", "integer")))
    page = console_page
    page.goto(f"/admin/studio/datatable/{table.pk}/rows/")
    page.get_by_role("link", name="Import", exact=True).click()

    content = b"Name;Age;Town\nAda;36;London\nGrace;85;Arlington\n"
    page.set_input_files("input[name=file]", {"name": "people.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("cell", name="Arlington", exact=True).wait_for()
    page.get_by_label("Where Town goes").select_option("")
    assert page.locator("[data-new]").last.is_hidden()
    page.get_by_label("Where Town goes").select_option("+")
    page.get_by_label("Name of the new field").last.fill("City")
    page.get_by_role("button", name="Import", exact=True).click()

    page.get_by_role("button", name="Stop").wait_for()
    run_table_job(str(TableJob.objects.get().pk))
    page.get_by_role("link", name="Open rows").wait_for()
    page.get_by_role("link", name="Open rows").click()  # the page has seen by itself that the job is done
    page.get_by_text("Arlington").wait_for()

    assert rows_of(table, "name", "age", "city") == [("Ada", 36, "London"), ("Grace", 85, "Arlington")]


def test_another_delimiter_is_looked_at_without_leaving_the_page(console_page):
    project = make_project()
    page = console_page
    page.goto(f"/admin/studio/project/{project.pk}/import/")
    page.set_input_files(
        "input[name=file]", {"name": "odd.csv", "mimeType": "text/csv", "buffer": b"One|Two,Three\n1|2,3\n4|5,6\n"}
    )
    page.get_by_role("button", name="Upload").click()

    page.get_by_label("Between cells").select_option("|")

    page.get_by_role("columnheader", name="Two,Three", exact=True).wait_for()


def test_a_column_is_asked_how_it_names_rows(console_page):
    project = make_project()
    customers = make_table(project, "Customers", (NewField("Name", "text"),))
    Records(customers).create({"name": "Ann"})
    orders = make_table(
        project,
        "Orders",
        (
            NewField("Title", "text"),
            NewField("Buyers", "relations", settings={"table": str(customers.pk)}),
        ),
    )
    page = console_page
    page.goto(f"/admin/studio/datatable/{orders.pk}/import/")
    content = b"Title,Who\nFirst,Ann; Carl\n"
    page.set_input_files("input[name=file]", {"name": "orders.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/studio/import/**")  # with the scripts that answer a choice

    page.get_by_label("Where Who goes").select_option(label="Buyers")
    assert page.get_by_label("Rows are found by").input_value() == "*label"
    assert page.get_by_label("Between several").input_value() == "semicolon"  # as the texts of the column suggest
    page.get_by_label("Where Who goes").select_option("+")
    assert page.get_by_label("Rows are found by").count() == 0
    page.get_by_label("Where Who goes").select_option(label="Buyers")
    assert page.get_by_label("Who tells which row to update").is_disabled()
    assert page.get_by_label("Title tells which row to update").is_enabled()
    page.get_by_label("Add rows to “Customers” that are missing").check()
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/job/**")

    run_table_job(str(TableJob.objects.get().pk))
    table = DataTable.objects.get(pk=orders.pk)
    [(_row, labels)] = Records(table).page(size=10).labels.items()
    assert labels["buyers"] == ["Ann", "Carl"]
