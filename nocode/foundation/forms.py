"""Forms of the pages where people get in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminOwnPasswordChangeForm, AdminPasswordChangeForm
from unfold.widgets import BASE_INPUT_CLASSES

from nocode.foundation.callers import caller_address
from nocode.foundation.middleware import current_request
from nocode.foundation.models import ApiToken, FailedAttempts, Organization, User
from nocode.foundation.services import attempts, auth


class _WideForm(forms.Form):
    """Its boxes look like those of the login page, and the first one has the focus."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = " ".join(BASE_INPUT_CLASSES)
        next(iter(self.fields.values())).widget.attrs["autofocus"] = True


class AddressForm(_WideForm):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )


class NewPasswordForm(SetPasswordMixin, _WideForm):
    """A password, typed twice."""

    password1, password2 = SetPasswordMixin.create_password_fields(_("New password"), _("New password again"))

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["password2"].help_text = ""

    def clean(self) -> dict[str, Any]:
        self.validate_passwords()
        self.validate_password_for_user(self.user, "password1")
        return super().clean()


class NewAccountForm(NewPasswordForm):
    """Who somebody is, and the password they choose."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))
    password1, password2 = SetPasswordMixin.create_password_fields(_("Password"), _("Password again"))
    field_order = ["name", "password1", "password2"]

    def clean_name(self) -> str:
        self.user.name = self.cleaned_data["name"]  # a password must not be like it
        return self.user.name


class _PartOfPage(forms.Form):
    """Its boxes look like those of the console; none has the focus, for it is one of several."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "c-input"


class NameForm(_PartOfPage):
    """What somebody is called."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))


class NewAddressForm(_PartOfPage):
    """A new address, and the present password, so that a screen left open is not enough."""

    email = forms.EmailField(
        label=_("New e-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Your password"), strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        """Guessing is slowed down: raises TooManyAttempts."""
        check_own_password(self.user, self.cleaned_data["password"])
        return self.cleaned_data["password"]


class TokenForm(_PartOfPage):
    """A new API token."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What it is for, so that you know it again."))
    organization = forms.ModelChoiceField(Organization.objects.none(), label=_("Organization"), empty_label=None)
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=ApiToken.Scope.choices,
        initial=ApiToken.Scope.values,
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("Works for"),
        coerce=int,
        empty_value=None,
        required=False,
        initial=90,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), ("", _("as long as it exists"))],
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(*args, prefix="token", **kwargs)
        self.fields["organization"].queryset = Organization.objects.filter(members=user).order_by("name")
        del self.fields["scopes"].widget.attrs["class"]


def check_own_password(user: User, password: str) -> None:
    """Refuse a password that is not the person's own. Raises ValidationError, TooManyAttempts."""
    counter = FailedAttempts.Kind.PASSWORD, user.email, caller_address(current_request())
    attempts.take(*counter)
    if not user.check_password(password):
        raise ValidationError(_("This is not your password."))
    attempts.forget(*counter)


class ChangePasswordForm(AdminOwnPasswordChangeForm):
    """One's own password: the present one, so that a screen left open is not enough, and the new one."""

    def clean_old_password(self) -> str:
        counter = FailedAttempts.Kind.PASSWORD, self.user.email, caller_address(current_request())
        attempts.take(*counter)
        password = super().clean_old_password()
        attempts.forget(*counter)
        return password

    def set_password_and_save(self, user: User, *args: Any, **kwargs: Any) -> User:
        auth.change_password(user, self.cleaned_data["new_password1"])
        return user


class SetPasswordForm(AdminPasswordChangeForm):
    """Somebody else's password, for administrators of the installation."""

    def set_password_and_save(self, user: User, commit: bool = True, **kwargs: Any) -> User:
        if self.cleaned_data["set_usable_password"]:
            auth.change_password(user, self.cleaned_data["password1"])
            return user
        return super().set_password_and_save(user, commit=commit, **kwargs)
