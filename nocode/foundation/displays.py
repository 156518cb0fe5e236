"""How values look in lists and pages: statuses, durations, JSON."""

import json
from functools import cache
from html import escape
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

# status → (tone, Material symbol); a status that is not here is shown in grey.
LOOKS: dict[str, tuple[str, str]] = {
    "draft": ("idle", "edit_note"),
    "active": ("ok", "check_circle"),
    "paused": ("wait", "pause_circle"),
    "archived": ("idle", "inventory_2"),
    "pending": ("wait", "hourglass_empty"),
    "queued": ("wait", "hourglass_empty"),
    "held": ("wait", "pause_circle"),
    "sent": ("ok", "check_circle"),
    "running": ("run", "autorenew"),
    "waiting": ("wait", "schedule"),
    "completed": ("ok", "check_circle"),
    "done": ("ok", "check_circle"),
    "delivered": ("ok", "check_circle"),
    "retrying": ("wait", "replay"),
    "failed": ("fail", "error"),
    "gave_up": ("fail", "error"),
    "cancelled": ("idle", "block"),
    "building": ("run", "autorenew"),
    "deployed": ("ok", "check_circle"),
    "superseded": ("idle", "skip_next"),
    "open": ("wait", "hourglass_empty"),
    "paid": ("ok", "check_circle"),
    "void": ("idle", "block"),
    "ended": ("idle", "event_busy"),
    "unused": ("idle", "circle"),
    "healthy": ("ok", "check_circle"),
    "degraded": ("wait", "warning"),
    "failing": ("fail", "error"),
    "alive": ("ok", "favorite"),
    "silent": ("fail", "heart_broken"),
}


def pill(status: str, label: str) -> SafeString:
    """A status as an icon and a word."""
    tone, icon = LOOKS.get(status, ("idle", "circle"))
    return _drawn(tone, icon, str(label))


@cache
def _drawn(tone: str, icon: str, label: str) -> SafeString:
    """There are as many as there are statuses, in each language, and lists show hundreds of them."""
    return render_to_string("components/pill.html", {"tone": tone, "icon": icon, "label": label})


def status_pill(obj: Any) -> SafeString:
    """The `status` of a model as a pill."""
    return pill(obj.status, obj.get_status_display())


def escaped(text: str) -> SafeString:
    """Django's `escape` for what is certainly plain text, in a quarter of the time: a grid has hundreds of them."""
    return SafeString(escape(text))


def shortened(text: str, url: str = "") -> SafeString:
    """A name people typed, on one line of a list and no longer than a column; whole when the mouse rests on it."""
    if url:
        return format_html('<a class="c-link c-ellipsis" href="{}" title="{}">{}</a>', url, text, text)
    return format_html('<span class="c-ellipsis" title="{}">{}</span>', text, text)


def duration(seconds: float | None) -> str:
    """A length of time people can read: 340 ms, 4.2 s, 2 min 05 s, 3 h 10 min, 4 d 2 h."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return _("%d ms") % round(seconds * 1000)
    if seconds < 59.95:
        return _("%s s") % number_format(round(seconds, 1), 1)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}
    days, hours = divmod(hours, 24)
    return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}


def code_block(value: Any, label: str = "") -> SafeString:
    """JSON, indented and monospaced."""
    text = json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return render_to_string("components/code.html", {"text": text, "label": label})
