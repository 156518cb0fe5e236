"""Nodes that read and write formats, and compute hashes."""

import json

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.expressions import Translator


@mappers.register
class Xml(Mapper):
    kind, label, kinds = "xml", "XML", ("xml.parse", "xml.format", "code")
    differs = "Attributes are named @name, and texts beside elements #text."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        name = str(source.get("dataPropertyName", "data"))
        if source.get("mode", "xmlToJson") == "xmlToJson":
            return Made("xml.parse", {"text": f"{{{{ $get(input, {json.dumps(name)}) }}}}"}, per_item=True)
        config = {"value": "{{ input }}", "root": str(source.get("options.rootName", ""))}
        after = {"code": f"return {{ {json.dumps(name)}: item }};", "mode": "each"}
        return Made("code", after, before=[Made("xml.format", config, per_item=True)])


@mappers.register
class Markdown(Mapper):
    kind, label, kinds = "markdown", "Markdown", ("markdown", "code")
    differs = "The HTML that comes out can do no harm: scripts and frames are left out."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("mode", "htmlToMarkdown") != "markdownToHtml":
            raise Unmappable(_("Making Markdown of HTML has no counterpart."))
        name = str(source.get("destinationKey", "data"))
        translate.for_each()
        config = {"text": translate.text(source.get("markdown", ""))}
        after = {"code": f"return {{ {json.dumps(name)}: item }};", "mode": "each"}
        return Made("code", after, before=[Made("markdown", config, per_item=True)])


@mappers.register
class Html(Mapper):
    kind, label, kinds = "html", "HTML", ("text.template", "html.extract", "code")
    differs = "Tables are not made of items."

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        operation = source.get("operation", "generateHtmlTemplate")
        if operation == "generateHtmlTemplate":
            made = "{ html: " + translate.script("=" + str(source.get("html", ""))) + " }"
            return Made("code", {"code": f"return {made};", "mode": "each"})
        if operation != "extractHtmlContent" or source.get("sourceData", "json") != "json":
            raise Unmappable(_("“%s” has no counterpart.") % str(operation)[:40])
        name = str(source.get("dataPropertyName", "data"))
        values = [
            {
                "name": str(row.get("key", "")),
                "selector": str(row.get("cssSelector", "")),
                "take": "inner" if row.get("returnValue") == "html" else "text",
                "attribute": str(row.get("attribute", "")) if row.get("returnValue") == "attribute" else "",
                "all": "all" if row.get("returnArray") else "first",
            }
            for row in source.rows("extractionValues.values")
        ]
        config = {"html": f"{{{{ $get(input, {json.dumps(name)}) }}}}", "values": values}
        return Made("html.extract", config, per_item=True)


@mappers.register
class HtmlExtract(Html):
    kind, label, kinds = "htmlExtract", "HTML Extract", ("html.extract",)

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        parameters = {**source.parameters, "operation": "extractHtmlContent"}
        return super().make(Source(source.name, source.type, source.version, parameters, source.raw), translate, inputs)
