"""An application as its people use it: one page at a time, from the deployment that is online."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urljoin

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from nocode.foundation.errors import NoCodeError, PermissionRefused
from nocode.runtime.models import GeneratedApp
from nocode.runtime.published import Published, published
from nocode.runtime.scene import AppScene
from nocode.runtime.views.application import PUBLISH
from nocode.studio.blocks import block_types
from nocode.studio.blocks.drawing import draw
from nocode.studio.blocks.form import Done

BLOCK = "block"  # what a form posts to name itself


def of_app(view: Callable) -> Callable:
    """Give a view the application in its address and what is online of it.

    Whoever is not logged in is asked to, whatever the address: what does not exist and what they may not open look the
    same to everybody. Whoever will be able to open an application is told that it is not online.
    """

    @wraps(view)
    def opened(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        app = GeneratedApp.objects.select_related("project").filter(slug=slug).first()
        if app is None or not app.is_open_to(request.user):
            raise Http404
        if not app.is_served:
            return _not_published(request, app)
        return view(request, app, published(app.current_deployment_id), **kwargs)

    return never_cache(opened)


def _not_published(request: HttpRequest, app: GeneratedApp) -> HttpResponse:
    context = {
        "app": app,
        "may_open_console": request.user.is_staff,
        "may_publish": request.user.is_staff and request.user.has_perm(PUBLISH, app),
    }
    return render(request, "runtime/not_published.html", context, status=404)


@require_GET
@of_app
def app_home(request: HttpRequest, app: GeneratedApp, online: Published) -> HttpResponse:
    """The page where people arrive."""
    return redirect("app_page", app.slug, online.home)


@require_http_methods(["GET", "HEAD", "POST"])
@of_app
def app_page(request: HttpRequest, app: GeneratedApp, online: Published, page: str) -> HttpResponse:
    """A page; POST writes what one of its forms holds, and shows the form again when that is refused."""
    if page not in online.pages:
        raise Http404
    if request.method == "POST":
        return _submit(request, app, online, page)
    return _page(request, app, online, page, AppScene(app, page, request))


def _submit(request: HttpRequest, app: GeneratedApp, online: Published, page: str) -> HttpResponse:
    block = online.block(page, request.POST.get(BLOCK, ""))
    kind = block and block_types.find(block["kind"])
    if not hasattr(kind, "submit"):
        raise Http404
    try:
        answer = kind.submit(block, AppScene(app, page, request), request.POST, request.FILES)
    except PermissionRefused as refusal:
        raise PermissionDenied from refusal
    except NoCodeError as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(request.get_full_path())
    if isinstance(answer, Done):
        messages.success(request, answer.message)
        return HttpResponseRedirect(urljoin(request.path, answer.url))
    return _page(request, app, online, page, AppScene(app, page, request, invalid={block["id"]: answer}), status=422)


def _page(
    request: HttpRequest, app: GeneratedApp, online: Published, page: str, scene: AppScene, status: int = 200
) -> HttpResponse:
    shown = online.pages[page]
    scene.way_back = scene.row_id and scene.url(online.list_of(page))
    context = {
        "app": app,
        "page": shown,
        "menu": online.menu,
        "home": online.home,
        "content": draw(shown["blocks"], scene),
        "has_choosers": scene.has_choosers,
        "may_open_console": request.user.is_staff,
    }
    return render(request, "runtime/app.html", context, status=status)
