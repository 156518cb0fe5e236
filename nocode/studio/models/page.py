"""Pages of a project and the blocks on them: what an application will show."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from nocode.foundation.models import Record
from nocode.studio.blocks import BlockType, block_types


class Page(Record):
    """A screen of the application, at `slug` below its address. The first page in order is where people arrive."""

    organization_path = "project__organization"

    project = models.ForeignKey("studio.Project", models.CASCADE, related_name="pages", verbose_name=_("project"))
    title = models.CharField(_("title"), max_length=150)
    slug = models.SlugField(_("address"), max_length=60)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    in_menu = models.BooleanField(
        _("in the menu"), default=True, help_text=_("Pages about one row are opened from a list instead.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name, verbose_name_plural = _("page"), _("pages")
        ordering = ["project", "position", "created_at"]
        constraints = [models.UniqueConstraint(fields=["project", "slug"], name="page_slug_once_per_project")]

    def __str__(self) -> str:
        return self.title


class Block(Record):
    """A piece of a page; `kind` names its BlockType, `settings` holds what that type's form collected.

    Blocks form an ordered tree: those with a `parent` stand inside it, in its slot `slot` (the column, say).
    """

    organization_path = "page__project__organization"

    page = models.ForeignKey(Page, models.CASCADE, related_name="blocks", verbose_name=_("page"))
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    slot = models.PositiveSmallIntegerField(_("slot"), default=0)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    kind = models.CharField(_("type"), max_length=40)
    settings = models.JSONField(_("settings"), default=dict, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("block"), _("blocks")
        ordering = ["page", "slot", "position", "created_at"]

    def __str__(self) -> str:
        return f"{self.type.label}" if self.kind in block_types else self.kind

    @property
    def type(self) -> BlockType:
        """What gives this block its meaning. Raises UnknownKind when the kind is not installed any more."""
        return block_types[self.kind]
