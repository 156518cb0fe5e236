"""Several changes that people made as one: undone as one, and made again as one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
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

    def apply(self, bench: Workbench) -> Operation:
        inverses = [from_json(step).apply(bench) for step in self.steps]
        return Together.of(self.table, reversed(inverses))
