"""What the report on an import says: one line per step of the file, and what else is to be known."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How well a step came over."""

    SAME = "same"  # it does what it did
    DIFFERS = "differs"  # it does nearly that; the message says what not
    PLACEHOLDER = "placeholder"  # there is no such step here; its settings are kept
    NOTE = "note"  # about the workflow, a trigger, or a thing it needs


@dataclass(frozen=True)
class Remark:
    """One line: which step, what it was in the file, which setting is meant, what to know."""

    verdict: Verdict
    message: str = ""
    node: str = ""
    label: str = ""
    kind: str = ""  # what the file calls it
    field: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: str(value) for name, value in asdict(self).items()}
