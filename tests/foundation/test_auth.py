"""Invitations, passwords and accounts: who may, once, in time, and never twice."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.db import connection, transaction
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from nocode.foundation.errors import PermissionRefused
from nocode.foundation.models import Email, Invitation, Membership, OutboxEvent, Role, User
from nocode.foundation.services import auth, mail, members
from tests import factories
from tests.fixtures.mail import run_queue
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db

PASSWORD = "a quite long password"


@pytest.fixture(autouse=True)
def _address(settings):
    settings.PUBLIC_URL = "https://nocode.example.com"


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization, name="Olive Owner")


def token_of(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def events(name: str) -> list[dict]:
    return list(OutboxEvent.objects.filter(name=name).order_by("id").values_list("payload", flat=True))


# --- Inviting ---------------------------------------------------------------------------------------------------------


def test_an_invitation_holds_only_the_hash_of_its_token(organization, owner):
    invitation, link = auth.invite(organization, " New@Example.com ", Role.EDITOR, owner)

    token = token_of(link)
    assert link == f"https://nocode.example.com/invitations/{token}/"
    assert len(token) == 43  # 32 bytes
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("new@example.com", "editor", owner)
    assert timedelta(days=6.9) < invitation.expires_at - timezone.now() < timedelta(days=7)
    assert events("foundation.user.invited") == [
        {"invitation_id": str(invitation.pk), "email": "new@example.com", "role": "editor"}
    ]


def test_no_table_holds_the_token(organization, owner):
    _invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)
    token = token_of(link)

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{token}%"])
            assert (table, cursor.fetchone()[0]) == (table, 0)


@pytest.mark.parametrize(
    ("role", "offers"),
    [
        (Role.OWNER, ["owner", "admin", "editor", "viewer"]),
        (Role.ADMIN, ["admin", "editor", "viewer"]),
        (Role.EDITOR, []),
        (Role.VIEWER, []),
        (None, []),
    ],
)
def test_who_may_offer_which_role(organization, owner, role, offers):
    elsewhere = factories.make_organization()
    actor = factories.make_user(organization=organization if role else elsewhere, role=role or Role.OWNER)

    accepted = []
    for offer in Role.values:
        try:
            auth.invite(organization, f"new-{offer}@example.com", offer, actor)
            accepted.append(offer)
        except PermissionRefused:
            assert not Invitation.objects.filter(email=f"new-{offer}@example.com").exists()

    assert accepted == offers


def test_superusers_invite_anywhere(organization):
    root = factories.make_user(is_superuser=True)

    assert auth.invite(organization, "new@example.com", Role.OWNER, root)[0].role == "owner"


def test_a_member_is_not_invited_again(organization, owner):
    with pytest.raises(auth.InvitationRefused):
        auth.invite(organization, "OWNER@example.com", Role.EDITOR, owner)


def test_inviting_again_replaces_the_link_and_the_role(organization, owner):
    _first, old = auth.invite(organization, "new@example.com", Role.EDITOR, owner)

    _second, new = auth.invite(organization, "new@example.com", Role.VIEWER, owner)

    assert Invitation.objects.count() == 1
    with pytest.raises(auth.LinkInvalid):
        auth.open_invitation(token_of(old))
    assert auth.open_invitation(token_of(new)).role == "viewer"


def test_an_administrator_touches_no_invitation_of_an_owner(organization, owner):
    administrator = factories.make_user(organization=organization, role=Role.ADMIN)
    invitation, link = auth.invite(organization, "new@example.com", Role.OWNER, owner)

    for attempt in (
        lambda: auth.invite(organization, "new@example.com", Role.VIEWER, administrator),
        lambda: auth.resend(invitation, administrator),
        lambda: auth.revoke(invitation, administrator),
    ):
        with pytest.raises(PermissionRefused):
            attempt()
    assert auth.open_invitation(token_of(link)).role == "owner"


@pytest.mark.parametrize("email", ["", "x", "a@b\nBcc: c@d.com", "a@b.com\x00", "<script>@x.com", "a" * 300 + "@b.com"])
def test_naughty_addresses_are_refused(organization, owner, email):
    with pytest.raises(mail.AddressRefused):
        auth.invite(organization, email, Role.EDITOR, owner)


@pytest.mark.parametrize("role", ["", "root", "OWNER"])
def test_a_role_that_does_not_exist_is_refused(organization, owner, role):
    with pytest.raises(ValueError, match="Role"):
        auth.invite(organization, "new@example.com", role, owner)


def test_the_invitation_is_sent_and_says_who_invites(organization, owner, mail_server):
    _invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)

    run_queue()

    [message] = mail_server.messages
    assert message["Subject"] == "Olive Owner invites you to Acme"
    assert mail_server.link() == link
    assert Email.objects.get().organization == organization


def test_names_are_no_markup_in_an_email(mail_server):
    organization = factories.make_organization("<script>alert(1)</script>\nBcc: eve@example.com")
    owner = factories.make_user(organization=organization, name="<b>Bob</b>")

    auth.invite(organization, "new@example.com", Role.EDITOR, owner)
    run_queue()

    [message] = mail_server.messages
    assert message["Bcc"] is None
    assert "<script>" not in message.get_body(["html"]).get_content()
    assert "<b>Bob" not in message.get_body(["html"]).get_content()


# --- Accepting --------------------------------------------------------------------------------------------------------


def test_a_new_person_joins_once(organization, owner):
    invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)

    membership = auth.accept(token_of(link), name=" Nia ", password=PASSWORD)

    person = User.objects.get(email="new@example.com")
    assert (membership.user, membership.organization, membership.role) == (person, organization, "editor")
    assert (person.name, person.check_password(PASSWORD)) == ("Nia", True)
    assert events("foundation.user.joined") == [
        {"user_id": person.pk, "email": person.email, "role": "editor", "invitation_id": str(invitation.pk)}
    ]
    with pytest.raises(auth.LinkInvalid, match="accepted already"):
        auth.accept(token_of(link), name="Eve", password=PASSWORD)


def _delete(inviter: User) -> None:
    inviter.delete()


def _demote(inviter: User) -> None:
    inviter.memberships.update(role=Role.EDITOR)


def _make_administrator(inviter: User) -> None:
    inviter.memberships.update(role=Role.ADMIN)


def _remove(inviter: User) -> None:
    inviter.memberships.all().delete()


def _deactivate(inviter: User) -> None:
    User.objects.filter(pk=inviter.pk).update(is_active=False)


@pytest.mark.parametrize("change", [_delete, _demote, _make_administrator, _remove, _deactivate])
def test_an_offer_falls_with_whoever_made_it(organization, owner, change):
    inviter = factories.make_user(organization=organization)
    _invitation, link = auth.invite(organization, "new@example.com", Role.OWNER, inviter)

    change(inviter)

    with pytest.raises(auth.LinkInvalid, match="may not do so any more"):
        auth.accept(token_of(link), name="Nia", password=PASSWORD)
    assert not User.objects.filter(email="new@example.com").exists()


def test_what_an_inviter_may_still_offer_stands(organization, owner):
    inviter = factories.make_user(organization=organization)
    _invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, inviter)

    _make_administrator(inviter)

    assert auth.accept(token_of(link), name="Nia", password=PASSWORD).role == Role.EDITOR


def test_the_offer_of_a_superuser_stands(organization, owner):
    root = factories.make_user(is_superuser=True)
    _invitation, link = auth.invite(organization, "new@example.com", Role.OWNER, root)

    assert auth.accept(token_of(link), name="Nia", password=PASSWORD).role == Role.OWNER


def test_a_person_with_an_account_joins_as_that_person(organization, owner):
    person = factories.make_user("known@example.com", organization=factories.make_organization())
    _invitation, link = auth.invite(organization, "Known@example.com", Role.VIEWER, owner)

    with pytest.raises(auth.LinkInvalid, match="account"):
        auth.accept(token_of(link), name="Eve", password=PASSWORD)
    auth.accept(token_of(link), person)

    assert set(person.memberships.values_list("organization__name", "role")) >= {("Acme", "viewer")}


def test_nobody_joins_as_somebody_else(organization, owner):
    eve = factories.make_user("eve@example.com")
    _invitation, link = auth.invite(organization, "new@example.com", Role.OWNER, owner)

    with pytest.raises(auth.WrongPerson):
        auth.accept(token_of(link), eve)

    assert not eve.memberships.exists()


def test_an_invitation_does_not_lower_a_role(organization, owner):
    person = factories.make_user("known@example.com")
    _invitation, link = auth.invite(organization, person.email, Role.VIEWER, owner)
    Membership.objects.create(organization=organization, user=person, role=Role.ADMIN)

    assert auth.accept(token_of(link), person).role == "admin"


def test_an_expired_or_revoked_or_wrong_link_is_refused(organization, owner):
    invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(auth.LinkInvalid, match="expired"):
        auth.accept(token_of(link), name="x", password=PASSWORD)

    link = auth.resend(invitation, owner)
    auth.revoke(invitation, owner)
    for token in (token_of(link), "", "x" * 43, invitation.token_hash, "é\ud800\x00", "' OR 1=1 --"):
        with pytest.raises(auth.LinkInvalid):
            auth.accept(token, name="x", password=PASSWORD)
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["", "short", "password1234", "1234567890123", "new@example.com"])
def test_weak_passwords_make_no_account(organization, owner, password):
    _invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)

    with pytest.raises(auth.PasswordRefused):
        auth.accept(token_of(link), name="Nia", password=password)

    assert not User.objects.filter(email="new@example.com").exists()
    auth.open_invitation(token_of(link))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_succeeds(organization, owner):
    _invitation, link = auth.invite(organization, "new@example.com", Role.EDITOR, owner)

    def accept(name: str) -> str:
        try:
            return auth.accept(token_of(link), name=name, password=PASSWORD).user.name
        except auth.LinkInvalid:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(accept, ["a", "b", "c", "d"]))

    assert len([name for name in names if name]) == 1
    assert Membership.objects.filter(organization=organization).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_person_who_clicks_twice_joins_once(organization, owner):
    person = factories.make_user("known@example.com")
    _invitation, link = auth.invite(organization, person.email, Role.EDITOR, owner)

    def accept(_number: int) -> bool:
        try:
            return bool(auth.accept(token_of(link), person))
        except auth.LinkInvalid:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(accept, range(4))) == [False, False, False, True]
    assert len(events("foundation.user.joined")) == 1


@pytest.mark.django_db(transaction=True)
def test_two_organizations_at_once_make_one_account(organization, owner):
    other = factories.make_organization()
    other_owner = factories.make_user(organization=other)
    links = [
        auth.invite(organization, "new@example.com", Role.EDITOR, owner)[1],
        auth.invite(other, "new@example.com", Role.EDITOR, other_owner)[1],
    ]

    def accept(link: str) -> bool:
        try:
            return bool(auth.accept(token_of(link), name="Nia", password=PASSWORD))
        except auth.LinkInvalid:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, links)) == [False, True]
    assert User.objects.filter(email="new@example.com").count() == 1


@pytest.mark.django_db(transaction=True)
def test_inviting_the_same_person_twice_at_once_makes_one_invitation(organization, owner):
    second = factories.make_user(organization=organization)

    def invite(by: User) -> None:
        auth.invite(organization, "new@example.com", Role.EDITOR, by)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(invite, [owner, second]))

    assert Invitation.objects.count() == 1


# --- Passwords --------------------------------------------------------------------------------------------------------


def reset_link(user: User) -> tuple[str, str]:
    return urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)


def test_a_reset_is_mailed_to_who_has_an_account_only(owner, mail_server):
    sleeping = factories.make_user("sleeping@example.com", is_active=False)
    for email in ("OWNER@example.com", "nobody@example.com", sleeping.email, "'; DROP TABLE x; --"):
        auth.request_password_reset(email)

    run_queue()

    assert mail_server.recipients == ["owner@example.com"]
    assert mail_server.link().startswith("https://nocode.example.com/password/reset/")


def test_asking_does_the_same_for_every_address(owner, django_assert_num_queries):
    auth.request_password_reset("warm@example.com")
    for email in ("owner@example.com", "nobody@example.com"):
        with django_assert_num_queries(1):
            auth.request_password_reset(email)


def test_a_reset_works_once(owner, mail_server):
    uid, token = reset_link(owner)

    auth.reset_password(uid, token, PASSWORD)

    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert events("foundation.password.changed") == [{"user_id": owner.pk, "email": owner.email}]
    with pytest.raises(auth.LinkInvalid):
        auth.reset_password(uid, token, "yet another password")
    run_queue()
    assert [message["Subject"] for message in mail_server.messages] == ["Your password was changed"]


@pytest.mark.parametrize("uid", ["", "x", "MTIz", "/../", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "é"])
def test_naughty_reset_links(owner, uid):
    with pytest.raises(auth.LinkInvalid):
        auth.owner_of_reset(uid, reset_link(owner)[1])


def test_a_reset_link_is_for_one_person_and_one_day(owner, settings):
    other = factories.make_user()
    with pytest.raises(auth.LinkInvalid):
        auth.owner_of_reset(reset_link(other)[0], reset_link(owner)[1])

    link = reset_link(owner)
    assert settings.PASSWORD_RESET_TIMEOUT == 86400
    settings.PASSWORD_RESET_TIMEOUT = -1
    with pytest.raises(auth.LinkInvalid):
        auth.owner_of_reset(*link)


@pytest.mark.django_db(transaction=True)
def test_a_reset_link_used_twice_at_once_works_once(owner):
    link = reset_link(owner)

    def reset(password: str) -> bool:
        try:
            return bool(auth.reset_password(*link, password))
        except auth.LinkInvalid:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(reset, [PASSWORD, PASSWORD + "!"])) == [False, True]


def test_a_weak_password_is_refused(owner):
    with pytest.raises(auth.PasswordRefused):
        auth.change_password(owner, "12345")


# --- Accounts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def root():
    return factories.make_user("root@example.com", is_superuser=True)


@pytest.mark.parametrize("role", Role.values)
def test_only_administrators_of_the_installation_manage_accounts(organization, owner, role):
    actor = factories.make_user(organization=organization, role=role)
    colleague = factories.make_user(organization=organization, role=Role.VIEWER)

    for change in (auth.deactivate, auth.activate):
        with pytest.raises(PermissionRefused):
            change(colleague, actor)


def test_a_deactivated_person_is_out(organization, owner, root):
    person = factories.make_user("person@example.com", organization=organization, role=Role.EDITOR)

    auth.deactivate(person, root)

    person.refresh_from_db()
    assert (person.is_active, person.session_round) == (False, 1)
    assert events("foundation.user.deactivated") == [{"user_id": person.pk, "email": person.email}]
    auth.activate(person, root)
    person.refresh_from_db()
    assert (person.is_active, person.session_round) == (True, 1)


def test_the_last_owner_and_the_last_superuser_stay(organization, owner, root):
    with pytest.raises(auth.AccountNeeded, match="Acme"):
        auth.deactivate(owner, root)
    with pytest.raises(auth.AccountNeeded):
        auth.deactivate(root, root)
    User.objects.filter(pk=root.pk).update(is_active=False)
    other = factories.make_user(is_superuser=True)
    with pytest.raises(auth.AccountNeeded, match="last account"):
        auth.check_dispensable(other)


def test_an_owner_who_is_inactive_does_not_count(organization, owner, root):
    factories.make_user(organization=organization, is_active=False)

    with pytest.raises(auth.AccountNeeded):
        auth.deactivate(owner, root)


@pytest.mark.django_db(transaction=True)
def test_an_owner_cannot_go_while_the_other_stops_being_one(organization, owner, root):
    second = factories.make_user("second@example.com", organization=organization)

    def go() -> bool:
        try:
            auth.deactivate(owner, root)
            return True
        except auth.AccountNeeded:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            members.roles_in(organization.pk)  # as the page of the organization does, which then demotes the second
            answer = pool.submit(go)
            until_it_waits(answer)
            organization.memberships.filter(user=second).update(role=Role.EDITOR)
        assert answer.result(timeout=20) is False


@pytest.mark.django_db(transaction=True)
def test_two_superusers_cannot_end_each_other_at_once(root):
    other = factories.make_user("root2@example.com", is_superuser=True)

    def go(pair: tuple[User, User]) -> bool:
        try:
            auth.deactivate(*pair)
            return True
        except (auth.AccountNeeded, PermissionRefused):  # the last one, or no longer one
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, [(root, other), (other, root)])) == [False, True]
