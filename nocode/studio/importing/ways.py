"""How the texts of a column name rows of another table: by their number, their name for people, or a unique field."""

from collections.abc import Sequence
from dataclasses import dataclass

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

    key: str
    layout: Layout
    field: Field | None = None

    @property
    def label(self) -> str:
        """As people choose it."""
        if self.key == BY_NUMBER:
            return _("the number of the row")
        if self.key == BY_LABEL:
            return _("the name of the row (%(field)s)") % {"field": self.layout.naming.label}
        return self.field.label

    @property
    def named(self) -> str:
        """What an object of JSON calls it."""
        return "id" if self.key == BY_NUMBER else "label"

    def known(self) -> sql.Composable:
        """The rows that are there, as a table of `id` and `key`."""
        keys = {BY_NUMBER: sql.Identifier("o", "id"), BY_LABEL: self.layout.title("o")}
        key = keys.get(self.key) or sql.Identifier("o", self.field.physical_name)
        return sql.SQL("(SELECT o.id, {} AS key FROM {} AS o)").format(key, self.layout.target)

    def meant(self, word: sql.Composable) -> sql.Composable:
        """What is compared with the key, for a word; NULL when it cannot be one."""
        if self.key == BY_NUMBER:
            return call("try_integer", sql.SQL("ltrim({}, '#')").format(word), 1, None)
        if self.key == BY_LABEL:
            written = self.field and self.field.type.to_text(self.value(word), self.field.settings)
            return sql.SQL("coalesce({}, {})").format(written, word) if written else word
        return self.value(word)

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


def ways_to(layout: Layout) -> dict[str, Way]:
    """Every way to name rows of a table, the usual one first."""
    found: dict[str, Way] = {}
    naming = layout.naming
    if naming is not None:
        is_own = naming.type.column is not None and not naming.type.is_relation
        found[BY_LABEL] = Way(BY_LABEL, layout, naming if is_own else None)
    for each in layout.fields.values():
        if each.unique and each != naming and each.type.column is not None and not each.type.is_relation:
            found[each.physical_name] = Way(each.physical_name, layout, each)
    return found | {BY_NUMBER: Way(BY_NUMBER, layout)}


def guess(layout: Layout, texts: Sequence[str], between: str) -> str:
    """The way these texts most likely go: by number, else by a unique field that not every text fits, else by name."""
    ways = ways_to(layout)
    filled = [text for text in texts if text.strip()][:_LOOKED_AT]
    narrow = [way for way in ways.values() if way.field and way.key != BY_LABEL and way.field.kind not in _TAKES_ALL]
    for way in [ways[BY_NUMBER], *narrow] if filled else []:
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
