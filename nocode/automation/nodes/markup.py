"""Steps that write and read HTML."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, RowsField
from nocode.automation.nodes.values import MOST_ITEMS, a_text, given, put, refuse, source_field
from nocode.foundation.markdown import render

MARKDOWN, HTML = _("Markdown"), _("HTML")


@node_types.register
class Markdown(NodeType):
    kind, label, icon, family = "markdown", _("Markdown to HTML"), "markdown", Family.FORMATS
    summary = _("Make HTML of a text with simple signs: # for a title, - for a list, ** for bold.")
    gives = _("HTML that can do no harm: without scripts, frames and pictures from elsewhere.")
    example = Example({}, "# Hello\n\n*you*", "<h1>Hello</h1>\n<p><em>you</em></p>\n")

    class Config(ConfigForm):
        text = source_field(MARKDOWN, widget=forms.Textarea(attrs={"rows": 4}))

    def run(self, settings: dict, step: Step) -> str:
        return str(render(a_text(given(settings, "text", step), MARKDOWN)))


_TAKES = {
    "text": (_("its text"), lambda node: node.text(separator=" ", strip=True)),
    "html": (_("its HTML"), lambda node: node.html),
    "inner": (_("the HTML inside"), lambda node: node.inner_html),
}


@node_types.register
class ExtractHtml(NodeType):
    kind, label, icon, family = "html.extract", _("Read from HTML"), "find_in_page", Family.FORMATS
    summary = _("Take values out of a page of HTML: say where they are with CSS selectors.")
    gives = _("An object: each name with what was found; nothing where nothing was.")
    example = Example(
        {
            "values": [
                {"name": "title", "selector": "h1"},
                {"name": "links", "selector": "a", "take": "", "attribute": "href", "all": "all"},
            ]
        },
        "<h1>News</h1><a href='/1'>One</a><a href='/2'>Two</a>",
        {"title": "News", "links": ["/1", "/2"]},
    )

    class Config(ConfigForm):
        html = source_field(HTML)
        values = RowsField(
            {
                "name": forms.CharField(label=_("Name"), max_length=200),
                "selector": forms.CharField(label=_("CSS selector"), max_length=500),
                "take": forms.ChoiceField(
                    label=_("Take"),
                    required=False,
                    choices=[(name, label) for name, (label, _do) in _TAKES.items()],
                    initial="text",
                ),
                "attribute": forms.CharField(label=_("Or the attribute"), required=False, max_length=100),
                "all": forms.ChoiceField(
                    label=_("Of"),
                    required=False,
                    choices=[("first", _("the first")), ("all", _("all, as a list"))],
                    initial="first",
                ),
            },
            label=_("Values"),
        )

    def run(self, settings: dict, step: Step) -> dict:
        page = LexborHTMLParser(a_text(given(settings, "html", step), HTML))
        found: dict = {}
        for number, row in enumerate(settings["values"], start=1):
            put(found, row["name"], self._value(page, row, number))
        return found

    def _value(self, page: LexborHTMLParser, row: dict, number: int) -> Any:
        try:
            nodes = page.css(row["selector"])[:MOST_ITEMS]
        except (SelectolaxError, ValueError):
            why = gettext("Row %(row)d: “%(selector)s” is no CSS selector.") % {
                "row": number,
                "selector": row["selector"],
            }
            raise refuse(self.Config.base_fields["values"].label, why) from None
        values = [self._taken(node, row) for node in nodes]
        return values if row["all"] == "all" else next(iter(values), None)

    @staticmethod
    def _taken(node: LexborNode, row: dict) -> str | None:
        if row["attribute"]:
            return node.attributes.get(row["attribute"])
        return _TAKES[row["take"] or "text"][1](node)


@node_types.register
class PlainText(NodeType):
    kind, label, icon, family = "html.text", _("HTML to text"), "format_clear", Family.FORMATS
    summary = _("What a browser would show as text of some HTML: without tags, scripts and styles.")
    gives = _("A text.")
    example = Example({}, "<p>Hello <b>you</b></p><script>1</script>", "Hello you")

    class Config(ConfigForm):
        html = source_field(HTML)

    def run(self, settings: dict, step: Step) -> str:
        page = LexborHTMLParser(a_text(given(settings, "html", step), HTML))
        page.strip_tags(["script", "style", "template", "noscript"])
        return page.body.text(separator=" ", strip=True) if page.body else ""
