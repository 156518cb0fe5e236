"""API tokens: made once, shown once, good for what they say, until their time or their person is gone."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from nocode.foundation.models import ApiToken, OutboxEvent, Role
from nocode.foundation.services import auth
from tests import factories
from tests.console.conftest import log_in

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:tokens")


@pytest.fixture
def organization():
    return factories.make_organization("Acme")


@pytest.fixture
def owner(organization):
    return factories.make_user("owner@example.com", organization=organization)


@pytest.fixture
def stranger():
    return factories.make_user("stranger@example.com", organization=factories.make_organization("Other"))


def ask(user, organization, **values):
    data = {"name": "Nightly job", "organization": organization.pk, "scopes": ["run"], "days": "30", **values}
    return log_in(user).post(PAGE, {f"token-{name}": value for name, value in data.items()})


def test_a_token_is_shown_once_and_kept_as_a_hash(owner, organization):
    response = ask(owner, organization)

    [text] = re.findall(r"nocode_[\w-]{43}", response.content.decode())
    token = ApiToken.objects.get()
    assert (token.user, token.organization, token.scopes) == (owner, organization, ["run"])
    assert text.startswith(token.prefix)
    assert text not in {str(value) for value in vars(token).values()}
    assert text not in log_in(owner).get(PAGE).content.decode()
    assert auth.bearer_of(text, "run") == token
    assert response["Cache-Control"] == "private, no-store"
    assert text not in str(OutboxEvent.objects.get(name="foundation.token.created").payload)


def test_bad_input_names_the_field_and_makes_nothing(owner, organization, stranger):
    for values in ({"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"days": "0"}):
        assert ask(owner, organization, **values).status_code == 422
    elsewhere = ask(owner, stranger.organizations.get())
    assert (elsewhere.status_code, ApiToken.objects.count()) == (422, 0)


def test_a_token_is_good_for_its_scopes_its_time_and_its_person(owner, organization):
    token, text = auth.create_token(owner, organization, "Job", ["view"], days=1)

    assert auth.bearer_of(text, "view").last_used_at is None
    token.refresh_from_db()
    assert token.last_used_at is not None
    for why, change in (
        ("may not do this", lambda: ApiToken.objects.update(scopes=["run"])),
        ("expired", lambda: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))),
        ("no member", lambda: ApiToken.objects.update(expires_at=None) and owner.memberships.all().delete()),
        ("not known", lambda: type(owner).objects.update(is_active=False)),
    ):
        change()
        with pytest.raises(auth.TokenRefused, match=why):
            auth.bearer_of(text, "view")
    with pytest.raises(auth.TokenRefused, match="not known"):
        auth.bearer_of("", "view")


def test_each_person_deletes_their_own(owner, organization, stranger):
    teammate = factories.make_user("mate@example.com", organization=organization, role=Role.ADMIN)
    token, text = auth.create_token(owner, organization, "Job", ["run"])
    address = reverse("admin:token_delete", args=[token.pk])

    refused = [log_in(user).post(address).status_code for user in (teammate, stranger)]
    anonymous = Client().post(address)
    assert (refused, anonymous.status_code, ApiToken.objects.count()) == ([404, 404], 302, 1)

    log_in(owner).post(address)
    with pytest.raises(auth.TokenRefused):
        auth.bearer_of(text, "run")
    assert OutboxEvent.objects.filter(name="foundation.token.deleted", actor=owner).exists()


def test_those_who_steer_the_organization_end_the_tokens_of_its_members(owner, organization, stranger):
    editor = factories.make_user("editor@example.com", organization=organization, role=Role.EDITOR)
    token, _text = auth.create_token(editor, organization, "Job of the editor", ["run"])
    elsewhere = factories.make_organization("Elsewhere")
    elsewhere.memberships.create(user=editor, role=Role.OWNER)
    address = reverse("admin:foundation_apitoken_delete", args=[token.pk])

    for user in (editor, stranger):
        client = log_in(user)
        assert "Job of the editor" not in client.get(reverse("admin:foundation_apitoken_changelist")).content.decode()
        client.post(address, {"post": "yes"})
    assert ApiToken.objects.exists()

    log_in(owner).post(address, {"post": "yes"})
    assert not ApiToken.objects.exists()
    assert OutboxEvent.objects.filter(name="foundation.token.deleted", actor=owner).exists()
