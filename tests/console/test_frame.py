"""The frame around every page: menu, login, language, headers."""

import html
import re

import pytest
from django.urls import reverse

from nocode.console import navigation
from nocode.foundation.models import Role
from nocode.settings.unfold import MENU, PARTS
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db

ENTRY = re.compile(r'<a class="c-menu__entry(.*?)<span.*?</span>(.*?)</a>')


def menu(client, url: str) -> dict[str, bool]:
    """The titles of the menu, and which one is marked as current."""
    entries = ENTRY.findall(client.get(url).content.decode())
    return {html.unescape(title): " active" in marks for marks, title in entries}


def current(client, url: str) -> list[str]:
    return [title for title, active in menu(client, url).items() if active]


def test_members_see_their_menu_and_superusers_all_of_it():
    member = log_in(factories.make_user(organization=factories.make_organization(), role=Role.VIEWER))
    root = log_in(factories.make_user(is_superuser=True))
    index = reverse("admin:index")

    assert {"Overview", "Live", "Workflows", "Executions", "Events", "Users"} <= menu(member, index).keys()
    assert menu(root, index).keys() - menu(member, index).keys() == {
        "Queue & workers",
        "Background tasks",
        "Failed tasks",
        "Schedules",
    }


def test_without_an_organization_the_menu_is_what_is_ones_own():
    assert list(menu(log_in(factories.make_user()), reverse("admin:index"))) == ["Overview", "My approvals"]


def test_exactly_one_entry_is_current():
    root = log_in(factories.make_user(is_superuser=True))
    organization = factories.make_organization()

    assert current(root, reverse("admin:index")) == ["Overview"]
    assert current(root, reverse("admin:queue_health")) == ["Queue & workers"]
    assert current(root, reverse("admin:automation_workflow_changelist")) == ["Workflows"]
    assert current(root, reverse("admin:automation_workflowexecution_changelist")) == ["Executions"]
    assert current(root, reverse("admin:foundation_organization_change", args=[organization.pk])) == ["Organizations"]
    assert current(root, reverse("admin:password_change")) == []


@pytest.mark.parametrize(("part", "entry"), PARTS.items())
def test_pages_that_are_in_no_menu_have_a_current_entry(part, entry):
    [title] = [str(title) for _group, items in MENU for title, _icon, name, _who in items if name == entry]

    assert current(log_in(factories.make_user(is_superuser=True)), reverse(part)) == [title]


def test_the_menu_survives_modules_without_pages():
    assert navigation._item(("Elsewhere", "bolt", "admin:not_there", None)) is None


def test_one_drawn_menu_is_not_shown_to_somebody_else():
    """Menus are kept: by what may be opened, by language and by where one is."""
    organization, url = factories.make_organization(), reverse("admin:index")
    viewer, root = factories.make_user(organization=organization), factories.make_user(is_superuser=True)
    pages = [log_in(who).get(url).content.decode() for who in (viewer, root, viewer)]
    french = log_in(viewer).get(url, headers={"Accept-Language": "fr"}).content.decode()

    assert ["Queue &amp; workers" in page for page in pages] == [False, True, False]
    assert [">Exécutions<" in page for page in (*pages, french)] == [False, False, False, True]


def test_the_menu_is_drawn_once_for_all_who_may_open_the_same():
    organization, url = factories.make_organization(), reverse("admin:billing")
    people = [factories.make_user(organization=organization) for _number in range(3)]
    for person in people:
        log_in(person).get(url)

    drawn = navigation._drawn.cache_info().misses
    for person in people:
        log_in(person).get(url)

    assert navigation._drawn.cache_info().misses == drawn


def test_login_leads_to_the_page_asked_for(client):
    factories.make_user("person@example.com")
    wanted = reverse("admin:password_change")
    login = client.get(wanted).url

    wrong = client.post(login, {"username": "person@example.com", "password": "wrong"})
    right = client.post(login, {"username": " Person@Example.com", "password": "correct horse battery"})

    assert wrong.content.decode().count("E-mail address and password do not match.") == 1
    assert right.status_code == 302
    assert right.url == wanted


def test_login_without_a_page_leads_to_the_overview(client):
    factories.make_user("person@example.com")

    answer = client.post(
        reverse("admin:login"), {"username": "person@example.com", "password": "correct horse battery"}
    )

    assert answer.url == reverse("admin:index")


def test_login_leads_to_no_other_site(client):
    factories.make_user("person@example.com")

    answer = client.post(
        reverse("admin:login") + "?next=https://evil.example/",
        {"username": "person@example.com", "password": "correct horse battery"},
    )

    assert answer.url == reverse("admin:index")


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
def test_some_accounts_cannot_log_in(client, fields):
    factories.make_user("person@example.com", **fields)

    answer = client.post(
        reverse("admin:login"), {"username": "person@example.com", "password": "correct horse battery"}
    )

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


def test_logout_needs_a_post():
    person = log_in(factories.make_user())

    assert person.get(reverse("admin:logout")).status_code == 200, "it asks first"
    assert person.get(reverse("admin:index")).status_code == 200
    assert person.post(reverse("admin:logout")).status_code == 200
    assert person.get(reverse("admin:index")).status_code == 302


def test_the_language_is_switched_and_kept():
    person = log_in(factories.make_user(organization=factories.make_organization()))

    person.post(reverse("set_language"), {"language": "fr"}, headers={"referer": reverse("admin:index")})
    page = person.get(reverse("admin:index")).content.decode()

    assert '<html lang="fr"' in page
    assert "Vue d’ensemble" in page


def test_pages_carry_the_security_headers():
    page = log_in(factories.make_user()).get(reverse("admin:index"))

    assert "script-src 'self' 'unsafe-eval'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


def test_one_can_change_ones_own_password():
    user = factories.make_user()
    new = {"new_password1": "another horse battery", "new_password2": "another horse battery"}

    log_in(user).post(reverse("admin:password_change"), {"old_password": "correct horse battery", **new})

    user.refresh_from_db()
    assert user.check_password("another horse battery")


def test_the_palette_finds_nothing_that_has_a_nul():
    found = log_in(factories.make_user()).get(reverse("admin:search"), {"s": "a\x00b"})

    assert (found.status_code, found.content) == (200, b"")


def test_the_palette_finds_pages_and_rows():
    organization = factories.make_organization("Acme")
    workflow = factories.make_workflow(organization, name="Send invoice")
    person = log_in(factories.make_user(organization=organization))

    def found(term: str) -> str:
        return person.get(reverse("admin:search"), {"s": term, "extended": 1}).content.decode()

    assert reverse("admin:automation_workflow_change", args=[workflow.pk]) in found("INVOICE")
    assert reverse("admin:automation_workflowexecution_changelist") in found("execut")
    assert found(" ") == ""
    assert "Queue" not in found("queue")


def test_the_bare_address_leads_to_the_console(client):
    answer = client.get("/")

    assert (answer.status_code, answer.url) == (302, "/admin/")
