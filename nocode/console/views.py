"""Pages of the console that belong to no module."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from nocode.console import queries
from nocode.foundation.htmx import is_unchanged, render_part, unchanged, version_of
from nocode.foundation.pages import SUPERUSER, fragment, page, page_context


@page(SUPERUSER)
def queue_health(request: HttpRequest) -> HttpResponse:
    """What waits, and who works."""
    context = page_context(request, _("Queue & workers"), **_queue_context())
    return render_part(request, "console/queue_health.html", "console/_queue_panel.html", context)


@fragment(SUPERUSER)
def queue_panel(request: HttpRequest) -> HttpResponse:
    """The same, when something changed since the version the page shows."""
    context = _queue_context()
    if is_unchanged(request, context["version"]):
        return unchanged()
    return render_part(request, "console/queue_health.html", "console/_queue_panel.html", context)


def _queue_context() -> dict[str, Any]:
    backlogs, workers = queries.backlogs(), queries.workers()
    # Without the heartbeats, which change every second: ages tick in the browser.
    shown = [(each.pk, each.is_alive, each.current_task, each.done, each.failed) for each in workers]
    return {
        "backlogs": backlogs,
        "workers": workers,
        "alive": sum(each.is_alive for each in workers),
        "throughput": queries.throughput(workers),
        "poll_seconds": settings.LIVE_POLL_FAST,
        "version": version_of(backlogs, shown),
    }
