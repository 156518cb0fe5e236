"""The kinds of values in a formula, and how one becomes another, in SQL."""

from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

LONGEST_TEXT = 10_000


class Kind(StrEnum):
    """What a part of a formula is worth. BLANK is nothing at all, and fits where any other kind is asked for."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    BLANK = "blank"

    @property
    def label(self) -> str:
        """The kind, as a sentence names it."""
        return str(_LABELS[self])

    @property
    def column(self) -> str:
        """The PostgreSQL type."""
        return _COLUMNS[self]


_LABELS = {
    Kind.NUMBER: _("a number"),
    Kind.TEXT: _("a text"),
    Kind.BOOLEAN: _("true or false"),
    Kind.DATE: _("a date"),
    Kind.DATETIME: _("a date and time"),
    Kind.BLANK: _("nothing"),
}
_COLUMNS = {
    Kind.NUMBER: "numeric",
    Kind.TEXT: "text",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "timestamptz",
    Kind.BLANK: "text",
}


def cast(value: sql.Composable, kind: Kind) -> sql.Composable:
    return sql.SQL("{}::{}").format(value, sql.SQL(kind.column))


def local(moment: sql.Composable) -> sql.Composable:
    """A moment as the clocks of this installation show it."""
    return sql.SQL("({} AT TIME ZONE {})").format(moment, sql.Literal(settings.TIME_ZONE))


def converted(value: sql.Composable, kind: Kind, wanted: Kind) -> sql.Composable | None:
    """The value as another kind where that needs no asking: nothing as anything, a day as its first moment."""
    if kind == wanted:
        return value
    if kind == Kind.BLANK:
        return cast(sql.SQL("NULL"), wanted)
    if (kind, wanted) == (Kind.DATE, Kind.DATETIME):
        return local(sql.SQL("{}::timestamp").format(value))
    return None


def common(kinds: list[Kind]) -> Kind | None:
    """The kind that values of all these kinds can have; None when there is none."""
    found = set(kinds) - {Kind.BLANK}
    if found == {Kind.DATE, Kind.DATETIME}:
        return Kind.DATETIME
    if len(found) > 1:
        return None
    return found.pop() if found else Kind.BLANK


def as_text(value: sql.Composable, kind: Kind) -> sql.Composable:
    """The value in words, the same in every language."""
    if kind == Kind.NUMBER:
        return sql.SQL("trim_scale({})::text").format(value)
    if kind == Kind.DATE:
        return sql.SQL("to_char({}, 'YYYY-MM-DD')").format(value)
    if kind == Kind.DATETIME:
        return sql.SQL("to_char({}, 'YYYY-MM-DD HH24:MI')").format(local(value))
    return value if kind == Kind.TEXT else cast(value, Kind.TEXT)


def tidy(text: sql.Composable) -> sql.Composable:
    """A text of a formula: never empty (that is nothing), never longer than LONGEST_TEXT."""
    return sql.SQL("nullif(left({}, {}), '')").format(text, sql.Literal(LONGEST_TEXT))
