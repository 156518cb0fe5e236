"""The table of what maps, for docs/n8n.md."""

from nocode.automation.n8n import loops as _loops  # noqa: F401
from nocode.automation.n8n import mappers as _registered  # noqa: F401
from nocode.automation.n8n.base import mappers
from nocode.automation.n8n.triggers import LABELS

HEAD = "| node of n8n | becomes | what differs |\n|---|---|---|"


def table() -> str:
    """Markdown: one line per node that has a mapper, then the triggers."""
    lines = [
        f"| {mapper.label} (`{mapper.kind}`) | {', '.join(f'`{kind}`' for kind in mapper.kinds)} | {mapper.differs} |"
        for mapper in sorted(mappers, key=lambda each: each.label.lower())
    ]
    triggers = [f"| trigger (`{kind}`) | {text} | |" for kind, text in LABELS.items()]
    return "\n".join([HEAD, *lines, *triggers])
