"""Nodes that hold JavaScript of their own."""

import re

from django.utils.translation import gettext as _

from nocode.automation.n8n.base import Inputs, Made, Mapper, Source, Unmappable, mappers
from nocode.automation.n8n.expressions import Translator

_ALL = """// What n8n calls items: objects with a member “json”.
return $unwrap((function (items) {
%s
})($items(input).all()));"""
_EACH = """// What n8n calls an item: an object with a member “json”.
return $unwrap((function (item) {
%s
})({ json: item, binary: {} }));"""
_ALL_LATER = """// What n8n calls items: objects with a member “json”.
return (async function (items) {
%s
})($items(input).all()).then($unwrap);"""
_EACH_LATER = """// What n8n calls an item: an object with a member “json”.
return Promise.all(items.map((item) => (async function (item) {
%s
})({ json: item, binary: {} }))).then($unwrap);"""
_WAITS = re.compile(r"\bawait\b|\bnew\s+Promise\b")
_REACHES_OUT = re.compile(r"\brequire\s*\(|\bthis\.helpers\b|\$helpers\b|\bfetch\s*\(")


class Script(Mapper):
    """Shared by them: the code is kept word for word but for what it calls nodes and items."""

    kinds = ("code",)
    differs = "It cannot load modules or reach other systems."

    def code(self, text: str, translate: Translator, *, each: bool) -> Made:
        if _REACHES_OUT.search(text):
            translate.remarks.append(_("It loads a module or calls another system; here code reaches only its data."))
        translate.this = "item.json" if each else "$items(input).first().json"
        code = translate.code(text)
        waits = bool(_WAITS.search(text))
        if each:
            code = code.replace("({ json: item.json })", "item")
        if waits:
            return Made("code", {"code": (_EACH_LATER if each else _ALL_LATER) % code, "mode": "all"})
        return Made("code", {"code": (_EACH if each else _ALL) % code, "mode": "each" if each else "all"})


@mappers.register
class Code(Script):
    kind, label = "code", "Code"

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        if source.get("language", "javaScript") != "javaScript":
            raise Unmappable(_("Code in Python has no counterpart; write it in JavaScript."))
        each = source.get("mode") == "runOnceForEachItem"
        return self.code(str(source.get("jsCode", "")), translate, each=each)


@mappers.register
class Function(Script):
    kind, label = "function", "Function"

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        return self.code(str(source.get("functionCode", "")), translate, each=False)


@mappers.register
class FunctionItem(Script):
    kind, label = "functionItem", "Function Item"

    def make(self, source: Source, translate: Translator, inputs: Inputs) -> Made:
        made = self.code("let item = $n.json;\n" + str(source.get("functionCode", "")), translate, each=True)
        made.config["code"] = made.config["code"].replace("(function (item)", "(function ($n)")
        return made
