from nocode.studio.models.page import Block, Page
from nocode.studio.models.project import Project
from nocode.studio.models.table import DataTable, Field

__all__ = ["Block", "DataTable", "Field", "Page", "Project"]
