"""Create and change triggers: their settings, the address of a webhook, its secret."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.engine.schedules import plan_workflow
from nocode.automation.models import Trigger, Workflow
from nocode.automation.models.trigger import new_token
from nocode.automation.triggers import InvalidTrigger, settings_of, trigger_types
from nocode.foundation.crypto import encrypt

__all__ = ["configure", "create", "plan_workflow", "rotate_secret", "rotate_token", "set_secret"]


def create(
    workflow: Workflow,
    kind: str,
    name: str,
    *,
    config: Mapping[str, Any] | None = None,
    is_active: bool = True,
    entry: str = "",
    secret: str = "",
) -> Trigger:
    """Add a trigger to a workflow. Raises InvalidTrigger."""
    trigger = Trigger(workflow=workflow, kind=kind, name=name, is_active=is_active, entry=entry)
    trigger.config = _checked(trigger, config or {})
    if secret:
        _keep_secret(trigger, secret)
    trigger.save()
    return trigger


def configure(trigger: Trigger, config: Mapping[str, Any]) -> None:
    """Replace the settings. Raises InvalidTrigger, whose `details["errors"]` is by field."""
    trigger.config = _checked(trigger, config)
    trigger.save()


def rotate_token(trigger: Trigger) -> str:
    """Give a webhook a new address; the old one stops to exist."""
    trigger.token = new_token()
    trigger.save(update_fields=["token", "updated_at"])
    return trigger.token


def rotate_secret(trigger: Trigger) -> str:
    """Make a new secret. This is the only moment at which it can be read."""
    secret = new_secret(settings_of(trigger).get("security", ""))
    set_secret(trigger, secret)
    return secret


def set_secret(trigger: Trigger, secret: str) -> None:
    """Keep the secret that the sender was given, or gave us. Raises InvalidTrigger when it cannot serve."""
    _keep_secret(trigger, secret)
    trigger.save(update_fields=["secret", "updated_at"])


def new_secret(security: str) -> str:
    """256 random bits in the form that a kind of security wants."""
    if security == "standard":
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def _checked(trigger: Trigger, config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that make sense by themselves and for the workflow. Raises InvalidTrigger."""
    kind = trigger_types[trigger.kind]
    settings = kind.clean(config)
    if errors := kind.check(settings, trigger.workflow):
        name, texts = next(iter(errors.items()))
        label = kind.Config.base_fields[name].label
        raise InvalidTrigger(_("%(name)s: %(text)s") % {"name": label, "text": texts[0]}, errors=errors)
    return settings


def _keep_secret(trigger: Trigger, secret: str) -> None:
    trigger_types[trigger.kind].check_secret(settings_of(trigger), secret)
    trigger.secret = encrypt(secret)
