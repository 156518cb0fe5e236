"""The queue's two tables: what waits to be done, and who is alive to do it."""

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# A worker that has not been heard of for this long is dead, and its tasks are taken again.
LEASE = timedelta(seconds=5)


class QueuedTaskQuerySet(models.QuerySet):
    """What an operator asks about the queue."""

    def waiting(self) -> "QueuedTaskQuerySet":
        """Due, and nobody has taken it yet."""
        return self.filter(claimed_by=None, due_at__lte=Now())

    def delayed(self) -> "QueuedTaskQuerySet":
        """Not due yet."""
        return self.filter(claimed_by=None, due_at__gt=Now())

    def taken(self) -> "QueuedTaskQuerySet":
        """In the hands of a worker."""
        return self.exclude(claimed_by=None)


class QueuedTask(models.Model):
    """One task that waits or is being worked on; finished tasks leave the table.

    `claimed_by` names a Worker. The claim holds while that worker's heartbeat is younger than LEASE; after that any
    cluster takes the task back, and the lost try counts as an attempt.
    """

    id = models.BigAutoField(primary_key=True)
    queue = models.CharField(_("queue"), max_length=60)
    name = models.CharField(_("task"), max_length=200, blank=True)
    payload = models.TextField(_("payload"))
    due_at = models.DateTimeField(pgettext_lazy("task", "due"), db_default=Now())
    claimed_by = models.UUIDField(_("worker"), null=True)
    attempts = models.PositiveSmallIntegerField(_("lost attempts"), db_default=0)
    created_at = models.DateTimeField(_("queued"), db_default=Now())

    objects = QueuedTaskQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("queued task"), _("queued tasks")
        ordering = ["due_at", "id"]
        # Partial, so that a claimed row leaves the index the others search.
        indexes = [
            models.Index(
                fields=["queue", "due_at", "id"], name="queuedtask_waiting", condition=models.Q(claimed_by=None)
            ),
            models.Index(fields=["claimed_by"], name="queuedtask_taken", condition=models.Q(claimed_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class WorkerQuerySet(models.QuerySet):
    """Who works."""

    def alive(self) -> "WorkerQuerySet":
        """Workers heard of within the lease."""
        return self.filter(heartbeat_at__gt=Now() - LEASE)


class Worker(models.Model):
    """A process that takes tasks; its cluster writes this row every second, and deletes it at the end."""

    id = models.UUIDField(primary_key=True, editable=False)
    cluster = models.CharField(_("cluster"), max_length=60)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    heartbeat_at = models.DateTimeField(_("last heartbeat"), db_default=Now())
    current_task = models.CharField(_("current task"), max_length=200, blank=True, db_default="")
    busy_since = models.DateTimeField(_("busy since"), null=True)
    done = models.PositiveBigIntegerField(_("tasks done"), db_default=0)
    failed = models.PositiveBigIntegerField(_("tasks failed"), db_default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("worker"), _("workers")
        ordering = ["host", "pid"]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
