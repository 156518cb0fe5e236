"""API tokens: made once and shown once, known again by their hash."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.models import ApiToken, Organization, User
from nocode.foundation.permissions import roles_of
from nocode.foundation.services.auth.errors import TokenRefused
from nocode.foundation.services.auth.shared import hash_of, tell

MARK = "nocode_"  # found by those who search code for secrets that leaked
SHOWN = len(MARK) + 6
NOTED_EACH = timedelta(minutes=1)


@transaction.atomic
def create_token(
    user: User, organization: Organization, name: str, scopes: Iterable[str], days: int | None = None
) -> tuple[ApiToken, str]:
    """A token that acts as the person in one of their organizations, for so many days or until it is deleted.

    Returns it and its text, which can be read nowhere else. Raises TokenRefused.
    """
    if organization.pk not in roles_of(user):
        raise TokenRefused(_("You are no member of “%s”; choose one of your organizations.") % organization)
    text = MARK + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        organization=organization,
        name=name,
        prefix=text[:SHOWN],
        token_hash=hash_of(text),
        scopes=sorted(scopes),
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
    _tell(token, "created", user)
    return token, text


@transaction.atomic
def delete_token(token: ApiToken, by: User) -> None:
    """Let nobody in with it any more."""
    _tell(token, "deleted", by)
    token.delete()


def bearer_of(text: str, scope: str) -> ApiToken:
    """The token behind a text, with its person, if it may do this. Raises TokenRefused, which says why it may not."""
    token = ApiToken.objects.select_related("user").filter(token_hash=hash_of(text)).first()
    if token is None or not token.user.is_active:
        raise TokenRefused(_("This token is not known; perhaps it was deleted. Make another one on your account page."))
    if token.is_expired:
        raise TokenRefused(_("This token has expired. Make another one on your account page."))
    if token.organization_id not in roles_of(token.user):
        raise TokenRefused(_("The person this token acts for is no member of the organization any more."))
    if scope not in token.scopes:
        raise TokenRefused(_("This token may not do this; make one that may: “%s”.") % ApiToken.Scope(scope).label)
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > NOTED_EACH:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _tell(token: ApiToken, what: str, by: User) -> None:
    payload = {"token_id": str(token.pk), "name": token.name, "user_id": token.user_id, "scopes": token.scopes}
    tell(f"foundation.token.{what}", token.user, payload, token.organization, actor_id=by.pk)
