"""A field type says how one kind of column is stored, checked, shown and edited. Adding one is adding a class."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from nocode.foundation.json_text import storable
from nocode.foundation.registry import Registry

EMPTINESS = ("is_empty", "is_not_empty")
ORDER = ("eq", "ne", "gte", "lte", "gt", "lt", *EMPTINESS)
WORDS = ("contains", "eq", "ne", "starts_with", "ends_with", *EMPTINESS)


class FieldType:
    """One kind of column. `parse` understands a value, `clean` also checks it against the field's settings."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    column: ClassVar[str]  # the PostgreSQL type
    can_be_unique: ClassVar[bool] = True
    searchable: ClassVar[bool] = False
    is_number: ClassVar[bool] = False
    sortable: ClassVar[bool] = True
    operators: ClassVar[tuple[str, ...]] = ("eq", "ne", *EMPTINESS)  # how people compare it, the usual way first
    is_range: ClassVar[bool] = False  # looked for between two values

    class Config(forms.Form):
        """The settings of a field of this type; this form is the schema of the stored JSON."""

    def parse(self, value: Any) -> Any:
        """The Python value meant by `value` (from JSON or a form), None when empty. Raises ValidationError."""
        raise NotImplementedError

    def check(self, value: Any, settings: dict) -> Any:
        """The parsed value as it may be stored. Raises ValidationError when the settings forbid it."""
        return value

    def clean(self, value: Any, settings: dict) -> Any:
        """What to store for `value`: None when it is empty. Raises ValidationError saying what to do."""
        parsed = self.parse(value)
        return None if parsed is None else self.check(parsed, settings)

    def adapt(self, value: Any) -> Any:
        """The value as psycopg2 takes it."""
        return value

    def to_json(self, value: Any) -> Any:
        """The stored value as workflows and answers carry it; never None here."""
        return value

    def display(self, value: Any) -> str:
        """A value made by `to_json`, for people to read."""
        return str(value)

    def to_form(self, value: Any) -> Any:
        """A value made by `to_json`, as the form field wants it."""
        return value

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        """The form field that edits a value; `clean` has the last word on what was typed."""
        return forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)


field_types: Registry[FieldType] = Registry("field types")


class LinesField(forms.CharField):
    """A list of texts, typed one per line; blank lines and repetitions are dropped."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(text for line in lines if (text := storable(str(line)).strip())))

    def validate(self, value: list[str]) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: list[str]) -> None:
        for line in value:
            super().run_validators(line)


def quoted(value: Any) -> str:
    """A value as an error message shows it: short, in quotes."""
    text = str(value)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
