"""Applications made from a project, and the deployments that put them online."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import Record, Role, ScopedQuerySet


class GeneratedApp(Record):
    """The pages of a project, served at /apps/<slug>/.

    `current_deployment` is what people see: flipping it is the whole of going online, and of going back. An app whose
    latest deployment failed keeps serving the one before.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        BUILDING = "building", _("Building")
        DEPLOYED = "deployed", _("Deployed")
        FAILED = "failed", _("Failed")
        ARCHIVED = "archived", _("Archived")

    MOVES = {
        Status.DRAFT: {Status.BUILDING, Status.ARCHIVED},
        Status.BUILDING: {Status.DEPLOYED, Status.FAILED},
        Status.DEPLOYED: {Status.BUILDING, Status.ARCHIVED},
        Status.FAILED: {Status.BUILDING, Status.DEPLOYED, Status.ARCHIVED},
        Status.ARCHIVED: {Status.BUILDING},
    }

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="apps", verbose_name=_("project"))
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("address"), max_length=60, unique=True, help_text=_("People open it at /apps/…/"))
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    minimum_role = models.CharField(
        _("who may open it"),
        max_length=10,
        choices=Role,
        default=Role.VIEWER,
        help_text=_("Members with at least this role; what they may change follows from their role."),
    )
    current_deployment = models.ForeignKey(
        "Deployment", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("online")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("application"), _("applications")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def move_to(self, status: "GeneratedApp.Status") -> None:
        """Change status, or refuse. The only place an application's status changes; does not save."""
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalTransition(
                _("An application that is %(now)s cannot become %(then)s.")
                % {"now": self.get_status_display().lower(), "then": self.Status(status).label.lower()},
                app=str(self.pk),
            )
        self.status = status


class Deployment(Record):
    """An immutable snapshot of the project, made by the queue.

    `snapshot` is {"app": {…}, "tables": [{…, "fields": […]}], "pages": [{…, "blocks": [tree]}],
    "workflows": [{"id", "version"}]}; null until it was built.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        BUILDING = "building", _("Building")
        DEPLOYED = "deployed", _("Deployed")
        FAILED = "failed", _("Failed")

    organization_path = "app__project__organization"

    app = models.ForeignKey(GeneratedApp, models.CASCADE, related_name="deployments", verbose_name=_("application"))
    number = models.PositiveIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING)
    snapshot = models.JSONField(_("snapshot"), null=True, editable=False)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("deployment"), _("deployments")
        ordering = ["app", "-number"]
        constraints = [models.UniqueConstraint(fields=["app", "number"], name="deployment_number_once_per_app")]

    def __str__(self) -> str:
        return f"{self.app} #{self.number}"


class DeploymentLog(models.Model):
    """A line that a step of a deployment wrote."""

    class Level(models.TextChoices):
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    organization_path = "deployment__app__project__organization"

    id = models.BigAutoField(primary_key=True)
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="logs", verbose_name=_("deployment"))
    at = models.DateTimeField(_("time"), auto_now_add=True)
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    step = models.CharField(_("step"), max_length=60)
    message = models.TextField(_("message"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("deployment log line"), _("deployment log lines")
        ordering = ["deployment", "id"]

    def __str__(self) -> str:
        return self.message
