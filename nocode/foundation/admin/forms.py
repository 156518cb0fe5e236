"""Forms of model pages: what is chosen must belong together."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Organization, User
from nocode.foundation.permissions import organization_of


class OnlyOrganizationField(forms.ModelChoiceField):
    """The organization when there is nothing to choose: hidden, and filled whatever the browser sends."""

    widget = forms.HiddenInput

    def __init__(self, queryset: models.QuerySet):
        super().__init__(queryset, initial=queryset[0].pk)

    def clean(self, value: Any) -> Organization:
        return super().clean(self.initial)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class SeenField(forms.CharField):
    """When the object last changed, as the person saw it; no change of its own."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class SeenForm(forms.ModelForm):
    """Does not overwrite what somebody else saved since the person opened the page; says so at `seen_on`."""

    seen_at = SeenField(required=False)
    seen_on: str  # the field a person sees first

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["seen_at"].initial = "" if self.instance._state.adding else self.instance.updated_at.isoformat()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        seen_at = data.pop("seen_at", "")
        if seen_at and seen_at != self.fields["seen_at"].initial:
            self.add_error(self.seen_on, _("Somebody changed this meanwhile; open it again before you save."))
        return data


class ConsoleForm(forms.ModelForm):
    """Refuses to join objects of different organizations, which a person with two memberships could pick.

    `refusal` is why saving what was typed was refused; the page sets it and shows the form again.
    """

    refusal: str | None = None

    def clean(self) -> dict[str, Any]:
        if self.refusal:
            raise ValidationError(self.refusal)
        data = super().clean() or self.cleaned_data
        chosen = [value for value in data.values() if _has_organization(value)]
        if not self.instance._state.adding and _has_organization(self.instance):
            chosen.append(self.instance)
        if len({organization_of(each) for each in chosen}) > 1:
            raise ValidationError(_("Everything chosen here must belong to the same organization."))
        return data


_LOOKS = (
    (forms.CheckboxInput, "c-check"),
    (forms.CheckboxSelectMultiple, "c-checks"),
    (forms.Widget, "c-input"),
)


def dress(form: forms.BaseForm) -> forms.BaseForm:
    """Give the inputs of a form of ours the look of the console; a widget of several inputs has them as `columns`."""
    for field in form.fields.values():
        if isinstance(field, forms.MultipleChoiceField):
            field.widget = forms.CheckboxSelectMultiple(choices=field.choices)
        _dress(field.widget)
    return form


def _dress(widget: forms.Widget) -> None:
    if columns := getattr(widget, "columns", None):
        for field in columns.values():
            field.widget.attrs.setdefault("placeholder", str(field.label or ""))
            _dress(field.widget)
        return
    look = next(name for kind, name in _LOOKS if isinstance(widget, kind))
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} {look}".strip()
    if isinstance(widget, forms.TextInput | forms.Textarea):
        widget.attrs.setdefault("autocomplete", "off")
        widget.attrs.setdefault("spellcheck", "false")


def _has_organization(value: Any) -> bool:
    return hasattr(value, "organization_path") and not isinstance(value, User)
