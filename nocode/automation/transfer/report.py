"""The report on an import as its page shows it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from nocode.automation.models import Node, WorkflowImport
from nocode.automation.transfer.remarks import Verdict

LABELS = {
    Verdict.SAME: _("the same"),
    Verdict.DIFFERS: _("nearly the same"),
    Verdict.PLACEHOLDER: _("placeholder"),
    Verdict.NOTE: _("to know"),
}
TONES = {Verdict.SAME: "ok", Verdict.DIFFERS: "wait", Verdict.PLACEHOLDER: "fail", Verdict.NOTE: "info"}
ICONS = {
    Verdict.SAME: "check_circle",
    Verdict.DIFFERS: "published_with_changes",
    Verdict.PLACEHOLDER: "extension_off",
    Verdict.NOTE: "info",
}
WORST_FIRST = [Verdict.PLACEHOLDER, Verdict.DIFFERS, Verdict.NOTE, Verdict.SAME]


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    verdict: str
    label: str
    kind: str
    field: str
    message: str
    node: Node | None  # while the step is still there

    @property
    def verdict_label(self) -> Any:
        return LABELS[Verdict(self.verdict)]

    @property
    def tone(self) -> str:
        return TONES[Verdict(self.verdict)]

    @property
    def icon(self) -> str:
        return ICONS[Verdict(self.verdict)]


@dataclass(frozen=True)
class Report:
    """All lines, what needs a look first, and how many there are of each."""

    origin: WorkflowImport
    lines: list[Line]
    counts: list[tuple[Any, str, str, int]]  # label, tone, icon, number


def report_of(origin: WorkflowImport, nodes: dict[str, Node]) -> Report:
    """The report of a workflow that came as a file; `nodes` are its steps by key."""
    lines = [
        Line(each["verdict"], each["label"], each["kind"], each["field"], each["message"], nodes.get(each["node"]))
        for each in origin.remarks
    ]
    lines.sort(key=lambda line: WORST_FIRST.index(Verdict(line.verdict)))
    number = Counter(line.verdict for line in lines)
    counts = [(LABELS[each], TONES[each], ICONS[each], number[each]) for each in LABELS if number[each]]
    return Report(origin, lines, counts)
