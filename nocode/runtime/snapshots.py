"""What a deployment freezes: tables, pages and the workflows that use them, as plain data."""

import hashlib
import json
from typing import Any

from nocode.automation.models import Workflow
from nocode.foundation.database import one_moment
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable, Page, Project
from nocode.studio.services import pages

Snapshot = dict[str, Any]

# An archived workflow does not run any more.
USED = [Workflow.Status.DRAFT, Workflow.Status.ACTIVE, Workflow.Status.PAUSED]


def take(app: GeneratedApp) -> Snapshot:
    """The application as its project is at one moment, whatever people change while it is read."""
    with one_moment():
        app.refresh_from_db(fields=["name", "slug", "description"])
        return _read(app)


def _read(app: GeneratedApp) -> Snapshot:
    tables = app.project.tables.order_by("label").prefetch_related("fields")
    return {
        "app": {"name": app.name, "slug": app.slug, "description": app.description},
        "tables": [_table(table) for table in tables],
        "pages": [_page(page) for page in app.project.pages.order_by("position", "created_at")],
        "workflows": _workflows(app.project, [table.physical_name for table in tables]),
    }


def checksum(snapshot: Snapshot) -> str:
    """The same for the same content."""
    return hashlib.sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()


def _table(table: DataTable) -> dict[str, Any]:
    names = ("physical_name", "label", "kind", "required", "unique", "settings")
    return {
        "id": str(table.pk),
        "label": table.label,
        "physical_name": table.physical_name,
        "fields": [{name: getattr(field, name) for name in names} for field in table.fields.all()],
    }


def _page(page: Page) -> dict[str, Any]:
    return {
        "id": str(page.pk),
        "title": page.title,
        "slug": page.slug,
        "icon": page.icon,
        "in_menu": page.in_menu,
        "blocks": pages.tree(page),
    }


def _workflows(project: Project, tables: list[str]) -> list[dict[str, Any]]:
    """The workflows of the project with a step that reads or writes one of the tables; `version` is None for drafts."""
    using = Workflow.objects.filter(project=project, status__in=USED, nodes__config__table__in=tables)
    found = using.order_by("name", "pk").distinct().values_list("pk", "name", "published_version__number")
    return [{"id": str(pk), "name": name, "version": version} for pk, name, version in found]
