"""What the studio announces about projects, tables, rows and pages."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nocode.foundation.events import Event, bus
from nocode.foundation.models import User
from nocode.studio.models import DataTable, Field, Page, Project, TableIndex

if TYPE_CHECKING:
    from nocode.studio.layouts import Layout


def tell_project(project: Project, verb: str, actor: User | None = None) -> None:
    """Publish `studio.project.created`, `.updated`, `.trashed`, `.restored` or `.deleted`."""
    _tell("project", project, verb, project, {"name": project.name, "schema": project.schema_name}, actor)


def tell_table(table: DataTable, verb: str, actor: User | None = None) -> None:
    """Publish `studio.table.created`, `.renamed`, `.changed` (its fields), `.trashed`, `.restored` or `.purged`."""
    payload = {"name": table.label, "physical_name": table.physical_name, "project_id": str(table.project_id)}
    _tell("table", table, verb, table.project, payload, actor)


def tell_field(field: Field, verb: str, actor: User | None = None) -> None:
    """Publish `studio.field.created`, `.changed`, `.retyped`, `.trashed`, `.restored` or `.purged`."""
    payload = {
        "name": field.label,
        "physical_name": field.physical_name,
        "type": field.kind,
        "table_id": str(field.table_id),
        "project_id": str(field.table.project_id),
    }
    _tell("field", field, verb, field.table.project, payload, actor)


def tell_index(index: TableIndex, verb: str, actor: User | None = None) -> None:
    """Publish `studio.index.requested` (a job builds it) or `.dropped`."""
    payload = {"kind": index.kind, "columns": index.columns, "table_id": str(index.table_id)}
    _tell("index", index, verb, index.table.project, payload, actor)


def tell_records(
    layout: "Layout", verb: str, changes: Iterable[tuple[int, list[str]]], *, batch: UUID | None = None, cause: str = ""
) -> None:
    """Publish `studio.record.created`, `.updated` or `.deleted` for each (row, names of the fields that changed).

    `batch` names the act under which RecordChange keeps what was there before; `cause` the execution that wrote.
    """
    table = {"project_id": str(layout.project_id), "table_id": str(layout.table_id), "table": layout.physical_name}
    table |= ({"batch": str(batch)} if batch else {}) | ({"cause": cause} if cause else {})
    bus.publish(
        *(
            Event(
                name=f"studio.record.{verb}",
                payload={**table, "record_id": record_id, "changed": changed},
                key=f"record:{layout.table_id}:{record_id}",
                organization_id=layout.organization_id,
            )
            for record_id, changed in changes
        )
    )


def tell_imported(
    table: DataTable,
    created: int,
    updated: int = 0,
    *,
    each_row: bool = False,
    actor_id: int | None = None,
    **more: Any,
) -> None:
    """Publish `studio.records.imported`: so many rows of a table were written at once.

    With `each_row` each of them is told by `tell_records` as well.
    """
    payload = {"project_id": str(table.project_id), "table_id": str(table.pk), "table": table.physical_name}
    bus.publish(
        Event(
            name="studio.records.imported",
            payload=payload | {"created": created, "updated": updated, "each_row": each_row} | more,
            key=f"table:{table.pk}",
            organization_id=table.project.organization_id,
            actor_id=actor_id,
        )
    )


def tell_page(page: Page, verb: str) -> None:
    """Publish `studio.page.created`, `.updated` (the page or its blocks) or `.deleted`."""
    _tell("page", page, verb, page.project, {"name": page.title, "slug": page.slug, "project_id": str(page.project_id)})


def _tell(
    kind: str, thing: Any, verb: str, project: Project, payload: dict[str, Any], actor: User | None = None
) -> None:
    organization = {"organization_id": str(project.organization_id)}
    bus.publish(
        Event(
            name=f"studio.{kind}.{verb}",
            payload={f"{kind}_id": str(thing.pk), **payload, **organization},
            key=f"{kind}:{thing.pk}",
            organization_id=project.organization_id,
            actor_id=actor.pk if actor else None,
        )
    )
