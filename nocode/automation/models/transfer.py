"""What became of a file when a workflow was made of it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from nocode.automation.models.workflow import Workflow
from nocode.foundation.models import Record


class WorkflowImport(Record):
    """The report on how a workflow came here, kept with it so that open questions can be settled later."""

    class Source(models.TextChoices):
        FILE = "file", _("File of a workflow")
        N8N = "n8n", _("File of n8n")
        TEMPLATE = "template", _("Template")

    organization_path = "workflow__organization"

    workflow = models.OneToOneField(Workflow, models.CASCADE, related_name="origin", verbose_name=_("workflow"))
    source = models.CharField(_("source"), max_length=10, choices=Source)
    # [{"verdict", "node", "label", "kind", "field", "message"}]: see transfer/remarks.py
    remarks = models.JSONField(_("remarks"), default=list)
    # {"integrations": [...], "workflows": [...]}: what steps name and was not found here
    missing = models.JSONField(_("missing"), default=dict)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("imported by")
    )

    class Meta:
        verbose_name, verbose_name_plural = _("import of a workflow"), _("imports of workflows")
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.workflow)
