"""The queue's two tables: what waits to be done, and who is alive to do it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class QueuedTask(models.Model):
    """One task that waits or is being worked on; finished tasks leave the table.

    `claimed_by`/`claimed_until` are a lease: when it runs out, any worker may take the task again.
    """

    id = models.BigAutoField(primary_key=True)
    queue = models.CharField(_("queue"), max_length=60)
    payload = models.TextField(_("payload"))
    name = models.CharField(_("task"), max_length=200, blank=True)
    due_at = models.DateTimeField(_("due"), db_default=models.functions.Now())
    claimed_by = models.UUIDField(_("worker"), null=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), db_default=0)
    created_at = models.DateTimeField(_("queued"), db_default=models.functions.Now())

    class Meta:
        verbose_name, verbose_name_plural = _("queued task"), _("queued tasks")
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["queue", "due_at", "id"], name="queuedtask_due")]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class Worker(models.Model):
    """A process that takes tasks; `heartbeat_at` tells whether it is alive."""

    id = models.UUIDField(primary_key=True, editable=False)
    cluster = models.CharField(_("cluster"), max_length=60)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    started_at = models.DateTimeField(_("started"), db_default=models.functions.Now())
    heartbeat_at = models.DateTimeField(_("last heartbeat"), db_default=models.functions.Now())
    current_task = models.CharField(_("current task"), max_length=200, blank=True)
    done = models.PositiveBigIntegerField(_("tasks done"), default=0)
    failed = models.PositiveBigIntegerField(_("tasks failed"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("worker"), _("workers")
        ordering = ["host", "pid"]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
