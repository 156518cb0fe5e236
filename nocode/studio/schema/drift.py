"""Where the database and what we know of it differ, because somebody changed a project's schema by other means."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg2 import sql

from nocode.studio.fields.relations import links_name
from nocode.studio.models import DataTable, Field, Project, SchemaChange, TableIndex
from nocode.studio.schema import catalog, ddl
from nocode.studio.schema.catalog import Table
from nocode.studio.schema.expressions import NOT_CONSTANT, constant
from nocode.studio.schema.mending import written_out
from nocode.studio.schema.workbench import Workbench

SYSTEM_TYPES = {
    "id": "bigint",
    "created_at": "timestamp with time zone",
    "updated_at": "timestamp with time zone",
}
_STAGING = re.compile(r"st_[0-9a-f]{32}")
_OTHER_THINGS = {
    "v": gettext_lazy("a view"),
    "m": gettext_lazy("a materialized view"),
    "p": gettext_lazy("a partitioned table"),
    "f": gettext_lazy("a foreign table"),
}
_ON_DELETE = {"restrict": "a", "set_null": "n", "cascade": "c"}


@dataclass(frozen=True)
class Finding:
    """One difference. `thing` is the id of the field or index, or a name in the database; `repairs` are names of ways
    to end it (see services/repairs.py), the one that most people want first.
    """

    kind: str
    sentence: str
    repairs: tuple[str, ...]
    table: DataTable | None = None
    thing: str = ""

    @property
    def key(self) -> str:
        """Tells it from the others of its project."""
        return ":".join([self.kind, str(self.table.pk) if self.table else "", self.thing])


def findings(project: Project) -> list[Finding]:
    """All differences between a project and its schema, table by table. What waits in the trash is not looked at."""
    bench = Workbench(project, dry=True)
    if not _has_schema(project):
        sentence = _("The project has no schema in the database any more, and none of its tables.")
        return [Finding("schema_missing", sentence, ("make_schema",))]
    found = catalog.tables(project.schema_name)
    tables = list(
        DataTable.objects.filter(project=project)
        .select_related("project")
        .prefetch_related("indexes")
        .order_by("label")
    )
    fields: dict[object, list[Field]] = {}
    for field in Field.everything.filter(table__project=project).select_related("table__project").order_by("position"):
        fields.setdefault(field.table_id, []).append(field)
    homes = {str(table.pk): table.physical_name for table in tables}
    differences: list[Finding] = []
    for table in tables:
        differences += _Check(bench, table, fields.get(table.pk, []), found, homes).run()
    known = {table.physical_name for table in tables} | {links_name(each) for own in fields.values() for each in own}
    return differences + list(_unknown_tables(found.values(), known))


def _has_schema(project: Project) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_namespace WHERE nspname = %s", [project.schema_name])
        return cursor.rowcount > 0


def _unknown_tables(found: Iterable[Table], known: set[str]) -> Iterator[Finding]:
    for table in found:
        if table.name in known or _STAGING.fullmatch(table.name) or table.is_partition:
            continue
        repairs = ("adopt_table",) if table.kind == catalog.ORDINARY else ()
        sentence = _("The database has the table “%(name)s”, which is no table of the project.") % {"name": table.name}
        yield Finding("unknown_table", sentence, repairs, thing=table.name)


class _Check:
    """One table, held against the catalog."""

    def __init__(
        self, bench: Workbench, table: DataTable, fields: list[Field], found: dict[str, Table], homes: dict[str, str]
    ):
        self.bench, self.table, self.fields = bench, table, fields
        self.found, self.homes = found, homes
        self.there = found.get(table.physical_name)
        self.live = [field for field in fields if not field.trashed_at]

    def run(self) -> Iterator[Finding]:
        if replaced_by := self._replaced_by():
            sentence = _("In the place of the table the database has %(thing)s of its name; it cannot hold the rows.")
            yield self._finding("table_replaced", sentence % {"thing": _OTHER_THINGS[replaced_by]}, ("forget_table",))
            return
        if self.there is None:
            sentence = _("The table is not in the database any more; its rows are gone.")
            yield self._finding("table_missing", sentence, ("make_table", "forget_table"))
            return
        yield from self._system()
        for field in self.live:
            if field.type.column:
                yield from self._column(field)
            elif field.type.is_relation:
                yield from self._links(field)
        yield from self._unknown_columns()
        yield from self._indexes()

    def _replaced_by(self) -> str:
        """The kind of what has the name of the table and is none; nothing when there is no such thing."""
        if self.there is not None:
            return "" if self.there.kind == catalog.ORDINARY else self.there.kind
        others = catalog.others(self.table.project.schema_name)
        return next((kind for kind in "vm" if self.table.physical_name in others.get(kind, ())), "")

    def _finding(self, kind: str, sentence: str, repairs: tuple[str, ...], thing: object = "") -> Finding:
        return Finding(kind, sentence, repairs, self.table, str(thing))

    # --- what every table has

    def _system(self) -> Iterator[Finding]:
        for name, type_name in SYSTEM_TYPES.items():
            column = self.there.columns.get(name)
            if column is None or column.type != type_name or not column.not_null or not _fills_itself(column):
                sentence = _("The column “%(name)s”, which every table has, is missing or is not as it must be.")
                yield self._finding("system_column", sentence % {"name": name}, ("system_columns",), name)
        if "id" in self.there.columns and not _is_unique(self.there, "id"):
            sentence = _("Nothing keeps the numbers of rows (the column “id”) from being given twice.")
            yield self._finding("system_key", sentence, ("system_columns",))
        if ddl.TRIGGER not in self.there.triggers:
            sentence = _("Rows do not note any more when they were last changed: the trigger is missing.")
            yield self._finding("trigger_missing", sentence, ("put_trigger",))

    # --- columns

    def _column(self, field: Field) -> Iterator[Finding]:
        column, names = self.there.columns.get(field.physical_name), {"field": field.label, "type": field.type.label}
        if column is None:
            sentence = _("The field “%(field)s” has no column in the database any more; its values are gone.") % names
            yield self._finding("column_missing", sentence, ("make_column", "forget_field"), field.pk)
            return
        if column.type != written_out(field.type.column):
            sentence = _("The field “%(field)s” (%(type)s) has a column of another type: %(other)s.")
            repairs = ("convert_back",) if field.type.is_relation else ("convert_back", "take_type")
            yield self._finding("other_type", sentence % {**names, "other": column.type}, repairs, field.pk)
            return
        if field.required and not column.not_null:
            sentence = (
                _("The field “%(field)s” is required, but the database does not ask for a value any more.") % names
            )
            yield self._finding("required_lost", sentence, ("put_required", "drop_required"), field.pk)
        if column.not_null and not field.required:
            sentence = _("The field “%(field)s” may be empty, but the database asks for a value.") % names
            repairs = ("free_required",) if field.type.is_computed else ("free_required", "take_required")
            yield self._finding("required_extra", sentence, repairs, field.pk)
        yield from self._rules(field)
        yield from self._default(field, column)
        if field.type.is_relation and not self._is_held(field):
            sentence = _(
                "The relation “%(field)s” is not held by the database any more: it may lead to rows that are gone."
            )
            repairs = ("put_reference",) if field.required else ("put_reference", "empty_reference")
            yield self._finding("reference_lost", sentence % names, repairs, field.pk)

    def _rules(self, field: Field) -> Iterator[Finding]:
        names = {"field": field.label}
        unique = self.there.named(field.unique_constraint)
        if field.unique and (unique is None or unique.columns != (field.physical_name,)):
            sentence = _("The field “%(field)s” is unique, but the database does not see to that any more.") % names
            yield self._finding("unique_lost", sentence, ("put_unique", "drop_unique"), field.pk)
        check = self.there.named(field.check_constraint)
        has_check = ddl.check_of(field) is None or (check is not None and check.is_valid)
        if not has_check and not _was_left_off(self.table.project, field):
            sentence = _("The database does not hold values of “%(field)s” against its settings any more.") % names
            yield self._finding("check_lost", sentence, ("put_check",), field.pk)

        if not field.unique and any(self.there.uniques(field.physical_name)):
            sentence = _("Values of “%(field)s” may be the same, but the database refuses one that is there already.")
            repairs = ("free_unique", "take_unique") if field.type.can_be_unique else ("free_unique",)
            yield self._finding("unique_extra", sentence % names, repairs, field.pk)

    def _default(self, field: Field, column: catalog.Column) -> Iterator[Finding]:
        names = {"field": field.label, "default": column.default}
        default = ddl.default_of(field, self.bench.place(self.table))
        if default is not None and not column.default and not column.identity:
            sentence = _("The field “%(field)s” is not filled in by itself any more: its default is missing.") % names
            yield self._finding("default_lost", sentence, ("put_default",), field.pk)
        elif column.default and not column.generated and (default is None or _says_other(column.default, field)):
            sentence = _("The database fills “%(field)s” in with %(default)s, which is not its default.") % names
            yield self._finding("default_other", sentence, ("put_default",), field.pk)

    def _is_held(self, field: Field) -> bool:
        """Whether a relation has its foreign key, to the right table, and the index it needs."""
        name = f"fk_{field.pk.hex}"
        rule, index = self.there.named(name), self.there.index(name)
        return (
            rule is not None
            and index is not None
            and index.is_valid
            and rule.kind == "f"
            and rule.is_valid
            and (rule.columns, rule.other_columns) == ((field.physical_name,), ("id",))
            and rule.other_table == self.homes.get(field.settings["table"])
            and rule.on_delete == _ON_DELETE[field.settings["on_delete"]]
        )

    def _links(self, field: Field) -> Iterator[Finding]:
        names, links = {"field": field.label}, self.found.get(links_name(field))
        if links is None:
            sentence = _("The links of the field “%(field)s” are not in the database any more.") % names
            yield self._finding("links_missing", sentence, ("make_links", "forget_field"), field.pk)
            return
        held = {rule.columns for rule in links.constraints if rule.kind == "f" and rule.is_valid}
        if not {("source",), ("target",)} <= held:
            sentence = _(
                "The links of the field “%(field)s” may lead to rows that are gone: the database does not see to it."
            )
            yield self._finding("links_loose", sentence % names, ("put_links", "trim_links"), field.pk)

    def _unknown_columns(self) -> Iterator[Finding]:
        known = {field.column_name for field in self.fields if field.type.column}
        for column in self.there.columns.values():
            if column.name in known or column.name in SYSTEM_TYPES:
                continue
            sentence = _("The column “%(column)s” (%(type)s) is in the database, but is no field of the table.")
            names = {"column": column.name, "type": column.type}
            repairs = () if column.generated else ("adopt_column",)
            yield self._finding("unknown_column", sentence % names, repairs, column.name)

    # --- indexes

    def _indexes(self) -> Iterator[Finding]:
        for index in self.table.indexes.all():
            found = self.there.index(index.physical_name)
            if index.state == TableIndex.State.READY and (found is None or not found.is_valid):
                sentence = _("The index “%(index)s” is not in the database any more.") % {"index": index}
                yield self._finding("index_lost", sentence, ("build_index", "drop_index"), index.pk)


def _fills_itself(column: catalog.Column) -> bool:
    return column.identity or bool(column.default)


def _is_unique(table: Table, column: str) -> bool:
    return any(rule.kind in "pu" and rule.columns == (column,) for rule in table.constraints)


def _says_other(expression: str, field: Field) -> bool:
    """Whether a column is filled with another constant than its field says; what is no constant is not known."""
    value = constant(expression)
    if field.default is None or value is NOT_CONSTANT:
        return False
    try:
        said = field.type.clean(value if isinstance(value, bool) else str(value), field.settings)
    except ValidationError:
        return True
    return said != field.type.clean(field.default, field.settings)


def _was_left_off(project: Project, field: Field) -> bool:
    """Whether we ourselves did without the rule, as rows broke it: then the last word about it was to drop it."""
    name = sql.Identifier(field.check_constraint).as_string(connection.connection)
    changes = SchemaChange.objects.filter(project=project, undone_at=None, sql__contains=name).order_by("created_at")
    last = changes.values_list("sql", flat=True).last()
    return last is not None and last[: last.rindex(name)].endswith("DROP CONSTRAINT IF EXISTS ")
