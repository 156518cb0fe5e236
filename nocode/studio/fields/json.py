"""Anything JSON can say."""

import json
import math
from typing import Any

import psycopg2.extras
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from nocode.studio.fields.base import FieldType, field_types, storable

_DEEPEST = 100


@field_types.register
class Json(FieldType):
    """A list, an object, or any other JSON value."""

    kind, label, column = "json", gettext_lazy("JSON"), "jsonb"
    can_be_unique = False

    def parse(self, value: Any) -> Any:
        """A text that spells a list or an object is that list or object; any other text stays a text."""
        if isinstance(value, str):
            if not value.strip():
                return None
            if value.lstrip()[0] in "[{":
                value = _read(value)
        self._check_storable(value)
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

    def _check_storable(self, value: Any, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise ValidationError(_("it is nested too deeply"))
        if isinstance(value, str):
            storable(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                storable(str(key))
                self._check_storable(item, depth + 1)
        elif isinstance(value, (list, tuple)):
            for item in value:
                self._check_storable(item, depth + 1)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValidationError(_("it contains a number that JSON has no word for (NaN or Infinity)"))
        elif not (value is None or isinstance(value, (bool, int, float))):
            raise ValidationError(_("it contains a value that is not JSON (%(type)s)") % {"type": type(value).__name__})


class _JsonField(forms.CharField):
    """JSON as text while it is compared with what was shown, as a value once it is clean."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(text) if text else None


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValidationError(
            _("it is not JSON: line %(line)d, column %(column)d") % {"line": error.lineno, "column": error.colno}
        ) from None
    except (ValueError, RecursionError):
        raise ValidationError(_("it is nested too deeply, or has a number that is too long")) from None
