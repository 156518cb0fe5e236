"""What an operation works with: the project, its tables and fields, and the only way to the database's structure."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.database import fetch
from nocode.foundation.models import User
from nocode.studio.errors import NameTaken, TableMissing
from nocode.studio.events import tell_field, tell_index, tell_table
from nocode.studio.fields import FieldType, field_types
from nocode.studio.models import DataTable, Field, Project, TableIndex
from nocode.studio.schema import ddl, names
from nocode.studio.schema.place import Place
from nocode.studio.schema.problems import Loss, Problem

_SCHEMA = sql.SQL("SELECT FROM pg_namespace WHERE nspname = {}")
_RELATION = sql.SQL("SELECT FROM pg_class WHERE relname = {} AND relnamespace = to_regnamespace(quote_ident({}))")
_RELATIONS = sql.SQL(
    "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = ANY({})"
)


class Workbench:
    """One change of structure while it is made. A `dry` one writes down what it would execute, and executes nothing.

    `notes` are sentences for the person: what could not be done as it was before.
    """

    def __init__(self, project: Project, actor: User | None = None, *, dry: bool = False):
        self.project, self.actor, self.dry = project, actor, dry
        self.sql: list[str] = []
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.losses: list[Loss] = []
        self.rewrites = False
        self.checks = False
        self._values: dict[UUID, sql.Composable] = {}
        self._touched: dict[UUID, DataTable] = {}
        self._events: dict[tuple[UUID, str], DataTable | Field | TableIndex] = {}
        self._has_trash: bool | None = None

    # --- the database

    def run(self, *statements: sql.Composable) -> None:
        """Execute statements, and remember their text."""
        with connection.cursor() as cursor:
            for statement in statements:
                self.sql.append(statement.as_string(cursor.connection))
                if not self.dry:
                    cursor.execute(statement)

    def rows(self, query: sql.Composable) -> list[tuple]:
        """Read from the database; in a dry run, too."""
        return fetch(query)

    def value(self, field: Field) -> sql.Composable:
        """Where the values of a field are read: its column; in a dry run, what its column would hold by now."""
        return self._values.get(field.pk) or sql.Identifier(field.column_name)

    def imagine(self, field: Field, value: sql.Composable) -> None:
        """In a dry run: from now on `value` stands for the column of a field, which was not made or changed."""
        if self.dry:
            self._values[field.pk] = value

    def require_trash(self) -> str:
        """The trash schema of the project, made when it is first needed."""
        name = self.project.trash_schema
        if self._has_trash is None:
            self._has_trash = bool(self.rows(_SCHEMA.format(sql.Literal(name))))
        if not self._has_trash:
            self.run(*ddl.create_schema(name, f"NoCode trash of {self.project.pk}"))
            self._has_trash = True
        return name

    def has_relation(self, schema: str, name: str) -> bool:
        """Whether there is a table of this name."""
        return bool(self.rows(_RELATION.format(sql.Literal(name), sql.Literal(schema))))

    def taken_names(self) -> set[str]:
        """Names in use in the schema and in its trash: tables, indexes and sequences share them, and may come back."""
        schemas = sql.Literal([self.project.schema_name, self.project.trash_schema])
        known = {name for (name,) in self.rows(_RELATIONS.format(schemas))}
        return known.union(
            DataTable.everything.filter(project=self.project).values_list("physical_name", flat=True),
        )

    # --- tables and fields as they are now that the project is held

    def table(self, pk: UUID | str, *, trashed: bool = False) -> DataTable:
        """A table of the project. Raises TableMissing."""
        found = DataTable.everything.filter(pk=pk, project=self.project).first()
        if found is None or bool(found.trashed_at) != trashed:
            raise TableMissing(_missing(found, self.project.name, _("The table"), trashed))
        found.project = self.project
        return found

    def field(self, pk: UUID | str, *, trashed: bool = False) -> Field:
        """A field of a table of the project that is in use. Raises TableMissing."""
        found = (
            Field.everything.select_related("table")
            .filter(pk=pk, table__project=self.project, table__trashed_at=None)
            .first()
        )
        if found is None or bool(found.trashed_at) != trashed:
            raise TableMissing(_missing(found, self.project.name, _("The field"), trashed))
        found.table.project = self.project
        return found

    def has_trashed(self, model: type[DataTable] | type[Field], pk: str) -> bool:
        """Whether a thing with this id waits in the trash of the project."""
        owner = {"project": self.project} if model is DataTable else {"table__project": self.project}
        return model.everything.filter(pk=pk, trashed_at__isnull=False, **owner).exists()

    def place(self, table: DataTable) -> Place:
        """Where the table lies now."""
        return Place(
            schema=table.relation_schema,
            table=table.relation_name,
            trash_schema=self.project.trash_schema,
            home=self.project.schema_name,
            find=lambda pk: self.place(self.table(pk)),
        )

    def dependents(self, ids: Collection[UUID], *, trashed: bool = False) -> list[Field]:
        """The fields that cannot be without one of these tables or fields: those in use, or those in the trash.

        A field of a table in the trash is there, too.
        """
        kinds = [kind.kind for kind in field_types if type(kind).needs is not FieldType.needs]
        in_use = Q(trashed_at=None, table__trashed_at=None)
        fields = Field.everything.select_related("table").filter(
            ~in_use if trashed else in_use, table__project=self.project, kind__in=kinds
        )
        return [field for field in fields if not field.type.needs(field.settings).isdisjoint(ids)]

    def lacks(self, field: Field) -> str:
        """The name of what a field needs and that is not in use, or nothing."""
        for pk in field.type.needs(field.settings):
            table = DataTable.everything.filter(pk=pk, project=self.project).first()
            thing = table or Field.everything.filter(pk=pk, table__project=self.project).first()
            if thing is None or thing.trashed_at or (table is None and thing.table.trashed_at):
                return str(thing or pk)
        return ""

    # --- names

    def free_table_label(self, label: str, besides: Any = None) -> str:
        """The label as it is kept. Raises NameRefused or NameTaken."""
        label = names.clean_label(label)
        if self.project.tables.filter(label=label).exclude(pk=besides).exists():
            raise NameTaken(
                _("The project “%(project)s” already has a table named “%(label)s”.")
                % {"project": self.project.name, "label": label}
            )
        return label

    def free_field_label(self, label: str, others: Iterable[Field]) -> str:
        """The label as it is kept. Raises NameRefused or NameTaken."""
        label = names.clean_label(label)
        if any(other.label == label for other in others):
            raise NameTaken(_("The table already has a field named “%(label)s”.") % {"label": label})
        return label

    # --- what others learn of it

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def lose(self, loss: Loss | None) -> None:
        """Rows have values that go away with what is thrown away, if there is a loss at all."""
        if loss is not None:
            self.losses.append(loss)

    def object(self, problem: Problem | None) -> None:
        """Rows have something against the change, if there is a problem at all."""
        if problem is not None:
            self.problems.append(problem)

    def touch(self, table: DataTable) -> None:
        """A table is not what it was; its readers follow at the end."""
        self._touched[table.pk] = table

    def tell(self, thing: DataTable | Field | TableIndex, verb: str) -> None:
        """What became of a table, a field or an index, for those who listen."""
        self._events[thing.pk, verb] = thing

    def finish(self) -> dict[UUID, Any]:
        """Give the touched tables, and those that read them, a new version; tell it; answer the versions."""
        if not self._touched:
            return {}
        now = timezone.now()
        ids = self._with_readers(set(self._touched) | self._led_to())
        DataTable.everything.filter(pk__in=ids).update(updated_at=now)
        told = {pk for pk, _verb in self._events}
        for pk, table in self._touched.items():
            if pk not in told:
                self.tell(table, "changed")
        self.tell_all()
        return dict.fromkeys(ids, now)

    def tell_all(self) -> None:
        """Publish what was told, once."""
        for (_pk, verb), thing in self._events.items():
            _TELLERS[type(thing)](thing, verb, self.actor)
        self._events.clear()

    def _led_to(self) -> set[UUID]:
        """The tables that relations of the touched ones lead to: they know who leads to them."""
        kinds = [kind.kind for kind in field_types if kind.is_relation]
        found = Field.everything.filter(table__in=self._touched, kind__in=kinds)
        return {UUID(settings["table"]) for settings in found.values_list("settings", flat=True)}

    def _with_readers(self, tables: set[UUID]) -> set[UUID]:
        found = set(tables)
        while found:
            fields = set(Field.everything.filter(table__in=found).values_list("pk", flat=True))
            readers = {field.table_id for field in self.dependents(found | fields)}
            if readers <= found:
                break
            found |= readers
        return found


_TELLERS = {DataTable: tell_table, Field: tell_field, TableIndex: tell_index}


def _missing(found: DataTable | Field | None, project: str, what: str, trashed: bool) -> str:
    if found is None:
        return _("%(what)s does not exist in the project “%(project)s”.") % {"what": what, "project": project}
    if trashed:
        return _("“%(thing)s” is not in the trash.") % {"thing": found}
    return _("“%(thing)s” is in the trash.") % {"thing": found}
