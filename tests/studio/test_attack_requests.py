"""Nonsense in addresses and forms is left out or refused in words; nothing of it ends in an error of ours."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nocode.foundation.models import Role
from nocode.studio.models import DataTable, GridView, StoredFile, TableIndex, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import imports, jobs, projects
from nocode.studio.services.records import Records
from tests import factories

pytestmark = pytest.mark.django_db

NUL = "a\x00b"
LONG_NUMBER = "9" * 5000  # longer than Python reads


@pytest.fixture
def table():
    made = factories.make_table(fields=(NewField("Name", "text"), NewField("City", "text")))
    Records(made).create({"name": "Ann"})
    return made


@pytest.fixture
def browser(client, table):
    client.user = factories.make_user(organization=table.project.organization)
    client.force_login(client.user)
    return client


@pytest.fixture
def file(browser, table):
    upload = SimpleUploadedFile("people.csv", b"Name,City\nBob,Bonn\n")
    return imports.upload(upload, upload.name, table.project, browser.user)


def address(name, *args) -> str:
    return reverse(f"admin:studio_{name}", args=args)


@pytest.mark.parametrize("ids", [LONG_NUMBER, "٣", "²", "1,-1,0,x"])
def test_ids_that_are_none_lead_to_no_rows(browser, table, ids):
    answer = browser.get(address("table_choices", table.pk), {"ids": ids})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"encoding": NUL},
        {"encoding": "undefined"},
        {"encoding": "idna"},
        {"encoding": "punycode"},
        {"encoding": "unicode_escape"},
        {"header": "²"},
        {"delimiter": NUL},
        {"quote": NUL},
        {"sheet": NUL},
    ],
    ids=lambda said: "".join(said),
)
def test_how_a_file_is_read_cannot_be_nonsense(browser, file, said):
    answer = browser.get(address("import", file.pk), said)

    assert answer.status_code == 200
    assert "Bob" in answer.content.decode()


def test_no_header_is_that_far_below(browser, file):
    assert browser.get(address("import", file.pk), {"header": LONG_NUMBER}).status_code == 200


@pytest.mark.parametrize("name", ["label-0", "label-1", "match-0", "new_table", "sheet"])
def test_an_import_keeps_no_character_that_cannot_be_kept(browser, table, file, name):
    data = {"target-0": "name", "target-1": "", name: NUL}

    answer = browser.post(f"{address('import', file.pk)}?table={table.pk}", data)

    assert answer.status_code == 302
    assert TableJob.objects.get().input == file


def test_a_view_keeps_no_character_that_cannot_be_kept(browser, table):
    data = {"name": "Mine", "q": NUL, "f": "name", "op": "contains", "v": NUL}

    answer = browser.post(address("table_view_save", table.pk), data)

    assert answer.status_code == 302
    assert browser.get(answer.url).status_code == 200
    assert GridView.objects.get().settings["search"] == "a\ufffdb"


def test_an_export_keeps_no_character_that_cannot_be_kept(browser, table):
    answer = browser.post(f"{address('table_export', table.pk)}?q=%00&f=name&op=contains&v=%00")

    assert answer.status_code == 302
    assert TableJob.objects.get().kind == "export"


@pytest.mark.parametrize("name", ["table_row_delete", "table_row_comment"])
def test_a_row_beyond_all_rows_does_not_exist(browser, table, name):
    answer = browser.post(address(name, table.pk, 10**30), {"text": "hello"}, follow=True)

    assert answer.status_code == 200
    assert Records(table).count() == 1


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", NUL, "%s"]
)
def test_adding_an_index_leads_to_no_other_site(browser, table, back):
    answer = browser.post(address("table_index_add", table.pk), {"column": "name", "back": back})

    assert answer.url == address("datatable_change", table.pk)
    assert TableIndex.objects.count() == 1


def test_adding_an_index_leads_back_to_the_rows(browser, table):
    back = f"{address('table_rows', table.pk)}?sort=name"

    assert browser.post(address("table_index_add", table.pk), {"column": "name", "back": back}).url == back


# --- What was thrown away, and what is of others


def test_an_import_is_not_asked_again_for_a_table_in_the_trash(browser, table, file):
    browser.post(f"{address('import', file.pk)}?table={table.pk}", {"target-0": "name"})
    job = TableJob.objects.get()
    SchemaManager(table.project).drop_table(table)

    assert browser.get(address("import", file.pk), {"job": job.pk}).status_code == 404


def test_nothing_of_a_project_in_the_trash_is_handed_out(browser, table, file):
    job = jobs.start("index", project=table.project, table=table, user=browser.user)
    job.output = file
    job.save()
    projects.trash(table.project)

    for name, pk in [("job", job.pk), ("job_file", job.pk), ("import", file.pk), ("file", file.pk)]:
        assert (name, browser.get(address(name, pk)).status_code) == (name, 404)


def test_a_file_of_no_project_cannot_be_imported(browser, table):
    organization = table.project.organization
    file = StoredFile.objects.create(organization=organization, name="logo.csv")

    assert browser.get(address("import", file.pk)).status_code == 404


def test_an_import_leads_to_no_table_of_others(browser, file):
    strange = factories.make_table()

    for data in ({}, {"target-0": "name"}):
        answer = browser.post(f"{address('import', file.pk)}?table={strange.pk}", data)

        assert answer.status_code == 404
    assert not TableJob.objects.exists()


@pytest.mark.parametrize("name", ["table_row_add", "table_bulk"])
def test_people_and_rows_of_others_cannot_be_named(browser, table, name):
    stranger = factories.make_user(organization=factories.make_organization(), name="Stranger")
    manager = SchemaManager(table.project)
    manager.add_field(table, "Who", "user")
    table = DataTable.objects.get(pk=table.pk)
    data = {"value_who": str(stranger.pk), "row": "1", "field": "who"}

    answer = browser.post(address(name, table.pk), data, follow=True)

    assert "Stranger" not in answer.content.decode()
    assert [row["who"] for row in Records(table).find()] == [None]


# --- Too much at once


def test_a_viewer_cannot_keep_all_workers_busy(client, table):
    client.force_login(factories.make_user(organization=table.project.organization, role=Role.VIEWER))
    url = address("table_export", table.pk)

    answers = [client.post(url, follow=True) for _ in range(5)]

    assert TableJob.objects.count() == 3
    assert re.search("3 of your exports are still being made", answers[-1].content.decode())
