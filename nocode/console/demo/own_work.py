"""What people made in the demo organization: it must not go with the demo unasked."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from nocode.automation.models import Workflow
from nocode.foundation.models import Organization
from nocode.studio.models import DataTable, Project


def own_work(organization: Organization) -> list[str]:
    """Names of workflows, projects and tables that are not the demo's; a renamed one counts as somebody's own."""
    ours = _names("Order intake", "Order count", "Shop", "Customers", "Orders")
    names = [
        *Workflow.objects.filter(organization=organization).values_list("name", flat=True),
        *Project.objects.filter(organization=organization).values_list("name", flat=True),
        *DataTable.objects.filter(project__organization=organization).values_list("label", flat=True),
    ]
    return [name for name in names if name not in ours]


def _names(*texts: str) -> set[str]:
    found = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {gettext(text) for text in texts}
    return found
