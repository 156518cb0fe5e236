"""From the text of a formula to its words, each with its place."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from nocode.studio.errors import FormulaRefused

LONGEST = 4000
MOST_TOKENS = 600
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<number>\d+(?:\.\d+)?|\.\d+)
  | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
  | (?P<field>\{(?:[^}]|\}\})*\}(?!\}))
  | (?P<name>[A-Za-z][A-Za-z0-9_]*)
  | (?P<sign><=|>=|<>|!=|[-+*/^&=<>(),;])
    """,
    re.VERBOSE | re.ASCII,
)
_LONGEST_NUMBER = 30


@dataclass(frozen=True)
class Token:
    """A word of a formula. `value` is what it means: a text without its quotes, the name of a field."""

    kind: str
    value: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a formula, then one of kind "end". Raises FormulaRefused."""
    if len(text) > LONGEST:
        raise FormulaRefused(_("A formula has at most %(most)d characters.") % {"most": LONGEST}, position=LONGEST)
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, _meaning(match), place, match.end()))
        if len(found) > MOST_TOKENS:
            message = _("A formula has at most %(most)d words and signs; compute a part of it in another field.")
            raise FormulaRefused(message % {"most": MOST_TOKENS}, position=place)
        place = match.end()
    return [*found, Token("end", "", len(text), len(text))]


def reference(name: str) -> str:
    """A field as a formula writes it."""
    return "{" + name.replace("}", "}}") + "}"


def references(text: str) -> list[str]:
    """The fields a formula names. Raises FormulaRefused."""
    return [token.value for token in tokens(text) if token.kind == "field"]


def rewrite(text: str, name: Callable[[Token], str]) -> str:
    """The formula with other names for its fields. Raises FormulaRefused."""
    parts, place = [], 0
    for token in tokens(text):
        if token.kind == "field":
            parts += [text[place : token.start], reference(name(token))]
            place = token.end
    return "".join([*parts, text[place:]])


def place_in(text: str, position: int, name: Callable[[Token], str]) -> int:
    """Where a place in a formula is once `rewrite` has given its fields other names."""
    before = [token for token in tokens(text) if token.kind == "field" and token.start < position]
    return position + sum(len(reference(name(token))) - (token.end - token.start) for token in before)


def _meaning(match: re.Match) -> str:
    text = match.group()
    if match.lastgroup == "text":
        return text[1:-1].replace(text[0] * 2, text[0])
    if match.lastgroup == "field":
        return text[1:-1].replace("}}", "}").strip()
    if match.lastgroup == "number" and len(text) > _LONGEST_NUMBER:
        message = _("A number in a formula has at most %(most)d digits.") % {"most": _LONGEST_NUMBER}
        raise FormulaRefused(message, position=match.start())
    return text


def _unreadable(text: str, place: int) -> FormulaRefused:
    messages = {
        '"': _("This text has no end: a quotation mark is missing."),
        "'": _("This text has no end: a quotation mark is missing."),
        "{": _("The name of this field has no end: } is missing."),
    }
    unknown = _("%(sign)s means nothing here.") % {"sign": f"“{text[place]}”"}
    return FormulaRefused(messages.get(text[place], unknown), position=place)
