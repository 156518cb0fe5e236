"""Values of rows before they are written: understood, checked, completed, or refused with a message for each field."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.studio import queries
from nocode.studio.errors import RecordErrors
from nocode.studio.layouts import Layout
from nocode.studio.models import Field

Row = dict[str, Any]  # what a row says, by physical name of its fields


class Checking:
    """Checks values against the fields of one table. Every method raises RecordErrors."""

    def __init__(self, layout: Layout):
        self.layout = layout

    def new_row(self, number: int, values: Mapping[str, Any], among: int) -> Row:
        """The values of a row to be added, with the defaults of what it does not say."""
        given = {name: each.default for name, each in self.layout.writable.items() if each.default is not None}
        try:
            return self._clean({**given, **values}, partial=False)
        except RecordErrors as refusal:
            if among == 1:
                raise
            where = {
                name: _("Row %(number)d – %(problem)s") % {"number": number, "problem": problem}
                for name, problem in refusal.errors.items()
            }
            raise RecordErrors(where, row=number, **refusal.details) from None

    def changes(self, values: Mapping[str, Any]) -> Row:
        """The values that rows are to get."""
        return self._clean(values, partial=True)

    def accept(self, rows: Sequence[Row]) -> None:
        """Ask the types that look around whether these cleaned values may be written; in the writing transaction."""
        errors = {}
        for name, each in self.layout.writable.items():
            values = [row[name] for row in rows if row.get(name) is not None]
            if values:
                try:
                    each.type.accept(values, self.layout)
                except ValidationError as error:
                    errors[name] = _sentence(each, error)
        if errors:
            raise RecordErrors(errors, table=self.layout.table_id)

    def _clean(self, values: Mapping[str, Any], *, partial: bool) -> Row:
        layout = self.layout
        errors = {str(name): self._unknown(name) for name in values if name not in layout.writable}
        cleaned = {}
        for name, each in layout.writable.items():
            if name not in values and (partial or not each.required):
                continue
            try:
                cleaned[name] = _clean_value(each, values.get(name))
            except ValidationError as error:
                errors[name] = _sentence(each, error)
        if errors:
            raise RecordErrors(errors, table=layout.table_id)
        return cleaned

    def _unknown(self, name: str) -> str:
        if name in self.layout.fields:
            return _("%(name)s: it is computed; nobody writes it.") % {"name": self.layout.fields[name].label}
        return queries.unknown_field(self.layout, name)


def _clean_value(field: Field, value: Any) -> Any:
    cleaned = field.type.clean(value, field.settings)
    if cleaned is None and field.required:
        raise ValidationError(_("a value is required"))
    return cleaned


def _sentence(field: Field, error: ValidationError) -> str:
    return _("%(name)s: %(text)s") % {"name": field.label, "text": f"{' '.join(error.messages)}."}
