"""WHAT is being built: projects and their tables."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StudioConfig(AppConfig):
    name = "nocode.studio"
    label = "studio"
    verbose_name = _("Studio")

    def ready(self) -> None:
        from nocode.studio import meters, schedules, signals, subscribers  # noqa: F401
        from nocode.studio.jobs import bulk, exports, imports, index, takeovers, transfers  # noqa: F401
