"""Keep and delete integrations; a secret goes in and does not come out."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nocode.automation.engine import calls
from nocode.automation.errors import IntegrationExists, IntegrationInUse
from nocode.automation.integrations import chosen, integration_types
from nocode.automation.models import Integration, IntegrationCall, Workflow
from nocode.automation.tasks import update_integration_stats
from nocode.foundation.database import is_duplicate
from nocode.foundation.displays import duration


def save(integration: Integration, values: Mapping[str, Any]) -> Integration:
    """Save an integration, new or changed, with the settings and secrets of its type; an empty secret keeps its value.

    Raises InvalidIntegration, IntegrationExists when its name is taken, or CannotDecrypt when a secret is to be kept
    that cannot be read any more.
    """
    kind = integration_types[integration.type]
    given = {name: value for name, value in values.items() if value or name not in kind.secret_names}
    kept = integration.read_secrets() if kind.secret_names - given.keys() else {}
    integration.settings, secrets = kind.clean({**kept, **given})
    integration.keep_secrets(secrets)
    try:
        with transaction.atomic():  # a savepoint, should the caller have a transaction
            integration.save()
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise IntegrationExists(_("Another integration of this organization has this name.")) from error
    return integration


def delete(integration: Integration) -> None:
    """Delete an integration. Raises IntegrationInUse, naming the workflows."""
    if workflows := used_by(integration):
        raise IntegrationInUse(
            _("“%(name)s” is used by %(workflows)s; choose another integration there first.")
            % {"name": integration, "workflows": ", ".join(_("“%s”") % workflow for workflow in workflows)}
        )
    integration.delete()


def test(integration: Integration) -> str:
    """Use an integration once, for nothing but to see whether it works; what happened, in plain words.

    It counts as a call. Raises StepFailure when it does not work, NotTestable when it cannot be tried.
    """
    credentials = chosen.credentials_of(integration)
    with credentials.counted(_count):
        began = time.perf_counter()
        words = credentials.type.test(credentials)
    return _("%(what)s It took %(time)s.") % {"what": words, "time": duration(time.perf_counter() - began)}


@transaction.atomic
def _count(integration_id: UUID, seconds: float, error: str) -> None:
    IntegrationCall.objects.create(**calls.row(integration_id, seconds, error))
    update_integration_stats.enqueue()


def used_by(integration: Integration) -> list[Workflow]:
    """The workflows that use it, in their draft or in what they run."""
    step = {"config": {"integration": str(integration.pk)}}
    uses = Q(nodes__config__contains=step["config"]) | Q(published_version__graph__contains={"nodes": [step]})
    workflows = Workflow.objects.filter(uses, organization=integration.organization_id)
    return list(workflows.order_by("name").distinct())
