"""Choices: yes or no, one of a list."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from nocode.foundation.json_text import storable
from nocode.studio.fields.base import EMPTINESS, FieldType, LinesField, field_types, quoted

_WORDS = {
    **dict.fromkeys(["true", "1", "yes", "on"], True),
    **dict.fromkeys(["false", "0", "no", "off"], False),
}


@field_types.register
class Boolean(FieldType):
    """Yes or no."""

    kind, label, column = "boolean", gettext_lazy("Yes / no"), "boolean"
    can_be_unique = False
    operators = ("eq", *EMPTINESS)

    def parse(self, value: Any) -> bool | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        word = str(value).strip().lower()
        if isinstance(value, (dict, list)) or word not in _WORDS:
            raise ValidationError(_("%(value)s is neither true nor false") % {"value": quoted(value)})
        return _WORDS[word]

    def display(self, value: bool) -> str:
        return _("Yes") if value else _("No")

    def to_form(self, value: bool) -> str:
        return "true" if value else "false"

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        choices = [("", "—"), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)


@field_types.register
class Select(FieldType):
    """One of a list of options."""

    kind, label, column = "select", gettext_lazy("Single choice"), "text"
    searchable = True

    class Config(forms.Form):
        options = LinesField(
            label=gettext_lazy("Options"),
            validators=[MaxLengthValidator(100)],
            help_text=gettext_lazy("One per line."),
        )

    def parse(self, value: Any) -> str | None:
        if isinstance(value, (dict, list)):
            raise ValidationError(_("it is a list or an object; give one of the options"))
        return None if value is None else storable(str(value)).strip() or None

    def check(self, value: str, settings: dict) -> str:
        by_word = {option.casefold(): option for option in reversed(settings["options"])}
        if value in settings["options"]:
            return value
        if value.casefold() not in by_word:
            raise ValidationError(
                _("%(value)s is not one of the options: %(options)s")
                % {"value": quoted(value), "options": ", ".join(settings["options"][:20])}
            )
        return by_word[value.casefold()]

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        choices = [("", "—"), *((option, option) for option in settings["options"])]
        return _KeepingChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)


class _KeepingChoiceField(forms.ChoiceField):
    """Leaves the refusal of an unknown option to the field type, whose message is clearer."""

    def valid_value(self, value: str) -> bool:
        return True
