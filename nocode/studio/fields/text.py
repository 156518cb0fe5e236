"""Words: one line, many lines, e-mail addresses."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from nocode.foundation.json_text import storable
from nocode.studio.fields.base import WORDS, FieldType, field_types, quoted


class _Words(FieldType):
    column = "text"
    searchable = True
    operators = WORDS

    def parse(self, value: Any) -> str | None:
        if isinstance(value, (dict, list)):
            raise ValidationError(_("it is a list or an object; give a text"))
        if isinstance(value, bool):
            value = "true" if value else "false"
        text = "" if value is None else storable(str(value))
        return text if text.strip() else None


@field_types.register
class Text(_Words):
    """One line of text."""

    kind, label = "text", gettext_lazy("Text")

    class Config(forms.Form):
        max_length = forms.IntegerField(
            label=gettext_lazy("Longest text"),
            min_value=1,
            max_value=500,
            initial=255,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("Characters, at most 500."),
        )

        def clean_max_length(self) -> int:
            return self.cleaned_data["max_length"] or self.fields["max_length"].initial

    def check(self, value: str, settings: dict) -> str:
        longest = settings.get("max_length", self.Config.base_fields["max_length"].initial)
        value = value.rstrip("\r\n")
        if "\n" in value or "\r" in value:
            raise ValidationError(_("it has several lines; use a long text field"))
        if len(value) > longest:
            raise ValidationError(
                _("it has %(length)d characters; at most %(max)d fit") % {"length": len(value), "max": longest}
            )
        return value

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(strip=False, widget=UnfoldAdminTextInputWidget(), **options)


@field_types.register
class LongText(_Words):
    """Text of any length, with line breaks."""

    kind, label = "long_text", gettext_lazy("Long text")
    can_be_unique = False  # an index entry holds about 2,700 bytes
    sortable = False

    def to_form(self, value: str) -> str:
        return _one_kind_of_line_end(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return _ManyLinesField(strip=False, widget=UnfoldAdminTextareaWidget(), **options)


class _ManyLinesField(forms.CharField):
    """Browsers send every line end as CR LF; without this an untouched text would look edited."""

    def to_python(self, value: Any) -> str:
        return _one_kind_of_line_end(super().to_python(value))


def _one_kind_of_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@field_types.register
class Email(_Words):
    """An e-mail address."""

    kind, label = "email", gettext_lazy("E-mail address")

    def parse(self, value: Any) -> str | None:
        text = super().parse(value)
        return text.strip() if text else None

    def check(self, value: str, settings: dict) -> str:
        try:
            validate_email(value)
        except ValidationError:
            raise ValidationError(
                _("%(value)s is not an e-mail address; write for example name@example.com") % {"value": quoted(value)}
            ) from None
        return value

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(widget=UnfoldAdminEmailInputWidget(), **options)
