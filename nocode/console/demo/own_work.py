"""What people made in the demo organization: it must not go with the demo unasked."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from nocode.automation.models import Integration, Workflow
from nocode.foundation.models import Organization
from nocode.runtime.models import GeneratedApp
from nocode.studio.models import DataTable, Page, Project

OURS = [
    *("Order intake", "Order count", "Shop", "Customers", "Orders", "Order desk"),
    *("Home", "Order", "Order form", "Customer", "Customer form"),
]
MADE = [(Workflow, "name"), (Integration, "name"), (Project, "name"), (GeneratedApp, "name")]
MADE += [(DataTable, "label"), (Page, "title")]


def own_work(organization: Organization) -> list[str]:
    """Names of what is not the demo's: workflows, projects, tables …; a renamed one counts as somebody's own."""
    ours = _names(*OURS)
    names: list[str] = []
    for model, name in MADE:
        names += model.objects.filter(**{model.organization_path: organization}).values_list(name, flat=True)
    return [name for name in names if name not in ours]


def _names(*texts: str) -> set[str]:
    found = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {gettext(text) for text in texts}
    return found
