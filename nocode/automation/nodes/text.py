"""Steps that work on text."""

from typing import Any

import regex
from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.automation.nodes.values import MOST_ITEMS, a_text, check_length, given, refuse, source_field
from nocode.studio.fields import patterns

TEXT = _("Text")
PATTERN_SECONDS = 1.0


class PatternField(TextField):
    """A regular expression, understood before it is kept."""

    def __init__(self, **options: Any):
        super().__init__(**{"max_length": 500, "strip": False, **options})

    def clean(self, value: Any) -> str:
        pattern = super().clean(value)
        if patterns.is_too_large(pattern):
            raise ValidationError(gettext("This repeats too much: use smaller numbers in braces, or + and *."))
        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValidationError(gettext("This is no regular expression: %(why)s.") % {"why": error}) from None
        return pattern


class TextNode(NodeType):
    """Shared by the text steps."""

    family = Family.TEXT
    gives = _("A text.")

    def text_of(self, settings: dict, step: Step) -> str:
        return a_text(given(settings, "text", step), TEXT)


@node_types.register
class Template(TextNode):
    kind, label, icon = "text.template", _("Text from a template"), "description"
    summary = _("Write a text with expressions in it, such as “Dear {{ input.name }}”.")
    example = Example(
        {"text": "Dear {{ input.name }}, you owe {{ input.sum }}."}, {"name": "Ana", "sum": 5}, "Dear Ana, you owe 5."
    )

    class Config(ConfigForm):
        text = TextField(label=TEXT, strip=False, required=False, widget=forms.Textarea(attrs={"rows": 8}))

    def run(self, settings: dict, step: Step) -> str:
        return a_text(settings["text"], TEXT)


@node_types.register
class SplitText(TextNode):
    kind, label, icon = "text.split", _("Split a text"), "splitscreen_left"
    summary = _("Cut a text into a list, at each comma, line break or whatever is between the parts.")
    gives = _("A list of texts.")
    example = Example({"between": ","}, "red, green,,blue", ["red", "green", "blue"])

    class Config(ConfigForm):
        text = source_field(TEXT)
        between = TextField(
            label=_("What is between"),
            required=False,
            strip=False,
            max_length=1000,
            help_text=_("Empty: cut at line breaks."),
        )
        trim = forms.BooleanField(label=_("Remove spaces around the parts"), required=False, initial=True)
        empty = forms.BooleanField(label=_("Keep empty parts"), required=False)

    def run(self, settings: dict, step: Step) -> list[str]:
        text, between = self.text_of(settings, step), settings["between"]
        if text.count(between or "\n") > MOST_ITEMS:
            raise refuse(TEXT, gettext("it has more than %d parts.") % MOST_ITEMS)
        parts = text.split(between) if between else text.splitlines()
        if settings["trim"]:
            parts = [part.strip() for part in parts]
        return parts if settings["empty"] else [part for part in parts if part]


@node_types.register
class ReplaceText(TextNode):
    kind, label, icon = "text.replace", _("Replace in a text"), "find_replace"
    summary = _("Put one text in the place of another, everywhere or by a regular expression.")
    example = Example({"find": "o", "by": "0"}, "foo", "f00")

    class Config(ConfigForm):
        text = source_field(TEXT)
        find = TextField(label=_("Find"), strip=False, max_length=1000)
        by = TextField(label=_("Replace by"), required=False, strip=False, max_length=10_000)
        is_pattern = forms.BooleanField(
            label=_("“Find” is a regular expression"),
            required=False,
            help_text=_(r"\1 in the replacement is what the first parentheses found."),
        )
        any_case = forms.BooleanField(label=_("Small and capital letters are the same"), required=False)

    def run(self, settings: dict, step: Step) -> str:
        text, find, by = self.text_of(settings, step), settings["find"], settings["by"]
        if not settings["is_pattern"] and not settings["any_case"]:
            check_length(len(text) + text.count(find) * (len(by) - len(find)), TEXT)
            return a_text(text.replace(find, by), TEXT)
        flags = regex.IGNORECASE if settings["any_case"] else 0
        pattern, name = regex.escape(find), self.Config.base_fields["find"].label
        if settings["is_pattern"]:
            pattern = _checked(find, name)
        else:
            by = by.replace("\\", "\\\\")
        try:
            return a_text(regex.sub(pattern, by, text, flags=flags, timeout=PATTERN_SECONDS), TEXT)
        except TimeoutError:
            raise refuse(name, _too_slow(find)) from None
        except (regex.error, IndexError) as error:
            raise refuse(self.Config.base_fields["by"].label, str(error)) from None


def _checked(pattern: str, name: Any) -> str:
    """The regular expression an expression gave. Raises the failure that names the setting."""
    try:
        return PatternField(max_length=1000).clean(pattern)
    except ValidationError as error:
        raise refuse(name, " ".join(error.messages)) from None


def _too_slow(pattern: str) -> str:
    return gettext("the pattern %(pattern)s takes too long on it") % {"pattern": pattern[:100]}


@node_types.register
class ExtractText(TextNode):
    kind, label, icon = "text.extract", _("Find in a text"), "regular_expression"
    summary = _("Find what matches a regular expression: order numbers, addresses, amounts.")
    gives = _(
        "The text that was found, or what the parentheses found: an object by their names, or a list; nothing without a"
        " match. With “all”: a list."
    )
    example = Example(
        {"pattern": r"#(?<number>\d+)", "all": True}, "Orders #12 and #7", [{"number": "12"}, {"number": "7"}]
    )

    class Config(ConfigForm):
        text = source_field(TEXT)
        pattern = PatternField(label=_("Regular expression"), help_text=_(r"Such as [A-Z]{2}-\d+ or (?<year>\d{4})."))
        all = forms.BooleanField(label=_("All that match"), required=False)
        any_case = forms.BooleanField(label=_("Small and capital letters are the same"), required=False)

    def run(self, settings: dict, step: Step) -> Any:
        text, flags = self.text_of(settings, step), regex.IGNORECASE if settings["any_case"] else 0
        found: list = []
        try:
            for match in regex.finditer(settings["pattern"], text, flags=flags, timeout=PATTERN_SECONDS):
                found.append(
                    match.groupdict() or (list(match.groups()) if match.re.groups > 1 else match[match.re.groups])
                )
                if len(found) > MOST_ITEMS:
                    raise refuse(TEXT, gettext("it has more than %d parts.") % MOST_ITEMS)
                if not settings["all"]:
                    return found[0]
        except TimeoutError:
            raise refuse(self.Config.base_fields["pattern"].label, _too_slow(settings["pattern"])) from None
        return found if settings["all"] else None


def _titled(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


_CHANGES = {
    "trim": (_("remove spaces at both ends"), str.strip),
    "squeeze": (_("make one space of several"), lambda text: " ".join(text.split())),
    "lower": (_("small letters"), str.lower),
    "upper": (_("capital letters"), str.upper),
    "sentence": (_("a capital letter first"), lambda text: text[:1].upper() + text[1:]),
    "title": (_("Each Word With A Capital"), _titled),
    "slug": (_("a name for addresses: only-letters-and-hyphens"), lambda text: slugify(text)),
}


@node_types.register
class ChangeText(TextNode):
    kind, label, icon = "text.change", _("Clean up a text"), "match_case"
    summary = _("Remove spaces, change small and capital letters, make a name for addresses, cut what is too long.")
    example = Example({"change": "squeeze", "longest": 8}, "  Hello   world ", "Hello w…")

    class Config(ConfigForm):
        text = source_field(TEXT)
        change = forms.ChoiceField(
            label=_("Change"), choices=[(name, label) for name, (label, _do) in _CHANGES.items()], initial="trim"
        )
        longest = forms.IntegerField(
            label=_("At most so many characters"),
            required=False,
            min_value=1,
            max_value=1_000_000,
            help_text=_("What is longer is cut and ends in “…”."),
        )

    def run(self, settings: dict, step: Step) -> str:
        text = _CHANGES[settings["change"]][1](self.text_of(settings, step))
        longest = settings["longest"]
        return text if not longest or len(text) <= longest else text[: longest - 1] + "…"
