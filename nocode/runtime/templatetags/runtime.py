"""How statuses and changes are shown, in every template of the runtime."""

import json
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from nocode.foundation import displays
from nocode.runtime.comparison import ADDED, CHANGED, MOVED, REMOVED, Change

register = template.Library()

ICONS = {ADDED: "add", REMOVED: "remove", CHANGED: "edit", MOVED: "swap_vert"}
WORDS = {
    ("app", CHANGED): _("Application changed"),
    ("page", ADDED): _("Page added"),
    ("page", REMOVED): _("Page removed"),
    ("page", CHANGED): _("Page changed"),
    ("page", MOVED): _("Page moved"),
    ("block", ADDED): _("Block added"),
    ("block", REMOVED): _("Block removed"),
    ("block", CHANGED): _("Block changed"),
    ("block", MOVED): _("Block moved"),
    ("table", ADDED): _("Table added"),
    ("table", REMOVED): _("Table removed"),
    ("table", CHANGED): _("Table changed"),
    ("field", ADDED): _("Field added"),
    ("field", REMOVED): _("Field removed"),
    ("field", CHANGED): _("Field changed"),
    ("workflow", ADDED): _("Workflow added"),
    ("workflow", REMOVED): _("Workflow removed"),
    ("workflow", CHANGED): _("Workflow changed"),
}


@register.simple_tag
def status_pill(obj: Any) -> SafeString:
    """The `status` of an application or a deployment."""
    return displays.status_pill(obj)


@register.filter
def duration(seconds: float | None) -> str:
    return displays.duration(seconds)


@register.filter
def compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@register.filter
def change_icon(change: Change) -> str:
    return ICONS[change.how]


@register.filter
def change_words(change: Change) -> str:
    return WORDS[change.what, change.how]
