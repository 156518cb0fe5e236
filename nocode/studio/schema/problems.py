"""What rows have against a change: values that a rule forbids, or that do not convert. Found by reading only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from psycopg2 import sql

from nocode.studio.models import Field
from nocode.studio.schema.place import Place

SAMPLES = 50
NAMED = 10
STOPPING = frozenset({"required", "unique"})  # other rules hold for what is written from now on, or cost values

_SENTENCES = {
    "required": ngettext_lazy("%(count)s row has no value", "%(count)s rows have no value", "number"),
    "unique": ngettext_lazy(
        "%(count)s row has a value that another one has", "%(count)s rows have a value that another one has", "number"
    ),
    "settings": ngettext_lazy(
        "%(count)s value is not allowed by the settings", "%(count)s values are not allowed by the settings", "number"
    ),
    "reference": ngettext_lazy(
        "%(count)s value leads to a row that is gone", "%(count)s values lead to rows that are gone", "number"
    ),
    "conversion": ngettext_lazy(
        "%(count)s value would be lost or changed", "%(count)s values would be lost or changed", "number"
    ),
}

_LOST_VALUES = ngettext_lazy(
    "%(count)s value of “%(thing)s” goes to the trash with it",
    "%(count)s values of “%(thing)s” go to the trash with it",
    "number",
)
_LOST_ROWS = ngettext_lazy(
    "%(count)s row of “%(thing)s” goes to the trash with it",
    "%(count)s rows of “%(thing)s” go to the trash with it",
    "number",
)


@dataclass(frozen=True)
class Problem:
    """Rows that are in the way of one rule; `samples` are (row id, value as text).

    `column` names the field for who wants to see all of these rows.
    """

    field: str
    rule: str
    count: int
    samples: list[tuple[int, str]] = field(default_factory=list)
    column: str = ""

    @property
    def stops(self) -> bool:
        """Whether the change cannot be made before these rows are others; values that do not convert can be lost."""
        return self.rule in STOPPING

    def __str__(self) -> str:
        return str(_("“%(field)s”: %(sentence)s")) % {
            "field": self.field,
            "sentence": _SENTENCES[self.rule] % {"number": self.count, "count": intcomma(self.count)},
        }

    @property
    def rows(self) -> str:
        """The first of these rows with their values, in a line."""
        named = [f"#{row}: {value}" for row, value in self.samples[:NAMED]]
        return ", ".join(named + (["…"] if self.count > NAMED else []))


@dataclass(frozen=True)
class Loss:
    """How many values of a field, or rows of a table, go to the trash with it."""

    thing: str
    count: int
    of_rows: bool = False

    def __str__(self) -> str:
        sentence = _LOST_ROWS if self.of_rows else _LOST_VALUES
        return str(sentence % {"number": self.count, "count": intcomma(self.count), "thing": self.thing})


Reader = Callable[[sql.Composable], list[tuple]]


def without_value(read: Reader, place: Place, each: Field, value: sql.Composable) -> Problem | None:
    """Rows without a value, for a field to be required."""
    return _found(read, place, each, value, "required", sql.SQL("({}) IS NULL").format(value))


def doubles(read: Reader, place: Place, each: Field, value: sql.Composable) -> Problem | None:
    """Rows with the same value, for a field to be unique."""
    same = sql.SQL("({0}) IN (SELECT {0} FROM {1} WHERE ({0}) IS NOT NULL GROUP BY 1 HAVING count(*) > 1)")
    return _found(read, place, each, value, "unique", same.format(value, place.target))


def against_settings(read: Reader, place: Place, each: Field, value: sql.Composable) -> Problem | None:
    """Rows with values the settings of the field forbid."""
    check = each.type.constraint(value, each.settings)
    if check is None:
        return None
    return _found(read, place, each, value, "settings", sql.SQL("NOT ({})").format(check))


def leading_nowhere(read: Reader, place: Place, each: Field, other: Place, column: str = "") -> Problem | None:
    """Rows whose relation, kept in its `column`, leads to a row that is not there."""
    value = sql.Identifier(column or each.physical_name)
    condition = sql.SQL("{} IS NOT NULL AND {} IS NULL").format(value, leading_somewhere(place, value, other))
    return _found(read, place, each, value, "reference", condition)


def leading_somewhere(place: Place, value: sql.Identifier, other: Place) -> sql.Composable:
    """What is left of the values of a relation without those that lead nowhere."""
    return sql.SQL("(SELECT o.id FROM {} AS o WHERE o.id = {}.{})").format(other.target, place.target, value)


def lost(read: Reader, place: Place, each: Field, text: sql.Composable, condition: sql.Composable) -> Problem | None:
    """Rows whose value, of whatever type it is now, could not be one of the field."""
    return _found(read, place, each, text, "conversion", condition, text=text)


def unconverted(read: Reader, place: Place, old: Field, value: sql.Composable, lost: sql.Composable) -> Problem | None:
    """Rows whose value gets lost or changed on the way from one type to another (see `is_lost`)."""
    return _found(read, place, old, value, "conversion", lost)


def is_lost(value: sql.Composable, old: Field, new: Field, besides: sql.Identifier | None = None) -> sql.Composable:
    """The condition for a value that the new type cannot keep: it would not come back the same (12.00 is 12).

    `besides` is a table of rows that get their value from elsewhere.
    """
    back = converted(converted(value, old, new), new, old)
    lost = sql.SQL("(({0}) IS NOT NULL AND ({1}) IS DISTINCT FROM ({0}))").format(value, back)
    return lost if besides is None else sql.SQL("{} AND id NOT IN (SELECT id FROM {})").format(lost, besides)


def converted(value: sql.Composable, old: Field, new: Field) -> sql.Composable:
    """A value of one type as a value of another, usually by way of text."""
    return new.type.converted(value, old.type, old.settings, new.settings)


def filled(read: Reader, place: Place, each: Field, value: sql.Composable) -> Loss | None:
    """The values that go with a field."""
    counted = each.type.filled(each, place, value)
    count = read(counted)[0][0] if counted is not None else 0
    return Loss(each.label, count) if count else None


def all_rows(read: Reader, place: Place, label: str) -> Loss | None:
    """The rows that go with a table."""
    count = read(sql.SQL("SELECT count(*) FROM {}").format(place.target))[0][0]
    return Loss(label, count, of_rows=True) if count else None


def _found(
    read: Reader,
    place: Place,
    each: Field,
    value: sql.Composable,
    rule: str,
    condition: sql.Composable,
    *,
    text: sql.Composable | None = None,
) -> Problem | None:
    count = read(sql.SQL("SELECT count(*) FROM {} WHERE {}").format(place.target, condition))[0][0]
    if not count:
        return None
    text = text or each.type.to_text(value, each.settings)
    samples = read(
        sql.SQL("SELECT id, coalesce({}, '') FROM {} WHERE {} ORDER BY id LIMIT {}").format(
            text, place.target, condition, sql.Literal(SAMPLES)
        )
    )
    return Problem(each.label, rule, count, samples, each.physical_name)
