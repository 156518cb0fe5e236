"""A row of a table as a form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from nocode.studio.errors import FileRefused, RecordChanged, RecordErrors

if TYPE_CHECKING:  # blocks use this form, models know the blocks, and these need the models
    from nocode.studio.layouts import Layout
    from nocode.studio.models import Field
    from nocode.studio.services.records import Records, Row


class RowForm(forms.Form):
    """A row to add or to edit; what is typed meets the same checks as what a workflow writes.

    Fields are prefixed, so that no column can be mistaken for `seen_at`, the state of the row the person looked at.
    `names` limits the form to some of the table's fields; those that nobody writes are left out.
    """

    seen_at = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, layout: Layout, *args: Any, row: Row | None = None, names: Iterable[str] | None = None, **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.layout, self.row = layout, row
        self.names = [name for name in (layout.fields if names is None else names) if name in layout.writable]
        self.fields["seen_at"].initial = row and row["updated_at"]
        for name in self.names:
            self.fields[f"value_{name}"] = self._field(layout.fields[name])

    def _field(self, field: Field) -> forms.Field:
        """The input of a field, with what the row holds, or what a new row gets."""
        value = field.default if self.row is None else self.row[field.physical_name]
        options = {"label": field.label, "required": field.required, "help_text": field.help_text}
        if value is not None:
            options["initial"] = field.type.to_form(value)
        return field.type.row_field(field, self.layout, **options)

    def save(self, records: Records) -> Row | None:
        """Write the touched fields. None when that was refused, and the form says why."""
        touched = [name for name in self.names if self.row is None or f"value_{name}" in self.changed_data]
        try:
            values = {name: self._value(name, records) for name in touched}
            if self.row is None:
                return records.create(values)
            return records.update(self.row["id"], values, seen_at=self.cleaned_data["seen_at"])
        except (RecordChanged, FileRefused) as refusal:
            self.add_error(None, refusal.message)
        except RecordErrors as refusal:
            self._show(refusal)
        return None

    def _value(self, name: str, records: Records) -> Any:
        """What was entered; files that came with it are kept first, for a day unless the row is saved."""
        value = self.cleaned_data[f"value_{name}"]
        if not isinstance(value, list):
            return value
        for upload in value:
            if isinstance(upload, UploadedFile):
                upload.kept = records.keep_file(upload)  # a form that is shown again shows it as kept
        return [each.kept if isinstance(each, UploadedFile) else each for each in value]

    def _show(self, refusal: RecordErrors) -> None:
        for name, problem in refusal.errors.items():
            field = self.layout.fields.get(name) if name in self.names else None
            label = _("%(name)s: %(text)s") % {"name": field.label, "text": ""} if field else ""
            text = problem.removeprefix(label)
            self.add_error(f"value_{name}" if field else None, text[:1].upper() + text[1:])
