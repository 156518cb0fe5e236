"""Values of n8n's parameters as texts of ours, and as JavaScript.

A parameter that begins with `=` holds expressions; any other is only text, whatever is in it. Inside, `$json` is the
item, and a node is called by the key it has here; all other names of n8n mean the same in our sandbox.
"""

import json
import re
from typing import Any

from django.utils.translation import gettext as _

from nocode.automation.engine.expressions import ExpressionError, compile_template
from nocode.automation.n8n.names import Names

ITEM, FIRST = "item", "$items(input).first()?.json"  # what `$json` is: for each item, and for the list as a whole

_QUOTED = r"""(?P<{0}>["'`])(?P<{1}>(?:\\.|(?!(?P={0}))[^\\\n])*)(?P={0})"""
_NODE = re.compile(
    r"\$\(\s*" + _QUOTED.format("q1", "name") + r"\s*\)"
    r"|\$node\s*\[\s*" + _QUOTED.format("q2", "named") + r"\s*\]"
    r"|\$node\.(?P<word>[A-Za-z_$][\w$]*)"
    r"|\$items\(\s*" + _QUOTED.format("q3", "listed") + r"[^)]*\)"
    r"|(?P<text>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?<![\w$.])(?P<root>\$(?:json|data|itemIndex)\b|\$input\.item\b|\$input\.(?:first|last|all)\b|\$input\.params\b|\$position\b)"
)
_UNKNOWN = re.compile(
    r"(?<![\w$.])\$(?:env|jmespath|parameter|prevNode|binary|getWorkflowStaticData|fromAI|fromai|evaluateExpression|"
    r"response|request|pageCount|agentInfo|nodeVersion|webhookId|nodeId|mode|self|getPairedItem|resumeWebhookUrl)\b"
)


_CONTEXT = re.compile(r"\.context\b")


class Translator:
    """Translates the parameters of one node, and takes down what has no counterpart.

    `this` is what `$json` means, `all` what enters the node; `before` is the step in front of it.
    """

    def __init__(self, names: Names, before: str = "trigger"):
        self.names, self.this, self.all, self._before = names, ITEM, "input", before
        self.remarks: list[str] = []

    def for_each(self) -> None:
        """The step runs once for each item: that is its input then, and all items are what the step before gave."""
        self.this, self.all = "input", self._before

    def text(self, value: Any) -> Any:
        """A parameter as a setting of ours: expressions stay expressions, everything else is as it is."""
        if isinstance(value, dict):
            return {key: self.text(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.text(each) for each in value]
        if not isinstance(value, str):
            return value
        if not value.startswith("="):
            return value.replace("{{", "\\{{")
        return "".join(part if is_text else "{{ " + part + " }}" for is_text, part in self._parts(value[1:]))

    def script(self, value: Any) -> str:
        """A parameter as one JavaScript expression."""
        if not (isinstance(value, str) and value.startswith("=")):
            return json.dumps(value, ensure_ascii=False)
        parts = self._parts(value[1:])
        if len(parts) == 1 and not parts[0][0]:
            return f"({parts[0][1]})"
        pieces = [json.dumps(part, ensure_ascii=False) if is_text else f"$text({part})" for is_text, part in parts]
        return " + ".join(pieces) or '""'

    def _parts(self, template: str) -> list[tuple[bool, str]]:
        """The template cut at its expressions, these translated: (is plain text, text)."""
        try:
            compiled = compile_template(template)
        except ExpressionError as error:
            self.remarks.append(_("An expression cannot be read: %s") % error.message)
            return [(True, template.replace("{{", "\\{{"))]
        return [(True, part) if isinstance(part, str) else (False, self.code(part.source)) for part in compiled.parts]

    def code(self, source: str) -> str:
        """JavaScript of n8n as ours."""
        found = {*_UNKNOWN.findall(source), *_CONTEXT.findall(source)}
        for name in sorted(found):
            self.remarks.append(_("“%s” means nothing here; change the expression.") % name)
        return _NODE.sub(self._called, source)

    def _called(self, match: re.Match) -> str:
        if match["text"] is not None:
            return match[0]
        if match["root"] is not None:
            return self._root(match["root"])
        found = match["name"] or match["named"] or match["word"] or match["listed"]
        name = re.sub(r"\\(.)", r"\1", found)
        output = self.names.output_of(name)
        if output is None:
            self.remarks.append(_("There is no node “%s”; an expression reads it.") % name[:80])
            output = "undefined"
        return f"$items({output})" + (".all()" if match["listed"] is not None else "")

    def _root(self, root: str) -> str:
        if root in ("$json", "$data"):
            return self.this
        if root == "$itemIndex":
            return "index"
        if root == "$input.item":
            return f"({{ json: {self.this} }})"
        if root in ("$input.params", "$position"):
            self.remarks.append(_("“%s” means nothing here; change the expression.") % root)
            return "index" if root == "$position" else "({})"
        return root.replace("$input", f"$items({self.all})")
