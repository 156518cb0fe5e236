from nocode.studio.fields import (  # noqa: F401
    address,
    amount,
    automatic,
    choice,
    date,
    file,
    formula,
    json,
    lookup,
    number,
    person,
    relation,
    relations,
    rollup,
    text,
)
from nocode.studio.fields.base import FieldType, field_types

__all__ = ["FieldType", "field_types"]
