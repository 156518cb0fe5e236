"""Projects to begin with: each is a folder here, the same in it as in a project file, unpacked."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Organization, User
from nocode.foundation.registry import UnknownKind
from nocode.studio.models import Project
from nocode.studio.services import projects
from nocode.studio.transfer import reading
from nocode.studio.transfer.archive import Folder
from nocode.studio.transfer.format import MANIFEST, rows_entry

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Template:
    """A project to begin with. `key` is the name of its folder."""

    key: str
    name: Any
    summary: Any
    icon: str

    @property
    def folder(self) -> Folder:
        return Folder(_HERE / self.key)

    @cached_property
    def tables(self) -> list[dict[str, Any]]:
        """Its tables, as its `project.json` has them."""
        return json.loads((_HERE / self.key / MANIFEST).read_text())["tables"]

    @cached_property
    def row_count(self) -> int:
        """How many example rows it brings."""
        paths = [_HERE / self.key / rows_entry(table["key"]) for table in self.tables]
        return sum(len(list(csv.DictReader(path.read_text().splitlines(True)))) for path in paths if path.exists())


TEMPLATES = (
    Template(
        "crm",
        _("CRM"),
        _("Companies, the people in them, and the deals you are after, with what was said and what is to be done."),
        "handshake",
    ),
    Template(
        "inventory",
        _("Inventory"),
        _("What you keep where: products, suppliers, purchases, and how much of each is in stock or runs out."),
        "inventory_2",
    ),
    Template(
        "help_desk",
        _("Help desk"),
        _("Questions of customers with who looks after them, how urgent they are, and answers worth keeping."),
        "support_agent",
    ),
    Template(
        "hr",
        _("HR"),
        _("Departments and employees, their leave, equipment and training, and the people who want to join."),
        "badge",
    ),
)


def template(key: str) -> Template:
    """A template by its key. Raises UnknownKind."""
    for each in TEMPLATES:
        if each.key == key:
            return each
    raise UnknownKind(_("There is no such template."))


@transaction.atomic
def make(chosen: Template, organization: Organization, name: str, *, with_rows: bool, user: User | None) -> Project:
    """A project made of a template. Raises NameRefused, NameTaken or LimitReached."""
    project = projects.create_project(organization, name, description=str(chosen.summary))
    reading.fill(project, chosen.folder, user=user, with_rows=with_rows)
    return project
