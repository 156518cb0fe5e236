"""What the studio announces about projects, tables and pages; rows are announced by Records."""

from typing import Any

from nocode.foundation.events import Event, bus
from nocode.studio.models import DataTable, Page, Project


def tell_project(project: Project, verb: str) -> None:
    """Publish `studio.project.created`, `.updated` or `.deleted`."""
    _tell("project", project, verb, project, {"name": project.name, "schema": project.schema_name})


def tell_table(table: DataTable, verb: str) -> None:
    """Publish `studio.table.created`, `.renamed` or `.dropped`."""
    payload = {"name": table.label, "physical_name": table.physical_name, "project_id": str(table.project_id)}
    _tell("table", table, verb, table.project, payload)


def tell_page(page: Page, verb: str) -> None:
    """Publish `studio.page.created`, `.updated` (the page or its blocks) or `.deleted`."""
    _tell("page", page, verb, page.project, {"name": page.title, "slug": page.slug, "project_id": str(page.project_id)})


def _tell(kind: str, thing: Any, verb: str, project: Project, payload: dict[str, str]) -> None:
    organization = {"organization_id": str(project.organization_id)}
    bus.publish(
        Event(
            name=f"studio.{kind}.{verb}",
            payload={f"{kind}_id": str(thing.pk), **payload, **organization},
            key=f"{kind}:{thing.pk}",
            organization_id=project.organization_id,
        )
    )
