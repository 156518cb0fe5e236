"""What steps wait for: somebody's decision, an event, the end of another execution; and the answer when it has come."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from nocode.automation.models.execution import StepRun, WorkflowExecution
from nocode.foundation.models import Record, ScopedQuerySet

ALIVE = (WorkflowExecution.Status.RUNNING, WorkflowExecution.Status.WAITING)


class OfStepQuerySet(ScopedQuerySet):
    """Rows that belong to one attempt at a step."""

    def of(self, step: Any) -> "OfStepQuerySet":
        """Those of a running step, as the step types know it."""
        return self.filter(
            execution=step.execution_id, node_key=step.key, iteration=step.iteration, attempt=step.attempt
        )

    def awaited(self) -> "OfStepQuerySet":
        """Those whose step still waits, in an execution that goes on."""
        waiting = StepRun.objects.filter(
            execution=models.OuterRef("execution"),
            node_key=models.OuterRef("node_key"),
            iteration=models.OuterRef("iteration"),
            attempt=models.OuterRef("attempt"),
            status=StepRun.Status.WAITING,
        )
        return self.filter(models.Exists(waiting), execution__status__in=ALIVE)


class OfStep(models.Model):
    """Says which attempt at which step, in which turn of a loop."""

    execution = models.ForeignKey(
        WorkflowExecution,
        models.CASCADE,
        related_name="+",
        verbose_name=_("execution"),
        db_index=False,  # the unique constraint's index begins with it
    )
    node_key = models.CharField(_("step"), max_length=60)
    iteration = models.PositiveIntegerField(_("iteration"), default=0)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["execution", "node_key", "iteration", "attempt"], name="%(class)s_once_per_attempt"
            )
        ]


class StepSignal(OfStep):
    """The answer to a step that waits: at most one, whoever answers first."""

    organization_path = "execution__organization"

    id = models.BigAutoField(primary_key=True)
    payload = models.JSONField(_("answer"))
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = OfStepQuerySet.as_manager()

    class Meta(OfStep.Meta):
        verbose_name, verbose_name_plural = _("answer to a step"), _("answers to steps")

    def __str__(self) -> str:
        return f"{self.node_key} #{self.attempt}"


class EventWait(OfStep):
    """A step that waits for an event of its organization that was not there yet: newer than `after_event`, or `unseen`.

    `stem` is what the pattern says before its first wildcard, in whole words: by it the waits for an event are found.
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization"), db_index=False
    )
    pattern = models.CharField(_("event"), max_length=200)
    stem = models.CharField(max_length=200, editable=False)
    filter = models.TextField(_("condition"), blank=True)
    input = models.JSONField(_("input"), null=True)  # of the step, where the condition reads it
    after_event = models.BigIntegerField(editable=False)
    # Ids below that which nobody could see yet: of events whose transactions had begun and not committed.
    unseen = ArrayField(models.BigIntegerField(), default=list, editable=False)

    objects = OfStepQuerySet.as_manager()

    class Meta(OfStep.Meta):
        verbose_name, verbose_name_plural = _("wait for an event"), _("waits for events")
        indexes = [models.Index(fields=["organization", "stem"], name="eventwait_by_stem")]

    def __str__(self) -> str:
        return self.pattern


class ApprovalQuerySet(OfStepQuerySet):
    """Approvals are there for those who are asked, while they belong to the organization."""

    def visible_to(self, user) -> "ApprovalQuerySet":
        if not user.is_active:
            return self.none()
        mine = user.memberships.values("organization")
        return self.filter(asked__contains=[user.pk], organization__in=mine)

    def open(self) -> "ApprovalQuerySet":
        """Those that can still be answered."""
        return self.filter(state=Approval.State.OPEN).awaited()


class Approval(OfStep, Record):
    """A question a step asks people; the first of them who answers decides. `asked` are the ids of those people."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    DECISIONS = (State.APPROVED, State.REJECTED)

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="+", verbose_name=_("organization")
    )
    workflow_name = models.CharField(_("workflow"), max_length=150)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"), blank=True)
    fields_asked = models.JSONField(_("fields to fill in"), default=list)
    asked = ArrayField(models.BigIntegerField(), verbose_name=_("people asked"))
    by_email = models.BooleanField(_("by e-mail"), default=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    due_at = models.DateTimeField(_("expires"), null=True)
    remind_at = models.DateTimeField(_("next reminder"), null=True)
    remind_every = models.DurationField(_("remind every"), null=True)
    reminders = models.PositiveIntegerField(_("reminders"), default=0)
    escalate_at = models.DateTimeField(_("asks others too"), null=True)
    escalate_to = ArrayField(models.BigIntegerField(), verbose_name=_("others to ask"), default=list)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("answered by")
    )
    answered_at = models.DateTimeField(_("answered"), null=True)
    comment = models.TextField(_("comment"), blank=True)
    values = models.JSONField(_("filled in"), default=dict)

    objects = ApprovalQuerySet.as_manager()

    class Meta(OfStep.Meta):
        verbose_name, verbose_name_plural = _("approval"), _("approvals")
        ordering = ["-id"]
        indexes = [GinIndex(fields=["asked"], name="approval_open", condition=models.Q(state="open"))]

    def __str__(self) -> str:
        return self.title

    @property
    def is_decided(self) -> bool:
        return self.state in self.DECISIONS

    @property
    def wake_at(self) -> datetime | None:
        """When something is to be done unless it is answered: a reminder, more people asked, the end."""
        return min(filter(None, [self.due_at, self.remind_at, self.escalate_at]), default=None)

    @property
    def is_past_due(self) -> bool:
        return self.due_at is not None and self.due_at <= timezone.now()
