"""Logging out: asked for by a link, done by a button."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from nocode.foundation.views.answers import public


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session. An address that somebody was made to open asks first: else any page could log people out."""
    if request.method == "POST":
        return admin.site.logout(request)
    if not request.user.is_authenticated:
        return redirect("admin:login")
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return public(request, "log_out", _("Log out?"), next=wanted if is_ours else "")
