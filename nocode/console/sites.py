"""The console is one admin site named "NoCode"."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import module_has_submodule
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from nocode.console.navigation import menu


class ConsoleSite(UnfoldAdminSite):
    """Unfold's site, plus the pages of our modules: each lists its own as `console_urls` in its `urls.py`."""

    site_header = site_title = "NoCode"
    index_title = _("Overview")
    empty_value_display = "–"

    def extra_urls(self) -> list[URLPattern]:
        """The `console_urls` of every module, under /admin/ and in the namespace `admin`."""
        ours = [config for config in apps.get_app_configs() if config.name.startswith("nocode.")]
        modules = [import_module(f"{app.name}.urls") for app in ours if module_has_submodule(app.module, "urls")]
        return [url for module in modules for url in getattr(module, "console_urls", ())]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """The lists of every module, found out when somebody looks: most pages do not, and it takes long."""
        return SimpleLazyObject(lambda: super(ConsoleSite, self).get_app_list(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> SafeString:
        """The menu, drawn: Unfold would go through its entries for each page, to find out what they already say."""
        return menu(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The overview: is anything wrong now?"""
        from nocode.console.overview import overview

        return super().index(request, {"overview": overview(request), **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The lists of one module, under its name."""
        title = apps.get_app_config(app_label).verbose_name
        return super().app_index(request, app_label, {"title": title, **(extra_context or {})})

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The login page, or the page that says to wait after too many failures."""
        from nocode.foundation.services.attempts import TooManyAttempts
        from nocode.foundation.views.answers import too_many

        try:
            return super().login(request, extra_context)
        except TooManyAttempts as refusal:
            return too_many(request, refusal)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One's own password."""
        from nocode.foundation.views.passwords import password_change

        return password_change(request)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The palette. Unfold's own keeps its answers for five minutes, also after a person lost a membership."""
        from nocode.console.palette import search

        term = request.GET.get("s", "").strip().lower()
        if not term or "\x00" in term:  # no name holds a NUL, and PostgreSQL does not take one
            return HttpResponse()
        results = Paginator(search(request, term), 100)
        context = {"page_obj": results, "results": results.page(1), "page_counter": 0, "execution_time": 0}
        return TemplateResponse(
            request, "unfold/helpers/command_results.html", context, headers={"HX-Trigger": "search"}
        )
