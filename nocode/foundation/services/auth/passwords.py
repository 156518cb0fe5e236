"""Passwords: set, forgotten, chosen anew through a link."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from nocode.foundation.links import public_url
from nocode.foundation.models import User
from nocode.foundation.queue import task
from nocode.foundation.services import attempts, mail
from nocode.foundation.services.auth.errors import LinkInvalid, PasswordRefused
from nocode.foundation.services.auth.sessions import end_other_sessions
from nocode.foundation.services.auth.shared import tell


def check_password(password: str, user: User) -> None:
    """Refuse a password that is too easy to guess."""
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise PasswordRefused(" ".join(weak.messages)) from None


@transaction.atomic
def change_password(user: User, password: str, by: User | None = None) -> None:
    """Set a password, and tell its owner; every session but the one that keeps up with it is over.

    `by`: who does it, when that is not whoever is logged in to the current request.
    """
    check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    end_other_sessions(user, None)  # the one that goes on gets a new key
    link = public_url() + reverse("password_forgot")
    mail.send(user.email, _("Your password was changed"), "password_changed", {"name": user, "link": link})
    payload = {"user_id": user.pk, "email": user.email}
    tell("foundation.password.changed", user, payload, actor_id=by and by.pk)


def request_password_reset(email: str) -> None:
    """Send a link if the address has an account. Who asks learns nothing: the queue looks, after the answer."""
    send_password_reset.enqueue(email.strip().lower(), translation.get_language(), public_url())


@task(timeout=30)
def send_password_reset(email: str, language: str, base_url: str) -> None:
    """Send the link, in the language of whoever asked."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None or not user.has_usable_password():
        return
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    context = {"name": user, "link": base_url + reverse("password_reset", args=[uid, token])}
    context["hours"] = settings.PASSWORD_RESET_TIMEOUT // 3600
    with translation.override(language):
        mail.send(user.email, _("Choose a new password"), "password_reset", context)


def owner_of_reset(uid: str, token: str) -> User:
    """Whose password a link changes; raises LinkInvalid when it was used, is too old or never existed."""
    try:
        key = int(urlsafe_base64_decode(uid))
    except ValueError:
        key = 0
    user = User.objects.filter(pk=key, is_active=True).first() if 0 < key < 2**63 else None
    if user is None or not default_token_generator.check_token(user, token):
        raise LinkInvalid(_("This link was used already, or is more than a day old. Ask for a new one."))
    return user


@transaction.atomic
def reset_password(uid: str, token: str, password: str) -> User:
    """Set the password a link allows to set, once."""
    user = owner_of_reset(uid, token)
    User.objects.select_for_update().get(pk=user.pk)
    user = owner_of_reset(uid, token)  # once more, now that nobody else can use the link
    change_password(user, password, by=user)
    attempts.forget_account(user.email)  # whoever reads the mailbox is not guessing
    return user
