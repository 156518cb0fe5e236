"""Building an index, with progress; others go on working meanwhile."""

from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.foundation.errors import NoCodeError
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.models import DataTable, TableIndex, TableJob
from nocode.studio.schema import indexing

State = TableIndex.State


@job_types.register
class BuildIndex(JobType):
    """Build an index that was asked for; one that was dropped meanwhile, or is ready, needs no work."""

    kind, label = "index", gettext_lazy("Index")

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        index = TableIndex.objects.select_related("table__project").filter(pk=job.options["index"]).first()
        if index is None or (index.state == State.READY and indexing.is_valid(index)):
            return {}
        columns = list(index.columns)
        try:
            indexing.build(index, progress.tell)
        except NoCodeError as refusal:  # somebody stopped it, or it cannot be
            _settle(index, columns, State.FAILED, refusal.message)
            raise
        except DatabaseError:
            _settle(index, columns, State.FAILED, _("The database could not build it."))
            raise
        if not _settle(index, columns, State.READY):
            indexing.drop(index)
        return {"columns": columns}

    def title(self, job: TableJob) -> str:
        """The table it is for."""
        return _("Index for “%(table)s”") % {"table": job.table}


def _settle(index: TableIndex, columns: list[str], state: str, error: str = "") -> bool:
    """Write how it ended, and give the table a new version; not if the index is asked for differently by now."""
    same = TableIndex.objects.filter(pk=index.pk, columns=columns)
    if not same.update(state=state, error=error, updated_at=timezone.now()):
        return False
    DataTable.everything.filter(pk=index.table_id).update(updated_at=timezone.now())
    return True
