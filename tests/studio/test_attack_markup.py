"""Words that look like markup stay words on every page, and nothing is changed by a page of another site."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from nocode.studio.models import DataTable, Field, GridView, RecordChange, RecordComment, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import comments, files, imports
from nocode.studio.services.records import Records
from nocode.studio.urls import console_urls
from nocode.studio.views import import_form
from tests import factories

pytestmark = pytest.mark.django_db

EVIL = "<img src=x onerror=alert(1)>\"'`{{7*7}}"
ALIVE = re.compile(
    r"""<img src=x|onerror=alert\(1\)>"|(?:href|src)=["']?javascript:|<script>alert|='[^'"]*'\+onmouseover""",
    re.IGNORECASE,
)
KINDS = {
    "text": EVIL,
    "long_text": EVIL,
    "rich_text": f"{EVIL} [a](javascript:alert(1)) ![b](https://evil.example/x.png) <script>alert(1)</script>",
    "select": EVIL,
    "multi_select": [EVIL],
    "json": {EVIL: EVIL},
    "url": "https://example.com/?'+onmouseover='alert(1)",
    "phone": "+33 1 23 45 67 89",
}


def address(name, *args, query="") -> str:
    return reverse(f"admin:studio_{name}", args=args) + query


@pytest.fixture
def project():
    return factories.make_project(factories.make_organization(), EVIL)


@pytest.fixture
def person(project):
    return factories.make_user(organization=project.organization, name=EVIL)


@pytest.fixture
def table(project, person):
    """A table in which everything that people write is markup."""
    options = {"options": [EVIL]}
    fields = [
        NewField(f"{kind} {EVIL}", kind, settings=options if "select" in kind else {}, help_text=EVIL) for kind in KINDS
    ]
    fields += [NewField(f"{kind} {EVIL}", kind, help_text=EVIL) for kind in ("file", "user")]
    made = factories.make_table(project, EVIL, tuple(fields))
    manager = SchemaManager(project, person)
    manager.add_field(made, f"relation {EVIL}", "relation", settings={"table": str(made.pk)})
    manager.add_field(made, f"relations {EVIL}", "relations", settings={"table": str(made.pk)})
    manager.add_field(made, f"formula {EVIL}", "formula", settings={"formula": '"<img src=x onerror=alert(1)>"'})
    return DataTable.objects.get(pk=made.pk)


@pytest.fixture
def row(table, person):
    """A row of it, changed, spoken about, with a file."""
    upload = SimpleUploadedFile(f"{EVIL}.html", b"<script>alert(1)</script>", "text/html")
    named = {field.kind: field.physical_name for field in table.fields.all()}
    records = Records(table, actor=person)
    values = {named[kind]: value for kind, value in KINDS.items()}
    values |= {named["file"]: [files.keep(upload, table.project, person)], named["user"]: person.pk}
    first = records.create(values)["id"]
    row = records.create(values | {named["relation"]: first, named["relations"]: [first]})["id"]
    records.update(row, {named["text"]: f"{EVIL} again"})
    comments.add(table, row, person, f"{EVIL} @{person.email}")
    return row


@pytest.fixture
def browser(client, person):
    client.force_login(person)
    return client


def test_words_that_look_like_markup_do_nothing_on_any_page(browser, project, table, row, person):
    view = GridView.objects.create(table=table, name=EVIL)
    text = table.fields.get(kind="text")
    file = imports.upload(
        SimpleUploadedFile(f"{EVIL}.csv", f"{EVIL},b\n{EVIL},2\n".encode()), f"{EVIL}.csv", project, person
    )
    job = TableJob.objects.create(project=project, table=table, kind="import", state="failed", error=EVIL, input=file)
    preview = imports.look(file)
    job.options = {"import": import_form.likeliest(preview, table, file.name).as_json()}
    job.result = {"rows": 1, "samples": [[1, EVIL, EVIL, EVIL]]}
    job.save()
    gone = SchemaManager(project, person).add_field(table, f"gone {EVIL}", "text")
    SchemaManager(project, person).drop_field(gone)
    named = text.physical_name
    pages = [
        address("table_rows", table.pk),
        address("table_rows", table.pk, query=f"?group={named}"),
        address("table_rows", table.pk, query=f"?view={view.pk}&undo={RecordChange.objects.first().batch}"),
        address(
            "table_rows", table.pk, query=f"?q=%3Cimg+src=x%3E&f={named}&op=contains&v=%3Cimg+src=x+onerror=alert(1)%3E"
        ),
        address(
            "table_rows", table.pk, query="?f=%3Cimg+src=x%3E&op=%3Cimg+src=x%3E&v=%3Cimg+src=x%3E&sort=%3Cimg+src=x%3E"
        ),
        address("table_row", table.pk, row),
        address("table_row_add", table.pk),
        address("table_row_delete", table.pk, row),
        address("table_row_history", table.pk, row),
        address("table_choices", table.pk),
        address("table_choices", table.pk, query=f"?ids={row}"),
        *(
            address("table_cell", table.pk, row, each.physical_name)
            for each in table.fields.all()
            if not each.type.is_computed
        ),
        *(address("table_bulk_input", table.pk, query=f"?field={each.physical_name}") for each in table.fields.all()),
        *(address("table_condition", table.pk, query=f"?f={each.physical_name}") for each in table.fields.all()),
        address("table_import", table.pk),
        address("import", file.pk, query=f"?table={table.pk}"),
        address("import", file.pk, query="?sheet=%3Cimg+src=x%3E"),
        address("job", job.pk),
        address("project_diagram", project.pk),
        address("project_changes", project.pk),
        address("project_trash", project.pk),
        address("field_retype", text.pk),
        address("datatable_change", table.pk),
        address("datatable_delete", table.pk),
        address("project_change", project.pk),
        address("project_delete", project.pk),
        address("project_changelist"),
        address("datatable_changelist"),
    ]

    alive = {url: found.group() for url in pages if (found := ALIVE.search(browser.get(url).content.decode()))}

    assert alive == {}


def test_refusals_do_not_bring_markup_to_life(browser, table, row):
    named = table.fields.get(kind="text").physical_name
    url = address("table_row_add", table.pk)

    for data in ({f"value_{named}": f"{EVIL}\n{EVIL}"}, {f"value_{named}": "\x00<img src=x>"}):
        assert not ALIVE.search(browser.post(url, data, follow=True).content.decode())
    bulk = {"row": row, "field": "<img src=x>", "value_x": EVIL}
    assert not ALIVE.search(browser.post(address("table_bulk", table.pk), bulk, follow=True).content.decode())


def test_an_uploaded_page_is_only_ever_saved(browser, table, row):
    file = Records(table).get(row)[table.fields.get(kind="file").physical_name][0]

    answer = browser.get(address("file", file["id"]))

    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_an_export_is_only_ever_saved(browser, table, row, kind):
    answer = browser.get(address("table_export", table.pk, query=f"?format={kind}"))

    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"[\r\n]", answer["Content-Disposition"])


def test_no_address_takes_a_form_of_another_site(project, table, row, person):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    comment = RecordComment.objects.get()
    known = {
        "pk": table.pk,
        "row": row,
        "name": table.fields.get(kind="text").physical_name,
        "change": RecordChange.objects.first().pk,
        "comment": comment.pk,
        "batch": RecordChange.objects.first().batch,
        "view": table.pk,
        "index": table.pk,
        "kind": "table",
        "thing": table.pk,
        "field": table.pk,
    }
    before = [model.objects.count() for model in (DataTable, Field, TableJob, RecordComment, RecordChange)]

    refused = {}
    for pattern in console_urls:
        names = pattern.pattern.converters
        url = reverse(f"admin:{pattern.name}", kwargs={name: known.get(name, table.pk) for name in names})
        refused[pattern.name] = browser.post(url, {"text": "x", "name": "x"}).status_code

    assert {name: status for name, status in refused.items() if status not in (403, 405)} == {}
    assert before == [model.objects.count() for model in (DataTable, Field, TableJob, RecordComment, RecordChange)]
