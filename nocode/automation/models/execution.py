"""Runs of workflows. The set of StepRun rows *is* the progress: the engine recomputes what comes next from them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.models import Record, ScopedQuerySet


class CalledBy(models.TextChoices):
    """What starts an execution besides the kinds of triggers."""

    WORKFLOW = "workflow", _("Another workflow")
    FAILURE = "failure", _("A failed execution")


class ExecutionQuerySet(ScopedQuerySet):
    """Executions. Whoever changes the status of many with one statement says so like `save()` does for one."""

    def without_values(self) -> "ExecutionQuerySet":
        """Leaves what may be large in the database, and out of what `save()` writes."""
        return self.defer("input", "output", "response")

    def update(self, **values: Any) -> int:
        """As ever; and `post_save` is sent for each execution whose status it changed."""
        if "status" not in values:
            return super().update(**values)
        with transaction.atomic(using=self.db):
            before = dict(self.order_by().select_for_update(of=("self",)).values_list("pk", "status"))
            changed = self.model._base_manager.using(self.db).filter(pk__in=before)
            count = changed.update(**values)
            for execution in changed.all():
                execution.told_status = before[execution.pk]
                post_save.send(type(execution), instance=execution, created=False, raw=False, using=self.db)
        return count


class WorkflowExecution(Record):
    """One run of one version. Outlives its workflow, so it keeps the workflow's name."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting")
        COMPLETED = "completed", _("Completed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)
    ENDED_BADLY = (Status.FAILED, Status.CANCELLED)
    MOVES = {
        Status.PENDING: {Status.RUNNING, Status.FAILED, Status.CANCELLED},
        Status.RUNNING: {Status.WAITING, Status.COMPLETED, Status.FAILED, Status.CANCELLED},
        Status.WAITING: {Status.RUNNING, Status.FAILED, Status.CANCELLED},
        Status.FAILED: {Status.WAITING},  # retry of the failed step, in the same execution
        Status.COMPLETED: set(),
        Status.CANCELLED: set(),
    }

    objects = ExecutionQuerySet.as_manager()

    told_status = ""  # the status the outbox knows: what was loaded or last saved

    # Each step forward writes a new version of the row into every index: none is kept that another one begins with.
    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="executions", db_index=False
    )
    workflow = models.ForeignKey(
        "Workflow", models.SET_NULL, null=True, related_name="executions", verbose_name=_("workflow"), db_index=False
    )
    workflow_name = models.CharField(_("workflow"), max_length=150)
    version = models.ForeignKey(
        "WorkflowVersion", models.RESTRICT, related_name="executions", verbose_name=_("version")
    )
    trigger = models.ForeignKey(
        "Trigger", models.SET_NULL, null=True, related_name="executions", verbose_name=_("trigger")
    )
    trigger_kind = models.CharField(_("trigger"), max_length=10)
    entry = models.CharField(max_length=60, blank=True)
    triggered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("started by"),
        db_index=False,
    )
    retry_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="retries", verbose_name=_("retry of"), db_index=False
    )
    # Which step of which execution called it; `parent_attempt` is the attempt that waits for its end, if one does.
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="children", verbose_name=_("called by"), db_index=False
    )
    parent_node = models.CharField(_("calling step"), max_length=60, blank=True)
    parent_iteration = models.PositiveIntegerField(default=0, editable=False)
    parent_attempt = models.PositiveSmallIntegerField(null=True, editable=False)
    depth = models.PositiveSmallIntegerField(_("depth"), default=0, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    input = models.JSONField(_("input"), null=True)
    output = models.JSONField(_("output"), null=True)
    response = models.JSONField(_("webhook response"), null=True)
    labels = models.JSONField(_("labels"), null=True, editable=False)  # what a step called it, to find it again by
    error_message = models.TextField(_("error"), blank=True)
    error_step = models.CharField(_("failed step"), max_length=60, blank=True)
    started_at = models.DateTimeField(_("started"), null=True)
    completed_at = models.DateTimeField(_("finished"), null=True)
    # How long it stood failed before a step of it was repeated: nothing ran then, and it is no part of its duration.
    idle = models.DurationField(default=timedelta, db_default=timedelta(), editable=False)
    wake_at = models.DateTimeField(_("wakes"), null=True)
    timeout = models.PositiveIntegerField(_("time limit (seconds)"), default=3600)
    deadline_at = models.DateTimeField(null=True, editable=False)
    crashes = models.PositiveSmallIntegerField(_("lost workers"), default=0, editable=False)
    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("execution"), _("executions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="execution_newest"),
            models.Index(fields=["workflow", "-id"], name="execution_by_workflow"),
            models.Index(
                fields=["status", "updated_at"],
                name="execution_unfinished",
                condition=models.Q(status__in=["pending", "running", "waiting"]),
            ),
            # Most executions have none of them: every entry of an index costs each run a write.
            *(
                models.Index(fields=[name], name=f"execution_{name}", condition=models.Q((f"{name}__isnull", False)))
                for name in ("triggered_by", "retry_of", "parent")
            ),
            # What people look for; most executions end well and never enter it.
            models.Index(
                fields=["organization", "status", "-id"],
                name="execution_ended_badly",
                condition=models.Q(status__in=["failed", "cancelled"]),
            ),
            # Labels are given by a step that few workflows have: the others pay nothing for them.
            GinIndex(fields=["labels"], name="execution_labels", condition=models.Q(labels__isnull=False)),
            # What is old enough to be deleted; a row enters it once, when it ends.
            models.Index(
                fields=["workflow", "status", "completed_at"],
                name="execution_to_forget",
                condition=models.Q(completed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_name} {self.pk}"

    @classmethod
    def from_db(cls, db, field_names, values) -> "WorkflowExecution":
        execution = super().from_db(db, field_names, values)
        if "status" in field_names:
            execution.told_status = execution.status
        return execution

    def refresh_from_db(self, using: str | None = None, fields: Iterable[str] | None = None, **options: Any) -> None:
        """What was read anew is what the outbox knows: the engine has announced it with its own statement."""
        super().refresh_from_db(using, fields, **options)
        if fields is None or "status" in fields:
            self.told_status = self.status

    @property
    def is_finished(self) -> bool:
        return self.status in self.FINISHED

    @property
    def starter(self) -> str:
        """Who or what started it: a person, else its trigger, else the workflow that called it."""
        if self.triggered_by or self.trigger:
            return str(self.triggered_by or self.trigger)
        return self.parent.workflow_name if self.parent else ""

    @property
    def counted_from(self) -> datetime | None:
        """Where the clock of its duration began: at its start, later by the time it stood failed."""
        return self.started_at and self.started_at + self.idle

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, without those it stood failed; None while it has not both."""
        if self.started_at and self.completed_at:
            return (self.completed_at - self.counted_from).total_seconds()
        return None

    def move_to(self, status: "WorkflowExecution.Status") -> None:
        """Change status, or refuse; does not save."""
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalTransition(
                _("An execution that is %(now)s cannot become %(then)s.")
                % {"now": self.get_status_display().lower(), "then": self.Status(status).label.lower()},
                execution=str(self.pk),
            )
        self.status = status


class StepRun(models.Model):
    """One attempt at one node. `ports` are the outputs it left through; `settings` its config with values filled in."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting")
        COMPLETED = "completed", _("Completed")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    organization_path = "execution__organization"

    id = models.BigAutoField(primary_key=True)
    execution = models.ForeignKey(
        WorkflowExecution,
        models.CASCADE,
        related_name="steps",
        verbose_name=_("execution"),
        db_index=False,  # the unique constraint's index begins with it
    )
    node_key = models.CharField(_("step"), max_length=60)
    iteration = models.PositiveIntegerField(_("iteration"), default=0)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    ports = models.JSONField(_("left through"), default=list)
    settings = models.JSONField(_("settings"), null=True)
    output = models.JSONField(_("output"), null=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    wake_at = models.DateTimeField(_("wakes"), null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("step"), _("steps")
        ordering = ["execution", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "node_key", "iteration", "attempt"], name="steprun_once_per_attempt"
            )
        ]

    def __str__(self) -> str:
        return f"{self.node_key} #{self.attempt}"


class ExecutionLog(models.Model):
    """Something worth reading that happened during a run."""

    class Level(models.TextChoices):
        DEBUG = "debug", _("Debug")
        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Error")

    organization_path = "execution__organization"

    id = models.BigAutoField(primary_key=True)
    execution = models.ForeignKey(WorkflowExecution, models.CASCADE, related_name="logs", verbose_name=_("execution"))
    at = models.DateTimeField(_("time"))
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.INFO)
    node_key = models.CharField(_("step"), max_length=60, blank=True)
    message = models.TextField(_("message"))
    details = models.JSONField(_("details"), null=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("log line"), _("log lines")
        ordering = ["execution", "id"]

    def __str__(self) -> str:
        return self.message
