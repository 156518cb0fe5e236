"""An operation is one change of structure as plain values: it can be kept, previewed, made, undone and made again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from nocode.studio.schema.workbench import Workbench

# What PostgreSQL keeps from others while the change is made.
EXCLUSIVE = "ACCESS EXCLUSIVE"
NOTHING = ""
LOCKS = (NOTHING, "SHARE UPDATE EXCLUSIVE", EXCLUSIVE)  # each keeps more from others than the one before it


@dataclasses.dataclass(frozen=True)
class Operation:
    """One change of structure. Tables and fields are named by their ids, so that a rename in between does no harm."""

    op: ClassVar[str]
    label: ClassVar[Any]
    lock: ClassVar[str] = EXCLUSIVE
    forgets: ClassVar[bool] = False  # what it is about is gone afterwards, so that no change may point to it

    table: str

    def prepared(self, bench: Workbench) -> Operation:
        """The operation with what people typed checked and cleaned, and with the names it will use. Refuses."""
        return self

    def is_idle(self, bench: Workbench) -> bool:
        """Whether everything is already as this operation wants it."""
        return False

    def says(self, bench: Workbench) -> str:
        """What it will do, in a sentence for people; asked before it is done."""
        return str(self.label)

    def apply(self, bench: Workbench) -> Operation | None:
        """Make the change; answer the operation that undoes it, None when nothing does."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op, **dataclasses.asdict(self)}


operations: dict[str, type[Operation]] = {}


def operation(cls: type[Operation]) -> type[Operation]:
    """Class decorator: makes an operation known by its `op`, which never changes its meaning."""
    if cls.op in operations:
        raise ValueError(f"the operation {cls.op!r} is registered twice")
    operations[cls.op] = cls
    return cls


def from_json(data: Mapping[str, Any]) -> Operation:
    """The operation that `to_json` wrote."""
    values = dict(data)
    return operations[values.pop("op")](**values)
