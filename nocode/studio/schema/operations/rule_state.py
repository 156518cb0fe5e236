"""The way back from a repair of a rule: to what a field said of it, and to what the database held, each by itself."""

from __future__ import annotations

import copy
import dataclasses

from django.utils.translation import gettext_lazy as _

from nocode.studio.models import Field
from nocode.studio.schema import ddl, mending
from nocode.studio.schema.operations.adopt import found_table
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.place import Place
from nocode.studio.schema.workbench import Workbench


@operation
@dataclasses.dataclass(frozen=True)
class SetRule(Operation):
    """A rule of a field as it was: `said` by the field, `held` by the database.

    `names` has what keeps values from being twice there, and whether it is a rule: others are indexes of their own.
    """

    op = "set_rule"
    label = _("Rule as it was before its repair")

    field: str = ""
    rule: str = ""
    said: bool = False
    held: bool = False
    names: dict[str, bool] = dataclasses.field(default_factory=dict)

    @classmethod
    def now(cls, bench: Workbench, field: Field, rule: str) -> SetRule | None:
        """The rule as it is now; None for a default that only the database knows, and for one that counts."""
        there = found_table(bench, field.table.physical_name)
        column = there.columns[field.physical_name]
        if rule == "default" and (column.default or field.type.is_computed):
            return None
        rules, indexes = there.uniques(field.physical_name)
        held = {
            "required": column.not_null,
            "unique": bool(rules or indexes),
            "check": bool((check := there.named(field.check_constraint)) and check.is_valid),
            "default": False,
        }
        names = dict.fromkeys(rules, True) | dict.fromkeys(indexes, False) if rule == "unique" else {}
        said = bool(getattr(field, rule, False))
        return cls(str(field.table_id), str(field.pk), rule, said, held[rule], names)

    def apply(self, bench: Workbench) -> Operation | None:
        field = bench.field(self.field)
        before = self.now(bench, field, self.rule)
        if self.rule in ("required", "unique"):
            setattr(field, self.rule, self.said)
            field.save(update_fields=[self.rule, "updated_at"])
        bench.run(*self._statements(bench.place(field.table), field, before))
        bench.checks = self.held
        bench.touch(field.table)
        return before

    def _statements(self, place: Place, field: Field, before: SetRule | None) -> mending.Statements:
        if self.rule == "unique":
            there = before.names if before else {}
            gone = dict(there.items() - self.names.items())
            back = dict(self.names.items() - there.items())
            return [*mending.drop_unique(place, gone), *mending.put_unique(place, field, back)]
        held = copy.copy(field)
        if self.rule == "required":
            held.required = self.held
            return [ddl.set_required(place, held)]
        if self.rule == "default":
            held.default = field.default if self.held else None
            return [ddl.set_default(place, held)]
        check = ddl.check_of(field) if self.held else None
        return [ddl.drop_check(place, field)] if check is None else ddl.add_check(place, field, check)
