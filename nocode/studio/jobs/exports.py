"""Rows as a file that is made in the background, for what takes longer than people wait."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from nocode.studio.errors import TableMissing
from nocode.studio.importing.streams import PieceStream
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.models import TableJob
from nocode.studio.services import exports, files
from nocode.studio.services.exports import Wanted

KEPT = timedelta(days=7)
LARGEST = 2 * 1024**3  # bytes


class Export(JobType):
    """What makes a file. Whoever may read may have files made, but not fill the disk or keep all workers busy."""

    most_at_once = 3
    too_many = gettext_lazy("%(count)d of your exports are still being made. Wait for one of them, or stop it.")

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        return [(_("Bytes"), intcomma(job.result["bytes"]))] if "bytes" in job.result else []


@job_types.register
class ExportRows(Export):
    """Export the rows of a table."""

    kind, label = "export", pgettext_lazy("job", "Export")
    in_transaction = True

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        if job.table is None:
            raise TableMissing(_("This table was deleted."))
        kind = job.options["format"]
        pieces = exports.export(job.table, Wanted(**job.options["wanted"]), kind)
        job.output = files.save(
            PieceStream(self._watched(pieces, progress)),
            exports.file_name(job.table, kind),
            job.project.organization,
            job.project,
            job.requested_by,
            content_type=exports.CONTENT_TYPES[kind],
            largest=LARGEST,
            expires_at=timezone.now() + KEPT,
        )
        return {"bytes": job.output.size}

    def title(self, job: TableJob) -> str:
        return _("Export of %(table)s") % {"table": job.table.label if job.table else _("a table")}

    def _watched(self, pieces: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
        done = 0
        for piece in pieces:
            done += len(piece)
            progress.tell(done)
            yield piece
