"""WHO uses the product, and the small kernel every module may import."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FoundationConfig(AppConfig):
    name = "nocode.foundation"
    label = "foundation"
    verbose_name = _("Access & operations")

    def ready(self) -> None:
        from nocode.foundation import events  # noqa: F401 (its chore and its task)
        from nocode.foundation.signals import billing_signals, user_signals  # noqa: F401
        from nocode.foundation.tasks import attempts, mail  # noqa: F401 (the same)
