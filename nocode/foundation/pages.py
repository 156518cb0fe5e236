"""Our own pages of the console: who may open them, what they say, and what the frame around them needs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from nocode.foundation.errors import NoCodeError
from nocode.settings.unfold import SUPERUSER


def page(permission: str | None = None) -> Callable:
    """Guard a page: logged in, may open the console, and holds `permission` in at least one organization.

    `SUPERUSER` asks for a superuser, None for nothing more than the console. The view still limits what it shows
    with `visible_to(request.user)`, and takes single objects with `visible_object()`.
    """
    return _guard(permission)


def fragment(permission: str | None = None) -> Callable:
    """Guard a part that htmx swaps: like `page`, and a visitor whose session has ended is taken to the login page."""
    return _guard(permission, logged_out=_leave_for_login)


def visible_object(request: HttpRequest, queryset: QuerySet, permission: str | None = None, **lookup: Any) -> Model:
    """The object the lookup names: 404 when the user cannot see it, 403 when the role lacks `permission` on it."""
    found = get_object_or_404(queryset.visible_to(request.user), **lookup)
    if permission and not request.user.has_perm(permission, found):
        raise PermissionDenied
    return found


def tell(request: HttpRequest, function: Callable, *args: Any, done: str | Callable[[Any], str], **kwargs: Any) -> Any:
    """Call a service and tell the person how it went: `done`, or why it was refused.

    Returns what the service returned, None after a refusal. `done` may be a function of that result.
    """
    try:
        result = function(*args, **kwargs)
    except NoCodeError as refusal:
        refuse(request, refusal.message)
        return None
    messages.success(request, done(result) if callable(done) else done)
    return result


def refuse(request: HttpRequest, why: str) -> None:
    """Tell the person why nothing was done; `request.was_refused` lets the answer lead to where that is read."""
    messages.error(request, why)
    request.was_refused = True


def page_context(request: HttpRequest, title: str, **context: Any) -> dict[str, Any]:
    """What `admin/base_site.html` needs (menu, theme, user links), plus the page's own values."""
    request.current_app = admin.site.name
    return {**admin.site.each_context(request), "title": title, **context}


def _guard(permission: str | None, logged_out: Callable[[HttpRequest], HttpResponse] | None = None) -> Callable:
    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not admin.site.has_permission(request):
                return (logged_out or _to_login)(request)
            if not holds(request, permission):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            response["Cache-Control"] = "private, no-store"
            patch_vary_headers(response, ["HX-Request", "Cookie"])
            return response

        guarded.permission = permission
        return guarded

    return decorate


def holds(request: HttpRequest, permission: str | None) -> bool:
    """Whether the person has a permission in at least one organization; SUPERUSER and None as for `page`."""
    if permission is None or request.user.is_superuser:
        return True
    return permission != SUPERUSER and request.user.has_perm(permission)


def _to_login(request: HttpRequest) -> HttpResponse:
    return redirect_to_login(request.get_full_path(), reverse("admin:login"))


def _leave_for_login(request: HttpRequest) -> HttpResponse:
    if not request.htmx:
        return _to_login(request)
    next_page = request.htmx.current_url_abs_path or reverse("admin:index")
    return HttpResponseClientRedirect(redirect_to_login(next_page, reverse("admin:login")).url)
