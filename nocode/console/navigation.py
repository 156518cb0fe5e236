"""The sidebar: entries a person may open, and exactly one of them marked as the current one."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from nocode.foundation.pages import holds
from nocode.settings.unfold import MENU, PARTS


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu as Unfold wants it: groups of items, without what this person cannot open."""
    groups = [
        {"title": title, "separator": title is not None, "items": [item for item in map(_item, entries) if item]}
        for title, entries in MENU
    ]
    for group in groups:
        group["items"] = [item for item in group["items"] if holds(request, item.pop("who"))]
    _mark_current(request.path, [item for group in groups for item in group["items"]])
    return [group for group in groups if group["items"]]


def _item(entry: tuple[str, str, str, str | None]) -> dict[str, Any] | None:
    """One entry; None when its module is not installed."""
    title, icon, url_name, who = entry
    try:
        link = reverse(url_name)
    except NoReverseMatch:
        return None
    return {"title": title, "icon": icon, "link": link, "who": who, "active": False}


def _mark_current(path: str, items: list[dict[str, Any]]) -> None:
    """The entry with the longest address that the path starts with; the overview only when it is the page itself."""
    home = reverse("admin:index")
    path = next((reverse(entry) for part, entry in PARTS.items() if path.startswith(reverse(part))), path)
    inside = [item for item in items if path.startswith(item["link"]) and (item["link"] != home or path == home)]
    if inside:
        max(inside, key=lambda item: len(item["link"]))["active"] = True
