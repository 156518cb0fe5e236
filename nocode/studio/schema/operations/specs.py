"""A field that is to be made: what people say about it, checked, with the names it will have."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid7
from nocode.studio.errors import FieldBroken, FieldRefused
from nocode.studio.fields import field_types
from nocode.studio.layouts import try_out
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import names
from nocode.studio.schema.workbench import Workbench


@dataclasses.dataclass(frozen=True)
class NewField:
    """A field to be made. What is below the line is found out unless it is given; a physical name is made to fit."""

    label: str
    kind: str
    required: bool = False
    unique: bool = False
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    default: Any = None
    help_text: str = ""
    # ---
    id: str = ""
    physical_name: str = ""
    position: int | None = None

    def build(self, table: DataTable) -> Field:
        """The field, not saved."""
        said = {name: value for name, value in dataclasses.asdict(self).items() if value != ""}
        return Field(table=table, **said | {"id": UUID(self.id)})


def prepared(bench: Workbench, table: DataTable, new: NewField, others: Sequence[Field], position: int) -> NewField:
    """A new field with everything checked, next to the other fields of its table (those in the trash, too)."""
    made = dataclasses.replace(
        new,
        label=bench.free_field_label(new.label, (other for other in others if not other.trashed_at)),
        physical_name=names.column_name(new.physical_name or new.label, {other.physical_name for other in others}),
        id=new.id or str(uuid7()),
        position=position if new.position is None else new.position,
    )
    field = made.build(table)
    check(field)
    return dataclasses.replace(made, settings=field.settings, default=field.default)


def check(field: Field) -> None:
    """Refuse settings and rules the field's type does not understand; keep what its form made of them."""
    kind = field_types[field.kind]
    if field.unique and not kind.can_be_unique:
        raise FieldRefused(
            _("“%(field)s” cannot be unique: no field of the type “%(type)s” can.")
            % {"field": field.label, "type": kind.label}
        )
    if field.required and (kind.column is None or kind.is_computed):
        raise FieldRefused(
            _("“%(field)s” cannot be required: no field of the type “%(type)s” can.")
            % {"field": field.label, "type": kind.label}
        )
    form = kind.Config(field.settings)
    problems = [
        _("%(name)s: %(text)s") % {"name": form.fields[name].label if name in form.fields else name, "text": text}
        for name, text in ((name, " ".join(errors)) for name, errors in form.errors.items())
    ]
    problems += [_("unknown setting “%(name)s”") % {"name": name} for name in set(field.settings) - set(form.fields)]
    if problems:
        raise FieldRefused(f"{field.label} – {'; '.join(problems)}")
    field.settings = _said_clearly(field, lambda: kind.resolve(form.cleaned_data, field))
    if kind.is_computed:
        _said_clearly(field, lambda: try_out(field))
    field.default = clean_value(field, field.default)


def clean_value(field: Field, value: Any) -> Any:
    """A value for this field as JSON keeps it."""
    if value is None:
        return None
    cleaned = _said_clearly(field, lambda: field.type.clean(value, field.settings))
    return None if cleaned is None else field.type.plain(cleaned)


def _said_clearly(field: Field, understand: Any) -> Any:
    try:
        return understand()
    except ValidationError as error:
        raise FieldRefused(f"{field.label} – {' '.join(error.messages)}") from error
    except FieldBroken as error:
        raise FieldRefused(f"{field.label} – {error.message}", **error.details) from error


def all_fields(table: DataTable) -> Iterable[Field]:
    """Those in the trash, too."""
    return Field.everything.filter(table=table)
