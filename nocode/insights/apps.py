"""WHAT HAPPENED: activity and figures."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "nocode.insights"
    label = "insights"
    verbose_name = _("Insights")

    def ready(self) -> None:
        from nocode.insights import schedules, signals, subscribers  # noqa: F401
