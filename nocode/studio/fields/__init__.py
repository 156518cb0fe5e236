from nocode.studio.fields import address, choice, date, json, number, text  # noqa: F401
from nocode.studio.fields.base import FieldType, field_types

__all__ = ["FieldType", "field_types"]
