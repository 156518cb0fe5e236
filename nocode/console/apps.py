"""The site around the modules."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    name = "nocode.console"
    label = "console"
    verbose_name = _("Console")

    def ready(self) -> None:
        from nocode.console import signals  # noqa: F401


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with our site as the default one."""

    default_site = "nocode.console.sites.ConsoleSite"
