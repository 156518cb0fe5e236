"""The pages about formulas that people read, made of what the functions say about themselves."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from nocode.studio.formula.functions import FUNCTIONS, Function

GROUPS = {"logic": "Logic", "text": "Text", "number": "Numbers", "date": "Dates"}


def markdown() -> str:
    """The reference of the functions, in English: the second half of docs/formulas.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for group, title in GROUPS.items():
        yield from (f"### {title}", "", "| Function | What it gives | Example |", "|---|---|---|")
        yield from (_line(each) for each in FUNCTIONS.values() if each.group == group)
        yield ""


def _line(function: Function) -> str:
    examples = "<br>".join(f"`{text}` → {_shown(value)}" for text, value in function.examples.items())
    return f"| `{function.usage}` | {function.about} | {examples} |"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value.isoformat() if isinstance(value, date) else value}`"
