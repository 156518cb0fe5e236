"""What a function of formulas is, and what it sees of its arguments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import FormulaRefused
from nocode.studio.formula.kinds import Kind, as_text, common, converted, tidy


@dataclass(frozen=True)
class Typed:
    """A part of a formula in SQL. `constant` is the text it is, when it is written in the formula."""

    sql: sql.Composable
    kind: Kind
    start: int = 0
    constant: str | None = None


@dataclass(frozen=True)
class Arguments:
    """The arguments of a function that is called, each asked for as the kind the function needs."""

    name: str
    values: Sequence[Typed]
    start: int

    def __len__(self) -> int:
        return len(self.values)

    def text(self, index: int) -> sql.Composable:
        """Anything, as text; nothing is an empty text."""
        value = self.values[index]
        return sql.SQL("coalesce({}, '')").format(as_text(value.sql, value.kind))

    def number(self, index: int, default: int | None = None) -> sql.Composable:
        if index >= len(self.values):
            return sql.SQL("{}::numeric").format(sql.Literal(default))
        return self._as(index, Kind.NUMBER)

    def truth(self, index: int) -> sql.Composable:
        """True or false; nothing is false."""
        return sql.SQL("coalesce({}, FALSE)").format(self._as(index, Kind.BOOLEAN))

    def moment(self, index: int) -> Typed:
        """A date, or a date and time."""
        value = self.values[index]
        if value.kind == Kind.BLANK:
            return Typed(converted(value.sql, Kind.BLANK, Kind.DATE), Kind.DATE, value.start)
        if value.kind not in (Kind.DATE, Kind.DATETIME):
            raise self._refused(value, Kind.DATE)
        return value

    def same(self, indexes: Sequence[int]) -> tuple[list[sql.Composable], Kind]:
        """Some of the arguments as the one kind that they all can have, and that kind."""
        values = [self.values[index] for index in indexes]
        for number, value in enumerate(values):
            if common([one.kind for one in values[: number + 1]]) is None:
                raise self._refused(value, common([one.kind for one in values[:number]]))
        kind = common([value.kind for value in values])
        return [converted(value.sql, value.kind, kind) for value in values], kind

    def word(self, index: int, words: Sequence[str]) -> str:
        """One of these words, written in the formula."""
        value = self.values[index]
        if value.constant is None or value.constant.lower() not in words:
            choices = ", ".join(f'"{word}"' for word in words)
            message = _("%(name)s needs one of these here, in quotation marks: %(words)s.")
            raise FormulaRefused(message % {"name": self.name, "words": choices}, position=value.start)
        return value.constant.lower()

    def _as(self, index: int, wanted: Kind) -> sql.Composable:
        value = self.values[index]
        found = converted(value.sql, value.kind, wanted)
        if found is None:
            raise self._refused(value, wanted)
        return found

    def _refused(self, value: Typed, wanted: Kind) -> FormulaRefused:
        message = _("%(name)s needs %(wanted)s here, not %(found)s.")
        return FormulaRefused(
            message % {"name": self.name, "wanted": wanted.label, "found": value.kind.label}, position=value.start
        )


@dataclass(frozen=True)
class Function:
    """A function: how it is written, what it does, examples with what they give, and what makes SQL of it."""

    name: str
    group: str
    usage: str
    about: Any
    examples: dict[str, Any]
    least: int
    most: int | None
    build: Callable[[Arguments], Typed]

    def call(self, given: Arguments) -> Typed:
        """The call in SQL. Raises FormulaRefused."""
        if len(given) < self.least or (self.most is not None and len(given) > self.most):
            message = _("%(name)s is written %(usage)s.") % {"name": self.name, "usage": self.usage}
            raise FormulaRefused(message, position=given.start)
        return self.build(given)


FUNCTIONS: dict[str, Function] = {}


def function(
    group: str, usage: str, about: Any, examples: dict[str, Any], *, least: int, most: int | None = None
) -> Callable:
    """Make a function of formulas out of what builds its SQL; its name begins `usage`."""

    def register(build: Callable[[Arguments], Typed]) -> Callable[[Arguments], Typed]:
        name = usage.partition("(")[0]
        FUNCTIONS[name] = Function(name, group, usage, about, examples, least, most, build)
        return build

    return register


def let(body: str, *values: sql.Composable) -> sql.Composable:
    """An expression over values that are computed once, before it: `f.a`, `f.b`, `f.c` and so on.

    OFFSET 0 keeps the planner from writing the values into the expression, and from computing constants in a branch
    that a CASE excludes.
    """
    named = [sql.SQL("{} AS {}").format(value, sql.SQL(name)) for value, name in zip(values, "abcde", strict=False)]
    return sql.SQL("(SELECT {} FROM (SELECT {} OFFSET 0) AS f)").format(sql.SQL(body), sql.SQL(", ").join(named))


def number(value: sql.Composable) -> Typed:
    return Typed(value, Kind.NUMBER)


def text(value: sql.Composable) -> Typed:
    return Typed(tidy(value), Kind.TEXT)


def truth(value: sql.Composable) -> Typed:
    return Typed(value, Kind.BOOLEAN)
