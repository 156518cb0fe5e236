"""Rows from a file: staged, converted, checked and written by PostgreSQL, in one transaction."""

import io
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from nocode.foundation.ids import uuid7
from nocode.foundation.services import billing
from nocode.foundation.spreadsheet import csv_lines
from nocode.studio.errors import FieldMissing, ImportRefused
from nocode.studio.events import tell_imported
from nocode.studio.fields import lists
from nocode.studio.importing import checking, formats, inference, writing
from nocode.studio.importing.checking import BadCell
from nocode.studio.importing.linking import Linking
from nocode.studio.importing.options import NEW, SKIPPED, Options
from nocode.studio.importing.people import ways_of
from nocode.studio.importing.plan import Mapped, Plan, can_be_filled
from nocode.studio.importing.staging import Staging
from nocode.studio.importing.streams import on_disk, read
from nocode.studio.importing.writing import Origin, Written
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.layouts import Layout, layout_of
from nocode.studio.models import DataTable, Field, StoredFile, TableJob
from nocode.studio.schema.manager import NewField, SchemaManager
from nocode.studio.services import files
from nocode.studio.services.refusals import explain

SHOWN = 20  # bad cells on the page of the job; the file has them all
KEPT = timedelta(days=7)  # the file of the bad cells
# Progress is told in thousandths: reading the file takes about this part of the time.
WHOLE, READING = 1000, 350


class _Undone(Exception):
    """Leaves the transaction without what was written in it."""


@job_types.register
class ImportRows(JobType):
    """Import a file into a table: an existing one, or one made for it."""

    kind, label = "import", pgettext_lazy("job", "Import")
    in_transaction = True

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        if job.input is None:
            raise ImportRefused(_("The file is not there any more. Upload it again."))
        options = Options.from_json(job.options["import"])
        billing.require(job.project.organization_id, "storage")
        staging = Staging(job.project.schema_name, job.pk, len(options.columns))
        staging.create()
        with on_disk(partial(files.iterate, job.input)) as path:  # while COPY runs, its connection reads nothing else
            blocks = formats.data_blocks(partial(read, path), options.format)
            staging.fill(blocks, _reading(progress, job.input))
        result = _Import(job, options, staging, progress).run()
        staging.drop()
        return result

    def title(self, job: TableJob) -> str:
        name = job.input.name if job.input else _("a file")
        if job.options["import"]["dry_run"]:
            return _("Trial import of %(file)s") % {"file": name}
        return _("Import of %(file)s") % {"file": name}

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        result = job.result
        labels = {
            "rows": _("Rows in the file"),
            "created": _("Rows that would be added") if result.get("dry_run") else _("Rows added"),
            "updated": _("Rows that would be changed") if result.get("dry_run") else _("Rows changed"),
            "good_created": _("Rows that could be added once the others are corrected"),
            "good_updated": _("Rows that could be changed once the others are corrected"),
            "unchanged": _("Rows that are the same already"),
            "bad_rows": _("Rows with mistakes"),
            "bad_cells": _("Cells with mistakes"),
        }
        always = ("rows",) if "good_created" in result else ("rows", "created")
        shown = [key for key in labels if result.get(key) or (key in result and key in always)]
        made = _("Rows that would be added to “%s”") if result.get("dry_run") else _("Rows added to “%s”")
        return [
            *((labels[key], intcomma(result[key])) for key in shown),
            *((made % table, intcomma(number)) for table, number in result.get("made", {}).items() if number),
        ]

    def next_step(self, job: TableJob) -> tuple[str, str] | None:
        if job.options["import"]["dry_run"]:
            return self._again(job, _("Go on to the import"))
        return (reverse("admin:studio_table_rows", args=[job.table_id]), _("Open rows")) if job.table_id else None

    def way_back(self, job: TableJob) -> tuple[str, str] | None:
        return self._again(job, _("Change the settings"))

    def _again(self, job: TableJob, label: str) -> tuple[str, str] | None:
        if job.input_id is None:
            return None
        return f"{reverse('admin:studio_import', args=[job.input_id])}?job={job.pk}", label


class _Import:
    """One run of an import whose file is staged."""

    def __init__(self, job: TableJob, options: Options, staging: Staging, progress: Progress):
        self.job = job
        self.options = options
        self.staging = staging
        self.progress = progress
        self.origin = Origin(
            batch=uuid7(),
            source=_("Import of %(file)s") % {"file": job.input.name},
            actor_id=job.requested_by_id,
            each_row=options.each_row,
            at=timezone.now(),
        )

    def run(self) -> dict[str, Any]:
        """Write, and take it back when it was a trial or must not be half done."""
        kinds = self._kinds()
        written, table = Written(), None
        count, bad = checking.Count(0, 0), []
        try:
            with transaction.atomic():
                if self.options.dry_run:
                    self.staging.number_apart()
                table = self._table(kinds)
                plan = self._plan(table)
                written, count, bad = self._write(plan)
                if self.options.dry_run or (count.cells and not self.options.skip_bad):
                    raise _Undone
                self._tell(table, written)
        except _Undone:
            table = self.job.table
        self.job.table = table
        return self._result(written, count, bad)

    def _kinds(self) -> dict[int, str]:
        """The types of the new fields, by column; those that were guessed are held against the whole file."""
        new = {index: column for index, column in enumerate(self.options.columns) if column.target == NEW}
        guessed = {index: column.kind for index, column in new.items() if column.guessed}
        chosen = {index: column.kind for index, column in new.items() if not column.guessed}
        return chosen | inference.confirm(self.staging, guessed)

    def _table(self, kinds: dict[int, str]) -> DataTable:
        """The table with a field for each new column; `_fields` says which fields the columns fill."""
        columns = self.options.columns
        new = {
            index: NewField(columns[index].label, kind, settings=inference.default_settings(kind))
            for index, kind in kinds.items()
        }
        manager = SchemaManager(self.job.project)
        self._fields = {
            index: column.target for index, column in enumerate(columns) if column.target not in (NEW, SKIPPED)
        }
        if self.job.table is None:
            table = manager.create_table(self.options.new_table, list(new.values()))
            by_label = {field.label: field.physical_name for field in table.fields.all()}
            self._fields |= {index: by_label[" ".join(each.label.split())] for index, each in new.items()}
            return table
        table = self.job.table
        for index, each in new.items():
            made = manager.add_field(table, each.label, each.kind, settings=each.settings)
            self._fields[index] = made.physical_name
        return DataTable.objects.select_related("project").get(pk=table.pk)

    def _plan(self, table: DataTable) -> Plan:
        layout = layout_of(table)
        columns = []
        for index, name in sorted(self._fields.items()):
            field = layout.fields.get(name)
            if field is None or not can_be_filled(field):
                raise FieldMissing(
                    _("The column “%(column)s” goes to a field that is not there any more.")
                    % {"column": self.options.columns[index].name}
                )
            column = self.options.columns[index]
            columns.append(Mapped(index, column.name, field, column.separator, self._linking(layout, index, field)))
        return Plan(layout, self.staging, columns, [self._fields[index] for index in self.options.keys])

    def _linking(self, layout: Layout, index: int, field: Field) -> Linking | None:
        """What finds the rows or people that a column names, when it goes to a field that leads to some."""
        ways = ways_of(field, layout)
        if not ways:
            return None
        column = self.options.columns[index]
        way = ways.get(column.match)
        if way is None:
            raise FieldMissing(
                _("The column “%(column)s” names rows by a field that is not there any more.") % {"column": column.name}
            )
        return Linking(
            self.staging,
            index,
            field,
            way,
            lists.BETWEEN[column.separator or lists.COMMA],
            makes_missing=column.make_missing,
        )

    def _write(self, plan: Plan) -> tuple[Written, checking.Count, list[BadCell]]:
        """Write the good rows; only when they are not all of them, look for what is wrong."""
        try:
            with transaction.atomic():
                for number, linking in enumerate(plan.linkings):
                    linking.prepare(plan.linkings[:number])
                checking.mark(plan)
                self.progress.check()
                written = writing.write(plan, self.origin, self._writing)
        except DatabaseError as error:
            if refusal := explain(error, plan.layout):
                raise refusal from error
            raise
        if written.rows == self.staging.rows:
            return written, checking.Count(0, 0), []
        return written, checking.count(plan), list(checking.bad_cells(plan))

    def _writing(self, rows: int) -> None:
        done = rows / self.staging.rows if self.staging.rows else 1
        self.progress.tell(READING + int((WHOLE - READING) * done), WHOLE)

    def _tell(self, table: DataTable, written: Written) -> None:
        tell_imported(
            table,
            written.created,
            written.updated,
            each_row=self.options.each_row,
            actor_id=self.job.requested_by_id,
            job_id=str(self.job.pk),
            file=self.job.input.name,
        )

    def _result(self, written: Written, count: checking.Count, bad: list[BadCell]) -> dict[str, Any]:
        result = {
            "rows": self.staging.rows,
            "created": written.created,
            "updated": written.updated,
            "unchanged": written.unchanged,
            "made": written.made,
            "bad_rows": count.rows,
            "bad_cells": count.cells,
            "dry_run": self.options.dry_run,
            "at": self.origin.at.isoformat(),
            "file": self.job.input.name,
            "samples": [[each.row, each.column, each.value, each.reason] for each in bad[:SHOWN]],
        }
        if bad:
            self.job.output = _error_file(self.job, bad)
        if count.cells and not self.options.skip_bad:
            held_back = {"good_created": written.created, "good_updated": written.updated}
            refused = _refused(count, dry_run=self.options.dry_run)
            result |= {"created": 0, "updated": 0, "made": {}, "refused": refused, **held_back}
        return result


def _refused(count: checking.Count, *, dry_run: bool) -> str:
    cells = ngettext("%(cells)s cell cannot be imported", "%(cells)s cells cannot be imported", count.cells)
    rows = ngettext("in %(rows)s row", "in %(rows)s rows", count.rows)
    figures = {"cells": intcomma(count.cells), "rows": intcomma(count.rows)}
    said = _("%(cells)s, %(rows)s. Nothing was imported.")
    if dry_run:
        said = _("%(cells)s, %(rows)s. Nothing would be imported: correct them, or choose to leave such rows out.")
    return said % {"cells": cells % figures, "rows": rows % figures}


def _error_file(job: TableJob, bad: list[BadCell]) -> StoredFile:
    heads = [_("Row"), _("Column"), _("Value"), _("Reason")]
    lines = csv_lines([heads, *([each.row, each.column, each.value, each.reason] for each in bad)])
    return files.save(
        io.BytesIO("".join(lines).encode()),
        _("%(name)s – mistakes.csv") % {"name": job.input.name.rpartition(".")[0] or job.input.name},
        job.project.organization,
        job.project,
        job.requested_by,
        content_type="text/csv",
        expires_at=timezone.now() + KEPT,
    )


def _reading(progress: Progress, file: StoredFile) -> Callable[[int, int], None]:
    def tell(rows: int, position: int) -> None:
        progress.tell(READING * min(position, file.size) // max(file.size, 1), WHOLE)

    return tell
