"""Anything JSON can say."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg2.extras
from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from psycopg2 import sql
from unfold.widgets import UnfoldAdminTextareaWidget

from nocode.foundation.json_text import check_storable, read_json
from nocode.studio.fields.base import EMPTINESS, NO_SETTINGS, FieldType, field_types
from nocode.studio.fields.conversions import call

SHOWN_IN_CELL = 300  # characters


@field_types.register
class Json(FieldType):
    """A list, an object, or any other JSON value."""

    kind, label, column = "json", gettext_lazy("JSON"), "jsonb"
    can_be_unique = sortable = False
    operators = ("contains", *EMPTINESS)

    def to_text(self, value: sql.Composable, settings: dict) -> sql.Composable:
        return call("json_text", value)

    def from_text(self, text: sql.Composable, settings: dict) -> sql.Composable:
        return call("try_json", text)

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

    def plain(self, value: Any) -> Any:
        return value

    def display(self, value: Any, settings: Mapping = NO_SETTINGS) -> str:
        return json.dumps(value, ensure_ascii=False)

    def cell(self, value: Any, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<code class="c-code">{}</code>', self.display(value)[:SHOWN_IN_CELL])

    def whole(self, value: Any, settings: Mapping = NO_SETTINGS) -> SafeString:
        return format_html('<pre class="c-code">{}</pre>', self.to_form(value))

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
