"""The kinds of trigger: what starts a workflow. One file per kind."""

from nocode.automation.triggers import event, form, manual, record, schedule, webhook  # noqa: F401
from nocode.automation.triggers.base import InvalidTrigger, TriggerType, checked_settings, settings_of, trigger_types

__all__ = ["InvalidTrigger", "TriggerType", "checked_settings", "settings_of", "trigger_types"]
