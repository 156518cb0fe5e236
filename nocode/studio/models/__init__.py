from nocode.studio.models.job import FileChunk, StoredFile, TableJob
from nocode.studio.models.page import Block, Page
from nocode.studio.models.project import Project
from nocode.studio.models.record import GridView, RecordChange, RecordComment
from nocode.studio.models.schema import SchemaChange, TableIndex
from nocode.studio.models.table import DataTable, Field

__all__ = [
    "Block",
    "DataTable",
    "Field",
    "FileChunk",
    "GridView",
    "Page",
    "Project",
    "RecordChange",
    "RecordComment",
    "SchemaChange",
    "StoredFile",
    "TableIndex",
    "TableJob",
]
