"""How the texts of a column name rows of another table: by their number, their name for people, or a unique field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.fields.conversions import call
from nocode.studio.layouts import Layout
from nocode.studio.models import Field

BY_NUMBER, BY_LABEL = "id", "*label"  # no field has such a name
_LOOKED_AT = 200  # texts
_TAKES_ALL = ("text", "long_text", "rich_text")  # types that every text fits


@dataclass(frozen=True)
class Way:
    """One way to name the rows of a table. `field` is what a new row would get the text in, if one can be made."""

    layout: Layout
    field: Field | None = None

    named: ClassVar[str] = "label"  # what an object of JSON calls it

    @property
    def key(self) -> str:
        """How options keep it."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """As people choose it."""
        raise NotImplementedError

    @property
    def rows_of(self) -> str:
        """Whose rows they are, for people."""
        return self.layout.label

    @property
    def is_narrow(self) -> bool:
        """Whether not every text can be such a name: then the texts of a file tell that they are."""
        return False

    def known(self) -> sql.Composable:
        """The rows that are there, as a table of `id` and `key`."""
        raise NotImplementedError

    def meant(self, word: sql.Composable) -> sql.Composable:
        """What is compared with the key, for a word; NULL when it cannot be one."""
        raise NotImplementedError

    def value(self, word: sql.Composable) -> sql.Composable:
        """What the field of a new row would get."""
        return self.field.type.from_text(word, self.field.settings)

    def lacking(self) -> list[str]:
        """The other fields that a new row could not be without."""
        return [
            each.label
            for each in self.layout.writable.values()
            if each.required and each.default is None and each != self.field
        ]

    @property
    def makes_rows(self) -> bool:
        """Whether rows that are missing can be made from their names alone."""
        return self.field is not None and not self.field.type.is_computed and not self.lacking()

    def is_like(self, other: "Way") -> bool:
        """Whether a text names the same row in both."""
        return (self.layout.table_id, self.key) == (other.layout.table_id, other.key)

    def leads_home(self, field: Field) -> bool:
        """Whether they are rows of the table whose relation this is: those of the file are not there yet."""
        return self.layout.table_id == field.table_id

    def nothing(self) -> str:
        """What to say of a `word` that means no row."""
        return _("“%(table)s” has no row “%(word)s” (%(way)s)")

    def several(self) -> str:
        """What to say of one that means `count` rows."""
        return _("%(count)d rows of “%(table)s” are “%(word)s” (%(way)s): it does not say which one")

    def _rows_with(self, key: sql.Composable) -> sql.Composable:
        return sql.SQL("(SELECT o.id, {} AS key FROM {} AS o)").format(key, self.layout.target)


class ByNumber(Way):
    """The number every row has."""

    key, named, is_narrow = BY_NUMBER, "id", True

    @property
    def label(self) -> str:
        return _("the number of the row")

    def nothing(self) -> str:
        return _("“%(table)s” has no row with the number “%(word)s”")

    def known(self) -> sql.Composable:
        return self._rows_with(sql.Identifier("o", "id"))

    def meant(self, word: sql.Composable) -> sql.Composable:
        return call("try_integer", sql.SQL("ltrim({}, '#')").format(word), 1, None)


class ByLabel(Way):
    """What people read instead of the row; `field` is there when that is no more than what one field says."""

    key = BY_LABEL

    @property
    def label(self) -> str:
        return _("the name of the row (%(field)s)") % {"field": self.layout.naming.label}

    def known(self) -> sql.Composable:
        return self._rows_with(self.layout.title("o"))

    def meant(self, word: sql.Composable) -> sql.Composable:
        if self.field is None:
            return word
        return sql.SQL("coalesce({}, {})").format(self.field.type.to_text(self.value(word), self.field.settings), word)


class ByField(Way):
    """A field that no two rows share."""

    @property
    def key(self) -> str:
        return self.field.physical_name

    @property
    def label(self) -> str:
        return self.field.label

    @property
    def is_narrow(self) -> bool:
        return self.field.kind not in _TAKES_ALL

    def known(self) -> sql.Composable:
        return self._rows_with(sql.Identifier("o", self.field.physical_name))

    def meant(self, word: sql.Composable) -> sql.Composable:
        return self.value(word)


def ways_to(layout: Layout) -> dict[str, Way]:
    """Every way to name rows of a table, the usual one first."""
    found: list[Way] = []
    naming = layout.naming
    if naming is not None:
        is_own = naming.type.column is not None and not naming.type.is_relation
        found.append(ByLabel(layout, naming if is_own else None))
    for each in layout.fields.values():
        if each.unique and each != naming and each.type.column is not None and not each.type.is_relation:
            found.append(ByField(layout, each))
    return {way.key: way for way in [*found, ByNumber(layout)]}


def guess(ways: Mapping[str, Way], texts: Sequence[str], between: str) -> str:
    """The way these texts most likely go: by number, else one that not every text fits, else the usual one."""
    filled = [text for text in texts if text.strip()][:_LOOKED_AT]
    narrow = [way for way in ways.values() if way.is_narrow]
    for way in sorted(narrow, key=lambda way: way.key != BY_NUMBER) if filled else []:
        if _reads(way, filled, between):
            return way.key
    return next(iter(ways))


def _reads(way: Way, texts: Sequence[str], between: str) -> bool:
    """Whether every name in the texts could be one of this way. An object of JSON is asked for its label."""
    statement = sql.SQL(
        "SELECT bool_and({} IS NOT NULL) FROM unnest({}::text[]) AS t (v), unnest({}) AS w (word)"
    ).format(
        way.meant(sql.Identifier("w", "word")),
        sql.Literal(list(texts)),
        call("words", sql.Identifier("t", "v"), between, "label"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return bool(cursor.fetchone()[0])
