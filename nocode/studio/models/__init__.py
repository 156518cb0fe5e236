from nocode.studio.models.project import Project
from nocode.studio.models.table import DataTable, Field

__all__ = ["DataTable", "Field", "Project"]
