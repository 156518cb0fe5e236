"""Acts on more rows than people wait for: part by part, each in a transaction with the mark of how far it is."""

import time
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.studio.errors import JobRefused, RowsBusy, TableMissing, TooManyFollow
from nocode.studio.jobs.base import JobCancelled, JobType, Progress, job_types
from nocode.studio.models import DataTable, TableJob
from nocode.studio.services.loose import Loose, in_words
from nocode.studio.services.many import Matching, Part
from nocode.studio.services.records import Records

AT_ONCE = 1000
ATTEMPTS = 5  # at one part, for rows that somebody else is busy with
MOST_LOOSE = 1000  # links that an undo left out, kept one by one: to be tried again at the end, and named
PAUSE = 1  # seconds before another attempt, for each that failed


class InParts(JobType):
    """An act on many rows. What a part did stays, whatever becomes of the rest; the result says how far it came."""

    permission: ClassVar[str]
    counted: ClassVar[Any]  # what the number of the result counts
    stopped: ClassVar[Any]

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        """Go on behind the last part that was done: a worker that died has done it, or nothing of it."""
        most, failures = AT_ONCE, 0
        if "total" not in job.result:
            self._keep(job, total=self.total(self._records(job), job))
        progress.tell(job.result.get("met", 0), job.result["total"])
        while True:
            try:
                met = self._next(job, most)
            except TooManyFollow:  # fewer rows, and fewer go with them
                if most == 1:
                    raise
                most = max(1, most // 10)
                continue
            except RowsBusy:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                time.sleep(PAUSE * failures)
                continue
            if not met:
                return job.result
            failures = 0
            self._tell(job, progress)

    def total(self, records: Records, job: TableJob) -> int:
        """How many rows the act is about."""
        raise NotImplementedError

    def part(self, records: Records, job: TableJob, most: int) -> Part:
        """Do what comes after `last` of the result."""
        raise NotImplementedError

    def learned(self, job: TableJob, part: Part) -> dict[str, Any]:
        """What the result keeps of a part besides its rows."""
        return {}

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        return [(str(self.counted), intcomma(job.result.get("rows", 0)))] if job.is_finished else []

    def next_step(self, job: TableJob) -> tuple[str, str] | None:
        return (reverse("admin:studio_table_rows", args=[job.table_id]), _("Open rows")) if job.table_id else None

    def way_back(self, job: TableJob) -> tuple[str, str] | None:
        return self.next_step(job)

    @transaction.atomic
    def _next(self, job: TableJob, most: int) -> int:
        """One part, with the mark of it; how many rows it met."""
        part, before = self.part(self._records(job), job, most), job.result
        known = self.learned(job, part)
        if part.met:
            met, rows = before.get("met", 0) + part.met, before.get("rows", 0) + part.changed
            known |= {"met": met, "rows": rows, "last": part.last}
        if known:
            self._keep(job, **known)
        return part.met

    def _keep(self, job: TableJob, **known: Any) -> None:
        job.result = job.result | known
        TableJob.objects.filter(pk=job.pk).update(result=job.result)

    def _records(self, job: TableJob) -> Records:
        return Records(self._table(job), actor=job.requested_by)

    def _table(self, job: TableJob) -> DataTable:
        """The table as it is now. Raises TableMissing; JobRefused when who asked may not any more."""
        table = DataTable.objects.select_related("project").filter(pk=job.table_id).first()
        if table is None:
            raise TableMissing(_("This table was deleted."))
        if job.requested_by is None or not job.requested_by.has_perm(self.permission, table):
            raise JobRefused(_("Whoever asked for this may not do it any more."))
        return table

    def _tell(self, job: TableJob, progress: Progress) -> None:
        try:
            progress.tell(min(job.result["met"], job.result["total"]))
        except JobCancelled:
            raise JobCancelled(str(self.stopped)) from None


class BulkAct(InParts):
    """An act on all rows that match, which can be undone."""

    stopped = gettext_lazy("It was stopped on the way: what was done until then stays, and can be undone.")

    def total(self, records: Records, job: TableJob) -> int:
        matching, values = self._matching(job), job.options["values"]
        number = records.count(matching.filters, search=matching.search)
        if values is not None:
            records.refuse_much(records.checked(values), number)
        return number

    def part(self, records: Records, job: TableJob, most: int) -> Part:
        matching = self._matching(job)
        batch, after = UUID(job.options["batch"]), job.result.get("last", 0)
        return records.act_on_next(matching, job.options["values"], batch=batch, after=after, most=most)

    def next_step(self, job: TableJob) -> tuple[str, str] | None:
        """The rows, with the offer to undo what was done."""
        step = super().next_step(job)
        return step and (f"{step[0]}?undo={job.options['batch']}", step[1]) if job.result.get("rows") else step

    def _matching(self, job: TableJob) -> Matching:
        return Matching(job.options["filters"], job.options["search"])


@job_types.register
class ChangeRows(BulkAct):
    """Give all rows that match the same values."""

    kind, label, permission = "change_rows", gettext_lazy("Change of rows"), "studio.change_record"
    counted = gettext_lazy("Rows changed")

    def title(self, job: TableJob) -> str:
        return _("Change of rows of “%(table)s”") % {"table": job.table or _("a table")}


@job_types.register
class DeleteRows(BulkAct):
    """Delete all rows that match."""

    kind, label, permission = "delete_rows", gettext_lazy("Deletion of rows"), "studio.delete_record"
    counted = gettext_lazy("Rows deleted")

    def title(self, job: TableJob) -> str:
        return _("Deletion of rows of “%(table)s”") % {"table": job.table or _("a table")}


@job_types.register
class UndoAct(InParts):
    """Undo an act on many rows."""

    kind, label, permission = "undo", gettext_lazy("Undo"), "studio.change_record"
    counted = gettext_lazy("Rows that are as they were")
    stopped = gettext_lazy("It was stopped on the way: what came back until then stays.")

    def total(self, records: Records, job: TableJob) -> int:
        return job.options["rows"]

    def part(self, records: Records, job: TableJob, most: int) -> Part:
        batch, act = UUID(job.options["batch"]), UUID(job.options["act"])
        part = records.restore_next(batch, act=act, before=job.result.get("last"), most=most)
        if part.met:
            return part
        return Part(last=part.last, loose=records.link_again(self._loose(job), act))

    def learned(self, job: TableJob, part: Part) -> dict[str, Any]:
        """The links that could not be put back: those of this part, and at the end those of all parts that are left."""
        loose = [*self._loose(job), *part.loose] if part.met else part.loose
        more = job.result.get("more_loose", 0) + sum(len(each.gone) for each in loose[MOST_LOOSE:])
        return {"loose": [each.to_json() for each in loose[:MOST_LOOSE]], "more_loose": more}

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        left_out = self._loose(job) if job.is_finished else []
        said = [(_("Not put back"), in_words(left_out, job.result["more_loose"]))] if left_out else []
        return super().facts(job) + said

    def _loose(self, job: TableJob) -> list[Loose]:
        return [Loose.from_json(each) for each in job.result.get("loose", ())]

    def title(self, job: TableJob) -> str:
        return _("Undo in “%(table)s”") % {"table": job.table or _("a table")}
