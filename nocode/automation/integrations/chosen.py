"""The integration a step names: what may be chosen, what is wrong with a choice, and the credentials of a run."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from nocode.automation.errors import PermanentFailure, StepFailure
from nocode.automation.integrations.base import IntegrationType, integration_types
from nocode.automation.models import Integration, Workflow
from nocode.foundation.crypto import CannotDecrypt
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.registry import UnknownKind

Count = Callable[[UUID, float, str], None]  # count(integration id, seconds, error): one call was made


def choices(workflow: Workflow, chosen: str, protocol: str, nothing: str) -> list[tuple[str, str]]:
    """The active integrations of the workflow's organization that speak the protocol, after `nothing`.

    What was chosen is kept, and says what became of it.
    """
    known = list(workflow.organization.integrations.all())
    offered = [(str(each.pk), each.name) for each in known if each.is_active and _speaks(each, protocol)]
    if chosen and chosen not in dict(offered):
        offered.append((chosen, problem_with(chosen, workflow, protocol)))
    return [("", nothing), *offered]


def problem_with(chosen: str, workflow: Workflow, protocol: str) -> str:
    """What keeps a workflow's step from using an integration; empty when nothing does."""
    known = {str(each.pk): each for each in workflow.organization.integrations.all()}
    if chosen not in known:
        name = _name_of_deleted(chosen, workflow.organization_id)
        return _("The integration “%s” does not exist; choose another one.") % name
    if not known[chosen].is_active:
        return _("The integration “%s” is switched off.") % known[chosen]
    if not _speaks(known[chosen], protocol):
        return _("The integration “%s” is not for this kind of step.") % known[chosen]
    return ""


@dataclass(frozen=True)
class Credentials:
    """An integration ready for a call. Made where the database is at hand, used where it is not."""

    id: UUID
    name: str
    type: IntegrationType
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)

    @contextmanager
    def counted(self, count: Count) -> Iterator[None]:
        """Around a call: counts it, how long it took and what it failed with."""
        began = time.perf_counter()
        try:
            yield
        except StepFailure as failure:
            count(self.id, time.perf_counter() - began, failure.message)
            raise
        count(self.id, time.perf_counter() - began, "")

    def check_host(self, host: str) -> None:
        """Raises PermanentFailure for a host the credentials are not for."""
        allowed = self.settings["hosts"].split()
        if allowed and not any(fnmatchcase(host.lower(), each) for each in allowed):
            names = {"name": self.name, "host": host}
            raise PermanentFailure(_("The integration “%(name)s” is not for the host “%(host)s”.") % names)

    def headers_for(self, host: str, refused: str = "") -> dict[str, str]:
        """The headers that let a call in; with another token than the one that was `refused`.

        Raises PermanentFailure for a host the credentials are not for.
        """
        self.check_host(host)
        return self.type.admission(self, refused)

    def parameters(self) -> dict[str, str]:
        """What is added to an address that passed `check_host`."""
        return self.type.parameters(self.settings, self.secrets)

    def traces(self, admission: Mapping[str, str]) -> list[str]:
        """What an answer could quote: the secrets, and the headers made from them, with and without their scheme."""
        return [*self.secrets.values(), *(text for value in admission.values() for text in (value, value.split()[-1]))]


def load(chosen: UUID, organization_id: UUID, protocol: str) -> Credentials:
    """The credentials of an organization's integration. Raises PermanentFailure, which names it."""
    integration = Integration.objects.filter(pk=chosen, organization=organization_id).first()
    if integration is None:
        name = _name_of_deleted(str(chosen), organization_id)
        raise PermanentFailure(_("The integration “%s” does not exist any more.") % name)
    if not integration.is_active:
        raise PermanentFailure(_("The integration “%s” is switched off.") % integration)
    if not _speaks(integration, protocol):
        raise PermanentFailure(_("The integration “%s” is not for this kind of step.") % integration)
    return credentials_of(integration)


def credentials_of(integration: Integration) -> Credentials:
    """An integration ready for a call. Raises PermanentFailure, which names it."""
    try:
        return Credentials(
            integration.pk,
            integration.name,
            integration_types[integration.type],
            integration.settings,
            integration.read_secrets(),
        )
    except (CannotDecrypt, UnknownKind) as error:
        names = {"name": integration, "why": error.message}
        raise PermanentFailure(_("Integration “%(name)s”: %(why)s") % names) from error


def _speaks(integration: Integration, protocol: str) -> bool:
    kind = integration_types.find(integration.type)
    return kind is None or kind.protocol == protocol  # of a type that is not installed, the call says so


def _name_of_deleted(chosen: str, organization_id: UUID) -> str:
    """The name it had while it existed, if it was this organization's."""
    past = Integration.history.filter(id=uuid_or_none(chosen), organization=organization_id)
    return past.values_list("name", flat=True).first() or chosen
