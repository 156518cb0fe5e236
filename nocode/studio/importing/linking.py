"""What the texts of a column mean as rows of another table: found for all at once, before anything is written.

Two tables beside the staging table hold it: `words` has each different name with the row it means, `cells` each
different text of the column with the rows of all its names. Rows to be made are given their number here, and made when
it is known which rows of the file are good.
"""

from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.database import execute
from nocode.studio.fields.automatic import AutoNumber
from nocode.studio.fields.conversions import call
from nocode.studio.fields.relations import MOST
from nocode.studio.importing.staging import Staging, cell
from nocode.studio.importing.ways import Way
from nocode.studio.layouts import Layout
from nocode.studio.models import Field

_TOLD = 3  # names of one cell


class Linking:
    """The column `index` of a file, whose texts name rows for a relation."""

    def __init__(self, staging: Staging, index: int, field: Field, way: Way, between: str, *, makes_missing: bool):
        self.staging, self.index, self.field, self.way = staging, index, field, way
        self.between, self.makes_missing = between if field.type.is_many else "", makes_missing
        self.words, self.cells = staging.beside(f"w{index}"), staging.beside(f"c{index}")
        self.alias = sql.Identifier(f"l{index}")

    @property
    def value(self) -> sql.Composable:
        """What a cell means, in a row of `s` joined with `join`: the ids of the rows, or of the one."""
        return sql.SQL("{}.ids" if self.field.type.is_many else "{}.ids[1]").format(self.alias)

    @property
    def join(self) -> sql.Composable:
        return sql.SQL("LEFT JOIN {} AS {alias} ON {alias}.cell = s.{}").format(
            self.cells, cell(self.index), alias=self.alias
        )

    def prepare(self, earlier: Sequence["Linking"] = ()) -> None:
        """Find the rows. Afterwards `value` and `join` can be used.

        What `earlier` columns of the file name in the same way, and will be made for them, is not made twice.
        """
        self._find_words()
        if self.makes_missing:
            for other in earlier:
                if other.makes_missing and other.way.is_like(self.way):
                    self._take_numbers(other)
            self._number_missing()
        most = sql.Literal(MOST if self.field.type.is_many else 1)
        self._fill(
            self.cells,
            sql.SQL(
                "SELECT c.cell, CASE WHEN bool_and(w.id IS NOT NULL) AND count(DISTINCT w.id) <= {} "
                "THEN array_agg(DISTINCT w.id) END AS ids FROM {}, unnest({}) AS x (word) "
                "LEFT JOIN {} AS w USING (word) GROUP BY c.cell"
            ).format(most, self._texts(), self.words_of(sql.SQL("c.cell")), self.words),
        )

    def words_of(self, text: sql.Composable) -> sql.Composable:
        """The names in a text, in SQL; NULL when there are none."""
        return call("words", text, self.between, self.way.named)

    def new_words(self, used: sql.Composable) -> sql.Composable:
        """The names that rows are still to be made for, one for each row, of those that a query answers."""
        return sql.SQL(
            "(SELECT DISTINCT ON (id) id, word FROM {} AS w WHERE is_new AND word IN ({}) "
            "AND NOT EXISTS (SELECT FROM {} AS o WHERE o.id = w.id) ORDER BY id, word)"
        ).format(self.words, used, self.way.layout.target)

    def reasons(self, texts: Iterable[str], longest: int) -> dict[str, str]:
        """Why these texts, cut to so many characters, mean no rows."""
        statement = sql.SQL(
            "SELECT left(c.cell, {cut}), array_agg(x.word), array_agg(coalesce(w.matches, 0)), "
            "array_agg(w.id IS NOT NULL) FROM {cells} AS c, unnest({words}) AS x (word) "
            "LEFT JOIN {known} AS w USING (word) WHERE c.ids IS NULL AND left(c.cell, {cut}) = ANY({texts}) "
            "GROUP BY c.cell"
        ).format(
            cut=sql.Literal(longest),
            cells=self.cells,
            words=self.words_of(sql.SQL("c.cell")),
            known=self.words,
            texts=sql.Literal(list(texts)),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return {text: self._reason(*lists) for text, *lists in cursor.fetchall()}

    # --- Finding

    def _texts(self) -> sql.Composable:
        shape = "(SELECT DISTINCT s.{column} AS cell FROM {staging} AS s WHERE s.{column} IS NOT NULL) AS c"
        return sql.SQL(shape).format(column=cell(self.index), staging=self.staging.target)

    def _find_words(self) -> None:
        query = (
            "SELECT w.word, w.key, CASE WHEN count(o.id) = 1 THEN min(o.id) END AS id, count(o.id) AS matches, "
            "false AS is_new "
            "FROM (SELECT DISTINCT x.word, {meant} AS key FROM {texts}, unnest({words}) AS x (word)) AS w "
            "LEFT JOIN {known} AS o ON o.key = w.key GROUP BY 1, 2"
        )
        parts = {
            "meant": self.way.meant(sql.SQL("x.word")),
            "texts": self._texts(),
            "words": self.words_of(sql.SQL("c.cell")),
            "known": self.way.known(),
        }
        self._fill(self.words, sql.SQL(query).format(**parts))

    def _take_numbers(self, other: "Linking") -> None:
        """Give each row that is to be made for another column already the number it has there."""
        statement = (
            "UPDATE {words} AS w SET id = o.id, is_new = true FROM {others} AS o "
            "WHERE w.matches = 0 AND o.is_new AND o.key = w.key"
        )
        execute(sql.SQL(statement).format(words=self.words, others=other.words))

    def _number_missing(self) -> None:
        """Give each row that is to be made its number; names that mean the same are one row."""
        missing = sql.SQL(
            "SELECT DISTINCT key FROM {words} AS x WHERE matches = 0 AND NOT is_new AND {value} IS NOT NULL "
            "AND word <> ALL({refused}::text[]) ORDER BY key"
        ).format(words=self.words, value=self.way.value(sql.SQL("x.word")), refused=sql.Literal(self._refused()))
        statement = (
            "UPDATE {words} AS w SET id = made.id, is_new = true "
            "FROM (SELECT key, {next_id} AS id FROM ({missing}) AS missing) AS made "
            "WHERE w.matches = 0 AND NOT w.is_new AND w.key = made.key"
        )
        execute(
            sql.SQL(statement).format(words=self.words, next_id=next_id(self.way.layout, self.staging), missing=missing)
        )

    def _refused(self) -> list[str]:
        """The missing names that only Python knows to be none."""
        field = self.way.field
        if not field.type.needs_python(field.settings):
            return []
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT word FROM {} WHERE matches = 0").format(self.words))
            missing = [word for (word,) in cursor.fetchall()]
        return [word for word in missing if not _is_clean(field, word)]

    def _fill(self, target: sql.Composable, query: sql.Composable) -> None:
        execute(sql.SQL("CREATE UNLOGGED TABLE {} WITH (autovacuum_enabled = off) AS {}").format(target, query))
        execute(sql.SQL("ANALYZE {}").format(target))

    # --- Telling

    def _reason(self, words: list[str], matches: list[int], found: list[bool]) -> str:
        lost = [(word, number) for word, number, is_there in zip(words, matches, found, strict=True) if not is_there]
        if not lost:
            return _too_many(len(words), is_many=self.field.type.is_many)
        reasons = [self._reason_of_word(word, number) for word, number in lost[:_TOLD]]
        if len(lost) > _TOLD:
            reasons.append(_("and %(count)d more") % {"count": len(lost) - _TOLD})
        return "; ".join(reasons)

    def _reason_of_word(self, word: str, matches: int) -> str:
        told = {"word": word[:80], "table": self.way.rows_of, "way": self.way.label, "count": matches}
        if matches > 1:
            return self.way.several() % told
        if self.makes_missing:
            return _("“%(table)s” has no row “%(word)s”, and none can be made: “%(way)s” does not take it") % told
        if self.way.leads_home(self.field):
            way_out = _("if it is in this file, import once without this column, then again with a key")
            return f"{self.way.nothing() % told}; {way_out}"
        return self.way.nothing() % told


def next_id(layout: Layout, staging: Staging) -> sql.Composable:
    """The number of a new row; in a trial one that no row will have."""
    if staging.numbers:
        return sql.SQL("nextval({}::regclass)").format(sql.Literal(staging.numbers.as_string(connection.connection)))
    return sql.SQL("nextval(pg_get_serial_sequence(format('%I.%I', {}, {}), 'id'))").format(
        sql.Literal(layout.schema), sql.Literal(layout.physical_name)
    )


def numbers_apart(layout: Layout, staging: Staging) -> list[tuple[sql.Composable, sql.Composable]]:
    """What auto numbers get in a trial, instead of the next ones."""
    counted = [name for name, each in layout.fields.items() if staging.numbers and each.kind == AutoNumber.kind]
    return [(sql.Identifier(name), next_id(layout, staging)) for name in counted]


def _is_clean(field: Field, word: str) -> bool:
    try:
        return field.type.clean(word, field.settings) is not None
    except ValidationError:
        return False


def _too_many(count: int, *, is_many: bool) -> str:
    if is_many:
        return _("a row leads to at most %(most)d rows") % {"most": MOST}
    return _("it names %(count)d rows; this field leads to one") % {"count": count}
