"""Which rows are meant: filters, groups of them, and searched words, as one SQL condition."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import QueryRefused
from nocode.studio.layouts import Column, Layout
from nocode.studio.searching import search_expression

MOST_FILTERS = 50
DEEPEST = 3

_COMPARISONS = {
    "eq": sql.SQL("{} = {}"),
    "ne": sql.SQL("{} IS DISTINCT FROM {}"),
    "lt": sql.SQL("{} < {}"),
    "lte": sql.SQL("{} <= {}"),
    "gt": sql.SQL("{} > {}"),
    "gte": sql.SQL("{} >= {}"),
}
_PATTERNS = {"contains": "%{}%", "starts_with": "{}%", "ends_with": "%{}"}
OPERATORS = (*_COMPARISONS, *_PATTERNS, "in", "is_empty", "is_not_empty")
_JOINED = {"all": sql.SQL(" AND "), "any": sql.SQL(" OR ")}

Filter = Mapping[str, Any]


def condition(
    layout: Layout, filters: Iterable[Filter] = (), search: str = "", search_in: Collection[str] | None = None
) -> sql.Composable:
    """All filters hold, and the searched words occur in one of the text fields, or of those named. Raises QueryRefused.

    A filter is `{"field", "op", "value"}`, or `{"any": [filters]}` of which one holds, or `{"all": [filters]}`.
    Whoever may search in a field learns what is in it, shown or not.
    """
    filters = list(filters)
    if _amount(filters) > MOST_FILTERS:
        raise QueryRefused(_("At most %(max)d conditions can hold at once.") % {"max": MOST_FILTERS})
    parts = [_filter(layout, one, DEEPEST) for one in filters]
    if search:
        parts.append(_search(layout, search, search_in))
    return sql.SQL(" AND ").join(parts) if parts else sql.SQL("TRUE")


def one_of(ids: Iterable[int]) -> sql.Composable:
    """The rows with these ids."""
    return sql.SQL("t.id = ANY({}::bigint[])").format(sql.Literal(list(ids)))


def known(layout: Layout, name: Any) -> Column:
    """A column by its name. Raises QueryRefused, and says what columns there are."""
    column = layout.columns.get(name) if isinstance(name, str) else None
    if column is None:
        raise QueryRefused(unknown_field(layout, name))
    if column.is_broken:
        raise QueryRefused(layout.problem(name))
    return column


def unknown_field(layout: Layout, name: Any) -> str:
    """The sentence that says so and lists what there is."""
    return _("“%(table)s” has no field “%(name)s”; its fields are: %(fields)s.") % {
        "table": layout.label,
        "name": name,
        "fields": ", ".join(layout.fields) or "–",
    }


def compared(column: Column, value: Any) -> sql.Composable:
    """The value a column is compared with: understood like a stored one, without the field's limits."""
    try:
        parsed = column.type.parse(value)
    except ValidationError as error:
        raise QueryRefused(
            _("The filter on “%(field)s” cannot be used: %(problem)s.")
            % {"field": column.label, "problem": " ".join(error.messages)}
        ) from error
    return sql.Literal(None if parsed is None else column.type.adapt(parsed))


def _amount(filters: Iterable[Any]) -> int:
    """How many filters there are, those in groups counted."""
    waiting, amount = list(filters), 0
    while waiting and amount <= MOST_FILTERS:
        amount += 1
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [each for key in _JOINED for each in _members(one.get(key))]
    return amount


def _members(group: Any) -> list:
    return list(group) if isinstance(group, (list, tuple)) else []


def _filter(layout: Layout, one: Any, depth: int) -> sql.Composable:
    if not isinstance(one, Mapping):
        raise QueryRefused(_("A condition is an object with field, op and value."))
    for key, joint in _JOINED.items():
        if key in one:
            if depth == 0:
                raise QueryRefused(_("Groups of conditions are nested at most %(max)d deep.") % {"max": DEEPEST})
            members = [_filter(layout, each, depth - 1) for each in _members(one[key])]
            return sql.SQL("({})").format(joint.join(members)) if members else sql.SQL("TRUE")
    return _compare(layout, one)


def _compare(layout: Layout, one: Filter) -> sql.Composable:
    column, operator, value = known(layout, one.get("field")), one.get("op", "eq"), one.get("value")
    if operator == "is_empty" or (operator == "eq" and value is None):
        return sql.SQL("{} IS NULL").format(column.sql)
    if operator == "is_not_empty" or (operator == "ne" and value is None):
        return sql.SQL("{} IS NOT NULL").format(column.sql)
    if operator in _PATTERNS:
        return _like(layout, column, operator, value)
    if operator in _COMPARISONS:
        return _COMPARISONS[operator].format(column.sql, compared(column, value))
    if operator == "in" and isinstance(value, (list, tuple)):
        values = [compared(column, item) for item in value]
        return sql.SQL("{} IN ({})").format(column.sql, sql.SQL(", ").join(values)) if values else sql.SQL("FALSE")
    raise QueryRefused(
        _("The filter on “%(field)s” has no valid comparison; the comparisons are: %(operators)s (“in” takes a list).")
        % {"field": column.label, "operators": ", ".join(OPERATORS)}
    )


def _like(layout: Layout, column: Column, operator: str, value: Any) -> sql.Composable:
    found = sql.SQL("{} ILIKE {}").format(column.text, _pattern(_PATTERNS[operator], value))
    if value and column.name in layout.search_columns:  # what one text contains, all of them together contain: by index
        return sql.SQL("({} AND {})").format(_indexed(layout, value), found)
    return found


def _search(layout: Layout, words: str, names: Collection[str] | None) -> sql.Composable:
    columns = [layout.columns[name] for name in (layout.fields if names is None else names)]
    # Computed texts are in no index: searching them, too, would make every search read the whole table.
    texts = [column for column in columns if column.type.searchable and column.field and column.field.type.column]
    hits = [sql.SQL("{} ILIKE {}").format(column.text, _pattern("%{}%", words)) for column in texts]
    if not hits:
        return sql.SQL("FALSE")
    found = sql.SQL("({})").format(sql.SQL(" OR ").join(hits))
    if {column.name for column in texts} <= set(layout.search_columns):
        return sql.SQL("({} AND {})").format(_indexed(layout, words), found)
    return found


def _indexed(layout: Layout, words: Any) -> sql.Composable:
    """The words occur anywhere in the texts of a row: what the search index answers."""
    return sql.SQL("{} ILIKE {}").format(search_expression(layout.search_columns, "t"), _pattern("%{}%", words))


def _pattern(shape: str, value: Any) -> sql.Literal:
    text = "" if value is None else str(value)
    if "\x00" in text:
        raise QueryRefused(_("No text contains a NUL character."))
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return sql.Literal(shape.format(escaped))
