"""The form people log in with."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm

from nocode.foundation.callers import caller_address
from nocode.foundation.models import FailedAttempts
from nocode.foundation.services import attempts


class LoginForm(AuthenticationForm):
    """Tells a failed login in our words; the same for a wrong password, no account and one that may not log in.

    Guessing is slowed down: raises TooManyAttempts, which the login page answers.
    """

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("E-mail address and password do not match."),
    }

    def clean(self) -> dict[str, Any]:
        email = self.cleaned_data.get("username")
        if email is None or not self.cleaned_data.get("password"):
            return super().clean()
        counter = FailedAttempts.Kind.LOGIN, email, caller_address(self.request)
        attempts.take(*counter)
        data = super().clean()
        attempts.forget(*counter)
        return data
