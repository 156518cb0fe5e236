"""Work on tables that takes its time, and the files it reads and writes."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models import Record
from nocode.foundation.models.job import Job


class StoredFile(Record):
    """A file of an organization, in pieces of CHUNK bytes: in the database, because any process may need it."""

    CHUNK = 1024 * 1024

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization")
    )
    project = models.ForeignKey(
        "studio.Project", models.CASCADE, null=True, related_name="+", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type"), max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    expires_at = models.DateTimeField(_("expires"), null=True)  # never, while a row refers to it

    class Meta:
        verbose_name, verbose_name_plural = _("file"), _("files")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class FileChunk(models.Model):
    """A piece of a file."""

    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["file", "number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="filechunk_once_per_file")]

    def __str__(self) -> str:
        return f"{self.file_id} {self.number}"


class TableJob(Job):
    """A piece of work in the background: an import, an export, an index; people see how far it is and may stop it.

    `kind` names its JobType (see `jobs/`), `options` is what that type was asked, `result` what it answers.
    """

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="jobs", verbose_name=_("project"))
    table = models.ForeignKey(
        "studio.DataTable", models.CASCADE, null=True, related_name="jobs", verbose_name=_("table")
    )
    input = models.ForeignKey(StoredFile, models.SET_NULL, null=True, related_name="+", verbose_name=_("input"))
    output = models.ForeignKey(StoredFile, models.SET_NULL, null=True, related_name="+", verbose_name=_("output"))

    class Meta:
        verbose_name, verbose_name_plural = _("job"), _("jobs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.get_state_display()}"
