"""The pages where people get in, and those that let them in: what they show, to whom, how often they can be tried."""

from ipaddress import ip_address
from itertools import count as numbers

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from nocode.foundation.models import FailedAttempts, Invitation, QueuedTask, Role, User
from nocode.foundation.services import attempts, auth
from tests import factories
from tests.console.conftest import log_in
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

RIGHT = "correct horse battery"
PASSWORD = "a quite long password"
_guess = numbers()
NEW_ACCOUNT = {"name": "Nia", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization, name="Olive Owner")


@pytest.fixture
def link(organization, owner, settings):
    settings.PUBLIC_URL = "http://testserver"
    return auth.invite(organization, "new@example.com", Role.EDITOR, owner)[1]


def dialog(client: Client, url: str, **data):
    """Send a dialog of the console."""
    return client.post(url, {"_form_submitted": "True", **data}, headers={"HX-Request": "true"})


def invite(user: User, organization, email: str = "guest@example.com", role: str = "editor"):
    url = reverse("admin:foundation_organization_invite", args=[organization.pk])
    return dialog(log_in(user), url, email=email, role=role)


# --- Inviting ---------------------------------------------------------------------------------------------------------


def test_an_owner_invites_and_sees_the_link_once(organization, owner):
    answer = invite(owner, organization)

    page = answer.content.decode()
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("guest@example.com", "editor", owner)
    assert answer["HX-Retarget"] == "#dialog"
    assert "no-store" in answer["Cache-Control"]
    assert "http://testserver/invitations/" in page
    assert "No mail server is configured" in page
    shown = log_in(owner).get(reverse("admin:foundation_organization_change", args=[organization.pk]))
    assert b"guest@example.com" in shown.content
    assert b"/invitations/" not in shown.content


def test_the_dialog_promises_no_email_that_cannot_be_sent(organization, owner):
    page = dialog_of(owner, organization)

    assert "No mail server is configured: you get a link to pass on." in page
    assert "An e-mail with a link" not in page


def test_the_dialog_says_that_an_email_is_sent(organization, owner, mail_server):
    assert "An e-mail with a link to join is sent." in dialog_of(owner, organization)


def dialog_of(user: User, organization) -> str:
    url = reverse("admin:foundation_organization_invite", args=[organization.pk])
    return log_in(user).get(url, headers={"HX-Request": "true"}).content.decode()


def test_with_a_mail_server_only_the_guest_gets_the_link(organization, owner, mail_server):
    invited = invite(owner, organization)
    resend = reverse("admin:foundation_invitation_resend", args=[Invitation.objects.get().pk])
    resent = dialog(log_in(owner), resend)

    run_queue()

    assert [len(message["To"].addresses) for message in mail_server.messages] == [1, 1]
    assert auth.open_invitation(mail_server.link().split("/")[-2]).email == "guest@example.com"
    for answer in (invited, resent):
        assert "HX-Redirect" in answer
        assert b"/invitations/" not in answer.content


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.ADMIN, 200), (Role.EDITOR, 403), (Role.VIEWER, 403)]
)
def test_who_may_invite(organization, owner, role, status):
    actor = factories.make_user(organization=organization, role=role)

    assert invite(actor, organization).status_code == status
    assert Invitation.objects.count() == (1 if status == 200 else 0)
    page = log_in(actor).get(reverse("admin:foundation_organization_change", args=[organization.pk]))
    assert (b"/invite" in page.content) == (status == 200)


def test_strangers_do_not_find_the_organization(organization, owner):
    stranger = factories.make_user(organization=factories.make_organization())

    assert invite(stranger, organization).status_code == 404


def test_an_administrator_is_not_offered_the_role_of_owner(organization, owner):
    administrator = factories.make_user(organization=organization, role=Role.ADMIN)

    answer = invite(administrator, organization, role="owner")

    assert "Select a valid choice" in answer.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("email", ["", "x", "a@b.com\r\nBcc: c@d.com", "a@b.com\x00", "'; DROP TABLE x; --", "a" * 400])
def test_naughty_addresses_are_refused_in_the_dialog(organization, owner, email):
    answer = invite(owner, organization, email)

    assert answer.status_code == 200
    assert "dialog-form" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_a_new_link_replaces_the_old_one_and_taking_back_ends_it(organization, owner, link):
    client, invitation = log_in(owner), Invitation.objects.get()
    resend = reverse("admin:foundation_invitation_resend", args=[invitation.pk])
    revoke = reverse("admin:foundation_invitation_revoke", args=[invitation.pk])

    assert "/invitations/" in dialog(client, resend).content.decode()
    assert Client().get(link).status_code == 404

    dialog(client, revoke)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_others_do_not_touch_invitations(organization, owner, link, role, action):
    invitation = Invitation.objects.get()
    url = reverse(f"admin:foundation_invitation_{action}", args=[invitation.pk])

    assert dialog(log_in(factories.make_user(organization=organization, role=role)), url).status_code == 403
    assert dialog(log_in(factories.make_user()), url).status_code == 404
    assert Client().get(link).status_code == 200


def test_the_page_costs_the_same_with_one_and_thirty_invitations(organization, owner, django_assert_max_num_queries):
    client, url = log_in(owner), reverse("admin:foundation_organization_change", args=[organization.pk])
    factories.make_invitation(organization, invited_by=owner)
    client.get(url)
    with django_assert_max_num_queries(20) as few:
        client.get(url)
    for _number in range(29):
        factories.make_invitation(organization, invited_by=owner)

    with django_assert_max_num_queries(len(few)):
        client.get(url)


# --- Joining ----------------------------------------------------------------------------------------------------------


def test_a_new_person_joins_and_is_logged_in(organization, link):
    client = Client()
    page = client.get(link).content.decode()
    assert "Olive Owner" in page
    assert "Acme" in page

    answer = client.post(link, NEW_ACCOUNT, follow=True)

    assert answer.redirect_chain == [(reverse("admin:index"), 302)]
    assert "Welcome to Acme." in answer.content.decode()
    assert client.session["_auth_user_id"] == str(User.objects.get(email="new@example.com").pk)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password2": "another long password"},
        {"password1": "12345", "password2": "12345"},
        {"password1": "new@example.com", "password2": "new@example.com"},
        {"name": ""},
        {"name": "x" * 151},
        {"name": "x\x00"},
    ],
)
def test_what_is_wrong_is_said_and_makes_no_account(link, wrong):
    answer = Client().post(link, {**NEW_ACCOUNT, **wrong})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode() or "text-red" in answer.content.decode()
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_known_person_logs_in_and_joins(organization, owner, settings):
    settings.PUBLIC_URL = "http://testserver"
    person = factories.make_user("known@example.com")
    link = auth.invite(organization, person.email, Role.VIEWER, owner)[1]
    client = Client()

    page = client.get(link).content.decode()
    path = link.removeprefix("http://testserver")
    assert f"{reverse('admin:login')}?next={path}" in page
    assert client.post(link, NEW_ACCOUNT).status_code == 200  # no second account, nobody taken over
    client.post(reverse("admin:login"), {"username": person.email, "password": "correct horse battery", "next": path})
    answer = client.post(link, follow=True)

    assert "Welcome to Acme." in answer.content.decode()
    assert person.memberships.get().role == "viewer"


def test_somebody_else_is_asked_to_log_out(link):
    eve = factories.make_user("eve@example.com", organization=factories.make_organization())
    client = log_in(eve)

    assert "eve@example.com" in client.get(link).content.decode()
    client.post(link, NEW_ACCOUNT)

    assert eve.memberships.count() == 1
    assert not User.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("token", ["x", "é" * 40, "..", "%00", "a" * 500])
def test_a_link_that_is_none_says_what_to_do(token):
    answer = Client().get(f"/invitations/{token}/")

    assert answer.status_code == 404


def test_an_old_link_says_what_to_do(link):
    Invitation.objects.update(expires_at=timezone.now())

    answer = Client().get(link)

    assert answer.status_code == 404
    assert "Ask whoever invited you to send it again." in answer.content.decode()


def test_a_used_link_leads_to_the_login(link):
    Client().post(link, NEW_ACCOUNT)

    answer = Client().get(link)

    assert "accepted already" in answer.content.decode()
    assert reverse("admin:index") in answer.content.decode()


def test_names_are_no_markup(settings):
    settings.PUBLIC_URL = "http://testserver"
    organization = factories.make_organization("<script>alert(1)</script>")
    owner = factories.make_user(organization=organization, name="<img src=x onerror=alert(1)>")
    link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)[1]

    page = Client().get(link).content.decode()

    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_pages_with_secrets_are_kept_by_nobody(link):
    assert "no-store" in Client().get(link)["Cache-Control"]


# --- Passwords --------------------------------------------------------------------------------------------------------


def test_a_forgotten_password_is_chosen_anew(owner, mail_server):
    client, elsewhere = Client(), log_in(owner)
    assert reverse("password_forgot") in client.get(reverse("admin:login")).content.decode()

    asked = client.post(reverse("password_forgot"), {"email": "Owner@Example.com"}, follow=True)
    run_queue()
    link = mail_server.link()
    assert "on its way" in asked.content.decode()
    assert client.get(link).status_code == 200
    client.post(link, {"password1": PASSWORD, "password2": PASSWORD})

    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert elsewhere.get(reverse("admin:index")).status_code == 302
    assert client.get(link).status_code == 404


def test_an_unknown_address_gets_the_same_answer(owner, mail_server):
    answers = [
        Client().post(reverse("password_forgot"), {"email": email}, follow=True)
        for email in ("owner@example.com", "nobody@example.com")
    ]
    run_queue()

    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert [answer.status_code for answer in answers] == [200, 200]
    assert mail_server.recipients == ["owner@example.com"]


def test_without_a_mail_server_the_page_says_whom_to_ask():
    answer = Client().post(reverse("password_forgot"), {"email": "owner@example.com"})

    assert "cannot send e-mails" in answer.content.decode()
    assert not QueuedTask.objects.exists()


def test_changing_the_password_ends_the_other_sessions(owner):
    here, there = log_in(owner), log_in(owner)
    data = {"old_password": "correct horse battery", "new_password1": PASSWORD, "new_password2": PASSWORD}

    here.post(reverse("admin:password_change"), data)

    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert here.get(reverse("admin:index")).status_code == 200
    assert there.get(reverse("admin:index")).status_code == 302


def test_the_present_password_cannot_be_guessed_from_an_open_screen(owner):
    client = log_in(owner)
    data = {"old_password": "wrong", "new_password1": PASSWORD, "new_password2": PASSWORD}

    answers = [client.post(reverse("admin:password_change"), data).status_code for _time in range(6)]

    assert answers == [200] * 5 + [429]
    right = {**data, "old_password": "correct horse battery"}
    assert client.post(reverse("admin:password_change"), right).status_code == 429


# --- Accounts ---------------------------------------------------------------------------------------------------------


def test_a_superuser_deactivates_and_activates_on_the_page(organization, owner):
    root = factories.make_user("root@example.com", is_superuser=True)
    person = factories.make_user("person@example.com", organization=organization, role=Role.EDITOR)
    client, theirs = log_in(root), log_in(person)
    urls = {name: reverse(f"admin:foundation_user_{name}", args=[person.pk]) for name in ("deactivate", "activate")}
    page = reverse("admin:foundation_user_change", args=[person.pk])
    assert urls["deactivate"] in client.get(page).content.decode()

    dialog(client, urls["deactivate"])
    assert theirs.get(reverse("admin:index")).status_code == 302
    assert urls["activate"] in client.get(page).content.decode()

    dialog(client, urls["activate"])
    assert theirs.get(reverse("admin:index")).status_code == 302  # the old session is over for good
    assert Client().post(reverse("admin:login"), login("person@example.com")).status_code == 302


def test_the_last_owner_is_refused_with_a_reason(organization, owner):
    root = factories.make_user("root@example.com", is_superuser=True)
    client = log_in(root)

    dialog(client, reverse("admin:foundation_user_deactivate", args=[owner.pk]))

    page = client.get(reverse("admin:foundation_user_changelist")).content.decode()
    assert "This is the last owner of Acme." in page
    client.post(reverse("admin:foundation_user_delete", args=[owner.pk]), {"post": "yes"})
    owner.refresh_from_db()
    assert owner.is_active


def test_owners_manage_no_accounts(organization, owner):
    person = factories.make_user(organization=organization, role=Role.EDITOR)

    answer = dialog(log_in(owner), reverse("admin:foundation_user_deactivate", args=[person.pk]))

    person.refresh_from_db()
    assert (answer.status_code, person.is_active) == (403, True)


# --- Guessing ---------------------------------------------------------------------------------------------------------


def login(email: str, password: str = RIGHT, **extra) -> dict:
    return {"username": email, "password": password, "next": reverse("admin:index"), **extra}


def try_login(email: str, password: str = RIGHT, address: str = "192.0.2.1") -> int:
    return Client(REMOTE_ADDR=address).post(reverse("admin:login"), login(email, password)).status_code


def test_five_failures_close_the_door_for_fifteen_minutes(owner):
    assert [try_login(owner.email, "wrong") for _time in range(6)] == [200] * 5 + [429]
    answer = Client(REMOTE_ADDR="192.0.2.1").post(reverse("admin:login"), login(" OWNER@example.com"))

    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 900
    assert "Try again in 15 minutes." in answer.content.decode()
    FailedAttempts.objects.update(last_at=timezone.now() - attempts.LOCKED)
    assert try_login(owner.email) == 302
    assert not FailedAttempts.objects.exists()


def test_trying_on_does_not_lock_for_longer(owner):
    for _time in range(5):
        try_login(owner.email, "wrong")
    since = FailedAttempts.objects.get(subject=owner.email).last_at

    for _time in range(20):
        assert try_login(owner.email, "wrong") == 429

    assert FailedAttempts.objects.get(subject=owner.email).last_at == since


def test_others_and_other_places_are_not_locked(organization, owner):
    second = factories.make_user("second@example.com", organization=organization)
    for _time in range(6):
        try_login(owner.email, "wrong")

    assert try_login(owner.email, address="198.51.100.7") == 302
    assert try_login(second.email) == 302


def test_an_unknown_address_is_locked_the_same_way():
    assert [try_login("nobody@example.com") for _time in range(6)] == [200] * 5 + [429]


def test_success_forgets_the_failures(owner):
    for _time in range(3):
        assert [try_login(owner.email, "wrong") for _again in range(4)] == [200] * 4
        assert try_login(owner.email) == 302


def fail_everywhere(count: int, kind: str = "login", address: str = "192.0.2.1") -> None:
    """So many failures of one network, each at another account."""
    network = ip_address(address)
    for _time in range(count):
        attempts.take(kind, f"guess{next(_guess)}@example.com", network)


def test_a_network_that_guesses_at_every_account_is_slowed_down(owner):
    fail_everywhere(attempts.NETWORK_LIMIT)

    assert try_login(owner.email) == 429
    assert try_login(owner.email, address="198.51.100.7") == 302
    locked = log_in(factories.make_user(is_superuser=True))
    page = locked.get(reverse("admin:foundation_failedattempts_changelist") + "?q=192.0.2.1&o=-4").content.decode()
    assert page.count("Locked") == 1
    FailedAttempts.objects.update(last_at=timezone.now() - attempts.LOCKED)
    assert try_login(owner.email) == 302


def test_a_network_is_counted_for_fifteen_minutes_not_until_a_pause(owner):
    fail_everywhere(1)
    since = FailedAttempts.objects.get(subject="").last_at

    fail_everywhere(3)

    assert FailedAttempts.objects.get(subject="").last_at == since


def test_an_account_of_ones_own_does_not_forgive_a_network(owner):
    for _time in range(10):
        fail_everywhere(1)
        assert try_login(owner.email) == 302

    assert FailedAttempts.objects.get(subject="").count == 10


def test_one_network_asks_for_so_many_links(owner, mail_server):
    fail_everywhere(attempts.NETWORK_LIMIT, kind="reset")
    client = Client(REMOTE_ADDR="192.0.2.1")

    assert client.post(reverse("password_forgot"), {"email": "new@example.com"}).status_code == 429
    assert not QueuedTask.objects.exists()
    assert Client().post(reverse("password_forgot"), {"email": "new@example.com"}).status_code == 302


def test_a_household_of_ipv6_addresses_counts_as_one(owner):
    addresses = [f"2001:db8:1:2::{number:x}" for number in range(1, 8)]

    assert [try_login(owner.email, "wrong", address) for address in addresses] == [200] * 5 + [429] * 2
    assert try_login(owner.email, "wrong", "2001:db8:1:3::1") == 200


def test_asking_for_links_is_limited_whoever_it_is(owner, mail_server):
    for email in ("owner@example.com", "nobody@example.com"):
        answers = [Client().post(reverse("password_forgot"), {"email": email}).status_code for _time in range(6)]
        assert answers == [302] * 5 + [429]


def test_trying_out_links_is_limited_and_a_good_one_forgives(link):
    client = Client()
    assert [client.get("/invitations/guess/").status_code for _time in range(5)] == [404] * 5
    assert client.get("/invitations/guess/").status_code == 429
    FailedAttempts.objects.all().delete()
    for _time in range(4):
        client.get("/password/reset/MQ/guess/")

    assert client.get(link).status_code == 200
    assert not FailedAttempts.objects.exists()


def test_superusers_see_and_open_locks(owner):
    for _time in range(6):
        try_login(owner.email, "wrong")
    client = log_in(factories.make_user(is_superuser=True))
    lock = FailedAttempts.objects.get(subject=owner.email)

    assert "Locked" in client.get(reverse("admin:foundation_failedattempts_changelist")).content.decode()
    client.post(reverse("admin:foundation_failedattempts_delete", args=[lock.pk]), {"post": "yes"})

    assert try_login(owner.email) == 302


@pytest.mark.parametrize("email", ["x" * 5000, "a\x00b@example.com", "'; --", "<script>", "\ud800@example.com"])
def test_naughty_logins_are_refused_without_an_error(email):
    data = login(email.encode(errors="replace").decode())

    assert Client().post(reverse("admin:login"), data).status_code == 200


def test_reset_links_hold_against_nonsense(owner):
    uid, token = urlsafe_base64_encode(force_bytes(owner.pk)), default_token_generator.make_token(owner)

    for path in (f"{uid}/x", f"x/{token}", f"{uid}{uid}/{token}", f"%00/{token}", f"{uid}/%ff"):
        FailedAttempts.objects.all().delete()
        assert Client().get(f"/password/reset/{path}/").status_code == 404
