"""Another type for a field: its values are converted by way of text, and what cannot be is kept for the way back."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from nocode.foundation.ids import uuid7
from nocode.studio.errors import ConversionRefused, FieldRefused
from nocode.studio.fields import FieldType, field_types
from nocode.studio.models import Field
from nocode.studio.schema import ddl, problems
from nocode.studio.schema.operations import specs
from nocode.studio.schema.operations.base import Operation, operation
from nocode.studio.schema.operations.indexes import drop_indexes_of, drop_search, refresh_search, request_indexes
from nocode.studio.schema.operations.trash import leave_off_rules
from nocode.studio.schema.place import Place
from nocode.studio.schema.workbench import Workbench

RULES = ("required", "unique", "default")


@operation
@dataclasses.dataclass(frozen=True)
class RetypeField(Operation):
    """A field gets another type. Values that would be lost or changed on the way stop it, unless it may be `lossy`.

    They are kept in the table `keep` of the trash; those in `bring_back`, from the way there, return to their rows.
    """

    op = "retype_field"
    label = _("Type changed")

    field: str = ""
    kind: str = ""
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    lossy: bool = False
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    indexes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    keep: str = ""
    bring_back: str = ""

    def prepared(self, bench: Workbench) -> RetypeField:
        old = bench.field(self.field)
        new = self._changed(old)
        for each in (old, new):
            if not is_convertible(each.type):
                raise FieldRefused(
                    gettext("“%(field)s” cannot be converted: a field of the type “%(type)s” has no values of its own.")
                    % {"field": old.label, "type": each.type.label}
                )
        self._check(bench, new)
        loss = f"loss_{uuid7().hex}"
        rules = {name: getattr(new, name) for name in RULES}
        return dataclasses.replace(self, settings=new.settings, rules=rules, keep=f"{loss}_a", bring_back=f"{loss}_b")

    def is_idle(self, bench: Workbench) -> bool:
        field = bench.field(self.field)
        return (field.kind, field.settings) == (self.kind, self.settings)

    def says(self, bench: Workbench) -> str:
        field = bench.field(self.field)
        names = {"field": field.label, "type": field_types[self.kind].label, "before": field.type.label}
        if field.kind == self.kind:
            return gettext("“%(field)s” (%(type)s) gets other settings, and its values with it.") % names
        return gettext("“%(field)s” becomes “%(type)s”; it is “%(before)s” now.") % names

    def apply(self, bench: Workbench) -> Operation:
        old = bench.field(self.field)
        new, place = self._changed(old), bench.place(old.table)
        before = bench.value(old)
        value = problems.converted(before, old, new)
        bench.run(ddl.lock_table(place))
        returning = self._returning(bench, place, old)
        self._keep_lost(bench, place, old, new, problems.is_lost(before, old, new, besides=returning))
        indexes = drop_indexes_of(bench, old.table, old.physical_name)
        reads_words = old.type.searchable or new.type.searchable
        if reads_words:
            drop_search(bench, old.table)
        bench.run(*ddl.convert_column(place, new, value))
        bench.rewrites = True
        bench.imagine(new, value)
        if returning is not None:
            bench.run(*ddl.bring_back_lost(place, self.bring_back, new))
        self._keep_rules(bench, place, new)
        wanted = [*indexes, *self.indexes] if new.type.sortable else []
        request_indexes(bench, new.table, wanted)
        refresh_search(bench, new.table, force=reads_words)
        bench.touch(new.table)
        bench.tell(new, "retyped")
        return RetypeField(
            self.table,
            self.field,
            old.kind,
            old.settings,
            rules={name: getattr(old, name) for name in RULES},
            indexes=[each for each in indexes if each not in wanted],
            keep=self.bring_back,
            bring_back=self.keep,
        )

    def _changed(self, old: Field) -> Field:
        new = copy.copy(old)
        new.kind, new.settings = self.kind, self.settings
        for name, value in self.rules.items():
            setattr(new, name, value)
        return new

    def _check(self, bench: Workbench, new: Field) -> None:
        """Check the settings; leave off a rule and a default that mean nothing to the new type."""
        default, new.default = new.default, None
        if new.unique and not new.type.can_be_unique:
            new.unique = False
            bench.note(gettext("“%(field)s” is not unique any more.") % {"field": new.label})
        specs.check(new)
        try:
            new.default = specs.clean_value(new, default)
        except FieldRefused:
            bench.note(gettext("“%(field)s” has no default any more.") % {"field": new.label})

    def _returning(self, bench: Workbench, place: Place, old: Field) -> sql.Identifier | None:
        """The values that were lost on the way here and whose rows were not edited since, if there are any."""
        if not bench.has_relation(place.trash_schema, self.bring_back):
            return None
        bench.run(ddl.forget_edited(place, self.bring_back, old))
        return sql.Identifier(place.trash_schema, self.bring_back)

    def _keep_lost(self, bench: Workbench, place: Place, old: Field, new: Field, lost: sql.Composable) -> None:
        problem = problems.unconverted(bench.rows, place, old, bench.value(old), lost)
        bench.object(problem)
        if problem is None:
            return
        if not self.lossy and not bench.dry:
            raise ConversionRefused(
                gettext("%(problem)s. Correct them first, or accept the loss.") % {"problem": problem}, problem=problem
            )
        bench.require_trash()
        became = new.type.to_text(problems.converted(sql.Identifier(old.physical_name), old, new), new.settings)
        bench.run(ddl.keep_lost(place, self.keep, old, became, lost))

    def _keep_rules(self, bench: Workbench, place: Place, new: Field) -> None:
        """Save the field with the rules its rows keep; fields computed from it must know what to do with it."""
        has_check = leave_off_rules(bench, new, bench.value(new))
        new.save(update_fields=["kind", "settings", *RULES, "updated_at"])
        bench.run(*ddl.add_rules(place, new, has_check=has_check))
        for reader in bench.dependents({new.pk}):
            specs.check(reader)


def is_convertible(kind: FieldType) -> bool:
    """Whether fields of a type have values of their own that can become others."""
    return bool(kind.column) and not kind.is_computed and not kind.is_relation
