"""What a kind of trigger is. To add one: write its class in a file here and import that file in `__init__.py`."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from nocode.automation.models import Workflow
from nocode.foundation.errors import NoCodeError
from nocode.foundation.registry import Registry


class InvalidTrigger(NoCodeError):
    """The settings of this trigger are not valid."""


class TriggerType:
    """Base of every kind of trigger. `kind` is stored and never changes meaning; the docstring is for people."""

    kind: str
    label: str
    icon: str  # a Material Symbols name

    class Config(forms.Form):
        """The settings: this form draws them, checks them and types them; its cleaned data is what is stored.

        `conditional` says when a field is shown: {"field": ("other field", {"its values"})}.
        """

        conditional: dict[str, tuple[str, set[str]]] = {}

    def clean(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Checked settings with defaults filled in. Raises InvalidTrigger; `details["errors"]` is by field."""
        fields = self.Config.base_fields
        form = self.Config({**self.defaults(), **config})
        errors = {name: [str(text) for text in texts] for name, texts in form.errors.items()}
        errors |= {name: [_("This setting does not exist; remove it.")] for name in config.keys() - fields.keys()}
        if errors:
            name, texts = next(iter(errors.items()))
            label = fields[name].label if name in fields else name
            raise InvalidTrigger(_("%(name)s: %(text)s") % {"name": label, "text": texts[0]}, errors=errors)
        return form.cleaned_data

    def defaults(self) -> dict[str, Any]:
        """The settings of a new trigger."""
        initials = {name: field.initial for name, field in self.Config.base_fields.items()}
        return {name: value() if callable(value) else value for name, value in initials.items()}

    def form(self, workflow: Workflow, *args: Any, **options: Any) -> forms.Form:
        """The form that draws the settings, with the choices that the workflow gives."""
        return self.Config(*args, **options)

    def check(self, settings: Mapping[str, Any], workflow: Workflow) -> dict[str, list[str]]:
        """Problems of checked settings that only the workflow shows (a missing table, say), by field name."""
        return {}

    def describe(self, trigger) -> str:
        """One line for lists: when, or how, this trigger starts its workflow."""
        return str(self.label)

    def next_run(self, settings: Mapping[str, Any], after: datetime) -> datetime | None:
        """The next time it fires by itself; None when it waits to be called."""
        return None

    def needs_secret(self, settings: Mapping[str, Any]) -> bool:
        """Whether it works only with a secret."""
        return False

    def check_secret(self, settings: Mapping[str, Any], secret: str) -> None:
        """Raise InvalidTrigger when the secret cannot serve."""


trigger_types: Registry[TriggerType] = Registry("trigger types")


def settings_of(trigger) -> Mapping[str, Any]:
    """The checked settings of a trigger. Raises InvalidTrigger."""
    return checked_settings(trigger.kind, json.dumps(trigger.config, sort_keys=True))


@lru_cache(maxsize=1024)
def checked_settings(kind: str, config: str) -> Mapping[str, Any]:
    """The checked settings of a kind of trigger from its stored JSON, remembered. Raises InvalidTrigger."""
    return MappingProxyType(trigger_types[kind].clean(json.loads(config)))
