"""WHEN things happen: workflows and their executions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AutomationConfig(AppConfig):
    name = "nocode.automation"
    label = "automation"
    verbose_name = _("Automation")

    def ready(self) -> None:
        from nocode.automation import meters, schedules, signals, subscribers  # noqa: F401
        from nocode.automation.services import bulk  # noqa: F401
