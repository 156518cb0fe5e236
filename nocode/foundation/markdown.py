"""Markdown as HTML that can do no harm: no scripts, no frames, no pictures from elsewhere."""

from functools import cache
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_WORDS = "a blockquote br code em h1 h2 h3 h4 h5 h6 hr img li ol p pre s strong table tbody td th thead tr ul"
TAGS = set(_WORDS.split())
ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto", "tel", "data"}
PICTURES = ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")


def render(text: str) -> SafeString:
    """The HTML of a text."""
    cleaned = nh3.clean(
        _markdown().render(text),
        tags=TAGS,
        clean_content_tags={"script", "style"},
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes=SCHEMES,
        link_rel="noopener nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 - cleaned above


@cache
def _markdown() -> MarkdownIt:
    """Without raw HTML: what looks like a tag is text."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """Pictures of ours or embedded ones only: another site would learn who reads this; `data:` leads nowhere else."""
    if attribute == "src":
        ours = value.startswith("/") and not value.startswith(("//", "/\\")) and not urlsplit(value).netloc
        return value if ours or value.lower().startswith(PICTURES) else None
    if attribute == "href" and value.strip().lower().startswith("data:"):
        return None
    return value
