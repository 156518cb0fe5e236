"""Choices: yes or no, one of a list, some of a list."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from nocode.foundation.json_text import read_json, storable
from nocode.studio.fields import lists
from nocode.studio.fields.base import EMPTINESS, NO_SETTINGS, FieldType, LinesField, field_types, quoted
from nocode.studio.fields.conversions import call

# In English and in French, and as PostgreSQL and JSON write them; the same list is in conversions.sql.
_WORDS = {
    **dict.fromkeys(["true", "t", "1", "yes", "y", "on", "oui", "vrai"], True),
    **dict.fromkeys(["false", "f", "0", "no", "n", "off", "non", "faux"], False),
}
COLOURS = 8  # an option has the colour of its place in the list, again from the first after the last
_BETWEEN = re.compile(r"[;\n\r]")


@field_types.register
class Boolean(FieldType):
    """Yes or no."""

    kind, label, column = "boolean", gettext_lazy("Yes / no"), "boolean"
    can_be_unique = False
    operators = ("eq", *EMPTINESS)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_boolean", text)

    def parse(self, value: Any) -> bool | None:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        word = str(value).strip().lower()
        if isinstance(value, (dict, list)) or word not in _WORDS:
            raise ValidationError(_("%(value)s is neither true nor false") % {"value": quoted(value)})
        return _WORDS[word]

    def display(self, value: bool, settings: Mapping = NO_SETTINGS) -> str:
        return _("Yes") if value else _("No")

    def cell(self, value: bool, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<span class="c-yes" data-is="{}">{}</span>', "01"[value], self.display(value))

    def export(self, value: bool, settings: Mapping = NO_SETTINGS) -> bool:
        return value

    def to_form(self, value: bool) -> str:
        return "true" if value else "false"

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        choices = [("", "—"), ("true", _("Yes")), ("false", _("No"))]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)


class ChoiceConfig(forms.Form):
    """The list to choose from."""

    options = LinesField(
        label=gettext_lazy("Options"),
        validators=[MaxLengthValidator(100)],
        help_text=gettext_lazy("One per line."),
    )


class Choice(FieldType):
    """What one choice and several have in common: the options, in whatever case they are written."""

    Config = ChoiceConfig

    def option(self, value: str, settings: Mapping) -> str:
        """The option meant by a text. Raises ValidationError."""
        options = settings["options"]
        if value in options:
            return value
        folded = [_fold(option) for option in options]
        if _fold(value) not in folded:
            raise ValidationError(
                _("%(value)s is not one of the options: %(options)s")
                % {"value": quoted(value), "options": ", ".join(options[:20])}
            )
        return options[folded.index(_fold(value))]

    def badge(self, value: str, settings: Mapping) -> SafeString:
        """An option in its colour; grey when it is no option any more."""
        options = settings.get("options", ())
        colour = options.index(value) % COLOURS + 1 if value in options else 0
        return format_html('<span class="c-option" data-colour="{}">{}</span>', colour, value)

    def in_sql(self, function: str, text: sql.Composable, settings: Mapping) -> sql.Composable:
        """A call of a function that finds options as `option` does."""
        options = settings["options"]
        folded = [_fold(option) for option in options]
        variants = [(other, one) for one in sorted(set("".join(folded))) for other in _variants().get(one, "")]
        upper, lower = ("".join(each) for each in zip(*variants, strict=True)) if variants else ("", "")
        return call(function, text, options, folded, upper, lower)


def _fold(text: str) -> str:
    """Without its case, one character for one: what SQL can do with translate()."""
    return "".join(map(_fold_character, text))


def _fold_character(character: str) -> str:
    folded = character.casefold()
    return folded if len(folded) == 1 else character


@cache
def _variants() -> dict[str, str]:
    """For each character those that are the same in another case."""
    found: dict[str, str] = {}
    for character in map(chr, range(0x1FFFF)):
        if (folded := _fold_character(character)) != character:
            found[folded] = found.get(folded, "") + character
    return found


@field_types.register
class Select(Choice):
    """One of a list of options."""

    kind, label, column = "select", gettext_lazy("Single choice"), "text"
    searchable = True

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return self.in_sql("try_option", text, settings)

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return value

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return sql.SQL("{} = ANY({}::text[])").format(column, sql.Literal(settings["options"]))

    def parse(self, value: Any) -> str | None:
        if isinstance(value, (dict, list)):
            raise ValidationError(_("it is a list or an object; give one of the options"))
        return None if value is None else storable(str(value)).strip() or None

    def check(self, value: str, settings: dict) -> str:
        return self.option(value, settings)

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        return self.badge(value, settings)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        choices = [("", "—"), *((option, option) for option in settings["options"])]
        return KeepingChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)


class KeepingChoiceField(forms.ChoiceField):
    """Leaves the refusal of an unknown option to the field type, whose message is clearer."""

    def valid_value(self, value: str) -> bool:
        return True


@field_types.register
class MultiSelect(Choice):
    """Some of a list of options, in the order in which they were chosen."""

    kind, label, column = "multi_select", gettext_lazy("Multiple choice"), "text[]"
    can_be_unique = sortable = False
    operators = ("contains", "eq", "ne", *EMPTINESS)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return self.in_sql("try_options", text, settings)

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return call("options_text", value)

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        return sql.SQL("{} <@ {}::text[]").format(column, sql.Literal(settings["options"]))

    def parse(self, value: Any) -> list[str] | None:
        """A list; or a text with options between semicolons, line ends or, without those, commas; or as JSON."""
        if isinstance(value, str):
            value = _parts(value)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
            raise ValidationError(_("it is not a list of texts; give the options"))
        return list(dict.fromkeys(text for each in value if (text := storable(each).strip()))) or None

    def check(self, value: Sequence[str], settings: dict) -> list[str]:
        return list(dict.fromkeys(self.option(each, settings) for each in value))

    def adapt(self, value: Iterable[str]) -> list[str]:
        return list(value)

    def display(self, value: Iterable[str], settings: Mapping = NO_SETTINGS) -> str:
        return ", ".join(value)

    def cell(self, value: Iterable[str], settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html_join(" ", "{}", ((self.badge(each, settings),) for each in value))

    def export(self, value: Iterable[str], settings: Mapping = NO_SETTINGS) -> str:
        return lists.written(list(value))

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        choices = [(option, option) for option in settings["options"]]
        return _KeepingChoicesField(choices=choices, widget=UnfoldAdminCheckboxSelectMultipleWidget(), **options)


def _parts(text: str) -> Any:
    if text.strip().startswith("["):
        return read_json(text)
    return _BETWEEN.split(text) if _BETWEEN.search(text) else text.split(",")


class _KeepingChoicesField(forms.MultipleChoiceField):
    """The same for several; what is not an option any more is offered as long as the row has it."""

    def valid_value(self, value: str) -> bool:
        return True
