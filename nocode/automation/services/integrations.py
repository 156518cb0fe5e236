"""Keep and delete integrations; a secret goes in and does not come out."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from nocode.automation.errors import IntegrationExists, IntegrationInUse
from nocode.automation.integrations import integration_types
from nocode.automation.models import Integration, Workflow
from nocode.foundation.database import is_duplicate


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
            % {"name": integration, "workflows": ", ".join(f"“{workflow}”" for workflow in workflows)}
        )
    integration.delete()


def used_by(integration: Integration) -> list[Workflow]:
    """The workflows that use it, in their draft or in what they run."""
    step = {"config": {"integration": str(integration.pk)}}
    uses = Q(nodes__config__contains=step["config"]) | Q(published_version__graph__contains={"nodes": [step]})
    workflows = Workflow.objects.filter(uses, organization=integration.organization_id)
    return list(workflows.order_by("name").distinct())
