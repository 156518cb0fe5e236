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

__all__ = ["FieldType", "field_types", "kind_choices"]

_LAST = ("relation", "relations", "lookup", "rollup", "formula")  # what leads to other rows, and what is made of them


def kind_choices() -> list[tuple[str, str]]:
    """The types for people to choose from, what belongs together in one place."""
    labels = dict(field_types.choices())
    kinds = [*(kind for kind in labels if kind not in _LAST), *_LAST]
    return [(kind, labels[kind]) for kind in kinds]
