"""Files made to do harm: they are refused in words, and nothing else stops working."""

import io
import json
import resource
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nocode.studio.errors import ImportRefused
from nocode.studio.importing import formats, preview
from nocode.studio.importing.formats import Format
from nocode.studio.models import StoredFile
from nocode.studio.schema.manager import NewField
from nocode.studio.transfer import checking, reading
from nocode.studio.transfer import format as form
from nocode.studio.transfer.archive import ZipArchive
from tests import factories

MEGABYTE = 1024 * 1024
_NAMESPACE = "http://schemas.openxmlformats.org"
_MAIN = f"{_NAMESPACE}/spreadsheetml/2006/main"
_OF_OFFICE = f"{_NAMESPACE}/officeDocument/2006/relationships"
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_NAMESPACE}/package/2006/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_NAMESPACE}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{_OF_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OF_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>"
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_NAMESPACE}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{_OF_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def workbook(rows: str, head: str = "") -> bytes:
    """A spreadsheet with these rows in XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        sheet = f'{head}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return file.getvalue()


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def look(content: bytes, chosen: Format | None = None) -> preview.Preview:
    return preview.look(lambda: [content[at : at + MEGABYTE] for at in range(0, len(content), MEGABYTE)], chosen)


SHEETS = {
    "two cells, far from each other": (
        f'<row r="1">{cell("A1", "a")}</row><row r="1048576">{cell("XFD1048576", "b")}</row>'
    ),
    "a cell beyond every sheet": f'<row r="1">{cell("A99999999999", "a")}{cell("ZZZZZZZZ1", "b")}</row>',
    "a long cell": f'<row r="1">{cell("A1", "a" * 30 * MEGABYTE)}</row>',
}


@pytest.mark.django_db
@pytest.mark.parametrize("rows", SHEETS.values(), ids=SHEETS)
def test_a_small_spreadsheet_that_needs_all_memory_is_refused(rows):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ImportRefused):
        look(workbook(rows))

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB


@pytest.mark.django_db
def test_a_spreadsheet_that_lies_about_its_size_meets_the_same_limits():
    content = workbook(f'<row r="1">{cell("A1", "a" * 30 * MEGABYTE)}</row>')
    lying = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = lying.rfind(size.to_bytes(4, "little"))
    lying[place : place + 4] = (1000).to_bytes(4, "little")

    with pytest.raises(ImportRefused):
        look(bytes(lying))


@pytest.mark.django_db
def test_entities_of_a_spreadsheet_read_no_file():
    head = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

    with pytest.raises(ImportRefused, match="entity"):
        look(workbook(f'<row r="1">{cell("A1", "&a;")}</row>', head))


@pytest.mark.django_db
def test_a_spreadsheet_without_malice_is_read():
    rows = f'<row r="1">{cell("A1", "Name")}{cell("B1", "City")}</row><row r="2">{cell("A2", "Ann")}</row>'

    found = look(workbook(rows))

    assert (found.names, found.rows) == (["Name", "City"], [(2, ["Ann", ""])])


@pytest.mark.django_db
def test_a_spreadsheet_of_long_texts_comes_in_small_blocks():
    text = "a" * 900_000
    content = workbook("".join(f'<row r="{n}">{cell(f"A{n}", text)}</row>' for n in range(1, 25)))

    found = list(formats.blocks(lambda: [content], Format(formats.SHEET, header=0, sheet="S")))

    assert [len(block.rows) for block in found] == [10, 10, 4]
    assert [block.first for block in found] == [1, 11, 21]


# --- Text files


TEXTS = {
    "CSV of one line": b"a," * 15 * MEGABYTE,
    "CSV of one row with line ends in quotes": b'"\n",' * 8 * MEGABYTE,
    "CSV of a million columns": b"a" + b"," * 1_000_000 + b"\n" + b"1\n" * 3000,
    "JSON of many names": b"[" + b",".join(b'{"n%d":1,"m%d":1}' % (n, n) for n in range(9000)) + b"]",
    "JSON of one object with many names": b"[{" + b",".join(b'"n%d":1' % n for n in range(500_000)) + b"}]",
    "JSON that never ends": b'[{"a":' + b"[" * 12 * MEGABYTE,
    "JSON nested deeply": b'[{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
}


@pytest.mark.django_db
@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_a_text_file_that_needs_all_memory_is_refused(content):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(ImportRefused):
        look(content)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024  # KiB


def test_long_rows_are_handed_on_a_few_at_a_time():
    row = b"x" * MEGABYTE + b",y\n"

    found = list(formats.blocks(lambda: [row] * 40, Format(header=0)))

    assert [len(block.rows) for block in found][:-1] == [len(found[0].rows)] * (len(found) - 1)
    assert max(len(block.rows) for block in found) <= 10
    assert sum(len(block.rows) for block in found) == 40


@pytest.mark.parametrize("columns", [[[]], [{}], [None], [1], [["name"]]])
def test_a_project_file_whose_indexes_name_no_text_is_refused(columns):
    field = {"key": "name", "label": "Name", "kind": "text"}
    table = {"key": "a", "label": "A", "fields": [field], "indexes": [{"kind": "order", "columns": columns}]}

    with pytest.raises(ImportRefused, match="There is no field"):
        checking.check({"format": form.FORMAT, "version": form.VERSION, "name": "P", "tables": [table]})


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [10**19, 1e308, True, "name", {"a": 1}, [[]], [{}]])
def test_a_project_file_with_a_block_of_nonsense_is_refused(fields):
    table = {"key": "a", "label": "A", "fields": [{"key": "name", "label": "Name", "kind": "text"}]}
    block = {"kind": "data.list", "settings": {"table": "a", "fields": fields}}
    page = {"title": "List", "slug": "list", "blocks": [block]}
    head = {"format": form.FORMAT, "version": form.VERSION, "name": "P"}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(form.MANIFEST, json.dumps({**head, "tables": [table], "pages": [page]}))
    project = factories.make_project()

    with ZipArchive(file) as archive, pytest.raises(ImportRefused, match="blocks"):
        reading.fill(project, archive)

    assert not project.tables.exists()


# --- What a plan limits


@pytest.mark.django_db
def test_files_count_as_storage(client):
    plan = factories.make_plan(storage=3 * MEGABYTE)
    table = factories.make_table(fields=(NewField("Papers", "file"),))
    factories.make_subscription(table.project.organization, plan)
    client.force_login(factories.make_user(organization=table.project.organization))
    url = reverse("admin:studio_file_upload", args=[table.pk, "papers"])

    answers = [client.post(url, {"file": SimpleUploadedFile("a.bin", b"x" * MEGABYTE)}) for _ in range(4)]

    assert answers[0].status_code == 201
    assert answers[-1].status_code == 422
    assert "storage" in answers[-1].json()["error"]
    assert StoredFile.objects.count() < 4
