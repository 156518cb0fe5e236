"""WHERE it runs: applications put online."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RuntimeConfig(AppConfig):
    name = "nocode.runtime"
    label = "runtime"
    verbose_name = _("Runtime")

    def ready(self) -> None:
        from nocode.runtime import signals, tasks  # noqa: F401 (tasks: the chore)
