"""JSON that people type: read with a refusal they understand, and only what PostgreSQL can keep."""

import json
import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput, JSONString
from django.utils.translation import gettext as _

DEEPEST = 100
_TOO_LARGE = 2**1024 - 2**970  # what no floating point is near to: other programs could not read it


def read_json(text: str) -> Any:
    """The value a text spells. Raises ValidationError that says where it goes wrong."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValidationError(
            _("it is not JSON: line %(line)d, column %(column)d") % {"line": error.lineno, "column": error.colno}
        ) from None
    except (ValueError, RecursionError):
        raise ValidationError(_("it is nested too deeply, or has a number that is too long")) from None
    check_storable(value)
    return value


def check_storable(value: Any, depth: int = 0) -> None:
    """Raise ValidationError for a value that no jsonb column takes."""
    if depth > DEEPEST:
        raise ValidationError(_("it is nested too deeply"))
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            storable(str(key))
            check_storable(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            check_storable(item, depth + 1)
    elif isinstance(value, int) and abs(value) >= _TOO_LARGE:
        raise ValidationError(_("it is nested too deeply, or has a number that is too long"))
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValidationError(_("it contains a number that JSON has no word for (NaN or Infinity)"))
    elif not (value is None or isinstance(value, bool | int | float)):
        raise ValidationError(_("it contains a value that is not JSON (%(type)s)") % {"type": type(value).__name__})


def storable(text: str) -> str:
    """The text itself. Raises ValidationError for what PostgreSQL cannot keep: NUL, halves of surrogate pairs."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError(_("it contains a character that cannot be stored (NUL or half of a surrogate pair)"))
    return text


class JsonField(forms.JSONField):
    """JSON in a form: refused with the place of the mistake, shown again as it was typed. Nothing typed is None."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or isinstance(value, JSONString):
            return super().to_python(value)
        if not value.strip():
            return None
        try:
            read = read_json(value)
        except ValidationError as error:
            raise ValidationError(_("This cannot be used: %(why)s.") % {"why": error.message}, code="invalid") from None
        return JSONString(read) if isinstance(read, str) else read

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)
