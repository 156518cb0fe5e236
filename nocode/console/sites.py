"""The console is one admin site named "NoCode"."""

from importlib import import_module

from django.apps import apps
from django.urls import URLPattern
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class ConsoleSite(UnfoldAdminSite):
    """Unfold's site, plus the pages of our modules: each lists its own as `console_urls` in its `urls.py`."""

    site_header = site_title = "NoCode"
    index_title = _("Overview")

    def extra_urls(self) -> list[URLPattern]:
        """The `console_urls` of every module, under /admin/ and in the namespace `admin`."""
        ours = [config for config in apps.get_app_configs() if config.name.startswith("nocode.")]
        modules = [import_module(f"{app.name}.urls") for app in ours if module_has_submodule(app.module, "urls")]
        return [url for module in modules for url in getattr(module, "console_urls", ())]
