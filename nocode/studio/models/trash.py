"""What can be thrown away and brought back: it stays where it is, out of sight, until the trash is emptied."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.foundation.models.base import ScopedQuerySet


class LiveManager(models.Manager.from_queryset(ScopedQuerySet)):
    """All that is not in the trash. Related managers are of this kind; deletion cascades over everything."""

    def get_queryset(self) -> ScopedQuerySet:
        return super().get_queryset().filter(self.model.is_live())


class Trashable(models.Model):
    """A thing that goes to the trash before it is gone."""

    trashed_at = models.DateTimeField(_("thrown away"), null=True, blank=True, editable=False)

    objects = LiveManager()
    everything = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def is_live(cls) -> models.Q:
        """The condition for being in use."""
        return models.Q(trashed_at=None)
