"""From words to a tree, by the strength of the signs between them."""

from decimal import Decimal

from django.utils.translation import gettext as _

from nocode.studio.errors import FormulaRefused
from nocode.studio.formula.lexer import Token, tokens
from nocode.studio.formula.nodes import Call, Constant, FieldName, Node

DEEPEST = 40
# How strongly a sign holds what is beside it. Those of the same strength are read from the left, ^ from the right.
_STRENGTH = {
    **dict.fromkeys(["=", "!=", "<>", "<", "<=", ">", ">="], 1),
    "&": 2,
    **dict.fromkeys("+-", 3),
    **dict.fromkeys("*/", 4),
    "^": 6,
}
_MINUS = 5  # -2 ^ 2 is -4
_CONSTANTS = {"TRUE": True, "FALSE": False}


def parse(text: str) -> Node:
    """The tree of a formula. Raises FormulaRefused."""
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, words: list[Token]):
        self.words = words
        self.place = self.depth = 0

    @property
    def word(self) -> Token:
        return self.words[self.place]

    def take(self) -> Token:
        word = self.word
        self.place += 1
        return word

    def sign(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return self.word.kind == "sign" and self.word.value in signs

    def whole(self) -> Node:
        node = self.expression(0)
        if self.word.kind != "end":
            raise self.unexpected()
        return node

    def expression(self, strength: int) -> Node:
        """A value, with the signs behind it that hold it more strongly than `strength`."""
        self.depth += 1
        if self.depth > DEEPEST:
            message = _("This formula is nested too deeply; compute a part of it in another field.")
            raise FormulaRefused(message, position=self.word.start)
        left = self.value()
        while self.word.kind == "sign" and _STRENGTH.get(self.word.value, 0) > strength:
            sign = self.take()
            own = _STRENGTH[sign.value]
            right = self.expression(own - 1 if sign.value == "^" else own)
            left = Call("!=" if sign.value == "<>" else sign.value, (left, right), sign.start)
        self.depth -= 1
        return left

    def value(self) -> Node:
        word = self.word
        if word.kind == "number":
            return Constant(Decimal(self.take().value), word.start)
        if word.kind == "text":
            return Constant(self.take().value, word.start)
        if word.kind == "field":
            return FieldName(self.take().value, word.start)
        if word.kind == "name":
            return self.name()
        if self.sign("-", "+"):
            self.take()
            inside = self.expression(_MINUS)
            return Call("-", (inside,), word.start) if word.value == "-" else inside
        if self.sign("("):
            self.take()
            inside = self.expression(0)
            self.close(word)
            return inside
        raise self.unexpected()

    def name(self) -> Node:
        word = self.take()
        name = word.value.upper()
        if self.sign("("):
            return Call(name, self.arguments(self.take()), word.start)
        if name in _CONSTANTS:
            return Constant(_CONSTANTS[name], word.start)
        message = _('%(name)s is no value: fields are written {%(name)s}, texts "%(name)s", functions %(name)s(…).')
        raise FormulaRefused(message % {"name": word.value}, position=word.start)

    def arguments(self, opening: Token) -> tuple[Node, ...]:
        found: list[Node] = []
        if not self.sign(")"):
            found.append(self.expression(0))
            while self.sign(",", ";"):
                self.take()
                found.append(self.expression(0))
        self.close(opening)
        return tuple(found)

    def close(self, opening: Token) -> None:
        if self.word.kind == "end":
            raise FormulaRefused(_("This bracket is never closed."), position=opening.start)
        if not self.sign(")"):
            raise self.unexpected()
        self.take()

    def unexpected(self) -> FormulaRefused:
        if self.word.kind == "end":
            return FormulaRefused(_("The formula ends too early: a value is missing."), position=self.word.start)
        message = _("%(word)s is not expected here.") % {"word": f"“{self.word.value}”"}
        return FormulaRefused(message, position=self.word.start)
