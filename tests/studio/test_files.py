"""Files of rows: who may take them in and hand them out, what a browser is told of them, how long they stay."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from nocode.foundation.models import Role
from nocode.foundation.retention import Sweep
from nocode.studio.errors import RecordErrors
from nocode.studio.fields import field_types
from nocode.studio.forms import RowForm
from nocode.studio.layouts import layout_of
from nocode.studio.models import StoredFile
from nocode.studio.schema.manager import NewField
from nocode.studio.services import files
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
HTML = b"<script>alert(1)</script>"


@pytest.fixture
def organization():
    return make_organization()


@pytest.fixture
def table(organization):
    fields = (
        NewField("Name", "text"),
        NewField("Papers", "file", settings={"most": 2, "largest": 1}),
        NewField("Photo", "image"),
    )
    return make_table(make_project(organization), "Goods", fields)


@pytest.fixture
def owner(organization, client):
    user = make_user(organization=organization)
    client.force_login(user)
    return user


def upload_url(table, name="papers"):
    return reverse("admin:studio_file_upload", args=[table.pk, name])


def upload(client, table, content=b"text", name="a.txt", field="papers"):
    return client.post(upload_url(table, field), {"file": SimpleUploadedFile(name, content)})


def address(kept):
    return reverse("admin:studio_file", args=[kept["id"]])


def body(response):
    return b"".join(response.streaming_content)


def test_a_file_is_taken_in_and_handed_out(client, owner, table):
    kept = upload(client, table, b"caf\xc3\xa9", "../Devis « été ».txt").json()

    assert kept == {"id": kept["id"], "name": "Devis « été ».txt", "size": 5, "type": "text/plain"}
    response = client.get(address(kept))
    assert body(response) == b"caf\xc3\xa9"
    assert response["Content-Length"] == "5"


@pytest.mark.parametrize(
    ("name", "content", "kind", "shown"),
    [
        ("a.png", PNG, "image/png", "inline"),
        ("a.png", HTML, "application/octet-stream", "attachment"),
        ("a.html", HTML, "application/octet-stream", "attachment"),
        ("a.svg", b"<svg onload='alert(1)'/>", "application/octet-stream", "attachment"),
    ],
)
def test_only_true_pictures_are_shown(client, owner, table, name, content, kind, shown):
    response = client.get(address(upload(client, table, content, name).json()))

    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].startswith(shown)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_field_refuses_what_it_does_not_take(client, owner, table):
    assert upload(client, table, HTML, "a.png", "photo").status_code == 422
    assert upload(client, table, b"x" * (1024 * 1024 + 1)).status_code == 422
    assert upload(client, table, PNG, field="name").status_code == 404
    assert client.post(upload_url(table)).status_code == 400
    assert not StoredFile.objects.exists()


def test_who_may_take_in_and_who_may_see(client, organization, table, owner):
    kept = upload(client, table).json()

    client.force_login(make_user(organization=organization, role=Role.EDITOR))
    assert upload(client, table).status_code == 201
    client.force_login(make_user(organization=organization, role=Role.VIEWER))
    assert upload(client, table).status_code == 403
    assert client.get(address(kept)).status_code == 200
    client.force_login(make_user(organization=make_organization()))
    assert upload(client, table).status_code == 404
    assert client.get(address(kept)).status_code == 404
    client.logout()
    assert client.get(address(kept)).status_code == 302


def test_a_saved_file_stays_and_an_unused_one_goes(owner, table):
    used = files.keep(SimpleUploadedFile("used.txt", b"x" * 1_200_000), table.project, owner)
    files.keep(SimpleUploadedFile("unused.txt", b"2"), table.project, owner)
    Records(table).create({"name": "A", "papers": [used]})
    StoredFile.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))

    sweep = Sweep()
    sweep.delete(files.unused_files())

    assert [str(each.pk) for each in StoredFile.objects.all()] == [used["id"]]
    assert len(b"".join(files.iterate(StoredFile.objects.get()))) == 1_200_000


def test_an_upload_is_kept_for_a_day(owner, table):
    files.keep(SimpleUploadedFile("a.txt", b"1"), table.project, owner)

    assert not files.unused_files().exists()
    assert timedelta(hours=23) < StoredFile.objects.get().expires_at - timezone.now() <= timedelta(days=1)


def test_a_row_names_only_files_of_its_project_as_they_are(owner, table, organization):
    other = make_project(organization)
    strange = files.keep(SimpleUploadedFile("a.txt", b"1"), other, owner)
    ours = files.keep(SimpleUploadedFile("a.txt", b"1"), table.project, owner)
    records = Records(table)

    for value in ([strange], [ours | {"name": "b.txt"}], [ours, ours, ours], [ours["id"]], "nothing"):
        with pytest.raises(RecordErrors):
            records.create({"papers": value})
    with pytest.raises(RecordErrors, match="PNG"):
        records.create({"photo": [ours]})
    assert records.create({"papers": [ours]})["papers"] == [ours]


def test_a_form_takes_files_keeps_those_that_are_marked_and_leaves_the_others(owner, table):
    records, layout = Records(table, actor=owner), layout_of(table)
    new = MultiValueDict({"value_papers-new": [SimpleUploadedFile("a.txt", b"1"), SimpleUploadedFile("b.txt", b"2")]})
    form = RowForm(layout, {"value_name": "A"}, new)

    assert form.is_valid(), form.errors
    row = form.save(records)
    assert [file["name"] for file in row["papers"]] == ["a.txt", "b.txt"]
    assert StoredFile.objects.filter(uploaded_by=owner).count() == 2

    shown = str(RowForm(layout, row=row)["value_papers"])
    assert "a.txt" in shown
    marked = field_types["json"].display(row["papers"][1])
    form = RowForm(layout, {"value_name": "A", "value_papers": marked, "seen_at": row["updated_at"]}, {}, row=row)
    assert form.is_valid()
    assert [file["name"] for file in form.save(records)["papers"]] == ["b.txt"]


def test_a_refused_form_still_shows_what_was_uploaded(owner, table):
    new = MultiValueDict({"value_papers-new": [SimpleUploadedFile(f"{n}.txt", b"1") for n in range(3)]})
    form = RowForm(layout_of(table), {"value_name": "A"}, new)

    assert form.is_valid()
    assert form.save(Records(table)) is None
    assert "2" in form.errors["value_papers"][0]
    assert "0.txt" in str(form["value_papers"])


def test_cells_show_links_and_pictures(owner, table):
    photo = files.keep(SimpleUploadedFile('<"a">.png', PNG), table.project, owner)

    cell = field_types["image"].cell([photo])
    assert f'src="{address(photo)}"' in cell
    assert "&lt;&quot;a" in cell
    assert address(photo) in field_types["file"].cell([photo])
