"""Passwords: forgotten, chosen anew through a link, changed by whoever knows the present one."""

from django.contrib import admin, messages
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.foundation import smtp
from nocode.foundation.callers import caller_address
from nocode.foundation.forms import AddressForm, ChangePasswordForm, NewPasswordForm
from nocode.foundation.models import FailedAttempts
from nocode.foundation.services import attempts, auth
from nocode.foundation.services.attempts import TooManyAttempts
from nocode.foundation.views.answers import notice, opened, public, public_page, too_many


@public_page
def password_forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a link. Every address gets the same answer."""
    if not smtp.is_configured():
        text = _("This installation cannot send e-mails. Ask its administrator to set a new password for you.")
        return notice(request, _("Forgot your password?"), text, icon="mail_off")
    form = AddressForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return public(request, "password_forgot", _("Forgot your password?"), form=form)
    email = form.cleaned_data["email"]
    attempts.take(FailedAttempts.Kind.RESET, email, caller_address(request))
    auth.request_password_reset(email)
    return redirect("password_forgot_sent")


@public_page
def password_forgot_sent(request: HttpRequest) -> HttpResponse:
    """What happens next."""
    text = _("If the address has an account, an e-mail with a link is on its way. Look among unwanted e-mails too.")
    return notice(request, _("Look into your mailbox"), text, icon="mark_email_unread")


@public_page
def password_reset(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Choose a new password."""
    user = opened(request, auth.owner_of_reset, uid, token)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return public(request, "password_reset", _("Choose a new password"), form=form, email=user.email)
    auth.reset_password(uid, token, form.cleaned_data["password1"])
    messages.success(request, _("Your password was changed. Log in with the new one."))
    return redirect("admin:login")


class PasswordChange(PasswordChangeView):
    """One's own password, on a page of the console; this session goes on, all others are over."""

    form_class = ChangePasswordForm
    template_name = "registration/password_change_form.html"

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("Your password was changed. You are logged out everywhere else."))
        return response


def password_change(request: HttpRequest) -> HttpResponse:
    """What the console shows under "Change password"."""
    request.current_app = admin.site.name
    view = PasswordChange.as_view(success_url=reverse("admin:index"), extra_context=admin.site.each_context(request))
    try:
        return view(request)
    except TooManyAttempts as refusal:
        return too_many(request, refusal)
