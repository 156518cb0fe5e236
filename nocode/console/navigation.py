"""The sidebar: entries a person may open, and exactly one of them marked as the current one.

It is on every page, and differs by what somebody may open, the language and the current entry: each menu is drawn once.
"""

from functools import cache, lru_cache
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override

from nocode.foundation.pages import holds
from nocode.settings.unfold import MENU, PARTS

HOME = "admin:index"
KINDS_OF_PEOPLE = frozenset(who for _title, entries in MENU for *_entry, who in entries)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the menu, without what this person cannot open."""
    return _groups(get_script_prefix(), _reach(request))


def menu(request: HttpRequest) -> SafeString:
    """The menu as HTML."""
    prefix = get_script_prefix()
    return _drawn(get_language(), prefix, _reach(request), _current(prefix, request.path))


def _reach(request: HttpRequest) -> frozenset[str | None]:
    """Which of those whom the menu asks for this person is."""
    return frozenset(who for who in KINDS_OF_PEOPLE if holds(request, who))


@lru_cache(maxsize=1000)
def _drawn(language: str, prefix: str, reach: frozenset[str | None], current: str | None) -> SafeString:
    with override(language):
        return render_to_string("console/_menu.html", {"groups": _groups(prefix, reach), "current": current})


@cache
def _groups(prefix: str, reach: frozenset[str | None]) -> list[dict[str, Any]]:
    groups = [
        {"title": title, "items": [item for entry in entries if entry[-1] in reach and (item := _item(entry))]}
        for title, entries in MENU
    ]
    return [group for group in groups if group["items"]]


def _item(entry: tuple[str, str, str, str | None]) -> dict[str, Any] | None:
    """One entry; None when its module is not installed."""
    title, icon, url_name, _who = entry
    try:
        return {"title": title, "icon": icon, "link": reverse(url_name)}
    except NoReverseMatch:
        return None


def _current(prefix: str, path: str) -> str | None:
    """The entry with the longest address that the path starts with; the overview only when it is the page itself."""
    if path == reverse(HOME):
        return path
    return next((entry for address, entry in _addresses(prefix) if path.startswith(address)), None)


@cache
def _addresses(prefix: str) -> list[tuple[str, str]]:
    """Where the pages of an entry begin, and the entry; the longest first."""
    entries = {item["link"]: item["link"] for _title, group in MENU for entry in group if (item := _item(entry))}
    parts = {reverse(part): reverse(entry) for part, entry in PARTS.items()}
    return sorted(({**entries, **parts}.items() - {(reverse(HOME), reverse(HOME))}), key=lambda each: -len(each[0]))
