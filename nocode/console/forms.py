"""The form people log in with."""

from typing import Any

from django.contrib.auth import forms as auth
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm

from nocode.foundation.callers import caller_address
from nocode.foundation.models import FailedAttempts, User
from nocode.foundation.services import attempts

APPS = "/apps/"  # below it, those who may not open the console are at home, too


class LoginForm(AuthenticationForm):
    """Tells a failed login in our words; the same for a wrong password, no account and one that may not log in.

    Guessing is slowed down: raises TooManyAttempts, which the login page answers.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("E-mail address and password do not match."),
    }

    def confirm_login_allowed(self, user: User) -> None:
        """On the way to an application whoever is active may log in, elsewhere only who may open the console."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next", "")
        if wanted.startswith(APPS):
            auth.AuthenticationForm.confirm_login_allowed(self, user)
        else:
            super().confirm_login_allowed(user)

    def clean(self) -> dict[str, Any]:
        email = self.cleaned_data.get("username")
        if email is None or not self.cleaned_data.get("password"):
            return super().clean()
        counter = FailedAttempts.Kind.LOGIN, email, caller_address(self.request)
        attempts.take(*counter)
        data = super().clean()
        attempts.forget(*counter)
        return data
