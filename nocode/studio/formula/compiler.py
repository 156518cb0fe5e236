"""From the tree of a formula to one SQL expression with its kind."""

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import FormulaRefused
from nocode.studio.formula.functions import FUNCTIONS, Arguments, Typed
from nocode.studio.formula.functions.base import truth
from nocode.studio.formula.functions.numbers import plus
from nocode.studio.formula.kinds import Kind, cast, tidy
from nocode.studio.formula.lexer import tokens
from nocode.studio.formula.nodes import Call, Constant, FieldName, Node
from nocode.studio.formula.parser import parse

# What a field is worth in the row at hand. Raises FormulaRefused when there is no such field.
Scope = Callable[[str], Typed]

HIGHEST = 80
_COMPARED = {
    "=": "({} IS NOT DISTINCT FROM {})",
    "!=": "({} IS DISTINCT FROM {})",
    **{sign: "({} " + sign + " {})" for sign in ("<", "<=", ">", ">=")},
}
_RECKONED = ("+", "-", "*", "/")


def compile_formula(text: str, scope: Scope) -> Typed:
    """A formula in SQL. Raises FormulaRefused with the place in the text."""
    fields: dict[str, Typed] = {}
    for token in tokens(text):
        if token.kind == "field" and token.value not in fields:
            fields[token.value] = _known(scope, token.value, token.start)
    return _Compiler(fields).compile(parse(text))


def _known(scope: Scope, name: str, start: int) -> Typed:
    try:
        return scope(name)
    except FormulaRefused as error:
        raise FormulaRefused(error.message, position=start) from error


class _Compiler:
    def __init__(self, fields: dict[str, Typed]):
        self.fields = fields
        self.height = 0

    def compile(self, node: Node) -> Typed:
        if isinstance(node, Constant):
            return _constant(node)
        if isinstance(node, FieldName):
            return replace(self.fields[node.name], start=node.start)
        self.height += 1
        if self.height > HIGHEST:
            message = _("This formula is nested too deeply; compute a part of it in another field.")
            raise FormulaRefused(message, position=node.start)
        values = [self.compile(argument) for argument in node.arguments]
        self.height -= 1
        return replace(_called(node, Arguments(node.name, values, node.start)), start=_start(node))


def _start(node: Node) -> int:
    """Where a part of a formula begins; a sign stands behind what it begins with."""
    is_between = isinstance(node, Call) and not node.name[0].isalpha() and len(node.arguments) == 2
    return _start(node.arguments[0]) if is_between else node.start


def _constant(node: Constant) -> Typed:
    if isinstance(node.value, bool):
        return Typed(sql.SQL("TRUE" if node.value else "FALSE"), Kind.BOOLEAN, node.start)
    if isinstance(node.value, str):
        return Typed(tidy(cast(sql.Literal(node.value), Kind.TEXT)), Kind.TEXT, node.start, constant=node.value)
    return Typed(cast(sql.Literal(node.value), Kind.NUMBER), Kind.NUMBER, node.start)


def _called(node: Call, given: Arguments) -> Typed:
    if node.name in _COMPARED:
        values, _kind = given.same([0, 1])
        return truth(sql.SQL(_COMPARED[node.name]).format(*values))
    if node.name == "-" and len(given) == 1:
        return Typed(sql.SQL("(- {})").format(given.number(0)), Kind.NUMBER)
    if node.name in _RECKONED:
        return Typed(plus(given.number(0), given.number(1), node.name), Kind.NUMBER)
    known = FUNCTIONS.get({"&": "CONCAT", "^": "POWER"}.get(node.name, node.name))
    if known is None:
        raise FormulaRefused(_("There is no function %(name)s.") % {"name": node.name}, position=node.start)
    return known.call(given)
