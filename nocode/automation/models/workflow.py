"""A workflow is a draft graph of nodes and edges; publishing freezes it into a version."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import Record


class Workflow(Record):
    """What should happen. People edit the draft; executions run a published version."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        ARCHIVED = "archived", _("Archived")

    MOVES = {
        Status.DRAFT: {Status.ACTIVE, Status.ARCHIVED},
        Status.ACTIVE: {Status.PAUSED, Status.ARCHIVED},
        Status.PAUSED: {Status.ACTIVE, Status.ARCHIVED},
        Status.ARCHIVED: {Status.PAUSED, Status.DRAFT},
    }

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="workflows", verbose_name=_("organization")
    )
    project = models.ForeignKey(
        "studio.Project",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="workflows",
        verbose_name=_("project"),
        help_text=_("The project whose tables the record steps use."),
    )
    name = models.CharField(_("name"), max_length=150)
    description = models.TextField(_("description"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    variables = models.JSONField(_("variables"), default=dict, blank=True)
    timeout = models.PositiveIntegerField(
        _("time limit (seconds)"),
        default=3600,
        help_text=_("An execution that works longer than this without a pause fails."),
    )
    retention_days = models.PositiveIntegerField(
        _("keep executions (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Finished executions are deleted after this time. Empty: as long as the installation says."),
    )
    failed_retention_days = models.PositiveIntegerField(
        _("keep what failed (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Executions that failed or were cancelled. Empty: as long as the others."),
    )
    error_workflow = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("when an execution fails, run"),
        help_text=_("This workflow is started with the failure as its input. Its own failures start nothing."),
    )
    published_version = models.ForeignKey(
        "WorkflowVersion",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("published version"),
    )
    draft_changed_at = models.DateTimeField(_("draft changed"), null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("workflow"), _("workflows")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(retention_days__gte=1), name="workflow_keeps_executions_a_day"),
            models.CheckConstraint(
                condition=models.Q(failed_retention_days__gte=1), name="workflow_keeps_failed_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def move_to(self, status: "Workflow.Status") -> None:
        """Change status, or refuse. The only place a workflow's status changes; does not save."""
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalTransition(
                _("A workflow that is %(now)s cannot become %(then)s.")
                % {"now": self.get_status_display().lower(), "then": self.Status(status).label.lower()},
                workflow=self.pk,
            )
        self.status = status


class WorkflowVersion(Record):
    """An immutable snapshot: `graph` is {"nodes": [...], "edges": [...], "settings": {...}} (see engine/graph.py)."""

    workflow = models.ForeignKey(
        Workflow, models.SET_NULL, null=True, related_name="versions", verbose_name=_("workflow")
    )
    organization = models.ForeignKey("foundation.Organization", models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(_("version"))
    graph = models.JSONField(_("graph"))
    checksum = models.CharField(_("checksum"), max_length=64)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("workflow version"), _("workflow versions")
        ordering = ["workflow", "-number"]
        constraints = [models.UniqueConstraint(fields=["workflow", "number"], name="version_number_once_per_workflow")]

    def __str__(self) -> str:
        return f"v{self.number}"


class Node(Record):
    """One step of the draft. `config` is what the person typed into the form of its kind."""

    class OnError(models.TextChoices):
        STOP = "stop", _("Stop the execution")
        CONTINUE = "continue", _("Go on with the error as the output")
        BRANCH = "branch", _("Follow the “error” branch")

    organization_path = "workflow__organization"

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="nodes", verbose_name=_("workflow"))
    key = models.SlugField(_("key"), max_length=60, help_text=_("Other steps read this step's output as steps.<key>."))
    kind = models.CharField(_("type"), max_length=60)
    label = models.CharField(_("name"), max_length=150)
    config = models.JSONField(_("settings"), default=dict, blank=True)
    on_error = models.CharField(_("when it fails"), max_length=10, choices=OnError, default=OnError.STOP)
    max_retries = models.PositiveSmallIntegerField(
        _("retries"), default=3, help_text=_("How often a passing failure is tried again, after 1, 2, 4, … minutes.")
    )
    is_disabled = models.BooleanField(
        _("switched off"), default=False, help_text=_("The step is skipped: what comes in goes on as it is.")
    )
    pinned = models.JSONField(
        _("pinned output"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Stands for the output of the step where steps of the draft are tried."),
    )
    x = models.IntegerField(default=0)
    y = models.IntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("node"), _("nodes")
        ordering = ["workflow", "x", "y", "created_at"]
        constraints = [models.UniqueConstraint(fields=["workflow", "key"], name="node_key_once_per_workflow")]

    def __str__(self) -> str:
        return self.label


class Edge(Record):
    """A connection: what leaves `source` through `port` enters `target`."""

    organization_path = "workflow__organization"

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="edges", verbose_name=_("workflow"))
    source = models.ForeignKey(Node, models.CASCADE, related_name="edges_out", verbose_name=_("from"))
    port = models.CharField(_("output"), max_length=60, default="main")
    target = models.ForeignKey(Node, models.CASCADE, related_name="edges_in", verbose_name=_("to"))

    class Meta:
        verbose_name, verbose_name_plural = _("edge"), _("edges")
        ordering = ["workflow", "id"]  # as they were drawn; one that is drawn again by "undo" is where it was
        constraints = [
            models.UniqueConstraint(fields=["source", "port", "target"], name="edge_once"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="edge_joins_two_nodes"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"


class DraftChange(Record):
    """What somebody did to a draft at once: `acts` are {"op", "names"}. The newest tell others what they missed."""

    organization_path = "workflow__organization"

    workflow = models.ForeignKey(Workflow, models.CASCADE, related_name="draft_changes", verbose_name=_("workflow"))
    revision = models.PositiveIntegerField(_("revision"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("person")
    )
    acts = models.JSONField(_("what was done"), default=list)

    class Meta:
        verbose_name, verbose_name_plural = _("change of a draft"), _("changes of drafts")
        ordering = ["workflow", "-revision"]
        constraints = [models.UniqueConstraint(fields=["workflow", "revision"], name="draft_revision_once")]

    def __str__(self) -> str:
        return f"{self.workflow_id} · {self.revision}"
