"""Relations, people, files and computed fields in applications: shown, chosen and filled in by their people."""

import json
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nocode.runtime.models import GeneratedApp
from nocode.runtime.published import published
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable, Page, StoredFile
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import choices, pages
from nocode.studio.services.blocks import change_block
from nocode.studio.services.records import Records
from tests.factories import make_deployed, make_organization, make_project, make_table, make_user

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@dataclass
class Desk:
    """An application about orders, which lead to a customer and to tags, and have a person, files and sums."""

    app: GeneratedApp
    orders: DataTable
    customers: DataTable
    people: dict

    def client(self, who: str) -> Client:
        client = Client()
        client.force_login(self.people[who])
        return client

    @property
    def records(self) -> Records:
        return Records(DataTable.objects.get(pk=self.orders.pk))

    def page(self, slug: str, row: int | None = None) -> str:
        return reverse("app_page", args=[self.app.slug, slug]) + (f"?row={row}" if row else "")

    def block(self, slug: str) -> str:
        [page] = [each for each in self.app.current_deployment.snapshot["pages"] if each["slug"] == slug]
        return page["blocks"][0]["id"]

    def choices(self, name: str = "customer", slug: str = "orders-form") -> str:
        return reverse("app_choices", args=[self.app.slug, slug, self.block(slug), name])

    def file(self, row: int, file: dict, name: str = "papers", slug: str = "orders-one-row") -> str:
        return reverse("app_file", args=[self.app.slug, slug, self.block(slug), row, name, file["id"]])

    def post(self, who: str, row: int | None = None, **values):
        return self.client(who).post(self.page("orders-form", row), {"block": self.block("orders-form"), **values})


@pytest.fixture(autouse=True)
def forget():
    published.cache_clear()


@pytest.fixture
def desk() -> Desk:
    organization = make_organization("Acme")
    project = make_project(organization)
    customers = make_table(project, "Customers", (NewField("Name", "text"), NewField("Town", "text")))
    tags = make_table(project, "Tags", (NewField("Word", "text"),))
    Records(customers).create_many([{"name": "Ann", "town": "Lyon"}, {"name": "Bob", "town": "Metz"}])
    Records(tags).create_many([{"word": "red"}, {"word": "blue"}])
    fields = (
        NewField("Title", "text", required=True),
        NewField("Customer", "relation", settings={"table": str(customers.pk), "on_delete": "restrict"}),
        NewField("Tags", "relations", settings={"table": str(tags.pk)}),
        NewField("Who", "user"),
        NewField("Papers", "file"),
        NewField("Photo", "image"),
    )
    orders = make_table(project, "Orders", fields)
    by_label = {field.label: field for field in orders.fields.all()}
    town = customers.fields.get(label="Town")
    settings = {"relation": str(by_label["Customer"].pk), "field": str(town.pk)}
    SchemaManager(project).add_field(orders, "Town", "lookup", settings=settings)
    orders.refresh_from_db()
    listing, _detail, _form = pages.make_pages_for(orders)
    block = listing.blocks.get()
    change_block(block, block.settings | {"fields": []})
    app = make_deployed(project, name="Order desk", slug="order-desk")
    people = {role: make_user(organization=organization, role=role) for role in ("owner", "editor", "viewer")}
    people["stranger"] = make_user(organization=make_organization("Elsewhere"), role="owner")
    return Desk(app, orders, customers, people)


def upload(name: str = "plan.pdf", content: bytes = b"%PDF-1.4 plan") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def narrowed(desk: Desk, slug: str, **settings) -> None:
    """Deploy a page whose first block has other settings."""
    block = Page.objects.get(project=desk.app.project, slug=slug).blocks.first()
    change_block(block, block.settings | settings)
    deployments.build(deployments.deploy(desk.app))
    desk.app.refresh_from_db()


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_lists_and_pages_about_a_row_show_what_people_read(desk):
    owner = desk.people["owner"]
    row = desk.records.create({"title": "Desk", "customer": 1, "tags": [1, 2], "who": owner.pk})

    for address in (desk.page("orders"), desk.page("orders-one-row", row["id"])):
        content = desk.client("viewer").get(address).content.decode()

        for chip in ("Ann", "red", "blue"):
            assert f'<span class="b-chip">{chip}</span>' in content
        assert "Lyon" in content
        assert str(owner.name or owner.email) in content
        assert "#1" not in content


@pytest.mark.parametrize("rows", [1, 30])
def test_labels_cost_the_same_whatever_the_rows(desk, rows):
    desk.records.create_many([{"title": f"Order {n}.", "customer": 1, "tags": [1, 2]} for n in range(rows)])
    narrowed(desk, "orders", page_size=50)
    client = desk.client("viewer")
    client.get(desk.page("orders"))

    with CaptureQueriesContext(connection) as asked:
        content = client.get(desk.page("orders")).content.decode()

    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 6, statements  # session, person, application, roles, tables, rows
    assert content.count(">Ann<") == rows


def test_the_first_cell_leads_to_the_row_and_to_nothing_else(desk):
    narrowed(desk, "orders", fields=["papers"])
    file = desk.records.keep_file(upload())
    row = desk.records.create({"title": "Desk", "papers": [file]})

    content = desk.client("viewer").get(desk.page("orders")).content.decode()

    assert f'<a class="b-link" href="{desk.page("orders-one-row", row["id"])}">plan.pdf</a>' in content
    assert 'class="c-file"' not in content


def test_computed_fields_are_shown_in_a_form_and_never_written(desk):
    row = desk.records.create({"title": "Desk", "customer": 1})

    content = desk.client("editor").get(desk.page("orders-form", row["id"])).content.decode()
    desk.post("editor", row["id"], value_title="Desk", value_customer="2", value_town="Rome", seen_at=row["updated_at"])

    assert "<dt>Town</dt><dd>Lyon</dd>" in content
    assert 'name="value_town"' not in content
    assert desk.records.get(row["id"])["town"] == "Metz"


# --- rows to choose from ----------------------------------------------------------------------------------------------


def test_few_rows_are_a_list_that_works_without_scripts(desk):
    content = desk.client("editor").get(desk.page("orders-form")).content.decode()

    assert '<select name="value_customer"' in content
    assert '<option value="1">Ann</option>' in content
    assert '<select name="value_tags" data-ids multiple size="2"' in content
    assert f'data-rows-choice="{desk.choices()}"' in content
    assert "rows_choice" in content
    assert "/admin/" not in content.split("<main")[1]


def test_many_rows_are_searched(desk, monkeypatch):
    monkeypatch.setattr(choices, "FEW", 1)

    content = desk.client("editor").get(desk.page("orders-form")).content.decode()
    found = desk.client("editor").get(desk.choices(), {"q": "an"}).content.decode()
    chosen = desk.client("editor").get(desk.choices(), {"ids": "2"}).content.decode()

    assert '<input type="text" name="value_customer"' in content
    assert 'data-choose="1"' in found
    assert 'data-choose="2"' not in found
    assert "Bob" in chosen
    assert "/admin/" not in found + chosen


def test_rows_are_chosen_and_chosen_again(desk):
    desk.post("editor", value_title="Desk", value_customer="2", value_tags=["1", "2"], value_who="")
    [row] = desk.records.find()
    assert (row["customer"], row["tags"]) == (2, [1, 2])

    content = desk.client("editor").get(desk.page("orders-form", row["id"])).content.decode()
    assert '<option value="2" selected>Bob</option>' in content

    typed = {"value_customer": "1", "value_tags": "2"}  # as the script sends them
    desk.post("editor", row["id"], value_title="Desk", seen_at=row["updated_at"], **typed)
    [row] = desk.records.find()
    assert (row["customer"], row["tags"]) == (1, [2])


def test_a_row_that_is_not_there_is_refused_where_it_was_chosen(desk):
    answer = desk.post("editor", value_title="Desk", value_customer="99")

    assert answer.status_code == 422
    assert "There is no such row any more" in answer.content.decode()
    assert "rows_choice" in answer.content.decode()  # the form that is shown again searches as well
    assert desk.records.find() == []


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("editor", 200), ("viewer", 404), ("stranger", 404)])
def test_who_may_search_rows(desk, who, status):
    assert desk.client(who).get(desk.choices()).status_code == status


def test_rows_are_searched_for_the_fields_of_forms_only(desk):
    client = desk.client("owner")

    assert client.get(desk.choices("title")).status_code == 404
    assert client.get(desk.choices("no-such-field")).status_code == 404
    assert client.get(desk.choices(slug="orders")).status_code == 404
    narrowed(desk, "orders-form", fields=["title"])
    assert client.get(desk.choices()).status_code == 404


def test_members_are_chosen_and_nobody_else(desk):
    member, stranger = desk.people["viewer"], desk.people["stranger"]

    content = desk.client("editor").get(desk.page("orders-form")).content.decode()
    refused = desk.post("editor", value_title="A", value_who=str(stranger.pk))
    desk.post("editor", value_title="B", value_who=str(member.pk))

    assert f'<option value="{member.pk}">' in content
    assert f'<option value="{stranger.pk}">' not in content
    assert refused.status_code == 422
    assert [(row["title"], row["who"]) for row in desk.records.find()] == [("B", member.pk)]


def test_rows_are_kept_as_made_by_whoever_used_the_application(desk):
    SchemaManager(desk.app.project).add_field(desk.orders, "Author", "created_by")

    desk.post("editor", value_title="Desk")

    assert desk.records.find()[0]["author"] == desk.people["editor"].pk


# --- files ------------------------------------------------------------------------------------------------------------


def with_file(desk: Desk) -> tuple[dict, dict]:
    """A row with a file, made by the form."""
    desk.post("editor", value_title="Desk", **{"value_papers-new": upload()})
    [row] = desk.records.find()
    return row, row["papers"][0]


def test_a_file_is_uploaded_by_a_form_and_downloaded_through_the_application(desk):
    row, file = with_file(desk)

    shown = desk.client("viewer").get(desk.page("orders-one-row", row["id"])).content.decode()
    answer = desk.client("viewer").get(desk.file(row["id"], file))

    assert f'<a class="c-file" href="{desk.file(row["id"], file)}">plan.pdf</a>' in shown
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 plan"
    assert answer["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    stored = StoredFile.objects.get()
    assert (stored.uploaded_by, stored.expires_at) == (desk.people["editor"], None)


@pytest.mark.parametrize("who", ["owner", "editor", "viewer"])
def test_members_need_no_console_to_get_a_file(desk, who):
    row, file = with_file(desk)
    person = desk.people[who]
    person.is_staff = False
    person.save()

    assert desk.client(who).get(desk.file(row["id"], file)).status_code == 200


def test_strangers_get_no_file(desk):
    row, file = with_file(desk)
    address = desk.file(row["id"], file)

    assert desk.client("stranger").get(address).status_code == 404
    assert Client().get(address).status_code == 302
    deployments.archive(desk.app)
    assert desk.client("owner").get(address).status_code == 404


def test_who_may_not_open_the_application_gets_no_file(desk):
    row, file = with_file(desk)
    GeneratedApp.objects.update(minimum_role="owner")

    assert desk.client("editor").get(desk.file(row["id"], file)).status_code == 404
    assert desk.client("owner").get(desk.file(row["id"], file)).status_code == 200


def test_a_file_is_there_only_in_its_row_and_field_and_where_a_block_shows_it(desk):
    row, file = with_file(desk)
    other = desk.records.create({"title": "Other"})
    client = desk.client("owner")

    assert client.get(desk.file(other["id"], file)).status_code == 404
    assert client.get(desk.file(row["id"], file, "photo")).status_code == 404
    assert client.get(desk.file(row["id"], file, "title")).status_code == 404
    assert client.get(desk.file(4711, file)).status_code == 404
    desk.records.update(row["id"], {"papers": None})
    assert client.get(desk.file(row["id"], file)).status_code == 404
    desk.records.update(row["id"], {"papers": [file]})
    narrowed(desk, "orders-one-row", fields=["title"])
    assert client.get(desk.file(row["id"], file)).status_code == 404


def test_a_list_of_some_rows_hands_out_their_files_only(desk):
    row, file = with_file(desk)
    narrowed(desk, "orders", where_field="title", where_op="eq", where_value="Other")

    assert desk.client("owner").get(desk.file(row["id"], file, slug="orders")).status_code == 404
    desk.records.update(row["id"], {"title": "Other"})
    assert desk.client("owner").get(desk.file(row["id"], file, slug="orders")).status_code == 200


def test_a_picture_is_shown_and_what_is_none_is_refused(desk):
    refused = desk.post("editor", value_title="A", **{"value_photo-new": upload("x.png", b"<svg onload=alert(1)>")})
    desk.post("editor", value_title="B", **{"value_photo-new": upload("x.png", PNG)})

    [row] = desk.records.find()
    address = desk.file(row["id"], row["photo"][0], "photo", "orders")
    answer = desk.client("viewer").get(address)
    assert refused.status_code == 422
    assert f'<img src="{address}"' in desk.client("viewer").get(desk.page("orders")).content.decode()
    assert (answer["Content-Type"], answer["Content-Disposition"]) == ("image/png", 'inline; filename="x.png"')


def test_a_page_of_ours_is_never_made_of_an_upload(desk):
    desk.post("editor", value_title="A", **{"value_papers-new": upload("page.html", b"<script>alert(1)</script>")})

    [row] = desk.records.find()
    answer = desk.client("viewer").get(desk.file(row["id"], row["papers"][0]))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_file_is_kept_replaced_and_taken_away(desk):
    row, file = with_file(desk)
    form = desk.client("editor").get(desk.page("orders-form", row["id"])).content.decode()
    assert 'enctype="multipart/form-data"' in form
    assert "plan.pdf" in form

    kept = {"value_papers": json.dumps(file), "value_papers-new": upload("more.txt", b"more")}
    desk.post("editor", row["id"], value_title="Desk", seen_at=row["updated_at"], **kept)
    [row] = desk.records.find()
    assert [each["name"] for each in row["papers"]] == ["plan.pdf", "more.txt"]

    desk.post("editor", row["id"], value_title="Desk", seen_at=row["updated_at"])
    assert desk.records.get(row["id"])["papers"] is None


def test_an_upload_survives_a_refusal_of_the_form(desk):
    answer = desk.post("editor", value_title="", **{"value_photo-new": upload("x.png", PNG)})

    content = answer.content.decode()
    assert (answer.status_code, desk.records.find()) == (422, [])
    assert "<img" not in content  # it belongs to no row yet, so it has no address


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("stranger", 404)])
def test_who_may_not_write_uploads_nothing(desk, who, status):
    answer = desk.post(who, value_title="Desk", **{"value_papers-new": upload()})

    assert answer.status_code == status
    assert not StoredFile.objects.exists()


def test_a_file_that_is_too_large_is_refused(desk):
    papers = desk.orders.fields.get(label="Papers")
    SchemaManager(desk.app.project).change_field(papers, settings={"largest": 1})

    answer = desk.post("editor", value_title="A", **{"value_papers-new": upload("big.bin", b"x" * (1024 * 1024 + 1))})

    assert answer.status_code == 422
    assert "is larger than" in answer.content.decode()
    assert not StoredFile.objects.exists()


# --- the preview of the designer --------------------------------------------------------------------------------------


def test_the_preview_shows_the_same(desk):
    row = desk.records.create({"title": "Desk", "customer": 1, "tags": [1], "photo": [photo(desk)]})
    client, found = desk.client("owner"), {}
    for page in Page.objects.filter(project=desk.app.project):
        address = reverse("admin:studio_page_designer", args=[page.pk])
        found[page.slug] = client.get(address).content.decode().split("data-preview")[1]

    for slug in ("orders", "orders-one-row"):
        assert '<span class="b-chip">Ann</span>' in found[slug]
        assert reverse("admin:studio_file", args=[row["photo"][0]["id"]]) in found[slug]
    assert '<option value="1" selected>Ann</option>' in found["orders-form"]
    assert "<dt>Town</dt><dd>Lyon</dd>" in found["orders-form"]


def photo(desk: Desk) -> dict:
    return desk.records.keep_file(upload("x.png", PNG))


def test_filters_of_a_list_offer_members_and_search_the_names_of_rows(desk):
    narrowed(desk, "orders", filters=["customer", "who"])
    member = desk.people["viewer"]
    desk.records.create_many([{"title": "One", "customer": 1}, {"title": "Two", "customer": 2, "who": member.pk}])
    block, client = desk.block("orders"), desk.client("viewer")

    content = client.get(desk.page("orders")).content.decode()
    by_name = client.get(desk.page("orders"), {f"{block}.customer": "ann"}).content.decode()
    by_person = client.get(desk.page("orders"), {f"{block}.who": member.pk}).content.decode()

    assert f'<option value="{member.pk}">' in content
    assert ("One" in by_name, "Two" in by_name) == (True, False)
    assert ("One" in by_person, "Two" in by_person) == (False, True)
