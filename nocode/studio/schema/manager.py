"""SchemaManager: the only way a project's tables change their structure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.middleware import current_actor_id
from nocode.foundation.models import User
from nocode.studio.errors import SchemaRefused
from nocode.studio.models import DataTable, Field, Project, SchemaChange, TableIndex
from nocode.studio.schema import ddl, history, loading, purge
from nocode.studio.schema import preview as previews
from nocode.studio.schema.change import structure_change
from nocode.studio.schema.operations import (
    AddField,
    AddIndex,
    ChangeField,
    ChangeTable,
    CreateTable,
    DropIndex,
    NewField,
    Operation,
    ReorderFields,
    RestoreField,
    RestoreTable,
    RetypeField,
    Together,
    TrashField,
    TrashTable,
    from_json,
)
from nocode.studio.schema.preview import Preview
from nocode.studio.schema.workbench import Workbench

__all__ = ["NewField", "SchemaManager"]


class SchemaManager:
    """Changes the schema of one project: metadata and database together, or not at all.

    Every method raises a NoCodeError that names the thing when it cannot be done. Afterwards `notes` has sentences
    about what could not be done as people asked.
    """

    def __init__(self, project: Project, actor: User | None = None):
        self.project = project
        self.actor = actor
        self.notes: list[str] = []

    # --- the schema of the project

    @structure_change
    def create_schema(self) -> None:
        """Create the project's empty schema."""
        self._bench().run(*ddl.create_schema(self.project.schema_name, f"NoCode project {self.project.pk}"))

    @structure_change
    def drop(self) -> None:
        """Drop the schema and its trash, with everything in them."""
        self._bench().run(ddl.drop_schema(self.project.schema_name), ddl.drop_schema(self.project.trash_schema))

    # --- tables

    def create_table(self, label: str, fields: Iterable[NewField] = (), *, description: str = "") -> DataTable:
        """Create a table, with its fields."""
        new = [asdict(field) for field in fields]
        done = self.make(CreateTable("", label, description, new), label)
        return DataTable.objects.get(pk=done.table)

    def rename_table(self, table: DataTable, label: str) -> DataTable:
        """Give a table another label; its physical name stays."""
        return self.change_table(table, label=label)

    def change_table(self, table: DataTable, **values: Any) -> DataTable:
        """Change what people call a table (`label`), its `description`, or the `display_name` of its rows."""
        self.make(ChangeTable(str(table.pk), values), table)
        return DataTable.objects.get(pk=table.pk)

    def drop_table(self, table: DataTable) -> None:
        """Throw a table away, with its rows and with the fields that point to it."""
        self.make(TrashTable(str(table.pk)), table)

    # --- fields

    def add_field(
        self,
        table: DataTable,
        label: str,
        kind: str,
        *,
        required: bool = False,
        unique: bool = False,
        settings: dict[str, Any] | None = None,
        default: Any = None,
        help_text: str = "",
        fill: Any = None,
    ) -> Field:
        """Add a field. Rows that exist get `fill`; a required field needs it as soon as there are rows."""
        new = NewField(label, kind, required, unique, settings or {}, default, help_text)
        done = self.make(AddField(str(table.pk), asdict(new), fill), table)
        return Field.objects.get(pk=done.new["id"])

    def rename_field(self, field: Field, label: str) -> Field:
        """Give a field another label; its column keeps its name."""
        return self.change_field(field, label=label)

    def change_field(self, field: Field, **values: Any) -> Field:
        """Change the `label`, `help_text`, `required`, `unique`, `default` or `settings` of a field.

        None changes nothing, but takes away a `default`. New settings hold for what is written from now on.
        """
        values = {name: value for name, value in values.items() if value is not None or name == "default"}
        self.make(ChangeField(str(field.table_id), str(field.pk), values), field)
        return Field.objects.get(pk=field.pk)

    def retype_field(
        self, field: Field, kind: str, settings: dict[str, Any] | None = None, *, lossy: bool = False
    ) -> Field:
        """Convert a field to another type; refused when values would be lost or changed, unless it may be `lossy`."""
        self.make(RetypeField(str(field.table_id), str(field.pk), kind, settings or {}, lossy), field)
        return Field.objects.get(pk=field.pk)

    def reorder_fields(self, table: DataTable, fields: Sequence[Field]) -> None:
        """Put the fields of a table in this order; others come after them."""
        self.make(ReorderFields(str(table.pk), [str(field.pk) for field in fields]), table)

    def drop_field(self, field: Field) -> None:
        """Throw a field away, with its values and with the fields computed from it."""
        self.make(TrashField(str(field.table_id), str(field.pk)), field)

    # --- indexes

    def add_index(self, table: DataTable, columns: Sequence[str] = (), kind: str = TableIndex.Kind.ORDER) -> TableIndex:
        """Ask for an index by columns (physical names), or for searching; a job builds it after the commit."""
        done = self.make(AddIndex(str(table.pk), kind=kind, columns=list(columns)), table)
        return TableIndex.objects.get(pk=done.index)

    def drop_index(self, index: TableIndex) -> None:
        """Drop an index."""
        self.make(DropIndex(str(index.table_id), str(index.pk)), index)

    # --- rows that bring their ids

    @structure_change
    def loosen_relations(self) -> None:
        """Let rows come with their ids and in any order, until `fasten_relations` in the same transaction."""
        loading.loosen(self._bench())

    @structure_change
    def fasten_relations(self) -> None:
        """Hold relations true again, and let new rows be numbered behind those that came."""
        loading.fasten(self._bench())

    # --- the trash

    def restore(self, thing: DataTable | Field) -> None:
        """Bring a table or a field back from the trash, with what went with it."""
        self.make(self._way_back(thing), thing)

    @structure_change
    def purge(self, thing: DataTable | Field) -> None:
        """Remove a table or a field that is in the trash for good."""
        bench = self._bench()
        if isinstance(thing, DataTable):
            purge.purge_table(bench, bench.table(thing.pk, trashed=True))
        else:
            purge.purge_field(bench, bench.field(thing.pk, trashed=True))
        self._keep({"op": "purge", "name": str(thing)}, None, None, bench)

    @structure_change
    def purge_losses(self, *, before: datetime) -> None:
        """Forget the values that conversions lost before a moment."""
        purge.purge_losses(self._bench(), before)

    # --- any operation: making, previewing, undoing

    @structure_change
    def _make(self, thing: Any, operations: Sequence[Operation]) -> Operation:
        self._refuse_trashed()
        bench = self._bench()
        made, inverses = [], []
        for operation in operations:
            operation = operation.prepared(bench)
            if not operation.is_idle(bench):
                if operation.forgets:
                    history.forget_things(self.project, operation)
                inverses.insert(0, operation.apply(bench))
                made.append(operation)
        if not made:
            return operation
        done, inverse = Together.as_one(made), Together.as_one(inverses)
        self._settle(bench, thing)
        self._remember(done, inverse, bench)
        return done

    def make(self, operation: Operation, thing: Any = None) -> Operation:
        """Make any change of structure; answers it with the ids and names it got. `thing` is for messages."""
        return self._make(thing or self.project, [operation])

    def make_together(self, operations: Sequence[Operation], thing: Any = None) -> None:
        """Make several changes of a table as one, each on what the one before it left: all or none, one undo."""
        if operations:
            self._make(thing or self.project, operations)

    def preview(self, *operations: Operation) -> Preview:
        """What operations would do, each on what the one before it left; none of their SQL is executed."""
        self._refuse_trashed()
        return previews.preview(self.project, operations, self.actor)

    def preview_kept(self, way: dict[str, Any]) -> Preview:
        """What a way of a change, forward or backward, would do now."""
        steps = [from_json(step) for step in history.steps(way)]
        return previews.preview(self.project, steps, self.actor, are_kept=True)

    @structure_change
    def undo(self, *, lossy: bool = False) -> SchemaChange:
        """Undo the newest change of the project. Undoing a conversion may lose values typed since: only if `lossy`."""
        self._refuse_trashed()
        change = history.undoable(self.project)
        if change is None:
            raise SchemaRefused(_("There is nothing to undo."))
        operation = from_json(change.backward)
        if isinstance(operation, RetypeField):
            operation = replace(operation, lossy=lossy)
        self._apply(operation)
        change.undone_at = timezone.now()
        change.save(update_fields=["undone_at", "updated_at"])
        return change

    @structure_change
    def redo(self) -> SchemaChange:
        """Make the change that was undone last again."""
        self._refuse_trashed()
        change = history.redoable(self.project)
        if change is None:
            raise SchemaRefused(_("There is nothing to make again."))
        inverse = self._apply(from_json(change.forward))
        change.backward = inverse and inverse.to_json()
        change.undone_at = None
        change.save(update_fields=["backward", "undone_at", "updated_at"])
        return change

    # --- what the methods above share

    def _bench(self) -> Workbench:
        return Workbench(self.project, self.actor)

    def _refuse_trashed(self) -> None:
        if self.project.trashed_at:
            raise SchemaRefused(_("The project “%(project)s” is in the trash.") % {"project": self.project})

    def _apply(self, operation: Operation) -> Operation | None:
        bench = self._bench()
        inverse = operation.apply(bench)
        self._settle(bench)
        return inverse

    def _settle(self, bench: Workbench, thing: Any = None) -> None:
        """Tell of the change; the table at hand, or that of the field at hand, gets its new version."""
        versions = bench.finish()
        self.notes = [*bench.notes, *map(str, bench.problems)]
        table = thing if isinstance(thing, DataTable) else None
        if table is not None and table.pk in versions:
            table.updated_at = versions[table.pk]

    def _remember(self, done: Operation, inverse: Operation | None, bench: Workbench) -> None:
        table = DataTable.everything.filter(pk=done.table or None).first()  # none of a table that was forgotten
        self._keep(done.to_json(), inverse and inverse.to_json(), table and table.pk, bench)

    def _keep(self, forward: dict, backward: dict | None, table_id: UUID | None, bench: Workbench) -> None:
        SchemaChange.objects.create(
            project=self.project,
            table_id=table_id,
            actor_id=self.actor.pk if self.actor else current_actor_id(),
            forward=forward,
            backward=backward,
            sql=";\n".join(bench.sql),
        )

    def _way_back(self, thing: DataTable | Field) -> Operation:
        """What undoes throwing a thing away, if that was done by itself or together with other changes."""
        if isinstance(thing, DataTable):
            return history.way_back(self.project, TrashTable.op, table=str(thing.pk)) or RestoreTable(str(thing.pk))
        found = history.way_back(self.project, TrashField.op, field=str(thing.pk))
        return found or RestoreField(str(thing.table_id), str(thing.pk))
