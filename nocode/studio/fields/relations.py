"""A relation to many rows: a table of links, two columns with a foreign key each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql

from nocode.studio.fields.base import EMPTINESS, field_types
from nocode.studio.fields.links import Link, row_id

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field
    from nocode.studio.schema.place import Place

MOST = 1000


@field_types.register
class Relations(Link):
    """Any number of rows of another table, or of the same one."""

    kind, label, column = "relations", gettext_lazy("Relation to many rows"), None
    is_many = True
    can_be_unique = sortable = False
    operators = ("contains", *EMPTINESS)

    # --- in SQL

    def expression(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        return sql.SQL("(SELECT array_agg(l.target ORDER BY l.target) FROM {} AS l WHERE l.source = {})").format(
            links(field, layout.schema), sql.Identifier(alias, "id")
        )

    def label_sql(self, field: Field, layout: Layout, alias: str) -> sql.Composable:
        other, row = layout.related(field.settings["table"]), f"{alias}r"
        return sql.SQL(
            "(SELECT jsonb_agg({title} ORDER BY {row}.id) FROM {links} AS l "
            "JOIN {other} AS {row} ON {row}.id = l.target WHERE l.source = {id})"
        ).format(
            title=other.title(row),
            row=sql.Identifier(row),
            links=links(field, layout.schema),
            other=other.target,
            id=sql.Identifier(alias, "id"),
        )

    def label_text(self, label: sql.Composable) -> sql.Composable:
        return sql.SQL("(SELECT string_agg(e.label, ', ') FROM jsonb_array_elements_text({}) AS e (label))").format(
            label
        )

    def write(self, field: Field, layout: Layout, values: Mapping[int, list[int] | None]) -> list[sql.Composable]:
        pairs = [(source, target) for source, targets in values.items() for target in targets or ()]
        wanted = sql.SQL("SELECT * FROM unnest({}::bigint[], {}::bigint[]) AS w (source, target)").format(
            sql.Literal([source for source, _target in pairs]), sql.Literal([target for _source, target in pairs])
        )
        names = {"links": links(field, layout.schema), "wanted": wanted, "rows": sql.Literal(list(values))}
        remove = "DELETE FROM {links} WHERE source = ANY({rows}::bigint[]) AND (source, target) NOT IN ({wanted})"
        add = "INSERT INTO {links} (source, target) {wanted} ON CONFLICT DO NOTHING"
        return [sql.SQL(remove).format(**names), *([sql.SQL(add).format(**names)] if pairs else [])]

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return sql.SQL("array_to_string({}, ', ')").format(value)

    # --- in the structure of the database

    def create(self, field: Field, place: Place) -> list[sql.Composable]:
        table = links(field, place.home)
        key = "bigint NOT NULL REFERENCES {} (id) ON DELETE CASCADE"
        return [
            sql.SQL("CREATE TABLE {} (source {}, target {}, PRIMARY KEY (source, target))").format(
                table,
                sql.SQL(key).format(place.target),
                sql.SQL(key).format(place.find(field.settings["table"]).target),
            ),
            sql.SQL("CREATE INDEX ON {} (target)").format(table),
        ]

    def drop(self, field: Field, place: Place) -> list[sql.Composable]:
        return [sql.SQL("DROP TABLE IF EXISTS {}").format(links(field, place.home))]

    def filled(self, field: Field, place: Place, value: sql.Composable) -> sql.Composable:
        return sql.SQL("SELECT count(*) FROM {}").format(links(field, place.home))

    # --- in Python

    def parse(self, value: Any) -> list[int] | None:
        if value is None:
            return None
        if isinstance(value, str):
            value = value.strip("[] ").replace(",", " ").split()
        values = value if isinstance(value, list) else [value]
        return sorted({row_id(each) for each in values}) or None

    def check(self, value: list[int], settings: dict) -> list[int]:
        if len(value) > MOST:
            raise ValidationError(_("a row leads to at most %(most)d rows") % {"most": MOST})
        return value

    def adapt(self, value: list[int]) -> str:
        """As PostgreSQL writes a list, which fits whatever whole numbers it is compared with."""
        return "{" + ",".join(map(str, value)) + "}"

    def display(self, value: list[int], settings: Any = None) -> str:
        return ", ".join(f"#{each}" for each in value)


def links_name(field: Field) -> str:
    """What the table of links is called, whatever becomes of the field's name."""
    return f"l_{field.pk.hex}"


def links(field: Field, schema: str) -> sql.Identifier:
    """The table of links; it stays in the schema of the project, whoever is in the trash."""
    return sql.Identifier(schema, links_name(field))
