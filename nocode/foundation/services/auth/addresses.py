"""The address people log in with: a new one counts once its mailbox has confirmed it."""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation import smtp
from nocode.foundation.database import is_duplicate
from nocode.foundation.links import public_url
from nocode.foundation.models import AddressChange, User
from nocode.foundation.services import attempts, mail
from nocode.foundation.services.auth.errors import AddressTaken, LinkInvalid
from nocode.foundation.services.auth.shared import hash_of, tell

ADDRESS_CHANGE_HOURS = 24


@transaction.atomic
def request_address_change(user: User, email: str) -> AddressChange:
    """Send a link to the new address; until it is opened nothing changes. An earlier link stops working.

    Raises NoMailServer, AddressRefused, AddressTaken. Whether another account has the address is not told here: the
    answer would tell anybody who has an account. Whoever opens the link is told.
    """
    smtp.check_configured()
    email = mail.address(email)
    if email == user.email:
        raise AddressTaken(_("This is your address already."))
    token = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(hours=ADDRESS_CHANGE_HOURS)
    values = {"email": email, "token_hash": hash_of(token), "expires_at": expires_at}
    change, _is_new = AddressChange.objects.update_or_create(user=user, defaults=values)
    context = {"name": user, "email": email, "hours": ADDRESS_CHANGE_HOURS}
    context["link"] = public_url() + reverse("address_confirm", args=[token])
    mail.send(email, _("Confirm your new address"), "address_confirm", context)
    return change


def cancel_address_change(user: User) -> None:
    """Forget the new address; its link stops working."""
    AddressChange.objects.filter(user=user).delete()


def open_address_change(token: str) -> AddressChange:
    """The change a link leads to; raises LinkInvalid when it was used, replaced or is too old."""
    changes = AddressChange.objects.select_related("user").filter(token_hash=hash_of(token), user__is_active=True)
    change = changes.first()
    if change is None or change.is_expired:
        raise LinkInvalid(_("This link was used or replaced already, or is more than a day old. Ask for a new one."))
    return change


@transaction.atomic
def confirm_address_change(token: str) -> User:
    """Log in with the new address from now on, and tell the old one. Raises LinkInvalid, AddressTaken."""
    found = open_address_change(token)
    user = User.objects.select_for_update().get(pk=found.user_id)
    change = open_address_change(token)  # once more, now that nobody else can use the link
    before, user.email = user.email, change.email
    try:
        with transaction.atomic():
            user.save(update_fields=["email"])
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise AddressTaken(_("There is an account for %s already.") % change.email) from None
    change.delete()
    attempts.forget_account(user.email)
    mail.send(before, _("Your address was changed"), "address_changed", {"name": user, "email": user.email})
    payload = {"user_id": user.pk, "email": user.email, "email_before": before}
    tell("foundation.user.address_changed", user, payload, actor_id=user.pk)
    return user
