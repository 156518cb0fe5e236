"""Scenes over the tables of a project."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from nocode.studio.blocks.scene import Scene
from nocode.studio.errors import TableMissing
from nocode.studio.models import DataTable, Page
from nocode.studio.services import choices
from nocode.studio.services.choices import Choice
from nocode.studio.services.records import Records


class ProjectScene(Scene):
    """Reads the rows of one project's tables; a table of another project does not exist here."""

    @cached_property
    def tables(self) -> dict[str, DataTable]:
        """The project's tables by id, read once per scene."""
        return {str(table.pk): table for table in DataTable.objects.filter(project=self.project_id)}

    def records(self, table_id: str) -> Records:
        table = self.tables.get(table_id) if isinstance(table_id, str) else None
        if table is None:
            raise TableMissing(_("The table of this block does not exist any more; choose another one."))
        return Records(table, actor=self.user)

    def few_rows(self, table_id: str) -> list[Choice]:
        table = self.tables.get(table_id)
        return choices.few(table) if table else []


class PreviewScene(ProjectScene):
    """A page as its designer sees it: real rows, but nothing leads away and nothing is written."""

    is_live = False

    def __init__(self, page: Page, user: Any, row_id: int | None = None):
        super().__init__(page.project_id, user, row_id=row_id)
        self.page = page

    def may(self, action: str) -> bool:
        return self.user.has_perm(f"studio.{action}_record", self.page)

    def url(self, page_slug: str, **query: Any) -> str:
        return ""

    def choices_url(self, block_id: str, field: Any) -> str:
        return reverse("admin:studio_table_choices", args=[field.settings["table"]])

    def file_url(self, block_id: str, row_id: int, name: str, file: Mapping[str, Any]) -> str:
        return reverse("admin:studio_file", args=[file["id"]])
