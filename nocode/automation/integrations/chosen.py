"""The integration a step names: what may be chosen, what is wrong with a choice, and the credentials of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.integrations.base import IntegrationType, integration_types
from nocode.automation.models import Integration, Workflow
from nocode.foundation.crypto import CannotDecrypt
from nocode.foundation.registry import UnknownKind


def choices(workflow: Workflow, chosen: str) -> list[tuple[str, str]]:
    """The active integrations of the workflow's organization; what was chosen is kept, and says what became of it."""
    known = list(workflow.organization.integrations.all())
    offered = [(str(each.pk), each.name) for each in known if each.is_active]
    if chosen and chosen not in dict(offered):
        offered.append((chosen, problem_with(chosen, workflow)))
    return [("", _("No integration")), *offered]


def problem_with(chosen: str, workflow: Workflow) -> str:
    """What keeps a workflow from using an integration; empty when nothing does."""
    known = {str(each.pk): each for each in workflow.organization.integrations.all()}
    if chosen not in known:
        name = _name_of_deleted(chosen, workflow.organization_id)
        return _("The integration “%s” does not exist; choose another one.") % name
    if not known[chosen].is_active:
        return _("The integration “%s” is switched off.") % known[chosen]
    return ""


@dataclass(frozen=True)
class Credentials:
    """An integration ready for a call. Made where the database is at hand, used where it is not."""

    name: str
    type: IntegrationType
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)

    def headers_for(self, host: str) -> dict[str, str]:
        """The headers that let a call in. Raises PermanentFailure for a host the credentials are not for."""
        allowed = self.settings["hosts"].split()
        if allowed and not any(fnmatchcase(host.lower(), each) for each in allowed):
            names = {"name": self.name, "host": host}
            raise PermanentFailure(_("The integration “%(name)s” is not for the host “%(host)s”.") % names)
        return self.type.apply(self.settings, self.secrets)

    def traces(self, admission: Mapping[str, str]) -> list[str]:
        """What an answer could quote: the secrets, and the headers made from them, with and without their scheme."""
        return [*self.secrets.values(), *(text for value in admission.values() for text in (value, value.split()[-1]))]


def load(chosen: UUID, organization_id: UUID) -> Credentials:
    """The credentials of an organization's integration. Raises PermanentFailure, which names it."""
    integration = Integration.objects.filter(pk=chosen, organization=organization_id).first()
    if integration is None:
        name = _name_of_deleted(str(chosen), organization_id)
        raise PermanentFailure(_("The integration “%s” does not exist any more.") % name)
    if not integration.is_active:
        raise PermanentFailure(_("The integration “%s” is switched off.") % integration)
    try:
        return Credentials(
            integration.name, integration_types[integration.type], integration.settings, integration.read_secrets()
        )
    except (CannotDecrypt, UnknownKind) as error:
        names = {"name": integration, "why": error.message}
        raise PermanentFailure(_("Integration “%(name)s”: %(why)s") % names) from error


def _name_of_deleted(chosen: str, organization_id: UUID) -> str:
    """The name it had while it existed, if it was this organization's."""
    try:
        past = Integration.history.filter(id=UUID(chosen), organization=organization_id)
    except ValueError:
        return chosen
    return past.values_list("name", flat=True).first() or chosen
