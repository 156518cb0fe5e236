"""Where the link in an invitation leads."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from nocode.foundation.errors import NoCodeError
from nocode.foundation.forms import NewAccountForm
from nocode.foundation.models import Invitation, Membership, User
from nocode.foundation.pages import tell
from nocode.foundation.services import auth
from nocode.foundation.views.answers import opened, public, public_page


@public_page
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites to what; joining with the account of that address, or with a new one."""
    found = opened(request, auth.open_invitation, token)
    if request.user.is_authenticated and request.user.email == found.email:
        return _join(request, token, found)
    if request.user.is_authenticated or User.objects.filter(email=found.email).exists():
        return _page(request, found, must_log_in=True)
    return _new_account(request, token, found)


def _join(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    """For whoever is logged in as the person that was invited."""
    if request.method == "GET":
        return _page(request, found)
    if tell(request, auth.accept, token, request.user, done=_welcome):
        return redirect("admin:index")
    return redirect("invitation", token)


def _new_account(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    """For an address that has no account."""
    form = NewAccountForm(User(email=found.email), request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, found, form=form)
    data = form.cleaned_data
    try:
        membership = auth.accept(token, name=data["name"], password=data["password1"])
    except auth.LinkInvalid:
        raise
    except NoCodeError as refusal:
        form.add_error(None, refusal.message)
        return _page(request, found, form=form)
    login(request, membership.user)
    messages.success(request, _welcome(membership))
    return redirect("admin:index")


def _page(request: HttpRequest, found: Invitation, **context: object) -> HttpResponse:
    title = _("Join %s") % found.organization
    return public(request, "invitation", title, invitation=found, **context)


def _welcome(membership: Membership) -> str:
    return _("Welcome to %s.") % membership.organization
