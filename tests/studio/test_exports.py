"""Exports: the rows a person sees, with the types of their fields, and nothing a spreadsheet would run."""

import datetime as dt
import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from nocode.studio.models import TableJob
from nocode.studio.schema.manager import NewField
from nocode.studio.services import files
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table, make_user
from tests.studio.importing import import_file, rows_of, run

pytestmark = pytest.mark.django_db

FIELDS = (NewField("Name", "text"), NewField("Age", "integer"), NewField("Born", "date"), NewField("Fee", "decimal"))


@pytest.fixture
def people():
    table = make_table(make_project(), "People", FIELDS)
    Records(table).create_many(
        [
            {"name": "Ada", "age": 36, "born": "1815-12-10", "fee": "12.5"},
            {"name": "=1+1", "age": None, "born": "2001-02-03", "fee": None},
        ]
    )
    return table


def client_of(table, who: str = "viewer") -> Client:
    home = make_project().organization if who == "stranger" else table.project.organization
    client = Client()
    client.force_login(make_user(organization=home, role="owner" if who == "stranger" else who))
    return client


def exported(table, **query) -> bytes:
    answer = client_of(table).get(reverse("admin:studio_table_export", args=[table.pk]), query)
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("viewer", 200), ("stranger", 404)])
def test_who_may_export(people, who, status):
    assert client_of(people, who).get(reverse("admin:studio_table_export", args=[people.pk])).status_code == status


def test_csv_is_read_by_spreadsheets_and_runs_nothing(people):
    lines = exported(people, sort="name").decode("utf-8-sig").splitlines()

    assert lines[0].endswith("Name,Age,Born,Fee")
    assert lines[1].endswith(",'=1+1,,2001-02-03,")
    assert lines[2].endswith(",Ada,36,1815-12-10,12.5")


def test_conditions_and_words_of_the_list_hold(people):
    assert exported(people, f="name", op="eq", v="Ada").decode().count("\n") == 2
    assert exported(people, q="nobody").decode().count("\n") == 1


def test_spreadsheets_get_numbers_and_days(people):
    rows = CalamineWorkbook.from_filelike(io.BytesIO(exported(people, format="xlsx"))).get_sheet_by_index(0).to_python()

    assert rows[0][-4:] == ["Name", "Age", "Born", "Fee"]
    assert rows[1][-4:] == ["=1+1", "", dt.date(2001, 2, 3), ""]
    assert rows[2][-4:] == ["Ada", 36.0, "1815-12-10", 12.5]


def test_json_keeps_the_values(people):
    rows = json.loads(exported(people, format="json", sort="-name"))

    assert [(row["Name"], row["Age"], row["Born"], row["Fee"]) for row in rows] == [
        ("Ada", 36, "1815-12-10", 12.5),
        ("=1+1", None, "2001-02-03", None),
    ]


def test_a_job_makes_the_same_file(people):
    client = client_of(people)
    client.post(f"{reverse('admin:studio_table_export', args=[people.pk])}?format=json&q=Ada")

    job = run(TableJob.objects.get())

    assert job.state == "done"
    assert [row["Name"] for row in json.loads(b"".join(files.iterate(job.output)))] == ["Ada"]


def test_what_was_exported_as_json_can_be_imported(people):
    job = import_file(people.project, exported(people, format="json", sort="id"), name="people.json", new_table="Again")

    assert rows_of(job.table, "name", "age", "born", "fee") == rows_of(people, "name", "age", "born", "fee")
