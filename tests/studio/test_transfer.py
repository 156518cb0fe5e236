"""Whole projects out of the database and in again: nothing lost, nothing let in that does not belong."""

import io
import json
import zipfile
from decimal import Decimal

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from nocode.foundation.errors import NoCodeError
from nocode.foundation.models import OutboxEvent, Role
from nocode.studio.errors import ImportRefused, TableChanged
from nocode.studio.fields import field_types
from nocode.studio.models import DataTable, GridView, Project, StoredFile, TableIndex
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.schema.names import clean_label
from nocode.studio.services import files, pages
from nocode.studio.services.blocks import add_block, tree
from nocode.studio.services.records import Records
from nocode.studio.transfer import archive as archives
from nocode.studio.transfer import copying, reading, writing
from nocode.studio.transfer.checking import read
from nocode.studio.transfer.format import BIGGEST_ID, MANIFEST
from nocode.studio.transfer.writing import Contents
from tests.factories import make_organization, make_project, make_user
from tests.studio.transfer import (
    SCHEMA,
    exported,
    imported,
    make_shop,
    packed,
    rows_of,
    structure,
    table_of,
    unpacked,
)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 5000
TABLE = {"key": "people", "label": "People", "fields": [{"key": "name", "label": "Name", "kind": "text"}]}


def manifest(*tables, **more) -> dict:
    return {"format": "nocode.project", "version": 1, "name": "Made", "tables": list(tables or (TABLE,)), **more}


def file_of(value, **entries) -> bytes:
    return packed({MANIFEST: json.dumps(value)} | entries)


def without_name(found: dict) -> dict:
    return {key: value for key, value in found.items() if key != "name"}


# --- there and back


@pytest.mark.django_db
def test_a_project_comes_back_as_it_was():
    shop = make_shop()

    made, found = imported(exported(shop))

    assert (found.tables, found.rows, found.strangers, found.missing) == (2, 4, 0, 0)
    assert without_name(structure(made)) == without_name(structure(shop))
    for label in ("Customers", "Orders"):
        assert rows_of(made, label) == rows_of(shop, label)
    ada = rows_of(made, "Customers")[0]
    assert (ada["friends"], ada["best_order"], ada["total"], ada["double"]) == ([1, 2], 1, 15, 30)


@pytest.mark.django_db
def test_new_rows_are_numbered_behind_those_that_came_and_relations_hold():
    made, _found = imported(exported(make_shop()))
    customers, orders = Records(table_of(made, "Customers")), Records(table_of(made, "Orders"))

    order = orders.create({"amount": 1, "customer": 2})

    assert (order["id"], order["no"]) == (3, 3)
    assert customers.create({"name": "Cy"})["id"] == 3
    with pytest.raises(NoCodeError):  # the foreign key is back
        customers.delete(2)


@pytest.mark.django_db
def test_without_rows_the_structure_alone_comes():
    content = exported(make_shop(), Contents())

    made, found = imported(content)

    assert list(unpacked(content)) == [MANIFEST]
    assert found.rows == 0
    assert rows_of(made, "Customers") == []


@pytest.mark.django_db
def test_a_file_with_rows_can_be_brought_without_them():
    made, found = imported(exported(make_shop()), with_rows=False)

    assert (found.tables, found.rows) == (2, 0)
    assert rows_of(made, "Orders") == []


@pytest.mark.django_db
def test_every_type_of_field_comes_back_with_its_settings():
    project = make_project()
    manager = SchemaManager(project)
    settings = {
        "select": {"options": ["New", "Won", 'Say "so"', "a, b"]},
        "multi_select": {"options": ["Red", "Green", "x, y"]},
        "currency": {"currency": "CHF", "decimals": 2, "min": "0"},
        "integer": {"min": "-5", "max": "1000"},
        "date": {"min": "2020-01-01"},
        "text": {"max_length": 40, "pattern": "[A-ZÄ].*"},
    }
    stored = [each for each in field_types if each.column or each.kind in ("created_time", "updated_time")]
    fields = [
        NewField(f"F {each.kind}", each.kind, settings=settings.get(each.kind, {}))
        for each in stored
        if not each.is_relation
    ]
    table = manager.create_table("All", fields)
    member = make_user(organization=project.organization)
    values = {
        "text": "Ädä 🦊", "long_text": "one\ntwo, \"three\"\n\\.", "rich_text": "**b**\n\n- x", "integer": -3,
        "decimal": "12345678901234567890.123456789", "currency": "10.50", "percent": "0.125", "boolean": False,
        "date": "2024-02-29", "datetime": "2026-03-29T00:30:00.123456+00:00", "time": "23:59:59", "duration": 5400,
        "email": "ada@example.com", "url": "https://example.com/?a=1,2", "phone": "+33 1 23 45 67 89",
        "select": 'Say "so"', "multi_select": ["Red", "x, y"], "uuid": "01234567-89ab-cdef-0123-456789abcdef",
        "json": {"a": [1, None, "x\u2028"], "b": 1.5}, "user": member.pk,
    }  # fmt: skip
    Records(table, actor=member).create_many([{f"f_{kind}": value for kind, value in values.items()}, {}])

    made, _found = imported(exported(project), project.organization)

    assert without_name(structure(made)) == without_name(structure(project))
    assert rows_of(made, "All") == rows_of(project, "All")
    assert rows_of(made, "All")[0]["f_created_by"] == member.pk
    assert {field["kind"] for field in structure(made)["tables"][0]["fields"]} == {field.kind for field in fields}


@pytest.mark.django_db
def test_strange_names_and_values_come_back_exactly():
    strange = [
        "'; DROP TABLE x; --",
        'a"b',
        "{{7*7}}",
        "Robert\\'); x",
        "مرحبا ‎x",
        "👩‍👩‍👧",
        "select",
        "../../etc/passwd",
        "\\N",
        "%s%n",
    ]
    project = make_project(name="<b>'\"</b>")
    table = SchemaManager(project).create_table(
        strange[0], [NewField("Kind", "select", settings={"options": strange}), *(NewField(s, "text") for s in strange)]
    )
    names = [field.physical_name for field in table.fields.order_by("position")][1:]
    Records(table).create_many([{name: text for name in names} | {"kind": text} for text in strange])

    made, _found = imported(exported(project))

    assert structure(made)["tables"] == structure(project)["tables"]
    assert rows_of(made, strange[0]) == rows_of(project, strange[0])


@pytest.mark.django_db
def test_naughty_strings_come_back_exactly(shared_data):
    texts = json.loads((shared_data / "strings" / "blns" / "blns.json").read_text())
    labels = list(dict.fromkeys(text for text in texts if _is_a_name(text)))
    project = make_project(name=labels[0])
    kind = NewField("Kind", "select", settings={"options": [label for label in labels if len(label) <= 100]})
    table = SchemaManager(project).create_table(labels[1], [kind, NewField("Text", "long_text")])
    fields = SchemaManager(project).create_table(labels[2], [NewField(label, "text") for label in labels[:200]])
    Records(table).create_many([{"text": text, "kind": text if text in labels else None} for text in texts if text])
    Records(fields).create({field.physical_name: field.label for field in fields.fields.all()})

    made, _found = imported(exported(project))

    assert len(labels) > 300
    assert structure(made)["tables"] == structure(project)["tables"]
    for label in labels[1:3]:
        assert rows_of(made, label) == rows_of(project, label)


def _is_a_name(text: str) -> bool:
    try:
        return clean_label(text) == text and len(text) <= 100
    except NoCodeError:
        return False


@pytest.mark.django_db
def test_views_indexes_pages_and_defaults_come_along():
    shop = make_shop()
    orders = table_of(shop, "Orders")
    manager = SchemaManager(shop)
    manager.change_table(orders, display_name="amount")
    manager.add_index(orders, ["amount", "created_at"])
    manager.change_field(orders.fields.get(label="Amount"), default="5", help_text="Without tax")
    kept = {"columns": ["amount", "gone"], "widths": {"gone": 90, "amount": 120}, "sort": ["-amount", "gone"]}
    kept["conditions"] = [{"field": "amount", "op": "gt", "value": "3", "group": 0}]
    GridView.objects.create(table=orders, name="Large", settings=kept)
    GridView.objects.create(table=orders, name="Mine", owner=make_user(), settings=kept)
    listing, _detail, _form = pages.make_pages_for(orders)
    columns = add_block(listing, "layout.columns", {"widths": "halves"})
    add_block(
        listing, "data.stat", {"table": str(orders.pk), "measure": "sum", "field": "amount"}, parent=columns, slot=1
    )

    made, _found = imported(exported(shop))

    assert without_name(structure(made)) == without_name(structure(shop))
    copy = table_of(made, "Orders")
    view = copy.views.get()
    assert (view.name, view.owner) == ("Large", None)
    assert view.settings["columns"] == ["amount"]
    assert [index.columns for index in TableIndex.objects.filter(table=copy)] == [["amount", "created_at"]]
    assert (copy.display_name, copy.fields.get(label="Amount").default) == ("amount", 5)
    assert tree(made.pages.get(slug="orders"))[0]["settings"]["table"] == str(copy.pk)
    assert pages.problems(made) == []


@pytest.mark.django_db
def test_a_block_that_cannot_be_drawn_stays_behind():
    shop = make_shop()
    listing = pages.make_pages_for(table_of(shop, "Orders"))[0]
    SchemaManager(shop).drop_table(table_of(shop, "Orders"))

    made, _found = imported(exported(shop))

    assert tree(made.pages.get(slug=listing.slug)) == []


@pytest.mark.django_db
def test_files_come_along_and_belong_to_the_new_project():
    project, other = make_project(), make_organization()
    table = SchemaManager(project).create_table("Docs", [NewField("Files", "file"), NewField("Picture", "image")])
    kept = [
        files.keep(_upload(name, content), project, None) for name, content in (("a.txt", b"hello"), ("é.png", PNG))
    ]
    Records(table).create({"files": kept, "picture": [kept[1]]})

    made, found = imported(exported(project), other)

    row = rows_of(made, "Docs")[0]
    assert found.missing == 0
    assert [(each["name"], each["size"], each["type"]) for each in row["files"]] == [
        ("a.txt", 5, "text/plain"),
        ("é.png", len(PNG), "image/png"),
    ]
    assert row["picture"] == [row["files"][1]]
    stored = StoredFile.objects.get(pk=row["picture"][0]["id"])
    assert (stored.project, stored.organization, stored.expires_at) == (made, other, None)
    assert b"".join(files.iterate(stored)) == PNG


@pytest.mark.django_db
def test_files_that_are_not_in_it_are_left_out_and_counted():
    project = make_project()
    table = SchemaManager(project).create_table("Docs", [NewField("Files", "file")])
    Records(table).create({"files": [files.keep(_upload("a.txt", b"hello"), project, None)]})

    made, found = imported(exported(project, Contents(rows=True)))

    assert found.missing == 1
    assert rows_of(made, "Docs")[0]["files"] is None


def _upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.django_db
def test_people_are_known_by_their_address_and_strangers_left_out():
    project, other = make_project(), make_organization()
    ada, bob = make_user("ada@example.com", organization=project.organization), make_user("bob@example.com")
    project.organization.memberships.create(user=bob, role=Role.EDITOR)
    table = SchemaManager(project).create_table("Tasks", [NewField("Who", "user"), NewField("By", "created_by")])
    Records(table, actor=ada).create_many([{"who": ada.pk}, {"who": bob.pk}])
    other.memberships.create(user=bob, role=Role.VIEWER)

    content = exported(project)
    made, found = imported(content, other)

    assert b"ada@example.com" in unpacked(content)["rows/tasks.csv"]
    assert [(row["who"], row["by"]) for row in rows_of(made, "Tasks")] == [(None, None), (bob.pk, None)]
    assert found.strangers == 3


# --- the published schema


@pytest.mark.django_db
def test_the_published_schema_describes_what_is_written():
    shop = make_shop()
    pages.make_pages_for(table_of(shop, "Orders"))

    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(structure(shop), SCHEMA)


def test_the_published_schema_knows_every_type_of_field():
    assert set(SCHEMA["$defs"]["field"]["properties"]["kind"]["enum"]) == {each.kind for each in field_types}


# --- refused, with the place

FIELD = {"key": "name", "label": "Name", "kind": "text"}
RELATION = {
    "key": "boss",
    "label": "Boss",
    "kind": "relation",
    "settings": {"table": "people", "on_delete": "restrict"},
}


def with_field(**changes) -> dict:
    return manifest({**TABLE, "fields": [FIELD, {"key": "more", "label": "More", "kind": "text", **changes}]})


MISTAKEN = {
    "no object": ([1], "format:"),
    "another file": ({"name": "x"}, "format:"),
    "a version of tomorrow": (manifest() | {"version": 2}, "version:"),
    "a version that is true": (manifest() | {"version": True}, "version:"),
    "something missing": ({"format": "nocode.project", "version": 1, "name": "x"}, "tables: This is missing."),
    "something unknown": (manifest(owner="me"), "owner: There is no such setting."),
    "tables of another type": (manifest() | {"tables": {}}, "tables: This must be of the type “list”."),
    "a table that is a text": (manifest("x"), "tables[0]: This must be"),
    "a name of nothing": (manifest(name="\u200b"), "name: Give it a name that can be read."),
    "a name with spaces": (manifest({**TABLE, "label": " x"}), "tables[0].label: A name has no space"),
    "a key that is SQL": (manifest({**TABLE, "key": "select"}), "tables[0].key: A key is made of"),
    "a key of a system column": (with_field(key="id"), "tables[0].fields[1].key: A key is made of"),
    "a key that climbs": (manifest({**TABLE, "key": "../x"}), "tables[0].key:"),
    "a key twice": (manifest(TABLE, {**TABLE, "label": "Other"}), "tables[1].key: “people” is there twice."),
    "a label twice": (with_field(label="Name"), "tables[0].fields[1].label: “Name” is there twice."),
    "a type unknown": (with_field(kind="colour"), "tables[0].fields[1].kind: There is no type “colour”."),
    "a setting unknown": (with_field(settings={"x": 1}), "tables[0].fields[1].settings.x: There is no such setting."),
    "a setting that is wrong": (with_field(settings={"max_length": -1}), "tables[0].fields[1].settings.max_length:"),
    "a setting it would change": (
        with_field(kind="select", settings={"options": [" a"]}),
        "tables[0].fields[1].settings.options: It would be kept as",
    ),
    "a table it leads to": (
        with_field(kind="relation", settings={"table": "gone"}),
        "tables[0].fields[1].settings: There is no table “gone”.",
    ),
    "a field it shows": (
        with_field(kind="lookup", settings={"relation": "name", "field": "people.gone"}),
        "tables[0].fields[1].settings: There is no field “people.gone”.",
    ),
    "a relation that is none": (
        with_field(kind="lookup", settings={"relation": "name", "field": "name"}),
        "tables[0].fields[1]: More – choose a relation",
    ),
    "a formula": (with_field(kind="formula", settings={"formula": "1 +"}), "tables[0].fields[1]: More – Formula"),
    "a formula of nothing": (
        with_field(kind="formula", settings={"formula": "{gone}"}),
        "There is no field “people.gone”.",
    ),
    "a formula of itself": (
        with_field(kind="formula", settings={"formula": "{more} + 1"}),
        "tables[0].fields[1]: It would be computed from itself.",
    ),
    "a default": (with_field(kind="integer", default="x"), "tables[0]: More –"),
    "what cannot be unique": (with_field(kind="json", unique=True), "tables[0]: “More” cannot be unique"),
    "a field that names rows": (manifest({**TABLE, "display": "gone"}), "tables[0].display: There is no field “gone”."),
    "an index": (
        manifest({**TABLE, "indexes": [{"kind": "order", "columns": ["gone"]}]}),
        "tables[0].indexes[0].columns: There is no field “gone”.",
    ),
    "a view": (
        manifest({**TABLE, "views": [{"name": "V", "settings": {"sort": ["-gone"]}}]}),
        "tables[0].views[0].settings.sort[0]: There is no field “gone”.",
    ),
    "a view of another shape": (
        manifest({**TABLE, "views": [{"name": "V", "settings": {"conditions": [{"field": "name", "op": "~"}]}}]}),
        "tables[0].views[0].settings.conditions[0].op: There is no such comparison.",
    ),
    "a page twice": (
        manifest(pages=[{"title": "A", "slug": "a"}, {"title": "B", "slug": "a"}]),
        "pages[1]: Another page of this project has the address “a”.",
    ),
    "a block unknown": (
        manifest(pages=[{"title": "A", "slug": "a", "blocks": [{"kind": "x"}]}]),
        "pages[0].blocks[0].kind: There is no type “x”.",
    ),
    "a block of no table": (
        manifest(pages=[{"title": "A", "slug": "a", "blocks": [{"kind": "data.list", "settings": {"table": "gone"}}]}]),
        "pages[0].blocks[0].settings.table: There is no table “gone”.",
    ),
    "a block of a list for a field": (
        manifest(
            pages=[
                {
                    "title": "A",
                    "slug": "a",
                    "blocks": [{"kind": "data.stat", "settings": {"table": "people", "field": ["x"]}}],
                }
            ]
        ),
        "pages[0].blocks[0]:",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", MISTAKEN)
def test_a_mistake_is_named_with_its_place_and_nothing_is_made(name, everything):
    value, place = MISTAKEN[name]
    project = make_project()
    before = everything()

    with pytest.raises(ImportRefused) as refused, archives.ZipArchive(io.BytesIO(file_of(value))) as archive:
        reading.fill(project, archive)

    assert place in refused.value.message
    assert everything() == before


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe{}",
        b'{"format": "nocode.project", "version": 1, "name": "a\\u0000", "tables": []}',
        b'{"format": "nocode.project", "version": 1' + b"0" * 5000 + b"}",
        b'{"format": "nocode.project", "version": 1e400}',
        b"[" * 200_000,
    ],
    ids=["broken", "no utf-8", "nul", "giant", "infinite", "deep"],
)
def test_json_that_nobody_should_read_is_refused(content):
    with pytest.raises(ImportRefused):
        read(content)


# --- zips that are traps


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "rows/../../x.csv",
        "rows\\x.csv",
        "files/x",
        "rows/People.csv",
        "C:\\x",
        "project.json/",
    ],
)
def test_what_is_no_part_of_a_project_is_refused(name):
    with pytest.raises(ImportRefused, match="no part of a project file"):
        archives.ZipArchive(io.BytesIO(packed({MANIFEST: "{}", name: "x"})))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_FITS", 1024**2)

    with pytest.raises(ImportRefused, match="trap"):
        archives.ZipArchive(io.BytesIO(packed({MANIFEST: "{}", "rows/people.csv": b"0" * 20 * 1024**2})))


def test_a_zip_bomb_is_refused_though_it_claims_to_be_large(monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_FITS", 1024**2)
    content = bytearray(packed({MANIFEST: "{}", "rows/people.csv": b"0" * 20 * 1024**2}))
    at = content.rindex(b"PK\x01\x02") + 20
    content[at : at + 4] = (2**30).to_bytes(4, "little")

    with pytest.raises(ImportRefused, match="trap"):
        archives.ZipArchive(io.BytesIO(bytes(content)))


def test_a_size_that_is_a_lie_gives_no_more_than_it_says():
    content = bytearray(packed({MANIFEST: b"x" * 100_000}))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = content.rindex(signature) + offset
        content[at : at + 4] = (10).to_bytes(4, "little")

    with archives.ZipArchive(io.BytesIO(bytes(content))) as archive, pytest.raises(ImportRefused, match="damaged"):
        archives.manifest_of(archive)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", packed({"rows/people.csv": "id\n"})])
def test_what_is_no_project_file_is_refused(content):
    with pytest.raises(ImportRefused), archives.ZipArchive(io.BytesIO(content)) as archive:
        archives.manifest_of(archive)


def test_an_entry_that_is_there_twice_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(MANIFEST, "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(MANIFEST, "[]")

    with pytest.raises(ImportRefused, match="twice"):
        archives.ZipArchive(stream)


# --- rows that do not fit

PEOPLE = manifest(
    {**TABLE, "fields": [FIELD, RELATION, {"key": "age", "label": "Age", "kind": "integer", "unique": True}]}
)
MANY = {"key": "friends", "label": "Friends", "kind": "relations", "settings": {"table": "people"}}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("id,colour\n1,red\n", "rows/people.csv, first line: there is no field “colour”."),
        ("name\nAda\n", "“id” is one of them"),
        ("id,name,name\n1,a,b\n", "names each column once"),
        ("", "“id” is one of them"),
        ("id,age\n1,x\n2,5\n", "rows/people.csv, row 2, age: "),
        ("id\n0\n", "rows/people.csv, row 2, id: "),
        ("id\n99999999999999999999999999\n", "rows/people.csv, row 2, id: "),
        (f"id\n{BIGGEST_ID + 1}\n", "rows/people.csv, row 2, id: "),
        ("id\n1\n1\n", "row 2 of the file has this value already"),
        ("id,age\n1,5\n2,5\n", "row 2 of the file has this value already"),
        ("id,created_at\n1,yesterday\n", "row 2, created_at: "),
        ("id,created_at\n1,\n", "row 2, created_at: a value is required"),
        ("id,name\n1,a,b,c\n", "the row has 4 cells"),
        ("id,name\n1,a\x00b\n", "cannot be stored"),
        ('id,name\n1,"open\n', "opened and never closed"),
        ("id,boss\n1,2\n", "rows/people.csv, id 1, boss: there is no row 2 in “People”."),
        ("id,boss\n1,x\n", "rows/people.csv, row 2, boss: "),
        ("id,friends\n1,\"1, 7\"\n", "rows/people.csv, id 1, friends: there is no row 7 in “People”."),
        ("id,friends\n1,\"1, x\"\n", "rows/people.csv, id 1, friends: it is not a list of numbers of rows."),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit_are_refused_with_their_place(rows, told, everything):
    value = manifest({**PEOPLE["tables"][0], "fields": [*PEOPLE["tables"][0]["fields"], MANY]})
    project = make_project()
    before = everything()

    with (
        pytest.raises(ImportRefused) as refused,
        archives.ZipArchive(io.BytesIO(file_of(value, **{"rows/people.csv": rows}))) as archive,
    ):
        reading.fill(project, archive)

    assert told in refused.value.message
    assert everything() == before


@pytest.mark.django_db
def test_rows_may_come_before_those_they_lead_to():
    made, found = imported(file_of(PEOPLE, **{"rows/people.csv": "boss,id,name\n3,1,Ada\n1,2,Bob\n,3,Cy\n"}))

    assert found.rows == 3
    assert [row["boss"] for row in rows_of(made, "People")] == [3, 1, None]


@pytest.mark.django_db
def test_rows_of_no_table_are_refused():
    with pytest.raises(ImportRefused, match="rows/gone.csv: there is no table of this key"):
        imported(file_of(PEOPLE, **{"rows/gone.csv": "id\n"}))


@pytest.mark.django_db
def test_a_project_that_is_not_empty_is_not_filled():
    project = make_shop()

    with (
        pytest.raises(ImportRefused, match="is not empty"),
        archives.ZipArchive(io.BytesIO(file_of(PEOPLE))) as archive,
    ):
        reading.fill(project, archive)


# --- a copy beside the original


@pytest.mark.django_db
def test_a_copy_has_the_same_structure_rows_and_files_of_its_own():
    shop = make_shop()
    manager = SchemaManager(shop)
    customers = table_of(shop, "Customers")
    manager.add_field(customers, "Photo", "image")
    manager.add_field(customers, "Contact", "user")
    member = make_user(organization=shop.organization)
    photo = files.keep(_upload("a.png", PNG), shop, None)
    Records(table_of(shop, "Customers")).update(1, {"photo": [photo], "contact": member.pk})
    copy = make_project(shop.organization, "Copy")

    found = copying.duplicate(shop, copy)

    assert (found.tables, found.rows) == (2, 4)
    assert structure(copy)["tables"] == structure(shop)["tables"]
    before, after = rows_of(shop, "Customers"), rows_of(copy, "Customers")
    assert after[0]["photo"][0]["id"] != photo["id"]
    assert b"".join(files.iterate(StoredFile.objects.get(pk=after[0]["photo"][0]["id"], project=copy))) == PNG
    assert [row | {"photo": None} for row in after] == [row | {"photo": None} for row in before]
    assert rows_of(copy, "Orders") == rows_of(shop, "Orders")
    assert Records(table_of(copy, "Customers")).update(1, {"name": "Eve", "photo": after[0]["photo"]})["name"] == "Eve"


@pytest.mark.parametrize("way", ["file", "copy"])
@pytest.mark.django_db
def test_rows_that_come_are_told_once_for_each_table(way):
    shop = make_shop()
    manager = SchemaManager(shop)
    manager.create_table("Empty", [NewField("Amount", "integer")])
    person, copy = make_user(), make_project(shop.organization, "Copy")
    content = exported(shop)
    OutboxEvent.objects.all().delete()

    if way == "file":
        copy, _found = imported(content, shop.organization, user=person)
    else:
        copying.duplicate(shop, copy, user=person)

    events = OutboxEvent.objects.filter(name__startswith="studio.record")
    assert {(each.name, each.actor_id, each.organization_id) for each in events} == {
        ("studio.records.imported", person.pk, shop.organization_id)
    }
    rows = {str(table_of(copy, label).pk): len(rows_of(copy, label)) for label in ("Customers", "Orders")}
    assert {each.payload["table_id"]: each.payload["created"] for each in events} == rows
    assert {(each.payload["updated"], each.payload["each_row"]) for each in events} == {(0, False)}


@pytest.mark.django_db
def test_a_copy_without_rows_is_empty():
    shop = make_shop()
    copy = make_project(shop.organization, "Copy")

    found = copying.duplicate(shop, copy, with_rows=False)

    assert (found.tables, found.rows, rows_of(copy, "Orders")) == (2, 0, [])


@pytest.mark.django_db
def test_rows_that_no_longer_keep_to_their_settings_are_named():
    project = make_project()
    manager = SchemaManager(project)
    table = manager.create_table("Numbers", [NewField("Amount", "integer")])
    Records(table).create({"amount": 500})
    manager.change_field(table.fields.get(), settings={"max": "100"})

    with pytest.raises(ImportRefused, match="Numbers: Amount: the value is not allowed"):
        copying.duplicate(project, make_project(project.organization, "Copy"))
    with pytest.raises(ImportRefused, match=r"rows/numbers.csv, row 2, amount: .*100.*500"):
        imported(exported(project))


@pytest.mark.django_db(transaction=True)
def test_what_is_written_is_of_one_moment():
    """Rows that come while the file is written are in none of its tables."""
    shop = make_shop()
    seen = []

    def disturb(done: int, total: int) -> None:
        if not seen:
            seen.append(done)
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute(f'INSERT INTO "{shop.schema_name}".customers (name) VALUES (%s) RETURNING id', ["Late"])
                late = cursor.fetchone()[0]
                cursor.execute(f'INSERT INTO "{shop.schema_name}".orders (customer) VALUES (%s)', [late])
            other.close()

    stream = io.BytesIO()
    writing.write(shop, stream, Contents(rows=True), disturb)

    entries = unpacked(stream.getvalue())
    assert seen
    assert (entries["rows/customers.csv"].count(b"\n"), entries["rows/orders.csv"].count(b"\n")) == (3, 3)
    assert DataTable.objects.filter(project=shop).count() == 2
    assert Decimal(rows_of(shop, "Customers")[2]["total"] or 0) == 0
    Project.everything.get(pk=shop.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_a_copy_of_what_is_changed_meanwhile_is_refused_in_words():
    shop = make_shop()
    copy = make_project(shop.organization, "Copy")
    calls = []

    def disturb(done: int, total: int) -> None:
        if not calls:
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute(f'DROP TABLE "{shop.schema_name}".orders CASCADE')
            other.close()
        calls.append(done)

    with pytest.raises(TableChanged, match="“Shop” was changed meanwhile"):
        copying.duplicate(shop, copy, tell=disturb)

    assert not DataTable.everything.filter(project=copy).exists()
    for project in (shop, copy):
        Project.everything.get(pk=project.pk).delete()
