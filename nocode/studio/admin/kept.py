"""What is kept about tables and rows: seen here as lists, worked with on pages of their own. Kept out of the menus."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from nocode.foundation.admin.base import ArchiveAdmin, ConsoleAdmin, ReadOnly
from nocode.studio.models import (
    GridView,
    RecordChange,
    RecordComment,
    SchemaChange,
    StoredFile,
    TableIndex,
    TableJob,
)


class Kept(ReadOnly, ConsoleAdmin):
    """Rows that nobody looks for in a menu."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(GridView)
class GridViewAdmin(Kept):
    """Saved ways to look at a table; those of others are theirs."""

    list_display = ["name", "table", "owner", "updated_at"]
    list_select_related = ["table", "owner"]
    search_fields = ["name"]

    def visible_rows(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return super().visible_rows(request, rows).filter(Q(owner=None) | Q(owner=request.user))


@admin.register(SchemaChange)
class SchemaChangeAdmin(Kept):
    list_display = ["__str__", "project", "table", "actor", "created_at"]
    list_select_related = ["project", "table", "actor"]
    search_fields = ["sql"]


@admin.register(TableIndex)
class TableIndexAdmin(Kept):
    list_display = ["__str__", "table", "state", "updated_at"]
    list_select_related = ["table"]
    search_fields = ["table__label"]


@admin.register(RecordComment)
class RecordCommentAdmin(Kept):
    list_display = ["__str__", "table", "record_id", "author", "created_at"]
    list_select_related = ["table", "author"]
    search_fields = ["text"]


@admin.register(StoredFile)
class StoredFileAdmin(Kept):
    list_display = ["name", "project", "size", "uploaded_by", "created_at"]
    list_select_related = ["project", "uploaded_by"]
    search_fields = ["name"]


@admin.register(TableJob)
class TableJobAdmin(Kept):
    list_display = ["kind", "project", "table", "state", "requested_by", "created_at"]
    list_select_related = ["project", "table", "requested_by"]
    search_fields = ["kind"]


@admin.register(RecordChange)
class RecordChangeAdmin(ArchiveAdmin):
    list_display = ["__str__", "table", "record_id", "actor", "source", "at"]
    list_select_related = ["table", "actor"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False
