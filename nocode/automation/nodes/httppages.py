"""Answers that come page by page: where the next page is, and when there is none."""

import re
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.values import MOST_ITEMS, at, is_empty, shown
from nocode.automation.outgoing import http
from nocode.automation.outgoing.concealing import showable

MOST_PAGES = 200
MOST_SECONDS = 150  # together
WAYS = [
    ("", gettext_lazy("one answer is all")),
    ("link", gettext_lazy("the answer has the address of the next page")),
    ("cursor", gettext_lazy("the answer has a mark that is sent to get the next page")),
    ("number", gettext_lazy("the pages are numbered")),
]
_NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class Pages:
    """Collects the items of all pages; tells after each one what to call for the next."""

    def __init__(self, settings: dict, url: str):
        self._settings = settings
        self.url, self.query = url, self._own_query(1) if settings["paging"] == "number" else {}
        self.items: list[Any] = []
        self.number = 0
        self._ends = time.monotonic() + MOST_SECONDS

    def take(self, answer: http.Answer, body: Any) -> bool:
        """Take in a page; whether there is another one. Raises PermanentFailure for a page without a list."""
        items = at(body, self._settings["items_at"])
        items = [] if items is None else items
        if not isinstance(items, list):
            place = self._settings["items_at"] or _("the answer")
            message = _("“%(place)s” is no list of items but %(is)s.")
            raise PermanentFailure(message % {"place": place, "is": shown(items)})
        self.items += items
        self.number += 1
        if time.monotonic() > self._ends:
            raise PermanentFailure(_("The pages took longer than %d seconds together.") % MOST_SECONDS)
        if len(self.items) > MOST_ITEMS:
            raise PermanentFailure(_("The pages have more than %d items; ask for fewer pages.") % MOST_ITEMS)
        return self.number < (self._settings["most_pages"] or MOST_PAGES) and self._goes_on(answer, body, items)

    def _goes_on(self, answer: http.Answer, body: Any, items: list) -> bool:
        way, place = self._settings["paging"], self._settings["next_at"]
        if way == "number":
            self.query = self._own_query(self.number + 1)
            return bool(items)
        following = at(body, place) if place else self._link(answer) if way == "link" else None
        if is_empty(following) or not isinstance(following, str | int):
            return False
        before = self.url, self.query
        if way == "link":
            self.url, self.query = self._elsewhere(answer.url, str(following)), {}
        else:
            self.query = {self._settings["page_name"] or "cursor": following}
        return (self.url, self.query) != before  # a service that points to the same page would never end

    @staticmethod
    def _elsewhere(url: str, following: str) -> str:
        """The address of the next page; credentials go with the call, so it is one of the same host."""
        target = urljoin(url, following)
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            raise PermanentFailure(_("The next page is said to be at another host (%s).") % showable(target)[:200])
        return target

    def _own_query(self, number: int) -> dict[str, int]:
        return {self._settings["page_name"] or "page": number}

    @staticmethod
    def _link(answer: http.Answer) -> str | None:
        found = _NEXT_LINK.search(answer.headers.get("link", ""))
        return found[1] if found else None
