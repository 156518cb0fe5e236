"""A workflow made a second time, in the same place."""

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.automation.models import Workflow
from nocode.automation.transfer.bringing import bring
from nocode.automation.transfer.writing import outline
from nocode.foundation.models import User


def copy_name(workflow: Workflow) -> str:
    """What a copy of a workflow may be called."""
    return _("%(name)s – copy") % {"name": workflow.name[:130]}


@transaction.atomic
def duplicate(workflow: Workflow, name: str, user: User | None) -> Workflow:
    """The same draft again, with triggers of its own that wait for it to be published. Raises LimitReached."""
    copy = bring(outline(workflow), workflow.organization, project=workflow.project, name=name.strip(), user=user)
    copy.origin.delete()
    return Workflow.objects.get(pk=copy.pk)
