"""Scenes over the tables of a project."""

from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from nocode.studio.blocks.scene import Scene
from nocode.studio.errors import TableMissing
from nocode.studio.models import DataTable, Page
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
        return Records(table)


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
