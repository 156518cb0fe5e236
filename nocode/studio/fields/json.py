"""Anything JSON can say."""

import json
from typing import Any

import psycopg2.extras
from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from nocode.foundation.json_text import check_storable, read_json
from nocode.studio.fields.base import EMPTINESS, FieldType, field_types


@field_types.register
class Json(FieldType):
    """A list, an object, or any other JSON value."""

    kind, label, column = "json", gettext_lazy("JSON"), "jsonb"
    can_be_unique = sortable = False
    operators = ("contains", *EMPTINESS)

    def parse(self, value: Any) -> Any:
        """A text that spells a list or an object is that list or object; any other text stays a text."""
        if isinstance(value, str):
            if not value.strip():
                return None
            if value.lstrip()[0] in "[{":
                value = read_json(value)
        check_storable(value)
        return value

    def adapt(self, value: Any) -> Any:
        return psycopg2.extras.Json(value)

    def to_json(self, value: str) -> Any:
        return json.loads(value)  # Django leaves jsonb as text on a raw cursor

    def display(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    def to_form(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, indent=2)

    def form_field(self, settings: dict, **options: Any) -> forms.Field:
        return _JsonField(widget=UnfoldAdminTextareaWidget(attrs={"spellcheck": "false"}), **options)


class _JsonField(forms.CharField):
    """JSON as text while it is compared with what was shown, as a value once it is clean."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return read_json(text) if text else None
