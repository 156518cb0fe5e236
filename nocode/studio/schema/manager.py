"""SchemaManager: the only way a project's tables change their structure."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.foundation.services import billing
from nocode.studio.errors import FieldRefused, NameTaken, TableMissing
from nocode.studio.events import tell_table
from nocode.studio.fields import field_types
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema import ddl, names
from nocode.studio.schema.change import structure_change


@dataclasses.dataclass(frozen=True)
class NewField:
    """A field to be made."""

    label: str
    kind: str
    required: bool = False
    unique: bool = False
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)


class SchemaManager:
    """Changes the schema of one project: metadata and database together, or not at all.

    Every method raises a NoCodeError that names the thing when it cannot be done.
    """

    def __init__(self, project: Project):
        self.project = project
        self.schema = project.schema_name

    @structure_change
    def create_schema(self) -> None:
        """Create the project's empty schema."""
        self._run(*ddl.create_schema(self.schema, f"NoCode project {self.project.pk}"))

    @structure_change
    def drop(self) -> None:
        """Drop the schema and everything in it."""
        self._run(ddl.drop_schema(self.schema))

    @structure_change
    def create_table(self, label: str, fields: Iterable[NewField] = ()) -> DataTable:
        """Create a table, with its fields."""
        label = self._free_table_label(label)
        billing.require(self.project.organization_id, "tables")
        table = DataTable.objects.create(
            project=self.project, label=label, physical_name=names.table_name(label, self._relations())
        )
        made: list[Field] = []
        for position, new in enumerate(fields):
            made.append(self._build(table, new, made, position))
        Field.objects.bulk_create(made)
        self._run(*ddl.create_table(self.schema, table.physical_name, made))
        tell_table(table, "created")
        return table

    @structure_change
    def rename_table(self, table: DataTable, label: str) -> DataTable:
        """Give a table another label; its physical name stays."""
        table = self._current(table)
        table.label = self._free_table_label(label, besides=table)
        table.save(update_fields=["label", "updated_at"])
        tell_table(table, "renamed")
        return table

    @structure_change
    def drop_table(self, table: DataTable) -> None:
        """Drop a table with its rows."""
        table = self._current(table)
        self._run(ddl.drop_table(self.schema, table.physical_name))
        tell_table(table, "dropped")
        table.delete()

    @structure_change
    def add_field(
        self,
        table: DataTable,
        label: str,
        kind: str,
        *,
        required: bool = False,
        unique: bool = False,
        settings: dict[str, Any] | None = None,
        fill: Any = None,
    ) -> Field:
        """Add a field. Rows that exist get `fill`; a required field needs it as soon as there are rows."""
        current = self._current(table)
        others = list(current.fields.all())
        position = max((other.position for other in others), default=-1) + 1
        made = self._build(current, NewField(label, kind, required, unique, settings or {}), others, position)
        made.save(force_insert=True)
        self._run(*ddl.add_column(self.schema, current.physical_name, made, self._fill(made, fill)))
        self._touch(current, table)
        return made

    @structure_change
    def rename_field(self, field: Field, label: str) -> Field:
        """Give a field another label; its column keeps its name."""
        table, field = self._current_field(field)
        field.label = self._free_field_label(label, table.fields.exclude(pk=field.pk))
        field.save(update_fields=["label", "updated_at"])
        self._touch(table)
        return field

    @structure_change
    def change_field(
        self, field: Field, *, required: bool | None = None, unique: bool | None = None, settings: dict | None = None
    ) -> Field:
        """Change a field's rules; new settings hold for what is written from now on."""
        table, field = self._current_field(field)
        statements = []
        if required is not None and required != field.required:
            field.required = required
            statements.append(ddl.set_required(self.schema, table.physical_name, field))
        if unique is not None and unique != field.unique:
            field.unique = unique
            statements.append(ddl.set_unique(self.schema, table.physical_name, field))
        if settings is not None:
            field.settings = settings
        self._check(field)
        field.save()
        self._run(*statements)
        self._touch(table)
        return field

    @structure_change
    def drop_field(self, field: Field) -> None:
        """Drop a field with its values."""
        table, field = self._current_field(field)
        self._run(ddl.drop_column(self.schema, table.physical_name, field))
        field.delete()
        self._touch(table)

    # --- what the methods above share

    def _run(self, *statements: sql.Composable) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _relations(self) -> set[str]:
        """Names PostgreSQL or a table of ours already uses in this schema: tables, indexes and sequences share them."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = %s",
                [self.schema],
            )
            known = {name for (name,) in cursor.fetchall()}
        return known.union(self.project.tables.values_list("physical_name", flat=True))

    def _current(self, table: DataTable) -> DataTable:
        """The table as it is now that the project is held. Raises TableMissing."""
        current = self.project.tables.filter(pk=table.pk).first()
        if current is None:
            raise TableMissing(
                _("The table “%(table)s” does not exist in the project “%(project)s”.")
                % {"table": table.label, "project": self.project.name}
            )
        return current

    def _current_field(self, field: Field) -> tuple[DataTable, Field]:
        current = Field.objects.select_related("table").filter(pk=field.pk, table__project=self.project).first()
        if current is None:
            raise TableMissing(
                _("The field “%(field)s” does not exist in the project “%(project)s”.")
                % {"field": field.label, "project": self.project.name}
            )
        return current.table, current

    def _touch(self, current: DataTable, *others: DataTable) -> None:
        """Mark the table as changed: its `updated_at` is the version of its layout everywhere."""
        current.save(update_fields=["updated_at"])
        for table in others:
            table.updated_at = current.updated_at

    def _free_table_label(self, label: str, besides: DataTable | None = None) -> str:
        label = names.clean_label(label)
        if self.project.tables.filter(label=label).exclude(pk=besides and besides.pk).exists():
            raise NameTaken(
                _("The project “%(project)s” already has a table named “%(label)s”.")
                % {"project": self.project.name, "label": label}
            )
        return label

    def _free_field_label(self, label: str, others: Iterable[Field]) -> str:
        label = names.clean_label(label)
        if any(other.label == label for other in others):
            raise NameTaken(_("The table already has a field named “%(label)s”.") % {"label": label})
        return label

    def _build(self, table: DataTable, new: NewField, others: Sequence[Field], position: int) -> Field:
        label = self._free_field_label(new.label, others)
        made = Field(
            table=table,
            label=label,
            physical_name=names.column_name(label, {other.physical_name for other in others}),
            kind=new.kind,
            required=new.required,
            unique=new.unique,
            settings=new.settings,
            position=position,
        )
        self._check(made)
        return made

    def _check(self, field: Field) -> None:
        """Refuse settings the field's type does not understand; keep what its form made of them."""
        field_type = field_types[field.kind]
        if field.unique and not field_type.can_be_unique:
            raise FieldRefused(
                _("“%(field)s” cannot be unique: no field of the type “%(type)s” can.")
                % {"field": field.label, "type": field_type.label}
            )
        form = field_type.Config(field.settings)
        problems = [
            _("%(name)s: %(text)s") % {"name": form.fields[name].label, "text": " ".join(errors)}
            for name, errors in form.errors.items()
        ]
        problems += [
            _("unknown setting “%(name)s”") % {"name": name} for name in set(field.settings) - set(form.fields)
        ]
        if problems:
            raise FieldRefused(f"{field.label} – {'; '.join(problems)}")
        field.settings = form.cleaned_data

    def _fill(self, field: Field, value: Any) -> Any:
        try:
            return field.type.clean(value, field.settings)
        except ValidationError as error:
            raise FieldRefused(f"{field.label} – {' '.join(error.messages)}") from error
