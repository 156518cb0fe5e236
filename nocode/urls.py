"""One include per module."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from nocode.console import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("nocode.automation.hook_urls")),
    path("", include("nocode.automation.form_urls")),
    path("", include("nocode.runtime.app_urls")),
    path("", include("nocode.foundation.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]
