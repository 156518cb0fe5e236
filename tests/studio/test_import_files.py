"""Files that nobody of us wrote: each is imported, or refused with a sentence that says where and why."""

import json
from pathlib import Path

import pytest

from nocode.studio.errors import ImportRefused
from nocode.studio.importing import formats
from nocode.studio.services import imports
from tests.factories import make_project
from tests.studio.importing import import_file, rows_of, stored

pytestmark = pytest.mark.django_db
FOLDERS = ("csv", "encodings", "xlsx")
# Those that cannot be read, and what is said about them.
REFUSED = {
    "invalid_many_rows.csv": "Row 4 (line 4), column 3, character 12",
    "issue_594_dos.ods": "Cell limit exceeded",
    "pass_protected.ods": "protected by a password",
    "issue127.xls": "No sheet of this file has a row",
    "issue281.xlsm": "No sheet of this file has a row",
    "picture.xlsb": "No sheet of this file has a row",
    "vba.xlsm": "No sheet of this file has a row",
}


def files_of(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.rglob("*")) if each.is_file() and each.suffix not in (".md", "")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_imported_or_refused_with_a_reason(shared_data, folder):
    project, refused = make_project(), {}
    for number, path in enumerate(files_of(shared_data / folder)):
        try:
            job = import_file(project, path.read_bytes(), name=path.name, new_table=f"Table {number}", skip_bad=True)
        except ImportRefused as refusal:
            refused[path.name] = refusal.message
        else:
            assert (path.name, job.state, job.error) == (path.name, "done", "")
            assert job.result["created"] + job.result["bad_rows"] == job.result["rows"], path.name

    unexpected = {name: why for name, why in refused.items() if REFUSED.get(name, "expected") not in why}
    assert unexpected == {}


def test_the_cells_are_those_the_authors_of_the_files_expect(shared_data):
    project = make_project()
    folder = shared_data / "csv" / "csv-spectrum"
    for path in sorted(folder.glob("csvs/*.csv")):
        if path.stem == "location_coordinates":  # its JSON tells of somebody else
            continue
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text().replace("\\r\\n", "\\n"))
        seen = imports.look(stored(project, path.read_bytes(), path.name))

        found = [dict(zip(seen.names, cells, strict=True)) for _row, cells in seen.rows]
        assert (path.name, found) == (path.name, expected if isinstance(expected, list) else [expected])


def test_naughty_strings_arrive_as_they_are(shared_data):
    lists = [each for each in shared_data.glob("strings/blns/**/*.json")]
    strings = [each for each in json.loads(lists[0].read_text()) if each.strip()]

    job = import_file(make_project(), json.dumps([{"value": each} for each in strings]), name="naughty.json")

    assert job.state == "done", job.error
    assert [value for (value,) in rows_of(job.table, "value")] == strings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty"),
        (b"\x1f\x8b\x08rest", "This is a gzip file"),
        (b"%PDF-1.7", "This is a PDF file"),
        (b"a,b\x00\x00\x00\x01\x02", "it holds zero bytes"),
        (b"PK\x03\x04 no archive", "The spreadsheet cannot be read"),
        (b'[{"a": 1}, {"a": ]', "line 1, column 18"),
        (b'[{"a": 1} {"a": 2}]', "line 1, column 11: a comma or the end of the list is missing"),
        (b'[{"a": 1}', "the list is not closed"),
        (b'{"a": 1}\n[2]', "line 2, column 1: an object in braces is expected"),
        (b'a,b\n1,"two\n', "Row 2 (line 2), column 2: a quote"),
    ],
)
def test_broken_files_are_refused_with_the_place(content, message):
    file = stored(make_project(), content)

    with pytest.raises(ImportRefused) as refusal:
        imports.look(file)

    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Zoë,日本"),
        ("utf-8-sig", "Zoë,日本"),
        ("utf-16", "Zoë,日本"),
        ("utf-16-le", "Zoë,Ada and Grace"),
        ("cp1252", "Zoë,Crème brûlée – 5 €"),
    ],
)
def test_the_encoding_is_found(encoding, text):
    content = f"One,Two\n{text}\n".encode(encoding)

    seen = imports.look(stored(make_project(), content))

    assert seen.names == ["One", "Two"]
    assert seen.rows[0][1] == text.split(",")


def test_a_byte_that_does_not_fit_the_chosen_encoding_is_told_with_its_place():
    content = b"One,Two\n" + b"a,b\n" * 3000 + "é,b\n".encode("cp1252")
    chosen = formats.Format(encoding="utf-8")

    with pytest.raises(ImportRefused, match="Line 3002: byte 0xE9 at position 12009 is not text"):
        list(formats.blocks(lambda: [content[:9000], content[9000:]], chosen))


def test_a_long_file_of_objects_is_read_in_pieces():
    objects = [{"n": number, "text": "é\n" * 50, "deep": {"a": [number, 1.5]}} for number in range(4000)]
    content = json.dumps(objects, indent=1).encode()
    pieces = [content[at : at + 777] for at in range(0, len(content), 777)]

    rows = [
        row for block in formats.data_blocks(lambda: pieces, formats.Format("json", header=0)) for row in block.rows
    ]

    assert len(rows) == 4000
    assert rows[3999] == ["3999", "é\n" * 50, '{"a": [3999, 1.5]}']


def test_the_first_line_may_name_the_delimiter():
    seen = imports.look(stored(make_project(), "sep=;\r\nOne;Two\r\n1,5;2\r\n"))

    assert (seen.names, [cells for _row, cells in seen.rows]) == (["One", "Two"], [["1,5", "2"]])
