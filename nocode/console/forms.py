"""The form people log in with."""

from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm


class LoginForm(AuthenticationForm):
    """Tells a failed login in our words; the same for a wrong password, no account and one that may not log in."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("E-mail address and password do not match."),
    }
