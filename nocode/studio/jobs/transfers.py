"""Whole projects in the background: as a file, out of a file, and made again beside themselves."""

import tempfile
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.studio.errors import ImportRefused, TableMissing
from nocode.studio.importing.streams import on_disk
from nocode.studio.jobs.base import JobType, Progress, job_types
from nocode.studio.jobs.exports import Export
from nocode.studio.models import Project, TableJob
from nocode.studio.services import files, projects
from nocode.studio.transfer import copying, reading, writing
from nocode.studio.transfer.archive import ZipArchive
from nocode.studio.transfer.format import LARGEST, SUFFIX
from nocode.studio.transfer.reading import Read
from nocode.studio.transfer.writing import Contents

KEPT = timedelta(days=7)  # an exported project


@job_types.register
class ExportProject(Export):
    """Write a project into one file."""

    kind, label = "project_export", gettext_lazy("Export of a project")

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        contents = Contents(**job.options["contents"])
        with tempfile.NamedTemporaryFile(prefix="nocode-", suffix=SUFFIX) as file:
            writing.write(job.project, file, contents, progress.tell)
            file.seek(0)
            job.output = files.save(
                file,
                f"{job.project.name}{SUFFIX}",
                job.project.organization,
                job.project,
                job.requested_by,
                content_type="application/zip",
                largest=LARGEST,
                expires_at=timezone.now() + KEPT,
            )
        return {"bytes": job.output.size}

    def title(self, job: TableJob) -> str:
        return _("Export of %(project)s") % {"project": job.project.name}


class _FillProject(JobType):
    """What fills a project that was made empty for it. When nothing comes of that, the project goes to the trash."""

    def given_up(self, job: TableJob) -> None:
        if not job.project.tables.exists():
            projects.trash(job.project)

    def facts(self, job: TableJob) -> list[tuple[str, str]]:
        labels = {
            "tables": _("Tables"),
            "rows": _("Rows"),
            "strangers": _("People left out, who are no members here"),
            "missing": _("Files left out, which are not in the file"),
        }
        shown = [key for key in labels if job.result.get(key) or (key in job.result and key == "tables")]
        return [(labels[key], intcomma(job.result[key])) for key in shown]

    def next_step(self, job: TableJob) -> tuple[str, str]:
        return reverse("admin:studio_project_change", args=[job.project_id]), _("Open the project")


@job_types.register
class ImportProject(_FillProject):
    """Build a project from a file."""

    kind, label = "project_import", gettext_lazy("Import of a project")
    in_transaction = True

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        if job.input is None:
            raise ImportRefused(_("The file is not there any more. Upload it again."))
        with on_disk(partial(files.iterate, job.input)) as path, ZipArchive(path) as archive:
            found = reading.fill(
                job.project,
                archive,
                user=job.requested_by,
                with_rows=job.options["with_rows"],
                tell=progress.tell,
            )
        return vars(found)

    def title(self, job: TableJob) -> str:
        return _("Import of %(file)s") % {"file": job.input.name if job.input else job.project.name}

    def way_back(self, job: TableJob) -> tuple[str, str]:
        return reverse("admin:studio_project_file"), _("Choose another file")


@job_types.register
class DuplicateProject(_FillProject):
    """Make a project again beside itself."""

    kind, label = "project_duplicate", gettext_lazy("Copy of a project")

    def run(self, job: TableJob, progress: Progress) -> dict[str, Any]:
        source = Project.objects.filter(pk=job.options["source"], organization=job.project.organization_id).first()
        if source is None:
            raise TableMissing(_("The project to copy was deleted."))
        if job.project.tables.exists():  # it was done, and the worker died before it could say so
            return vars(Read(tables=job.project.tables.count()))
        with_rows = job.options["with_rows"]
        return vars(
            copying.duplicate(source, job.project, user=job.requested_by, with_rows=with_rows, tell=progress.tell)
        )

    def title(self, job: TableJob) -> str:
        return _("Copy of %(project)s") % {"project": job.options["name"]}

    def way_back(self, job: TableJob) -> tuple[str, str]:
        return reverse("admin:studio_project_duplicate", args=[job.options["source"]]), _("Try again")
