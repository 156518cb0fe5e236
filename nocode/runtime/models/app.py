"""Applications made from a project, and the deployments that put them online."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import Record, Role, ScopedQuerySet, User
from nocode.foundation.permissions import roles_of


class Audience(models.TextChoices):
    """Who may open an application, as the lowest role that may."""

    VIEWER = Role.VIEWER.value, _("Every member")
    EDITOR = Role.EDITOR.value, _("Editors and above")
    ADMIN = Role.ADMIN.value, _("Administrators and owners")
    OWNER = Role.OWNER.value, _("Owners only")


def audiences_of(user: User, organization_id: UUID) -> set[str]:
    """Those a person may choose: the ones that leave themselves in."""
    if user.is_superuser:
        return set(Audience.values)
    role = roles_of(user).get(organization_id)
    return set(Role.values[Role.values.index(role) :]) if role else set()


class GeneratedApp(Record):
    """The pages of a project, served at /apps/<slug>/.

    `current_deployment` is what people see: flipping it is the whole of going online, and of going back. An app whose
    latest deployment failed keeps serving the one before; an archived one keeps its own for the day it is restored.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        BUILDING = "building", _("Building")
        DEPLOYED = "deployed", pgettext_lazy("application", "Deployed")
        FAILED = "failed", _("Failed")
        ARCHIVED = "archived", pgettext_lazy("application", "Archived")

    MOVES = {
        Status.DRAFT: {Status.BUILDING, Status.ARCHIVED},
        Status.BUILDING: {Status.DEPLOYED, Status.FAILED, Status.ARCHIVED},
        Status.DEPLOYED: {Status.BUILDING, Status.ARCHIVED},
        Status.FAILED: {Status.BUILDING, Status.DEPLOYED, Status.ARCHIVED},
        Status.ARCHIVED: {Status.DRAFT, Status.DEPLOYED},
    }

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="apps", verbose_name=_("project"))
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(
        _("address"),
        max_length=60,
        unique=True,
        help_text=_("People open it at /apps/…/; a new address makes the links they kept useless."),
    )
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    minimum_role = models.CharField(
        _("who may open it"),
        max_length=10,
        choices=Audience,
        default=Audience.VIEWER,
        help_text=_("Viewers read, editors also add and change rows, administrators and owners also delete them."),
    )
    current_deployment = models.ForeignKey(
        "Deployment", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("online")
    )
    online_since = models.DateTimeField(_("online since"), null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("application"), _("applications")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where people open it."""
        return reverse("app_home", args=[self.slug])

    @property
    def is_served(self) -> bool:
        """Whether there is something at its address."""
        return self.current_deployment_id is not None and self.status != self.Status.ARCHIVED

    def is_open_to(self, user: User) -> bool:
        """Whether a person may open it: a member whose role is high enough, or a superuser."""
        return self.minimum_role in audiences_of(user, self.project.organization_id)

    def move_to(self, status: "GeneratedApp.Status") -> None:
        """Change status, or refuse. The only place an application's status changes; does not save."""
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalTransition(
                _("An application that is %(now)s cannot become %(then)s.")
                % {"now": self.get_status_display().lower(), "then": self.Status(status).label.lower()},
                app=str(self.pk),
            )
        self.status = status

    def put_online(self, deployment: "Deployment") -> None:
        """Have people see a deployment, from now on: the pointer is flipped; does not save (see ONLINE_FIELDS)."""
        self.current_deployment, self.online_since = deployment, timezone.now()
        if self.status != self.Status.DEPLOYED:
            self.move_to(self.Status.DEPLOYED)

    ONLINE_FIELDS = ["current_deployment", "online_since", "status", "updated_at"]


class Deployment(Record):
    """An immutable snapshot of the project, made by the queue.

    `snapshot` is {"app": {…}, "tables": [{…, "fields": […]}], "pages": [{…, "blocks": [tree]}],
    "workflows": [{"id", "name", "version"}]}; null until it was taken. `problems` are those of the checks, each
    {"page_id", "page", "block", "field", "message"}. `instead_of` is what people saw until this one went online.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        BUILDING = "building", _("Building")
        DEPLOYED = "deployed", _("Deployed")
        FAILED = "failed", _("Failed")
        SUPERSEDED = "superseded", _("Superseded")

    MOVES = {
        Status.PENDING: {Status.BUILDING, Status.FAILED, Status.SUPERSEDED},
        Status.BUILDING: {Status.DEPLOYED, Status.FAILED, Status.SUPERSEDED},
    }
    UNFINISHED = [Status.PENDING, Status.BUILDING]

    organization_path = "app__project__organization"

    app = models.ForeignKey(GeneratedApp, models.CASCADE, related_name="deployments", verbose_name=_("application"))
    number = models.PositiveIntegerField(pgettext_lazy("which one", "number"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    snapshot = models.JSONField(_("snapshot"), null=True, editable=False)
    checksum = models.CharField(_("checksum"), max_length=64, blank=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    error = models.TextField(_("error"), blank=True)
    problems = models.JSONField(_("problems"), default=list, editable=False)
    instead_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("online before")
    )
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("deployment"), _("deployments")
        ordering = ["app", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["app", "number"], name="deployment_number_once_per_app"),
            models.UniqueConstraint(
                fields=["app"],
                condition=models.Q(status__in=["pending", "building"]),
                name="deployment_one_at_a_time_per_app",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.app} #{self.number}"

    @property
    def is_finished(self) -> bool:
        """Whether its status will not change again."""
        return self.status not in self.UNFINISHED

    @property
    def duration(self) -> float | None:
        """Seconds from start to end."""
        if not (self.started_at and self.finished_at):
            return None
        return (self.finished_at - self.started_at).total_seconds()

    def move_to(self, status: "Deployment.Status") -> None:
        """Change status, or refuse. The only place a deployment's status changes; does not save."""
        if status not in self.MOVES.get(self.Status(self.status), ()):
            raise IllegalTransition(
                _("A deployment that is %(now)s cannot become %(then)s.")
                % {"now": self.get_status_display().lower(), "then": self.Status(status).label.lower()},
                deployment=str(self.pk),
            )
        self.status = status

    def log(self, step: "DeploymentLog.Step", message: str, level: "DeploymentLog.Level | None" = None) -> None:
        """Write a line in the caller's transaction."""
        self.logs.create(step=step, message=message, level=level or DeploymentLog.Level.INFO)


class DeploymentLog(models.Model):
    """A line that a step of a deployment wrote. A step's lines and its work are committed together."""

    class Level(models.TextChoices):
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    class Step(models.TextChoices):
        START = "start", _("Start")
        SNAPSHOT = "snapshot", _("Snapshot")
        CHECK = "check", _("Check")
        ONLINE = "online", _("Go online")
        END = "end", _("End")
        ROLL_BACK = "roll_back", _("Roll back")

    organization_path = "deployment__app__project__organization"

    id = models.BigAutoField(primary_key=True)
    deployment = models.ForeignKey(Deployment, models.CASCADE, related_name="logs", verbose_name=_("deployment"))
    at = models.DateTimeField(_("time"), auto_now_add=True)
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    step = models.CharField(_("step"), max_length=10, choices=Step)
    message = models.TextField(_("message"))

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("deployment log line"), _("deployment log lines")
        ordering = ["deployment", "id"]

    def __str__(self) -> str:
        return self.message
