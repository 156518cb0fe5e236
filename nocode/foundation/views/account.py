"""One's own account: name, address, where one is logged in."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation import smtp
from nocode.foundation.errors import NoCodeError
from nocode.foundation.forms import NameForm, NewAddressForm
from nocode.foundation.models import AddressChange, User
from nocode.foundation.pages import page, page_context, tell
from nocode.foundation.services import auth
from nocode.foundation.services.attempts import TooManyAttempts
from nocode.foundation.views.answers import notice, opened, public, public_page, too_many


@require_GET
@page()
def account(request: HttpRequest) -> HttpResponse:
    """Everything about one's own account on one page."""
    return _page(request)


@require_POST
@page()
def account_name(request: HttpRequest) -> HttpResponse:
    """Be called differently."""
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, name_form=form)
    request.user.name = form.cleaned_data["name"]
    request.user.save(update_fields=["name"])
    messages.success(request, _("Your name is changed."))
    return redirect("admin:account")


@require_POST
@sensitive_post_parameters()
@page()
def account_address(request: HttpRequest) -> HttpResponse:
    """Ask for another address; a link to it is sent there."""
    form = NewAddressForm(request.user, request.POST)
    try:
        if form.is_valid():
            change = auth.request_address_change(request.user, form.cleaned_data["email"])
            messages.success(request, _("Open the link that was sent to %s.") % change.email)
            return redirect("admin:account")
    except TooManyAttempts as refusal:
        return too_many(request, refusal)
    except NoCodeError as refusal:
        form.add_error("email", refusal.message)
    return _page(request, address_form=form)


@require_POST
@page()
def account_address_cancel(request: HttpRequest) -> HttpResponse:
    """Keep the address one has."""
    tell(request, auth.cancel_address_change, request.user, done=_("Your address stays as it is."))
    return redirect("admin:account")


@require_POST
@page()
def account_session_end(request: HttpRequest, handle: str) -> HttpResponse:
    """Log out in one other place."""
    if not auth.end_session(request.user, handle):
        raise Http404
    messages.success(request, _("You are logged out there."))
    return redirect("admin:account")


@require_POST
@page()
def account_sessions_end(request: HttpRequest) -> HttpResponse:
    """Log out everywhere else."""
    count = auth.end_other_sessions(request.user, request.session.session_key)
    ended = ngettext("You are logged out in %d other place.", "You are logged out in %d other places.", count) % count
    messages.success(request, ended)
    return redirect("admin:account")


@public_page
def address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link in the e-mail to a new address leads."""
    change = opened(request, auth.open_address_change, token)
    if request.method == "GET":
        return public(request, "address_confirm", _("Confirm your new address"), change=change)
    try:
        user = auth.confirm_address_change(token)
    except auth.AddressTaken as refusal:
        return notice(request, _("This address cannot be used"), refusal.message, icon="alternate_email", status=409)
    messages.success(request, _("From now on you log in with %s.") % user.email)
    return redirect("admin:account" if request.user == user else "admin:login")


def _page(
    request: HttpRequest, name_form: NameForm | None = None, address_form: NewAddressForm | None = None
) -> HttpResponse:
    user: User = request.user
    context: dict[str, Any] = {
        "name_form": name_form or NameForm(initial={"name": user.name}),
        "address_form": address_form or NewAddressForm(user),
        "change": AddressChange.objects.filter(user=user).first(),
        "has_mail_server": smtp.is_configured(),
        "sessions": auth.sessions_of(user, request.session.session_key),
    }
    status = 422 if name_form or address_form else 200
    return render(
        request, "foundation/account.html", page_context(request, _("Your account"), **context), status=status
    )
