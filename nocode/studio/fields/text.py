"""Words: one line, many lines, many lines with Markdown."""

import re
from collections.abc import Mapping
from typing import Any

import regex
from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from nocode.foundation import markdown
from nocode.foundation.displays import escaped
from nocode.foundation.json_text import storable
from nocode.studio.fields import patterns
from nocode.studio.fields.base import NO_SETTINGS, WORDS, FieldType, Settings, field_types
from nocode.studio.fields.conversions import all_of, call

PATTERN_SECONDS = 0.1  # a pattern may be one that tries for ages
TOO_SLOW = "too_slow"
SHOWN_IN_CELL = 300  # characters
_MARKS = re.compile(r"[*_`~#>|\[\]]+")


class Words(FieldType):
    """What all texts have in common. White space alone is empty."""

    column = "text"
    searchable = True
    operators = WORDS

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return value

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_text", text, self.longest(settings))

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        longest = self.longest(settings)
        return longest and sql.SQL("char_length({}) <= {}").format(column, sql.Literal(longest))

    def longest(self, settings: Mapping) -> int | None:
        """The most characters a value may have."""
        return settings.get("max_length")

    def parse(self, value: Any) -> str | None:
        if isinstance(value, (dict, list)):
            raise ValidationError(_("it is a list or an object; give a text"))
        if isinstance(value, bool):
            value = "true" if value else "false"
        text = "" if value is None else storable(str(value))
        return text if text.strip() else None

    def check(self, value: str, settings: dict) -> str:
        longest = self.longest(settings)
        if longest and len(value) > longest:
            raise ValidationError(
                _("it has %(length)d characters; at most %(max)d fit") % {"length": len(value), "max": longest}
            )
        return value


class _PatternField(forms.CharField):
    """A regular expression, understood before it is kept."""

    def clean(self, value: Any) -> str:
        pattern = storable(super().clean(value))
        if patterns.is_too_large(pattern):
            raise ValidationError(_("This repeats too much: use smaller numbers in braces, or + and *."))
        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValidationError(_("This is no regular expression: %(why)s.") % {"why": error}) from None
        return pattern


@field_types.register
class Text(Words):
    """One line of text."""

    kind, label = "text", gettext_lazy("Text")

    class Config(Settings):
        max_length = forms.IntegerField(
            label=gettext_lazy("Longest text"),
            min_value=1,
            max_value=500,
            initial=255,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("Characters, at most 500."),
        )
        pattern = _PatternField(
            label=gettext_lazy("Pattern"),
            max_length=200,
            required=False,
            strip=False,
            widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
            help_text=gettext_lazy(
                "A regular expression that the whole text must match, for example [A-Z]{2}-[0-9]{4}. Empty: anything."
            ),
        )

        def clean_max_length(self) -> int:
            return self.cleaned_data["max_length"] or self.fields["max_length"].initial

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        """Without the pattern, which is Python's: see `needs_python`."""
        return call("try_line", text, self.longest(settings))

    def constraint(self, column: sql.Composable, settings: dict) -> sql.Composable | None:
        one_line = sql.SQL(r"{} !~ E'[\n\r]'").format(column)
        return all_of(super().constraint(column, settings), one_line)

    def longest(self, settings: Mapping) -> int:
        return settings.get("max_length") or self.Config.base_fields["max_length"].initial

    def check(self, value: str, settings: dict) -> str:
        value = value.rstrip("\r\n")
        if "\n" in value or "\r" in value:
            raise ValidationError(_("it has several lines; use a long text field"))
        value = super().check(value, settings)
        if settings.get("pattern"):
            _match(settings["pattern"], value)
        return value

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return forms.CharField(strip=False, widget=UnfoldAdminTextInputWidget(), **options)


def _match(pattern: str, value: str) -> None:
    try:
        matches = regex.fullmatch(pattern, value, timeout=PATTERN_SECONDS)
    except TimeoutError:
        message = _("the pattern %(pattern)s takes too long on it") % {"pattern": pattern}
        raise ValidationError(message, code=TOO_SLOW) from None
    if not matches:
        raise ValidationError(_("it does not match the pattern %(pattern)s") % {"pattern": pattern})


@field_types.register
class LongText(Words):
    """Text of any length, with line breaks."""

    kind, label = "long_text", gettext_lazy("Long text")
    can_be_unique = False  # an index entry holds about 2,700 bytes
    sortable = False

    class Config(Settings):
        max_length = forms.IntegerField(
            label=gettext_lazy("Longest text"),
            min_value=1,
            max_value=1_000_000,
            required=False,
            widget=UnfoldAdminIntegerFieldWidget(),
            help_text=gettext_lazy("Characters; empty: any length."),
        )

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        return escaped(value if len(value) <= SHOWN_IN_CELL else Truncator(value).chars(SHOWN_IN_CELL))

    def whole(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html("{}", value)

    def to_form(self, value: str) -> str:
        return _one_kind_of_line_end(value)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return _ManyLinesField(strip=False, widget=UnfoldAdminTextareaWidget(), **options)


@field_types.register
class RichText(LongText):
    """Text with headings, lists, links and emphasis, written as Markdown."""

    kind, label = "rich_text", gettext_lazy("Rich text")

    def cell(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        """Its words: a cell has no room for headings."""
        return format_html("{}", Truncator(_MARKS.sub("", value[: 2 * SHOWN_IN_CELL])).chars(SHOWN_IN_CELL))

    def whole(self, value: str, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<div class="b-text">{}</div>', markdown.render(value))

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        hint = _("Markdown: **bold**, *italic*, # heading, - list, [words](address).")
        options["help_text"] = " ".join(filter(None, [options.get("help_text"), hint]))
        return super().form_field(settings, **options)


class _ManyLinesField(forms.CharField):
    """Browsers send every line end as CR LF; without this an untouched text would look edited."""

    def to_python(self, value: Any) -> str:
        return _one_kind_of_line_end(super().to_python(value))


def _one_kind_of_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
