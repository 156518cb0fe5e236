"""Several changes that people made as one: undone as one, and made again as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from nocode.studio.schema.operations.base import Operation, from_json, operation
from nocode.studio.schema.workbench import Workbench


@operation
@dataclasses.dataclass(frozen=True)
class Together(Operation):
    """Operations that follow each other. No conversions: what these lose is kept with a change of its own."""

    op = "together"
    label = _("Several changes")

    steps: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, table: str, operations: Iterable[Operation]) -> Together:
        """Operations on a table as one."""
        return cls(table, [each.to_json() for each in operations])

    @classmethod
    def as_one(cls, operations: Sequence[Operation | None]) -> Operation | None:
        """The only operation, or several as one; none where there is none for a part: all is undone, or nothing."""
        if None in operations:
            return None
        return operations[0] if len(operations) == 1 else cls.of(operations[0].table, operations)

    def apply(self, bench: Workbench) -> Operation | None:
        return Together.as_one([from_json(step).apply(bench) for step in self.steps][::-1])
