"""WHO uses the product, and the small kernel every module may import."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FoundationConfig(AppConfig):
    name = "nocode.foundation"
    label = "foundation"
    verbose_name = _("Access & operations")

    def ready(self) -> None:
        from nocode.foundation import events, schedules  # noqa: F401 (their chores and tasks)
        from nocode.foundation.signals import (  # noqa: F401
            billing_signals,
            queue_signals,
            user_signals,
        )
        from nocode.foundation.tasks import attempts, mail  # noqa: F401 (the same)
