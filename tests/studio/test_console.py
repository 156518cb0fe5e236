"""Projects, tables and rows in the console: who sees what, and what the pages do."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation

from nocode.foundation.models import Role
from nocode.studio.forms import RowForm
from nocode.studio.models import DataTable, Project
from nocode.studio.schema.manager import NewField
from nocode.studio.services.records import Records
from tests.factories import make_organization, make_project, make_table, make_user
from tests.locks import until_it_waits
from tests.studio.structure import in_use

pytestmark = pytest.mark.django_db

DEALS = (
    NewField("Customer", "text", required=True),
    NewField("E-mail", "email", unique=True),
    NewField("Amount", "decimal", settings={"decimals": 2}),
    NewField("Notes", "long_text"),
)
NO_FIELDS = {"fields-TOTAL_FORMS": 0, "fields-INITIAL_FORMS": 0}


@pytest.fixture
def organization():
    return make_organization("Acme")


@pytest.fixture
def table(organization) -> DataTable:
    return make_table(make_project(organization, "Sales"), "Deals", DEALS)


@pytest.fixture
def owner(client, organization):
    """The browser of an owner."""
    client.force_login(make_user(organization=organization))
    return client


def rows_url(table: DataTable) -> str:
    return reverse("admin:studio_table_rows", args=[table.pk])


def row_url(table: DataTable, row: int) -> str:
    return reverse("admin:studio_table_row", args=[table.pk, row])


def rows_of(page) -> list[int]:
    """The numbers of the rows a page shows."""
    return [int(row) for row in re.findall(r'<tr data-id="(\d+)"', page.content.decode())]


def said(response) -> list[str]:
    """The messages the person gets to read."""
    return [str(message) for message in response.context["messages"]]


def lines(*added: dict, existing: tuple[dict, ...] = ()) -> dict:
    """What the list of fields sends."""
    data = {"fields-TOTAL_FORMS": len(existing) + len(added), "fields-INITIAL_FORMS": len(existing)}
    for number, line in enumerate([*existing, *added]):
        data |= {f"fields-{number}-{name}": value for name, value in line.items()}
    return data


# --- Who sees what ----------------------------------------------------------------------------------------------------


def pages(table: DataTable) -> list[str]:
    return [
        rows_url(table),
        row_url(table, 1),
        reverse("admin:studio_table_row_add", args=[table.pk]),
        reverse("admin:studio_table_row_delete", args=[table.pk, 1]),
        reverse("admin:studio_datatable_change", args=[table.pk]),
        reverse("admin:studio_datatable_delete", args=[table.pk]),
        reverse("admin:studio_project_change", args=[table.project_id]),
        reverse("admin:studio_project_delete", args=[table.project_id]),
    ]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.OWNER, [200] * 8),
        (Role.ADMIN, [200] * 8),
        (Role.EDITOR, [200, 200, 200, 403, 200, 403, 200, 403]),
        (Role.VIEWER, [200, 200, 403, 403, 200, 403, 200, 403]),
    ],
)
def test_pages_follow_the_role(client, organization, table, role, expected):
    Records(table).create({"customer": "Ada"})
    client.force_login(make_user(organization=organization, role=role))

    assert [client.get(url).status_code for url in pages(table)] == expected


def test_stranger_finds_nothing(client, table):
    Records(table).create({"customer": "Ada"})
    client.force_login(make_user(organization=make_organization()))

    assert [client.get(url).status_code for url in pages(table)] == [404] * 8
    assert [client.post(url).status_code for url in pages(table)[1:]] == [404] * 7
    for name in ("studio_project_changelist", "studio_datatable_changelist"):
        assert table.label not in client.get(reverse(f"admin:{name}")).content.decode()
    assert Records(table).count() == 1


def test_visitor_is_asked_to_log_in(client, table):
    for url in pages(table):
        assert client.get(url).url.startswith("/admin/login/")


def test_viewer_reads_but_cannot_write(client, organization, table):
    Records(table).create({"customer": "Ada"})
    client.force_login(make_user(organization=organization, role=Role.VIEWER))

    page = client.get(row_url(table, 1)).content.decode()
    assert client.post(row_url(table, 1), {"value_customer": "Eve"}).status_code == 403
    assert "Ada" in page
    assert 'name="value_customer"' not in page
    assert Records(table).get(1)["customer"] == "Ada"


def test_editor_cannot_drop_a_field(client, organization, table):
    client.force_login(make_user(organization=organization, role=Role.EDITOR))
    field = table.fields.get(label="Notes")
    line = {"id": field.pk, "label": "Notes", "DELETE": "on"}

    client.post(pages(table)[4], {"label": "Deals", **lines(existing=(line,))})

    assert table.fields.filter(pk=field.pk).exists()


# --- Projects and tables ----------------------------------------------------------------------------------------------


def test_project_is_made_with_its_schema_thrown_away_and_deleted_with_it(owner, organization, everything):
    before = everything()

    response = owner.post(reverse("admin:studio_project_add"), {"name": " Ventes  été ", "description": "x"})

    project = Project.objects.get()
    assert response.url == reverse("admin:studio_project_change", args=[project.pk])
    assert (project.name, project.organization) == ("Ventes été", organization)
    inside = make_table(project)
    url = reverse("admin:studio_project_delete", args=[project.pk])
    owner.post(url, {"post": "yes", "name": "ventes"})
    assert Project.objects.exists(), "the name was not typed"
    owner.post(url, {"post": "yes", "name": "Ventes été"})
    assert not Project.objects.exists()
    assert not DataTable.objects.filter(pk=inside.pk).exists()
    assert "Ventes été" in owner.get(reverse("admin:studio_project_changelist")).content.decode()

    back = reverse("admin:studio_project_back", args=[project.pk])
    owner.post(back, {"purge": "1", "name": "Ventes été"})
    assert everything() == before


def test_a_project_comes_back_from_the_trash(owner, organization):
    project = make_project(organization, "Sales")
    owner.post(reverse("admin:studio_project_delete", args=[project.pk]), {"post": "yes", "name": "Sales"})

    owner.post(reverse("admin:studio_project_back", args=[project.pk]))

    assert Project.objects.get() == project


@pytest.mark.parametrize("name", ["Sales", "sales\x00", "\u200b", ""])
def test_bad_project_name_is_told_in_the_form(owner, table, name):
    response = owner.post(reverse("admin:studio_project_add"), {"name": name})

    assert response.status_code == 200
    assert response.context["adminform"].form.errors["name"]
    assert Project.objects.count() == 1


def test_renaming_to_a_name_in_use_is_told_in_the_form(owner, table, organization):
    other = make_project(organization, "Other")

    response = owner.post(reverse("admin:studio_project_change", args=[other.pk]), {"name": "Sales"})

    assert "already has a project" in str(response.context["adminform"].form.errors["name"])


def test_a_project_changed_meanwhile_is_not_overwritten(owner, organization):
    project = make_project(organization, "Sales")
    url = reverse("admin:studio_project_change", args=[project.pk])
    [seen_at] = re.findall(r'name="seen_at" value="([^"]+)"', owner.get(url).content.decode())
    owner.post(url, {"name": "Theirs", "seen_at": seen_at})

    response = owner.post(url, {"name": "Mine", "seen_at": seen_at})

    assert "Somebody changed this meanwhile" in response.context["adminform"].form.errors["name"][0]
    project.refresh_from_db()
    assert project.name == "Theirs"


@pytest.mark.django_db(transaction=True)
def test_a_project_name_taken_at_the_same_moment_is_told_in_the_form(owner, organization):
    def add():
        try:
            return owner.post(reverse("admin:studio_project_add"), {"name": "Sales"})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            make_project(organization, "Sales")
            second = pool.submit(add)
            until_it_waits(second)
        response = second.result(timeout=20)

    assert "already has a project" in str(response.context["adminform"].form.errors["name"])
    assert Project.objects.count() == 1


def test_table_is_made_with_its_fields(owner, organization):
    project = make_project(organization)
    data = lines(
        {"label": "Name", "kind": "text", "required": "on", "settings-text-max_length": "80"},
        {"label": "Stage", "kind": "select", "settings-select-options": "New\r\nWon\r\n"},
        {"label": "", "kind": "text", "settings-text-max_length": "255"},
    )

    response = owner.post(reverse("admin:studio_datatable_add"), {"project": project.pk, "label": "Clients", **data})

    table = DataTable.objects.get()
    assert response.url == rows_url(table)
    assert list(table.fields.values_list("physical_name", "kind", "required", "settings")) == [
        ("name", "text", True, {"max_length": 80}),
        ("stage", "select", False, {"options": ["New", "Won"]}),
    ]
    assert Records(table).create({"name": "Ada", "stage": "won"})["stage"] == "Won"


def test_one_save_of_a_table_page_is_one_change_and_one_undo(owner, table):
    customer, email, amount, notes = table.fields.order_by("position")
    existing = (
        {"id": customer.pk, "label": "Client", "required": "on", "settings-text-max_length": "100"},
        {"id": email.pk, "label": "E-mail"},
        {"id": amount.pk, "label": "Amount", "settings-decimal-decimals": "2"},
        {"id": notes.pk, "label": "Notes", "DELETE": "on"},
    )
    before, made = in_use(table.project), table.project.changes.count()

    owner.post(pages(table)[4], {"label": "Ventes", **lines({"label": "Due", "kind": "date"}, existing=existing)})

    assert table.project.changes.count() == made + 1
    page = owner.get(reverse("admin:studio_project_changes", args=[table.project_id])).content.decode()
    assert "Table renamed or described: Ventes · Field thrown away: Notes" in page
    assert "Field added: Due" in page
    owner.post(reverse("admin:studio_project_undo", args=[table.project_id]))
    assert in_use(table.project) == before


def test_table_page_adds_renames_changes_and_drops(owner, table):
    customer, email, amount, notes = table.fields.order_by("position")
    existing = (
        {"id": customer.pk, "label": "Client", "required": "on", "settings-text-max_length": "100"},
        {"id": email.pk, "label": "E-mail"},
        {"id": amount.pk, "label": "Amount", "settings-decimal-decimals": "3"},
        {"id": notes.pk, "label": "Notes", "DELETE": "on"},
    )
    added = {"label": "Due", "kind": "date"}

    response = owner.post(pages(table)[4], {"label": "Ventes", **lines(added, existing=existing)}, follow=True)

    assert response.status_code == 200
    table.refresh_from_db()
    assert table.label == "Ventes"
    assert list(table.fields.values_list("label", "physical_name", "unique", "settings")) == [
        ("Client", "customer", False, {"max_length": 100}),
        ("E-mail", "e_mail", False, {}),
        ("Amount", "amount", False, {"decimals": 3}),
        ("Due", "due", False, {}),
    ]
    assert set(Records(table).create({"customer": "x", "due": "2026-01-01"})) == {
        "id", "created_at", "updated_at", "customer", "e_mail", "amount", "due",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ({"label": "Stage", "kind": "select"}, "settings", "Options: This field is required"),
        ({"label": "Text", "kind": "text", "settings-text-max_length": "9999"}, "settings", "Longest text"),
        ({"label": "More", "kind": "json", "unique": "on"}, "unique", "cannot be unique"),
        ({"label": "\u200b", "kind": "text"}, "label", "can be read"),
        ({"label": "More", "kind": "nonsense"}, "kind", "valid choice"),
    ],
)
def test_bad_field_is_told_in_its_line(owner, table, everything, line, field, words):
    before = everything()

    response = owner.post(pages(table)[4], {"label": "Deals", **lines(line)})

    assert words in str(response.context["inline_admin_formsets"][0].formset.errors[0][field])
    assert everything() == before


def test_what_the_database_would_refuse_is_said_before_and_the_whole_page_stays_as_typed(owner, table, everything):
    Records(table).create({"customer": "Ada"})
    before = everything()

    response = owner.post(
        pages(table)[4], {"label": "Renamed", **lines({"label": "Must", "kind": "text", "required": "on"})}
    )

    assert everything() == before
    form, [fields] = response.context["adminform"].form, response.context["inline_admin_formsets"]
    assert "1 row has no value" in str(response.context["consent"].preview.problems[0])
    assert (form["label"].value(), fields.formset.forms[0]["label"].value()) == ("Renamed", "Must")


def test_wide_table_can_be_saved(owner, organization):
    wide = make_table(make_project(organization), "Wide", tuple(NewField(f"Field {n}", "text") for n in range(210)))
    html = owner.get(pages(wide)[4]).content.decode()
    existing = [{"id": field.pk, "label": field.label, "table": wide.pk, "required": ""} for field in wide.fields.all()]
    sent = dict.fromkeys(re.findall(r'name="(fields-\d+-settings-[^"]+)"', html), "255")

    response = owner.post(pages(wide)[4], sent | {"label": "Wider", **lines(existing=tuple(existing))})

    assert len(sent) == 420
    assert response.status_code == 302
    assert DataTable.objects.get(pk=wide.pk).label == "Wider"


def test_table_in_a_project_of_others_is_refused(owner, table):
    elsewhere = make_project()

    response = owner.post(
        reverse("admin:studio_datatable_add"), {"project": elsewhere.pk, "label": "Mine", **NO_FIELDS}
    )

    assert "project" in response.context["adminform"].form.errors
    assert elsewhere.tables.count() == 0


def test_deleted_table_is_dropped(owner, table, everything):
    url = reverse("admin:studio_datatable_delete", args=[table.pk])
    assert "goes to the trash" in owner.get(url).content.decode()

    owner.post(url, {"post": "yes"})

    assert not DataTable.objects.exists()
    catalog = everything()[0]
    assert [row[1] for row in catalog if row[0] == table.project.schema_name] == [None]


# --- Rows -------------------------------------------------------------------------------------------------------------


def test_rows_are_paged_from_the_newest(owner, table):
    Records(table).create_many([{"customer": f"C{number}"} for number in range(120)])

    first = owner.get(rows_url(table))
    second = owner.get(f"{rows_url(table)}?{first.context['next']}")
    third = owner.get(f"{rows_url(table)}?{second.context['next']}")
    back = owner.get(f"{rows_url(table)}?{third.context['previous']}")

    assert rows_of(first) == list(range(120, 70, -1))
    assert rows_of(second) == list(range(70, 20, -1))
    assert rows_of(third) == list(range(20, 0, -1))
    assert (first.context["previous"], third.context["next"]) == (None, None)
    assert rows_of(back) == rows_of(second)
    assert "120 rows" in first.content.decode()


def test_search_looks_into_texts(owner, table):
    Records(table).create_many([{"customer": "Ada", "notes": "likes tea"}, {"customer": "Bob"}])

    page = owner.get(rows_url(table), {"q": "TEA"})
    part = owner.get(rows_url(table), {"q": "nobody"}, headers={"HX-Request": "true"})

    assert rows_of(page) == [1]
    assert "Nothing matches" in part.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("query", ["before=x", "after=-1", "before=99999999999999999999", "q=%00", "before=²"])
def test_strange_addresses_do_no_harm(owner, table, query):
    Records(table).create({"customer": "Ada"})

    assert owner.get(f"{rows_url(table)}?{query}", follow=True).status_code == 200


def test_empty_pages_teach(owner, table):
    bare = make_table(table.project, "Bare", ())

    assert "Add the first row" in owner.get(rows_url(table)).content.decode()
    assert "Add fields" in owner.get(rows_url(bare)).content.decode()


def test_values_are_escaped(owner, table):
    Records(table).create({"customer": "<script>alert(1)</script>"})

    for url in (rows_url(table), row_url(table, 1), pages(table)[3]):
        assert "<script>alert" not in owner.get(url).content.decode()


def test_row_is_added(owner, table):
    response = owner.post(
        reverse("admin:studio_table_row_add", args=[table.pk]),
        {"value_customer": "Ada", "value_amount": "12.50"},
        follow=True,
    )

    assert said(response) == ["Row 1 was added."]
    assert Records(table).get(1)["amount"] == 12.5


def test_bad_row_is_told_beside_its_fields(owner, table):
    Records(table).create({"customer": "Ada", "e_mail": "a@example.com"})
    url = reverse("admin:studio_table_row_add", args=[table.pk])

    bad = owner.post(url, {"value_customer": "", "value_amount": "1.234", "value_e_mail": "a@example.com"})
    worse = owner.post(url, {"value_customer": "Eve", "value_amount": "1.234"})
    taken = owner.post(url, {"value_customer": "Bob", "value_e_mail": "a@example.com"})

    assert [bad.status_code, worse.status_code, taken.status_code] == [422] * 3
    assert "value_customer" in bad.context["form"].errors
    assert worse.context["form"].errors == {"value_amount": ["“1.234” has more than 2 decimals; round it."]}
    assert "must be unique" in taken.context["form"].errors["value_e_mail"][0]
    assert Records(table).count() == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_problem_beside_its_field_does_not_repeat_the_name(table, language):
    records = Records(table)
    records.create({"customer": "Ada", "e_mail": "a@example.com"})
    wrong = RowForm(records.layout, {"value_customer": "Bob", "value_amount": "a lot"})
    taken = RowForm(records.layout, {"value_customer": "Bob", "value_e_mail": "a@example.com"})

    with translation.override(language):
        saved = [form.is_valid() and form.save(records) for form in (wrong, taken)]

    assert saved == [None, None]
    assert (list(wrong.errors), list(taken.errors)) == (["value_amount"], ["value_e_mail"])
    assert not wrong.errors["value_amount"][0].startswith("Amount")
    assert not taken.errors["value_e_mail"][0].startswith("E-mail")


def test_only_touched_fields_are_written(owner, table):
    row = Records(table).create({"customer": "Ada", "notes": "one\r\ntwo", "amount": "1.50"})
    page = owner.get(row_url(table, 1))
    sent = {field.html_name: field.value() or "" for field in page.context["form"]}

    owner.post(
        row_url(table, 1), {**sent, "value_notes": sent["value_notes"].replace("\n", "\r\n"), "value_amount": "2"}
    )

    after = Records(table).get(1)
    assert (after["notes"], after["amount"]) == (row["notes"], 2)


def test_row_changed_meanwhile_is_not_overwritten(owner, table):
    row = Records(table).create({"customer": "Ada"})
    Records(table).update(1, {"customer": "Bob"})

    response = owner.post(row_url(table, 1), {"seen_at": row["updated_at"], "value_customer": "Eve"})

    assert "Somebody changed this row meanwhile" in response.content.decode()
    assert Records(table).get(1)["customer"] == "Bob"


def test_row_is_deleted_after_a_question(owner, table):
    Records(table).create({"customer": "Ada"})
    url = reverse("admin:studio_table_row_delete", args=[table.pk, 1])

    assert "Delete row 1?" in owner.get(url).content.decode()
    assert Records(table).count() == 1
    assert said(owner.post(url, follow=True)) == ["Row 1 was deleted."]
    assert Records(table).count() == 0


def test_link_to_a_row_that_is_gone_says_so(owner, table):
    assert said(owner.get(row_url(table, 7), follow=True)) == ["“Deals” has no row 7."]


def test_table_dropped_behind_our_back_says_so(owner, table):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table.project.schema_name}.deals")  # noqa: S608

    response = owner.get(rows_url(table), follow=True)

    [message] = said(response)
    assert message.startswith("The table “Deals” does not exist in the database any more. <a ")
    assert reverse("admin:studio_project_check", args=[table.project_id]) in message
    assert response.resolver_match.url_name == "studio_datatable_change"


def test_a_table_in_the_list_opens_its_rows_and_leads_to_its_fields(owner, table):
    page = owner.get(reverse("admin:studio_datatable_changelist")).content.decode()

    assert f'<a class="c-link c-ellipsis" href="{rows_url(table)}" title="Deals">Deals</a>' in page
    assert f'href="{reverse("admin:studio_datatable_change", args=[table.pk])}">Fields</a>' in page


def test_saving_fields_stays_with_the_table(owner, table):
    url = reverse("admin:studio_datatable_change", args=[table.pk])

    response = owner.post(url, {"label": "Deals won", **NO_FIELDS})

    assert response.url == url
    assert 'name="_continue"' not in owner.get(url).content.decode()


def test_names_that_people_gave_are_not_capitalised(owner, table):
    small = make_table(table.project, "select")

    page = owner.get(reverse("admin:studio_datatable_change", args=[small.pk])).content.decode()
    heading = re.sub(r"<[^>]+>|chevron_right", " ", page.split("<h1")[1].split(">", 1)[1].split("</h1>")[0]).split()

    assert heading == ["Studio", "Tables", "select"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_before_a_table_is_dropped_its_rows_are_counted(owner, table, count):
    Records(table).create_many([{"customer": str(number)} for number in range(count)])

    page = owner.get(reverse("admin:studio_datatable_delete", args=[table.pk])).content.decode()

    found = re.findall(r"(\d+) rows? of “Deals” goe?s? to the trash", page)
    assert found == ([str(count)] if count else [])


def test_a_table_dropped_behind_our_back_can_be_deleted(owner, table):
    url = reverse("admin:studio_datatable_delete", args=[table.pk])
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table.project.schema_name}.deals")  # noqa: S608

    assert "to the trash with it" not in owner.get(url).content.decode()


@pytest.mark.parametrize("rows", [1, 30])
def test_rows_page_costs_the_same(owner, table, rows, django_assert_max_num_queries):
    Records(table).create_many([{"customer": str(number)} for number in range(rows)])
    owner.get(rows_url(table))

    with django_assert_max_num_queries(16):  # six of them are savepoints that only a test needs
        owner.get(rows_url(table))


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("name", ["studio_project_changelist", "studio_datatable_changelist"])
def test_lists_cost_the_same(owner, organization, count, name, django_assert_max_num_queries):
    for _number in range(count):
        make_table(make_project(organization))

    with django_assert_max_num_queries(10):
        owner.get(reverse(f"admin:{name}"))
