"""Applications as their people use them: who may open them, what they see, what they may change."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg2.sql import Composable

from nocode.foundation.models import Role, User
from nocode.runtime.models import GeneratedApp
from nocode.runtime.published import published
from nocode.runtime.services import deployments
from nocode.studio.models import DataTable, Page
from nocode.studio.services.blocks import change_block
from tests.factories import make_deployed, make_page
from tests.runtime.people import Team, make_team

pytestmark = pytest.mark.django_db

ROLES = [*Role.values]


@pytest.fixture
def team() -> Team:
    return make_team()


@pytest.fixture(autouse=True)
def forget():
    """Ids of deployments are never used twice, but a test should not lean on what another one has read."""
    published.cache_clear()


# --- who may open it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minimum", ROLES)
def test_members_open_it_from_the_minimum_role_on(team, minimum):
    team.app.minimum_role = minimum
    team.app.save()

    statuses = {role: team.client(role).get(team.address("orders")).status_code for role in ROLES}

    assert statuses == {role: 200 if ROLES.index(role) <= ROLES.index(minimum) else 404 for role in ROLES}


def test_a_stranger_and_an_unknown_address_look_the_same(team):
    client = team.client("stranger")

    foreign, unknown = (client.get(address) for address in (team.address("orders"), "/apps/no-such-app/orders/"))

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    assert client.post(team.address("orders-form")).status_code == 404


def test_nobody_who_is_not_logged_in_learns_what_exists(team, client):
    for address in (team.address("orders"), team.address("orders-form"), "/apps/no-such-app/"):
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in (302, 405)
            if answer.status_code == 302:
                assert answer.url == f"{reverse('admin:login')}?next={address}"


def test_logging_in_leads_back(team, client):
    user = team.people["viewer"]
    login = client.get(team.address("orders", row=1)).url

    answer = client.post(login, {"username": user.email, "password": "correct horse battery"})

    assert answer.url == team.address("orders", row=1)


def test_a_person_who_may_not_open_the_console_uses_applications_all_the_same(team):
    user = team.people["viewer"]
    user.is_staff = False
    user.save()
    client = Client()
    login = client.get(team.address("orders")).url

    answer = client.post(login, {"username": user.email, "password": "correct horse battery"}, follow=True)

    assert answer.redirect_chain == [(team.address("orders"), 302)]
    assert b"Open console" not in answer.content
    assert b"Open console" in team.client("owner").get(team.address("orders")).content


@pytest.mark.parametrize("who", ["owner", "superuser"])
@pytest.mark.parametrize("how", ["draft", "archived"])
def test_what_is_not_online_is_not_there(team, who, how):
    if how == "archived":
        deployments.archive(team.app)
    else:
        team.app.current_deployment = None
        team.app.save()

    assert team.client(who).get(team.address()).status_code == 404
    assert team.client(who).get(team.address("orders")).status_code == 404


@pytest.mark.parametrize("how", ["draft", "archived"])
def test_members_are_told_what_is_not_online_and_strangers_are_not(team, how):
    console_page = reverse("admin:runtime_generatedapp_change", args=[team.app.pk])
    if how == "archived":
        deployments.archive(team.app)
    else:
        GeneratedApp.objects.update(current_deployment=None)

    owner, viewer, stranger = (team.client(who).get(team.address()) for who in ("owner", "viewer", "stranger"))

    assert [answer.status_code for answer in (owner, viewer, stranger)] == [404, 404, 404]
    words = "is archived" if how == "archived" else "is not published yet"
    assert [words in answer.content.decode() for answer in (owner, viewer, stranger)] == [True, True, False]
    assert [console_page in answer.content.decode() for answer in (owner, viewer, stranger)] == [True, True, False]
    assert b"Order desk" not in stranger.content
    unknown = team.client("stranger").get("/apps/no-such-app/")
    assert stranger.content == unknown.content


def test_who_may_not_open_the_console_is_not_led_there(team):
    GeneratedApp.objects.update(current_deployment=None)
    User.objects.update(is_staff=False)

    answer = team.client("owner").get(team.address()).content.decode()

    assert "is not published yet" in answer
    assert "/admin/" not in answer


def test_a_row_that_is_gone_leads_back_to_the_list(team):
    answer = team.client("viewer").get(team.address("orders-one-row", row=4711)).content.decode()

    assert f'<a class="b-button" href="{team.address("orders")}">Back</a>' in answer


def test_superusers_open_every_application(team):
    assert team.client("superuser").get(team.address("orders")).status_code == 200


# --- what they see ----------------------------------------------------------------------------------------------------


def test_the_address_leads_to_the_first_page_of_the_menu(team):
    assert team.client("viewer").get(team.address()).url == team.address("orders")


def test_the_frame_names_the_application_its_pages_and_the_person(team):
    make_page(team.app.project, "News")
    deployments.build(deployments.deploy(team.app))

    content = team.client("viewer").get(team.address("orders")).content.decode()

    assert "<title>Orders | Order desk</title>" in content
    assert f'<a href="{team.address("orders")}" aria-current="page">' in content
    assert f'<a href="{team.address("news")}" >' in content
    assert "orders-form" not in content.split("</nav>")[0]  # pages about one row are not in the menu
    assert team.people["viewer"].email in content


def test_nothing_but_our_own_files_is_loaded(team):
    answer = team.client("owner").get(team.address("orders"))

    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert b"<script" not in answer.content
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


@contextmanager
def slow_rows():
    """A database that takes its time for rows of tables people made, and gives up sooner."""

    def wait(execute, statement, params, many, context):
        if isinstance(statement, Composable):
            execute("SELECT pg_sleep(30)", None, many, context)
        return execute(statement, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '300ms'")
    with connection.execute_wrapper(wait):
        yield


def test_a_block_that_takes_too_long_says_so_in_its_place(team):
    with slow_rows():
        answer = team.client("viewer").get(team.address("orders"))

    assert answer.status_code == 200
    assert b"It took too long to read these rows." in answer.content
    assert b"Order desk" in answer.content


@pytest.mark.parametrize("page", ["studio_table_rows", "studio_table_row_add"])
def test_a_page_that_takes_too_long_is_given_up(team, page):
    url = reverse(f"admin:{page}", args=[team.table.pk])
    client = team.client("owner")

    with slow_rows():
        answer = client.get(url) if page == "studio_table_rows" else client.post(url, {"value_name": "Chair"})

    assert answer.status_code == 503
    assert b"This took too long." in answer.content


def test_rows_are_read_as_they_are_now(team):
    team.records.create({"name": "Chair", "amount": 3})

    assert b"Chair" in team.client("viewer").get(team.address("orders")).content


def test_pages_are_served_as_they_were_deployed(team):
    page = Page.objects.get(project=team.app.project, slug="orders")
    block = page.blocks.get()
    change_block(block, block.settings | {"title": "Fresh title"})

    assert b"Fresh title" not in team.client("viewer").get(team.address("orders")).content

    deployments.build(deployments.deploy(team.app))
    assert b"Fresh title" in team.client("viewer").get(team.address("orders")).content

    deployments.roll_back(team.app, team.app.deployments.get(number=1))
    assert b"Fresh title" not in team.client("viewer").get(team.address("orders")).content


def test_a_block_whose_table_is_gone_leaves_the_rest_of_the_page(team):
    DataTable.objects.filter(project=team.app.project).delete()

    answer = team.client("viewer").get(team.address("orders"))

    assert answer.status_code == 200
    assert "The table of this block does not exist any more" in answer.content.decode()


def test_a_row_is_shown_on_its_page(team):
    row = team.records.create({"name": "Chair", "amount": 3})

    shown = team.client("viewer").get(team.address("orders-one-row", row=row["id"])).content
    missing = team.client("viewer").get(team.address("orders-one-row", row=99)).content

    assert b"Chair" in shown
    assert "has no row 99" in missing.decode()


@pytest.mark.parametrize("row", ["x", "-1", "9" * 40, "%00", "1;drop"])
def test_nonsense_in_the_address_is_answered(team, row):
    assert team.client("viewer").get(team.address("orders-one-row", row=row)).status_code == 200


def test_an_unknown_page_is_not_there(team):
    assert team.client("owner").get(team.address("no-such-page")).status_code == 404


def test_names_are_printed_not_run(team):
    team.app.name = "<script>alert(1)</script>"
    team.app.save()
    team.records.create({"name": "<script>alert(2)</script>", "amount": 1})

    assert b"<script" not in team.client("viewer").get(team.address("orders")).content


@pytest.mark.parametrize("rows", [1, 50])
def test_pages_cost_the_same_whatever_the_rows(team, rows):
    page = Page.objects.get(project=team.app.project, slug="orders")
    change_block(page.blocks.get(), page.blocks.get().settings | {"page_size": 50})
    deployments.build(deployments.deploy(team.app))
    team.records.create_many([{"name": f"Chair {number}.", "amount": number} for number in range(rows)])
    client, address = team.client("viewer"), team.address("orders")
    client.get(address)  # reads the snapshot, once per process

    with CaptureQueriesContext(connection) as asked:
        content = client.get(address).content.decode()

    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 6, statements  # session, person, application, roles, tables, rows
    assert content.count("Chair ") >= rows


# --- what they may change ---------------------------------------------------------------------------------------------


def post(team: Team, who: str, *, row: int | None = None, **values):
    address = team.address("orders-form", **({"row": row} if row else {}))
    return team.client(who).post(address, {"block": team.form_of(), **values})


def test_a_row_is_added_by_a_form_and_shown(team):
    answer = post(team, "editor", value_name="Chair", value_amount="3")

    [row] = team.records.find()
    assert (row["name"], row["amount"]) == ("Chair", 3)
    assert (answer.status_code, answer.url) == (302, team.address("orders-one-row", row=row["id"]))


def test_a_refused_row_is_shown_again_with_what_was_typed(team):
    answer = post(team, "editor", value_name="Chair", value_amount="three")

    content = answer.content.decode()
    assert (answer.status_code, team.records.find()) == (422, [])
    assert 'value="Chair"' in content
    assert "three" in content.split("b-errors")[1]


def test_a_row_is_changed_by_its_form(team):
    row = team.records.create({"name": "Chair", "amount": 3})

    post(team, "editor", row=row["id"], value_name="Table", value_amount="3", seen_at=row["updated_at"])

    assert team.records.get(row["id"])["name"] == "Table"


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(team):
    row = team.records.create({"name": "Chair", "amount": 3})
    team.records.update(row["id"], {"name": "Bench"})

    answer = post(team, "editor", row=row["id"], value_name="Table", value_amount="3", seen_at=row["updated_at"])

    assert (answer.status_code, team.records.get(row["id"])["name"]) == (422, "Bench")


def test_viewers_change_nothing(team):
    row = team.records.create({"name": "Chair", "amount": 3})

    for posted in (post(team, "viewer", value_name="X"), post(team, "viewer", row=row["id"], value_name="X")):
        assert posted.status_code == 403
    assert [each["name"] for each in team.records.find()] == ["Chair"]


@pytest.fixture
def deleting(team):
    """The form offers to delete the row."""
    page = Page.objects.get(project=team.app.project, slug="orders-form")
    block = page.blocks.get()
    change_block(block, block.settings | {"can_delete": True, "then": "orders"})
    deployments.build(deployments.deploy(team.app))
    team.app.refresh_from_db()
    return team


@pytest.mark.parametrize(
    ("who", "status", "left"), [("owner", 302, 0), ("admin", 302, 0), ("editor", 403, 1), ("viewer", 403, 1)]
)
def test_deleting_follows_the_role(deleting, who, status, left):
    row = deleting.records.create({"name": "Chair", "amount": 3})

    answer = post(deleting, who, row=row["id"], _delete="1")

    assert (answer.status_code, len(deleting.records.find())) == (status, left)
    if status == 302:
        assert answer.url == deleting.address("orders")


def test_a_form_may_lead_back_to_itself(deleting):
    block = Page.objects.get(project=deleting.app.project, slug="orders-form").blocks.get()
    change_block(block, block.settings | {"then": "", "after_delete": ""})
    deployments.build(deployments.deploy(deleting.app))
    deleting.app.refresh_from_db()
    row = deleting.records.create({"name": "Chair", "amount": 3})

    changed = post(deleting, "owner", row=row["id"], value_name="Bench", value_amount="3", seen_at=row["updated_at"])
    deleted = post(deleting, "owner", row=row["id"], _delete="1")

    assert changed.url == deleting.address("orders-form", row=row["id"])
    assert deleted.url == deleting.address("orders-form")  # the row it was about is gone


def test_a_row_that_was_deleted_meanwhile_is_told(deleting):
    client = deleting.client("owner")
    address = deleting.address("orders-form", row=77)

    answer = client.post(address, {"block": deleting.form_of(), "_delete": "1"}, follow=True)

    assert answer.redirect_chain == [(address, 302)]
    assert "has no row 77" in str(*answer.context["messages"])


def test_a_form_without_its_token_is_refused(team):
    client = team.client("owner", enforce_csrf_checks=True)

    answer = client.post(team.address("orders-form"), {"block": team.form_of(), "value_name": "Chair"})

    assert (answer.status_code, team.records.find()) == (403, [])


@pytest.mark.parametrize("block", ["", "nonsense", "01a20730-2455-7d1e-a71b-bfb1f4f54912"])
def test_posting_to_no_form_of_the_page_finds_nothing(team, block):
    client = team.client("owner")

    assert client.post(team.address("orders-form"), {"block": block}).status_code == 404
    assert client.post(team.address("orders"), {"block": team.form_of()}).status_code == 404


def test_a_form_of_another_application_is_not_there(team):
    other = make_deployed()
    client = team.client("owner")

    assert client.post(f"{other.address}orders-form/", {"block": team.form_of()}).status_code == 404
