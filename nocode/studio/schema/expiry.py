"""What lay in the trash longer than the grace period goes for good."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from nocode.foundation.errors import NoCodeError
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.operations import RetypeField

logger = logging.getLogger(__name__)


def purge_expired() -> dict[str, int]:
    """Purge projects, tables and fields, each in a transaction of its own; one that is in use waits for the next time.

    Answers how many of each went.
    """
    before = timezone.now() - timedelta(days=settings.NOCODE_TRASH_DAYS)
    expired = {"trashed_at__lt": before}
    retyped = Project.objects.filter(changes__forward__op=RetypeField.op, changes__created_at__lt=before)
    for project in retyped.distinct():
        SchemaManager(project).purge_losses(before=before)
    fields = Field.everything.filter(table__trashed_at=None, **expired).select_related("table__project")
    return {
        "projects": _purge(Project.everything.filter(**expired), Project.delete),
        "tables": _purge(DataTable.everything.select_related("project").filter(**expired), _purge_table),
        "fields": _purge(fields, _purge_field),
    }


def _purge_table(table: DataTable) -> None:
    SchemaManager(table.project).purge(table)


def _purge_field(field: Field) -> None:
    SchemaManager(field.table.project).purge(field)


def _purge(things: Iterable, purge: Callable) -> int:
    gone = 0
    for thing in list(things):
        if not type(thing).everything.filter(pk=thing.pk).exists():
            continue  # it went with another one
        try:
            purge(thing)
        except NoCodeError as refusal:
            logger.warning("%s %s stays in the trash: %s", type(thing).__name__, thing.pk, refusal.message)
        else:
            gone += 1
    return gone
