from nocode.studio.fields import (  # noqa: F401
    address,
    choice,
    date,
    formula,
    json,
    lookup,
    number,
    relation,
    relations,
    rollup,
    text,
)
from nocode.studio.fields.base import FieldType, field_types

__all__ = ["FieldType", "field_types"]
