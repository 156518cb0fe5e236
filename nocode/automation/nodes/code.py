"""The step that runs JavaScript of one's own, in the sandbox of expressions: no files, no network, no waiting."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from nocode.automation.errors import PermanentFailure
from nocode.automation.nodes.base import Example, Family, NodeType, Step, node_types
from nocode.automation.nodes.config import ConfigForm, TextField
from nocode.foundation.errors import NoCodeError

MOST_SECONDS = 5
_LEVELS = {"log": "info", "info": "info", "debug": "info", "warn": "warning", "error": "error"}
_PLACE = re.compile(r"<\w+>:(\d+):")

# What people write stands alone on its lines, so that the number of a line can be told to them.
_BEFORE = """(() => {
const $lines = [], $show = (value) => typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
const $said = (parts) => parts.map($show).join(" ").slice(0, 2000);
const $say = (level) => (...parts) => { if ($lines.length < 100) $lines.push([level, $said(parts)]); };
const console = Object.fromEntries(["log", "info", "debug", "warn", "error"].map((level) => [level, $say(level)]));
const items = Array.isArray(input) ? input : [input];
let $at = -1;
const $run = (item, index) => {
"""
_AFTER = """
};
try {
  return { lines: $lines, result: %s };
} catch (error) {
  if (!(error instanceof Error)) return { lines: $lines, at: $at, failed: $show(error), stack: "" };
  if (error.name === "Limit" || error.name === "InternalError") throw error;
  return { lines: $lines, at: $at, failed: error.name + ": " + error.message, stack: String(error.stack) };
}
})()"""
_ONCE, _EACH = "$run()", "items.map((item, index) => { $at = index; return $run(item, index) ?? null; })"
_LINES_BEFORE = _BEFORE.count("\n")


def script_of(code: str, *, each: bool) -> str:
    """The expression that runs the code and answers what it gave, said or failed with."""
    return _BEFORE + code + _AFTER % (_EACH if each else _ONCE)


@node_types.register
class Code(NodeType):
    kind, label, icon, family = "code", _("Code"), "code", Family.DATA
    summary = _("Write JavaScript that makes new data of the old; it reaches nothing but the data.")
    gives = _("What the code returns; with “once for each item”, the list of what it returned for each.")
    example = Example(
        {"code": "const total = items.reduce((sum, each) => sum + each.price, 0);\nreturn { total };"},
        [{"price": 2}, {"price": 3}],
        {"total": 5},
    )
    scripts = frozenset({"code"})
    can_run_per_item = False

    class Config(ConfigForm):
        code = TextField(
            label=_("JavaScript"),
            strip=False,
            max_length=40_000,
            widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "c-mono"}),
            initial="return items;",
            help_text=_(
                "Reads items (the input as a list), input, trigger, steps.<key>, vars, now. Ends with return."
                " console.log writes to the log of the step."
            ),
        )
        mode = forms.ChoiceField(
            label=_("Runs"),
            choices=[("all", _("once, with all items")), ("each", _("once for each item: item and index"))],
            initial="all",
        )
        seconds = forms.FloatField(
            label=_("Time limit (seconds)"),
            min_value=0.1,
            max_value=MOST_SECONDS,
            initial=1,
            help_text=_("Of computing."),
        )

    def source(self, config: dict) -> tuple[str, int]:
        """What is to be compiled, and how many lines of it are ours before those of the person."""
        return script_of(str(config.get("code") or ""), each=config.get("mode") == "each"), _LINES_BEFORE

    def run(self, settings: dict, step: Step) -> Any:
        source, _before = self.source(settings)
        try:
            answer = step.script(source, seconds=settings["seconds"])
        except NoCodeError as error:
            raise PermanentFailure(self._told(error)) from error
        for level, line in answer["lines"]:
            step.log(_LEVELS[level], line or " ")
        if "failed" in answer:
            raise PermanentFailure(_placed(answer["failed"], answer["stack"], answer["at"]))
        return answer.get("result")

    @staticmethod
    def _told(error: NoCodeError) -> str:
        """Why it did not run, without the whole code."""
        reason, line = error.details.get("reason", error.message), error.details.get("line")
        if not line or line <= _LINES_BEFORE:
            return gettext("The code does not work: %s") % reason
        return gettext("The code does not work, line %(line)d: %(why)s") % {"line": line - _LINES_BEFORE, "why": reason}


def _placed(failed: str, stack: str, item: int) -> str:
    """What JavaScript threw, and where: the line in the code of the person, the number of the item."""
    found = _PLACE.search(stack)
    line = int(found[1]) - 1 - _LINES_BEFORE if found else 0  # our wrapper takes a line, too
    words = gettext("The code failed, line %(line)d: %(why)s") if line > 0 else gettext("The code failed: %(why)s")
    told = words % {"line": line, "why": failed[:1000]}
    return told if item < 0 else gettext("Item %(number)d: %(told)s") % {"number": item + 1, "told": told}
