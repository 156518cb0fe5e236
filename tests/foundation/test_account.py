"""One's own account: the name, a new address that its mailbox confirms, and where one is logged in."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.models import AddressChange, FailedAttempts, LoginSession, OutboxEvent, User
from nocode.foundation.services import auth
from nocode.foundation.sessions import SEEN_AGAIN
from tests import factories
from tests.console.conftest import log_in
from tests.fixtures.mail import run_queue

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
PAGE = reverse("admin:account")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def owner():
    return factories.make_user("owner@example.com", organization=factories.make_organization(), name="Olive Owner")


def text(response) -> str:
    return " ".join(response.content.decode().split())


def ask(client: Client, email: str = "new@example.com", password: str = PASSWORD):
    return client.post(reverse("admin:account_address"), {"email": email, "password": password})


def link_to(mail_server, address: str) -> str:
    """The path of the link in the last e-mail to an address."""
    run_queue()
    message = [each for each in mail_server.messages if each["To"] == address][-1]
    return re.search(r"(/address/\S+/)", message.get_body(("plain",)).get_content())[1]


# --- Name -------------------------------------------------------------------------------------------------------------


def test_everybody_changes_their_own_name(owner):
    client = log_in(owner)

    client.post(reverse("admin:account_name"), {"name": "Olivia"})
    refused = client.post(reverse("admin:account_name"), {"name": ""})

    owner.refresh_from_db()
    assert (owner.name, refused.status_code) == ("Olivia", 422)


def test_visitors_are_asked_to_log_in():
    assert Client().get(PAGE).url == f"{reverse('admin:login')}?next={PAGE}"


# --- Address ----------------------------------------------------------------------------------------------------------


def test_a_new_address_counts_once_its_mailbox_has_confirmed_it(owner, mail_server):
    client = log_in(owner)
    ask(client, "New@Example.com")
    link = link_to(mail_server, "new@example.com")
    assert "A link was sent to new@example.com" in text(client.get(PAGE))
    Client().get(link)  # what looks into e-mails opens links, and changes nothing
    owner.refresh_from_db()
    assert owner.email == "owner@example.com"

    answer = Client().post(link)

    owner.refresh_from_db()
    run_queue()
    assert (answer.url, owner.email) == (reverse("admin:login"), "new@example.com")
    told = [each for each in mail_server.messages if each["To"] == "owner@example.com"]
    assert "new@example.com" in told[-1].get_body(("plain",)).get_content()
    assert Client().post(link).status_code == 404
    assert OutboxEvent.objects.filter(name="foundation.user.address_changed").count() == 1


def test_a_new_address_needs_the_password(owner, mail_server):
    client = log_in(owner)

    answers = [ask(client, password="wrong") for _attempt in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert not AddressChange.objects.exists()


def test_who_has_an_account_is_told_to_the_owner_of_the_mailbox_only(owner, mail_server):
    factories.make_user("taken@example.com")
    client = log_in(owner)

    asked = ask(client, "taken@example.com")
    answer = Client().post(link_to(mail_server, "taken@example.com"))

    owner.refresh_from_db()
    assert asked.status_code == 302
    assert (answer.status_code, owner.email) == (409, "owner@example.com")


def test_a_second_link_replaces_the_first_and_cancelling_ends_it(owner, mail_server):
    client = log_in(owner)
    ask(client, "one@example.com")
    first = link_to(mail_server, "one@example.com")
    ask(client, "two@example.com")
    second = link_to(mail_server, "two@example.com")
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200

    client.post(reverse("admin:account_address_cancel"))

    assert Client().get(second).status_code == 404


@pytest.mark.parametrize("why", ["old", "inactive"])
def test_a_link_that_does_not_count_any_more_says_so(owner, mail_server, why):
    ask(log_in(owner))
    link = link_to(mail_server, "new@example.com")
    if why == "old":
        AddressChange.objects.update(expires_at=timezone.now())
    else:
        User.objects.update(is_active=False)

    assert Client().post(link).status_code == 404
    owner.refresh_from_db()
    assert owner.email == "owner@example.com"


@pytest.mark.parametrize("email", ["", "x", "owner@example.com", "a\r\nBcc: b@example.com", "a@example.com\0"])
def test_what_is_no_new_address_is_refused(owner, mail_server, email):
    assert ask(log_in(owner), email).status_code == 422


def test_without_a_mail_server_there_is_no_form(owner):
    client = log_in(owner)

    assert "No mail server is configured" in text(client.get(PAGE))
    assert ask(client).status_code == 422


# --- Sessions ---------------------------------------------------------------------------------------------------------


def elsewhere(user: User, **headers) -> Client:
    """Logged in with another browser."""
    client = Client(headers={"User-Agent": FIREFOX, **headers}, REMOTE_ADDR="192.0.2.7")
    client.post(reverse("admin:login"), {"username": user.email, "password": PASSWORD})
    assert client.get(PAGE).status_code == 200
    return client


def test_people_see_where_they_are_logged_in(owner):
    stranger = factories.make_user("stranger@example.com")
    elsewhere(stranger)
    elsewhere(owner)
    client = log_in(owner)

    shown = client.get(PAGE).context["sessions"]

    assert [(each.is_this, each.ip) for each in shown][1] == (False, "192.0.2.7")
    assert len(shown) == 2
    page = text(client.get(PAGE))
    assert "Firefox 140 · Linux" in page
    assert not any(key in page for key in LoginSession.objects.values_list("pk", flat=True))


def test_logging_out_everywhere_else_keeps_this_session(owner):
    stranger, other = elsewhere(factories.make_user("stranger@example.com")), elsewhere(owner)
    client = log_in(owner)

    client.post(reverse("admin:account_sessions_end"))

    assert [each.get(PAGE).status_code for each in (client, other, stranger)] == [200, 302, 200]


def test_one_session_is_ended_by_its_owner_only(owner):
    other, third = elsewhere(owner), elsewhere(owner)
    stranger = elsewhere(factories.make_user("stranger@example.com"))
    handle = next(each.handle for each in third.get(PAGE).context["sessions"] if each.is_this)
    address = reverse("admin:account_session_end", args=[handle])

    assert stranger.post(address).status_code == 404
    assert third.get(PAGE).status_code == 200
    other.post(address)

    assert [each.get(PAGE).status_code for each in (other, third)] == [200, 302]


def test_a_new_password_leaves_no_other_session(owner, settings):
    settings.PUBLIC_URL = "http://testserver"
    elsewhere(owner)

    auth.change_password(owner, "a quite long password")

    assert not LoginSession.objects.filter(user=owner).exists()


def test_when_a_session_was_last_used_is_known(owner):
    client = elsewhere(owner)
    long_ago = timezone.now() - 2 * SEEN_AGAIN
    LoginSession.objects.update(seen_at=long_ago)

    client.get(PAGE, REMOTE_ADDR="192.0.2.8")

    session = LoginSession.objects.get()
    assert session.seen_at > long_ago + SEEN_AGAIN
    assert (session.user, session.ip) == (owner, "192.0.2.8")


def test_the_page_costs_the_same_with_one_and_thirty_sessions(owner, django_assert_max_num_queries):
    client = elsewhere(owner)
    with django_assert_max_num_queries(10) as few:
        client.get(PAGE)
    row = LoginSession.objects.get()
    for number in range(30):
        row.pk = f"session-{number}"
        row.save(force_insert=True)

    with django_assert_max_num_queries(len(few)):
        client.get(PAGE)


def test_superusers_see_sessions_but_not_what_opens_them(owner):
    elsewhere(owner)
    root = log_in(factories.make_user("root@example.com", is_superuser=True))
    keys = LoginSession.objects.values_list("pk", flat=True)

    listed = text(root.get(reverse("admin:foundation_loginsession_changelist")))

    assert "Firefox 140" in listed
    assert not any(key in listed for key in keys)
    assert root.get(f"/admin/foundation/loginsession/{keys[0]}/change/").status_code == 404
    assert elsewhere(owner).get(reverse("admin:foundation_loginsession_changelist")).status_code == 403


# --- Leaving and coming back ------------------------------------------------------------------------------------------


def test_the_address_of_logging_out_asks_first(owner):
    client, address = log_in(owner), reverse("admin:logout")

    asked = client.get(f"{address}?next=https://evil.example.com/")

    assert asked.status_code == 200
    assert f'action="{address}"' in text(asked)
    assert "evil" not in text(asked)
    assert client.get(PAGE).status_code == 200, "still logged in"
    assert client.post(address).status_code in (200, 302)
    assert client.get(PAGE).status_code == 302
    assert client.get(address).url == reverse("admin:login")


def test_choosing_a_new_password_by_mail_unlocks_the_account(owner, mail_server):
    for kind, address in (("login", "192.0.2.1"), ("login", "192.0.2.2"), ("password", "192.0.2.1")):
        FailedAttempts.objects.create(kind=kind, subject=owner.email, network=address, count=99)
    FailedAttempts.objects.create(kind="login", subject="other@example.com", network="192.0.2.1", count=99)
    Client().post(reverse("password_forgot"), {"email": owner.email})
    run_queue()
    link = re.search(r"(/password/reset/\S+/)", mail_server.messages[-1].get_body(("plain",)).get_content())[1]

    Client().post(link, {"password1": "a quite long password", "password2": "a quite long password"})

    assert list(FailedAttempts.objects.exclude(kind__in=["reset", "link"]).values_list("subject", flat=True)) == [
        "other@example.com"
    ]
    login = {"username": owner.email, "password": "a quite long password"}
    assert Client(REMOTE_ADDR="192.0.2.1").post(reverse("admin:login"), login).status_code == 302
