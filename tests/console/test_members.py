"""Who may change the members of an organization, and what an organization's people see of accounts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.urls import reverse

from nocode.foundation.models import Membership, Organization, Role, User
from nocode.foundation.services import members
from tests import factories
from tests.console.conftest import log_in
from tests.locks import until_it_waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization)


@pytest.fixture
def administrator(organization, owner):
    return factories.make_user("admin@example.com", organization=organization, role=Role.ADMIN)


def save_members(actor: User, organization: Organization, roles: dict[Membership | str, str], delete=()) -> int:
    """Send the organization's form: memberships (or e-mail addresses of new members) with their roles."""
    rows = list(roles.items())
    data = {
        "name": organization.name,
        "slug": organization.slug,
        "memberships-TOTAL_FORMS": len(rows),
        "memberships-INITIAL_FORMS": sum(isinstance(each, Membership) for each in roles),
    }
    for number, (who, role) in enumerate(rows):
        data[f"memberships-{number}-role"] = role
        data[f"memberships-{number}-organization"] = organization.pk
        if isinstance(who, Membership):
            data[f"memberships-{number}-id"] = who.pk
        else:
            data[f"memberships-{number}-email"] = who
        if who in delete:
            data[f"memberships-{number}-DELETE"] = "on"
    url = reverse("admin:foundation_organization_change", args=[organization.pk])
    return log_in(actor).post(url, data).status_code


def roles(organization: Organization) -> dict[str, str]:
    return dict(organization.memberships.values_list("user__email", "role"))


def memberships(organization: Organization) -> list[Membership]:
    return list(organization.memberships.order_by("user__email"))


@pytest.fixture
def root():
    return factories.make_user("root@example.com", is_superuser=True)


def test_an_administrator_of_the_installation_adds_a_member_by_address(organization, owner, root):
    factories.make_user("new@example.com")
    [own] = memberships(organization)

    save_members(root, organization, {own: Role.OWNER, " New@Example.com": Role.EDITOR})

    assert roles(organization) == {"owner@example.com": "owner", "new@example.com": "editor"}


def test_nobody_else_becomes_a_member_without_accepting(organization, owner):
    factories.make_user("new@example.com")
    [own] = memberships(organization)

    save_members(owner, organization, {own: Role.OWNER, "new@example.com": Role.EDITOR})

    assert roles(organization) == {"owner@example.com": "owner"}


def test_an_unknown_address_is_refused(organization, owner, root):
    [own] = memberships(organization)

    assert save_members(root, organization, {own: Role.OWNER, "nobody@example.com": Role.EDITOR}) == 200
    assert roles(organization) == {"owner@example.com": "owner"}


def test_nobody_is_listed_twice(organization, owner, root):
    [own] = memberships(organization)

    assert save_members(root, organization, {own: Role.OWNER, "owner@example.com": Role.VIEWER}) == 200
    assert roles(organization) == {"owner@example.com": "owner"}


def test_an_administrator_changes_everybody_but_owners(organization, administrator):
    factories.make_user("third@example.com", organization=organization, role=Role.VIEWER)
    admin, own, third = memberships(organization)

    save_members(administrator, organization, {admin: Role.ADMIN, own: Role.OWNER, third: Role.EDITOR})

    assert roles(organization)["third@example.com"] == "editor"


@pytest.mark.parametrize(
    ("new_admin", "new_owner"), [(Role.OWNER, Role.OWNER), (Role.ADMIN, Role.ADMIN), (Role.OWNER, Role.VIEWER)]
)
def test_an_administrator_neither_becomes_nor_demotes_an_owner(organization, administrator, new_admin, new_owner):
    admin, own = memberships(organization)

    assert save_members(administrator, organization, {admin: new_admin, own: new_owner}) == 200
    assert roles(organization) == {"admin@example.com": "admin", "owner@example.com": "owner"}


def test_an_administrator_cannot_remove_an_owner(organization, administrator):
    admin, own = memberships(organization)

    assert save_members(administrator, organization, {admin: Role.ADMIN, own: Role.OWNER}, delete=[own]) == 200
    assert len(roles(organization)) == 2


def test_the_last_owner_stays(organization, owner):
    [own] = memberships(organization)

    assert save_members(owner, organization, {own: Role.EDITOR}) == 200
    assert save_members(owner, organization, {own: Role.OWNER}, delete=[own]) == 200
    assert roles(organization) == {"owner@example.com": "owner"}


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_demote_each_other_at_once(organization, owner):
    other = factories.make_user("second@example.com", organization=organization)
    first, second = memberships(organization)

    def take_over() -> None:
        save_members(other, organization, {first: Role.EDITOR, second: Role.OWNER})
        connection.close()

    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            members.roles_in(organization.pk)  # as the first owner's form does, which then demotes the second
            answer = pool.submit(take_over)
            until_it_waits(answer)
            organization.memberships.filter(user=other).update(role=Role.EDITOR)
        answer.result(timeout=20)

    assert roles(organization) == {"owner@example.com": Role.OWNER, "second@example.com": Role.EDITOR}


def test_an_owner_makes_another_owner(organization, owner, administrator):
    admin, own = memberships(organization)

    assert save_members(owner, organization, {admin: Role.OWNER, own: Role.EDITOR}) == 302
    assert roles(organization) == {"admin@example.com": "owner", "owner@example.com": "editor"}


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
def test_others_change_nothing(organization, owner, role):
    person = factories.make_user("person@example.com", organization=organization, role=role)
    own, theirs = memberships(organization)

    assert save_members(person, organization, {own: Role.OWNER, theirs: Role.OWNER}) == 403
    assert roles(organization)["person@example.com"] == role


def test_a_member_of_another_organization_is_not_reached_by_id(organization, owner):
    elsewhere = factories.make_organization()
    foreign = factories.make_user(organization=elsewhere, role=Role.VIEWER).memberships.get()
    [own] = memberships(organization)

    save_members(owner, organization, {own: Role.OWNER, foreign: Role.OWNER})

    foreign.refresh_from_db()
    assert (foreign.role, foreign.organization) == ("viewer", elsewhere)


def test_who_creates_an_organization_owns_it():
    root = factories.make_user(is_superuser=True)
    data = {"name": "New", "slug": "new", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

    log_in(root).post(reverse("admin:foundation_organization_add"), data)

    assert roles(Organization.objects.get(slug="new")) == {root.email: "owner"}


# --- Accounts ---------------------------------------------------------------------------------------------------------


def user_page(user: User, view: str = "change") -> str:
    return reverse(f"admin:foundation_user_{view}", args=[user.pk])


def test_an_owner_sees_colleagues_and_nobody_else(organization, owner, administrator):
    factories.make_user("foreign@example.com", organization=factories.make_organization())

    page = log_in(owner).get(reverse("admin:foundation_user_changelist")).content.decode()

    assert "admin@example.com" in page
    assert "foreign@example.com" not in page


def test_a_colleagues_other_organizations_stay_unknown(organization, owner, administrator):
    Membership.objects.create(organization=factories.make_organization("Hidden"), user=administrator, role=Role.OWNER)
    client = log_in(owner)

    for url in [reverse("admin:foundation_user_changelist"), user_page(administrator)]:
        page = client.get(url).content.decode()
        assert "Acme (Administrator)" in page
        assert "Hidden" not in page


def test_a_filter_tells_colleagues_nothing_that_the_list_hides(organization, owner):
    factories.make_user("root@example.com", organization=organization, is_superuser=True)
    url, client = reverse("admin:foundation_user_changelist"), log_in(owner)

    for lookup in ("is_superuser__exact", "is_staff__exact", "last_login__isnull", "password__startswith"):
        assert client.get(url, {lookup: "1"}).status_code == 400, lookup
    assert client.get(url, {"is_active__exact": "1"}).status_code == 200


def test_an_owner_cannot_take_over_an_account(organization, owner, administrator):
    client, password = log_in(owner), administrator.password
    page = client.get(user_page(administrator)).content.decode()

    assert password not in page
    assert "algorithm" not in page
    assert client.post(user_page(administrator), {"email": "mine@example.com"}).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=[administrator.pk])).status_code == 403
    assert client.post(user_page(administrator, "delete"), {"post": "yes"}).status_code == 403
    administrator.refresh_from_db()
    assert (administrator.email, administrator.password) == ("admin@example.com", password)


def test_an_owner_cannot_create_an_account(organization, owner):
    data = {"email": "x@example.com", "password1": "correct horse battery", "password2": "correct horse battery"}

    assert log_in(owner).post(reverse("admin:foundation_user_add"), data).status_code == 403
    assert not User.objects.filter(email="x@example.com").exists()


def test_a_superuser_creates_an_account_and_sets_its_password():
    client = log_in(factories.make_user(is_superuser=True))
    data = {"email": "New@Example.com", "usable_password": "true"}
    weak = {"password1": "12345", "password2": "12345"}
    strong = {"password1": "correct horse battery", "password2": "correct horse battery"}

    assert client.post(reverse("admin:foundation_user_add"), {**data, **weak}).status_code == 200
    assert client.post(reverse("admin:foundation_user_add"), {**data, **strong}).status_code == 302
    account = User.objects.get(email="new@example.com")
    assert account.check_password("correct horse battery")

    url = reverse("admin:auth_user_password_change", args=[account.pk])
    changed = {"password1": "another horse battery", "password2": "another horse battery", "usable_password": "true"}
    client.post(url, {**changed, "set-password": ""})
    account.refresh_from_db()
    assert account.check_password("another horse battery")


def test_superusers_do_not_lock_themselves_out():
    root = factories.make_user(is_superuser=True)

    log_in(root).post(user_page(root), {"email": root.email, "name": "Root"})

    root.refresh_from_db()
    assert (root.name, root.is_superuser, root.is_active, root.is_staff) == ("Root", True, True, True)
