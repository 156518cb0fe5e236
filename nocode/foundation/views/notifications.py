"""The bell: how much is unread, the newest notifications, and the way from each to its page."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.htmx import is_unchanged, unchanged
from nocode.foundation.models import Notification
from nocode.foundation.pages import fragment, page, visible_object
from nocode.foundation.services import notifications

LATEST, MOST = 10, 99


@require_GET
@fragment()
def notification_count(request: HttpRequest) -> HttpResponse:
    """How many are unread: the number on the bell, asked for again and again, so one query answers it."""
    count = Notification.objects.visible_to(request.user).unread().order_by()[: MOST + 1].count()
    if is_unchanged(request, str(count)):
        return unchanged()
    words = ngettext("%d unread notification", "%d unread notifications", count) % count
    shown = f"{MOST}+" if count > MOST else str(count)
    return render(request, "foundation/_bell_count.html", {"count": count, "shown": shown, "words": words})


@require_GET
@fragment()
def notification_latest(request: HttpRequest) -> HttpResponse:
    """The newest ones, for the box under the bell."""
    return _latest(request)


@require_GET
@page()
def notification_open(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read one: on to the page it is about."""
    notification = visible_object(request, Notification.objects, pk=pk)
    notifications.mark_read(request.user, notification.pk)
    return HttpResponseRedirect(notification.link or reverse("admin:foundation_notification_changelist"))


@require_POST
@fragment()
def notification_read_all(request: HttpRequest) -> HttpResponse:
    """Mark all as read, in the box under the bell or on the page of notifications."""
    notifications.mark_all_read(request.user)
    return _latest(request) if request.htmx else redirect("admin:foundation_notification_changelist")


def _latest(request: HttpRequest) -> HttpResponse:
    newest = list(Notification.objects.visible_to(request.user)[:LATEST])
    response = render(request, "foundation/_bell_latest.html", {"notifications": newest})
    response["HX-Trigger"] = "bell-counts"  # the number may be older than what is shown here
    return response
