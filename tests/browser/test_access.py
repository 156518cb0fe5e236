"""How people get in, in a real browser: invited by e-mail, with a forgotten password, at the wrong door."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from nocode.foundation.models import Role
from tests import factories
from tests.browser.test_shell import AXE, DESKTOP, PHONE, overflow
from tests.fixtures.mail import run_queue
from tests.fixtures.stack import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a quite long password"


@pytest.fixture
def owner():
    organization = factories.make_organization("Acme of somewhere with quite a long name, and sons")
    return factories.make_user("owner@example.com", organization=organization, name="Olive Owner")


@pytest.fixture
def invite_page(new_page, owner):
    """The owner's page of the organization."""
    page = new_page(owner, viewport=DESKTOP)
    page.goto(reverse("admin:foundation_organization_change", args=[owner.organizations.get().pk]))
    return page


def send_invitation(page, email: str) -> None:
    page.get_by_role("button", name="Invite").click()
    page.fill("#dialog input[name=email]", email)
    page.select_option("#dialog select[name=role]", "editor")
    page.click("#dialog button[type=submit]")


def test_an_invited_person_chooses_a_password_and_sees_the_overview(
    mail_server, start_cluster, monkeypatch, invite_page, new_page, owner
):
    monkeypatch.setenv("EMAIL_URL", mail_server.url)
    monkeypatch.setenv("EMAIL_FROM", "NoCode <nocode@example.com>")
    start_cluster()
    send_invitation(invite_page, "new@example.com")
    eventually(lambda: mail_server.messages, within=15, what="the e-mail")
    invite_page.wait_for_selector("#invitations >> text=new@example.com")

    guest = new_page(viewport=PHONE, color_scheme="dark")
    guest.goto(mail_server.link())
    assert overflow(guest) <= 0
    guest.fill("[name=name]", "Nia New")
    guest.fill("[name=password1]", PASSWORD)
    guest.fill("[name=password2]", PASSWORD)
    guest.get_by_role("button", name="Join").click()

    guest.wait_for_url("**" + reverse("admin:index"))
    assert guest.locator("text=Welcome to Acme").is_visible()
    assert owner.organizations.get().memberships.get(user__email="new@example.com").role == Role.EDITOR
    guest.goto(reverse("admin:automation_workflow_add"))  # an editor builds
    assert guest.locator("#id_name").is_visible()
    invite_page.reload()
    assert invite_page.locator("#invitations >> text=Nobody is invited").is_visible()


def test_without_a_mail_server_the_link_is_copied(invite_page, new_page):
    invite_page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    send_invitation(invite_page, "new@example.com")
    invite_page.wait_for_selector("#dialog >> text=No mail server is configured")
    invite_page.get_by_role("button", name="Copy").click()
    invite_page.wait_for_selector("text=Copied")

    guest = new_page()
    guest.goto(invite_page.evaluate("navigator.clipboard.readText()"))
    assert guest.get_by_role("heading", name="Join Acme").is_visible()


def test_a_forgotten_password(mail_server, new_page, owner):
    page = new_page(viewport=DESKTOP)
    page.goto(reverse("admin:login"))
    page.click("text=Forgot your password?")
    page.fill("[name=email]", "owner@example.com")
    page.get_by_role("button", name="Send the link").click()
    page.wait_for_selector("text=Look into your mailbox")

    run_queue()
    page.goto(mail_server.link())
    page.fill("[name=password1]", PASSWORD)
    page.fill("[name=password2]", PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    page.wait_for_selector("text=Your password was changed")

    page.fill("#id_username", "owner@example.com")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**" + reverse("admin:index"))


def test_changing_the_password_from_the_user_menu(new_page, owner):
    page, elsewhere = new_page(owner, viewport=DESKTOP), new_page(owner)
    page.goto(reverse("admin:index"))
    page.click("text=unfold_more")
    page.click("text=Change password")
    page.fill("[name=old_password]", "correct horse battery")
    page.fill("[name=new_password1]", PASSWORD)
    page.fill("[name=new_password2]", PASSWORD)
    page.get_by_role("button", name="Change password").click()

    page.wait_for_selector("text=You are logged out everywhere else.")
    elsewhere.goto(reverse("admin:index"))
    assert reverse("admin:login") in elsewhere.url


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_pages_are_accessible_and_fit(mail_server, new_page, owner, viewport, color_scheme):
    token = "a-token-of-the-tests"
    organization = owner.organizations.get()
    factories.make_invitation(organization, f"{'long' * 12}@example.com", token=token, invited_by=owner)
    page = new_page(viewport=viewport, color_scheme=color_scheme)

    for path in (
        reverse("admin:login"),
        reverse("invitation", args=[token]),
        reverse("password_forgot"),
        reverse("password_forgot_sent"),
    ):
        page.goto(path)
        assert overflow(page) <= 0, path
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_a_locked_door_says_when_to_come_back(new_page, owner):
    page = new_page()
    page.goto(reverse("admin:login"))
    for _time in range(6):
        page.fill("#id_username", "owner@example.com")
        page.fill("#id_password", "wrong")
        page.keyboard.press("Enter")
        page.wait_for_load_state("load")

    page.wait_for_selector("text=Try again in 15 minutes.")
    page.problems = [problem for problem in page.problems if "429" not in problem]
