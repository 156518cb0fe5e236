"""Imports: every cell is converted or reported, and nothing is half done."""

import pytest
from django.db import connection

from nocode.foundation.models import OutboxEvent
from nocode.studio.errors import ImportRefused
from nocode.studio.importing.formats import Format
from nocode.studio.importing.options import Column, Options
from nocode.studio.models import DataTable, RecordChange, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import imports
from nocode.studio.services.records import Records
from tests.factories import make_project, make_table
from tests.studio.importing import import_file, mistakes, options_for, rows_of, run, start_import, stored

pytestmark = pytest.mark.django_db

State = TableJob.State
PEOPLE = "Name,Age,Born,E-mail\nAda,36,1815-12-10,ada@example.com\nGrace,85,1906-12-09,grace@example.com\n"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def people(project):
    return make_table(
        project,
        "People",
        (
            NewField("Name", "text", required=True),
            NewField("Age", "integer"),
            NewField("E-mail", "email", unique=True),
        ),
    )


def staging_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'st\\_%' AND relkind = 'r'")
        return [name for (name,) in cursor.fetchall()]


def test_a_table_is_made_from_a_file_with_the_types_its_columns_have(project):
    job = import_file(project, PEOPLE)

    assert (job.state, job.error) == (State.DONE, "")
    assert [(field.label, field.kind) for field in job.table.fields.all()] == [
        ("Name", "text"),
        ("Age", "integer"),
        ("Born", "date"),
        ("E-mail", "email"),
    ]
    assert rows_of(job.table, "name", "age", "born", "e_mail") == [
        ("Ada", 36, "1815-12-10", "ada@example.com"),
        ("Grace", 85, "1906-12-09", "grace@example.com"),
    ]
    assert job.result["created"] == job.result["rows"] == 2
    assert staging_tables() == []


def test_a_guess_from_the_first_rows_is_held_against_the_whole_file(project):
    lines = [f"{number},{number},{number},x{number}" for number in range(2000)]
    lines += ["1.5,00071,later,two\nlines".replace("two\nlines", '"two\nlines"')]

    job = import_file(project, "\n".join(["decimal,code,word,text", *lines]))

    assert {field.label: field.kind for field in job.table.fields.all()} == {
        "decimal": "decimal",
        "code": "text",
        "word": "text",
        "text": "long_text",
    }
    assert job.result["created"] == 2001
    assert Records(job.table).find([{"field": "code", "value": "00071"}])[0]["decimal"] == 1.5


def test_rows_go_to_fields_that_are_there_and_to_new_ones(project, people):
    job = import_file(project, PEOPLE, people)

    assert job.state == State.DONE
    assert rows_of(people, "name", "age", "born")[0] == ("Ada", 36, "1815-12-10")


def test_all_or_nothing_refuses_the_file_and_reports_every_bad_cell(project, people):
    text = "Name,Age,E-mail\nAda,36,ada@example.com\n,many,nowhere\nGrace,1e99,\n"

    job = import_file(project, text, people)

    assert job.state == State.FAILED
    assert job.error == "4 cells cannot be imported, in 2 rows. Nothing was imported."
    assert rows_of(people, "name") == []
    report = mistakes(job).splitlines()
    assert report[0] == "Row,Column,Value,Reason"
    assert report[1] == "3,Name,,a value is required"
    assert report[2].startswith("3,Age,many,“many” is not a number")
    assert report[3].startswith("3,E-mail,nowhere,“nowhere” is not an e-mail address")
    assert report[4].startswith("4,Age,1e99,")
    assert len(report) == 5
    assert staging_tables() == []


def test_bad_rows_are_left_out_when_asked(project, people):
    job = import_file(project, "Name,Age\nAda,36\nBob,old\nGrace,85\n", people, skip_bad=True)

    assert job.state == State.DONE
    assert rows_of(people, "name") == [("Ada",), ("Grace",)]
    assert (job.result["created"], job.result["bad_rows"], job.result["bad_cells"]) == (2, 1, 1)
    assert "Bob" not in mistakes(job)
    assert "3,Age,old" in mistakes(job)


def test_the_count_is_exact_when_there_are_more_bad_cells_than_are_told(project, people, monkeypatch):
    monkeypatch.setattr("nocode.studio.importing.checking.bad_cells.__defaults__", (50,))
    lines = [f"Person {number},old" for number in range(300)]

    job = import_file(project, "\n".join(["Name,Age", *lines]), people)

    assert job.result["bad_cells"] == job.result["bad_rows"] == 300
    assert len(mistakes(job).splitlines()) == 51


def test_a_trial_tells_what_would_happen_and_changes_nothing(project, people, everything):
    before = everything()

    job = import_file(project, PEOPLE, people, dry_run=True)

    assert job.state == State.DONE
    assert job.result["created"] == 2
    assert everything() == before
    assert rows_of(people, "name") == []
    assert not OutboxEvent.objects.filter(name="studio.records.imported").exists()


def test_a_trial_takes_no_numbers_from_the_rows_to_come(project, people):
    SchemaManager(project).add_field(people, "No", "auto_number")
    import_file(project, PEOPLE, people, dry_run=True)
    job = import_file(project, PEOPLE, people, dry_run=True)

    import_file(project, PEOPLE, people)

    assert (job.state, job.result["created"]) == (State.DONE, 2)
    assert rows_of(people, "id", "no") == [(1, 1), (2, 2)]


def test_a_trial_of_a_new_table_leaves_none(project):
    job = import_file(project, PEOPLE, dry_run=True)

    assert (job.state, job.table) == (State.DONE, None)
    assert not DataTable.objects.filter(project=project).exists()


def test_values_that_must_be_unique_are_looked_for_in_the_file_and_in_the_table(project, people):
    Records(people).create({"name": "Ada", "e_mail": "ada@example.com"})
    text = "Name,E-mail\nOther Ada,ada@example.com\nBob,bob@example.com\nBobby,bob@example.com\nNobody,\nNone,\n"

    job = import_file(project, text, people, skip_bad=True)

    assert rows_of(people, "name") == [("Ada",), ("Bob",), ("Nobody",), ("None",)]
    assert "2,E-mail,ada@example.com,row 1 of the table has this value already; it must be unique" in mistakes(job)
    assert "4,E-mail,bob@example.com,row 3 of the file has this value already; it must be there once" in mistakes(job)


# --- Rows that are there already --------------------------------------------------------------------------------------


def test_rows_with_a_known_key_are_updated_and_their_history_is_kept(project, people):
    records = Records(people)
    ada = records.create({"name": "Ada", "age": 35, "e_mail": "ada@example.com"})
    same = records.create({"name": "Grace", "age": 85, "e_mail": "grace@example.com"})
    text = "Name,Age,E-mail\nAda,36,ada@example.com\nGrace,85,grace@example.com\nAlan,41,alan@example.com\n"

    job = import_file(project, text, people, keys=["E-mail"])

    assert (job.result["created"], job.result["updated"], job.result["unchanged"]) == (1, 1, 1)
    assert rows_of(people, "name", "age") == [("Ada", 36), ("Grace", 85), ("Alan", 41)]
    change = RecordChange.objects.get()
    assert (change.record_id, change.before, change.after) == (ada["id"], {"age": 35}, {"age": 36})
    assert change.source == "Import of people.csv"
    assert records.get(same["id"])["updated_at"] == same["updated_at"]


def test_a_key_must_be_there_once_in_the_file_and_in_the_table(project):
    table = make_table(project, "Things", (NewField("Code", "text"), NewField("Amount", "integer")))
    records = Records(table)
    for amount in (1, 2):
        records.create({"code": "double", "amount": amount})
    records.create({"code": "a", "amount": 1})

    job = import_file(project, "Code,Amount\na,5\na,6\ndouble,7\n,8\n", table, keys=["Code"], skip_bad=True)

    assert rows_of(table, "code", "amount") == [("double", 1), ("double", 2), ("a", 5)]
    report = mistakes(job)
    assert "3,Code,a,row 2 of the file has this value already; it must be there once" in report
    assert "4,Code,double,several rows of the table have this value" in report
    assert "5,Code,,a value is required" in report


# --- Odd cells --------------------------------------------------------------------------------------------------------


def test_cells_keep_every_character(project):
    values = ["back\\slash", "tab\there", "\\N", "\\.", "'; DROP TABLE x; --", "a\x1fb", "‮rtl", "😀", "=1+1", "  x "]
    text = "v\n" + "".join(f'"{value}"\n' for value in values)

    job = import_file(project, text)

    assert [value for (value,) in rows_of(job.table, "v")] == values


def test_rows_that_are_too_wide_are_told_and_short_ones_are_filled(project, people):
    rows = ["Ada", "Grace,2,,"] + ["Alan,3"] * 2000 + ["Bob,1,extra"]

    job = import_file(project, "\n".join(["Name,Age", *rows]), people, skip_bad=True)

    assert rows_of(people, "name", "age")[:3] == [("Ada", None), ("Grace", 2), ("Alan", 3)]
    assert job.result["created"] == 2002
    assert '2004,,,"the row has 3 cells, the table of the file only 2 columns"' in mistakes(job)


def test_characters_that_cannot_be_stored_are_told(project, people):
    job = import_file(project, '[{"Name": "a\\u0000b"}, {"Name": "\\ud800"}, {"Name": "fine"}]', people, skip_bad=True)

    assert rows_of(people, "name") == [("fine",)]
    assert mistakes(job).count("cannot be stored") == 2
    assert mistakes(job).splitlines()[1].startswith("1,Name,")


def test_blank_lines_are_left_out_and_counted(project, people):
    job = import_file(project, "Name,Age\n\nAda,36\n,\n   ,\nBob,x\n", people, skip_bad=True)

    assert rows_of(people, "name") == [("Ada",)]
    assert "6,Age,x" in mistakes(job)


def test_fields_without_a_column_get_their_default(project, people):
    people.fields.filter(label="Age").update(default=18)
    people.save()

    import_file(project, "Name\nAda\n", people)

    assert rows_of(people, "name", "age") == [("Ada", 18)]


def test_who_imported_is_kept_where_a_field_keeps_that(project):
    table = make_table(project, "Notes", (NewField("Text", "text"), NewField("By", "created_by")))

    job = import_file(project, "Text\nHello\n", table)

    assert job.state == State.DONE, job.error
    assert rows_of(table, "by") == [(job.requested_by_id,)]


def test_what_only_python_knows_is_asked_of_python(project):
    table = make_table(project, "Codes", (NewField("Code", "text", settings={"pattern": "[A-Z]{3}"}),))

    job = import_file(project, "Code\nABC\nabc\n", table, skip_bad=True)

    assert rows_of(table, "code") == [("ABC",)]
    assert "3,Code,abc," in mistakes(job)


# --- Refusals before anything is started ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        ([Column("a")], {}, "at least one column"),
        ([Column("a", "name"), Column("b", "name")], {}, "both go to the field"),
        ([Column("a", "gone")], {}, "is not there any more"),
        ([Column("a", "age")], {}, "“Name” is required"),
        ([Column("a", "name"), Column("b", "+", "Age")], {}, "already a field named “Age”"),
        ([Column("a", "name"), Column("b")], {"keys": [1]}, "cannot tell which rows to update"),
    ],
)
def test_what_cannot_go_well_is_not_started(project, people, columns, asked, message):
    file = stored(project, "a,b\n1,2\n")

    with pytest.raises(ImportRefused, match=message):
        imports.start(file, Options(Format(), columns, **asked), table=people, user=file.uploaded_by)
    assert not TableJob.objects.exists()


def test_a_broken_file_fails_the_job_with_the_place_and_leaves_nothing(project, people):
    file = stored(project, "Name,Age\n" + "Ada,36\n" * 5000)
    options = options_for(file, people)
    file.chunks.update(content=b"Name,Age\n" + b"Ada,36\n" * 5000 + b'Bob,"12\n')

    job = run(imports.start(file, options, table=people, user=file.uploaded_by))

    assert job.state == State.FAILED
    assert job.error.startswith('Row 5002 (line 5002), column 2: a quote (") is opened and never closed.')
    assert rows_of(people, "name") == []
    assert staging_tables() == []


# --- Events -----------------------------------------------------------------------------------------------------------


def test_an_import_is_one_event_unless_each_row_shall_be_told(project, people):
    import_file(project, PEOPLE, people)

    event = OutboxEvent.objects.get(name__startswith="studio.record")
    assert event.name == "studio.records.imported"
    assert event.payload["created"] == 2


def test_each_row_is_told_like_one_that_was_typed(project, people):
    typed = Records(people).create({"name": "Ada", "age": 1, "e_mail": "ada@example.com"})
    example = OutboxEvent.objects.get(name="studio.record.created")

    import_file(project, PEOPLE, people, keys=["E-mail"], each_row=True)

    created = OutboxEvent.objects.filter(name="studio.record.created").exclude(pk=example.pk).get()
    updated = OutboxEvent.objects.get(name="studio.record.updated")
    assert set(created.payload) == set(example.payload)
    assert created.payload["record_id"] != typed["id"]
    assert created.key.rpartition(":")[0] == example.key.rpartition(":")[0]
    assert updated.payload["record_id"] == typed["id"]
    assert updated.payload["changed"] == ["age", "born"]


def test_a_job_that_waits_can_be_run_again_after_its_end(project, people):
    job = start_import(project, PEOPLE, people)
    run(job)

    run(job)

    assert len(rows_of(people, "name")) == 2
