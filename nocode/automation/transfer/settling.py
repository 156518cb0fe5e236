"""What an import left open, settled afterwards: which integration or workflow the steps are to use."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.automation.errors import InvalidDraft
from nocode.automation.integrations.base import integration_types
from nocode.automation.models import Workflow, WorkflowImport
from nocode.automation.transfer import needs

KINDS = ("integrations", "workflows")


@dataclass(frozen=True)
class Question:
    """One thing that steps name and that was not found."""

    id: str  # what the file calls it
    kind: str  # "integrations" or "workflows"
    name: str
    type_label: str
    steps: list[str]  # names of the steps that wait for it
    choices: list[tuple[str, str]]


def questions(origin: WorkflowImport) -> list[Question]:
    """What is still to be chosen: those that a step still names."""
    steps = list(origin.workflow.nodes.all())
    asked = []
    for kind in KINDS:
        for wanted in origin.missing.get(kind, []):
            waiting = [step.label for step in steps if wanted["id"] in step.config.values()]
            if waiting:
                label = _type_label(wanted.get("type", ""))
                choices = _choices(origin.workflow, kind, wanted)
                asked.append(Question(wanted["id"], kind, wanted["name"], label, waiting, choices))
    return asked


@transaction.atomic
def choose(origin: WorkflowImport, chosen: dict[str, str]) -> None:
    """Put what was chosen into the steps; by the ids of the file. Raises InvalidDraft for what cannot be chosen."""
    workflow = Workflow.objects.select_for_update().get(pk=origin.workflow_id)
    asked = {each.id: each for each in questions(origin)}
    found = {pk: value for pk, value in chosen.items() if value}
    for pk, value in found.items():
        if pk not in asked or value not in dict(asked[pk].choices):
            raise InvalidDraft(_("This cannot be chosen any more; look at the page again."))
    if not found:
        raise InvalidDraft(_("Choose at least one."))
    for node in workflow.nodes.all():
        config = needs.replaced(node.config, found)
        if config != node.config:
            node.config = config
            node.save(update_fields=["config", "updated_at"])


def _choices(workflow: Workflow, kind: str, wanted: dict[str, Any]) -> list[tuple[str, str]]:
    if kind == "workflows":
        return [(str(each.pk), each.name) for each in workflow.organization.workflows.exclude(pk=workflow.pk)]
    protocol = getattr(integration_types.find(wanted["type"]), "protocol", None)
    return [
        (str(each.pk), each.name)
        for each in workflow.organization.integrations.filter(is_active=True)
        if getattr(integration_types.find(each.type), "protocol", None) == protocol
    ]


def _type_label(kind: str) -> str:
    found = integration_types.find(kind)
    return str(found.label) if found else kind or str(_("workflow"))
