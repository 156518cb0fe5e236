"""What the database refuses about rows, in our words."""

from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _
from psycopg2 import errorcodes

from nocode.studio.errors import QueryRefused, RecordErrors, RowsBusy, TableChanged, TableMissing
from nocode.studio.layouts import Layout

# What a statement meets whose layout is of yesterday.
_CHANGED = frozenset(
    {errorcodes.UNDEFINED_COLUMN, errorcodes.DATATYPE_MISMATCH, errorcodes.INVALID_TEXT_REPRESENTATION}
)
_BUSY = frozenset({errorcodes.DEADLOCK_DETECTED, errorcodes.LOCK_NOT_AVAILABLE})
_TOO_LARGE = frozenset({errorcodes.NUMERIC_VALUE_OUT_OF_RANGE})


def explain(error: DatabaseError, layout: Layout) -> Exception | None:
    """Our error for what the database refused; None when that is no matter of values or fields."""
    cause = error.__cause__
    code = getattr(cause, "pgcode", None)
    if code == errorcodes.UNIQUE_VIOLATION:
        return _taken(cause, layout)
    if code == errorcodes.NOT_NULL_VIOLATION and cause.diag.column_name in layout.fields:
        field = layout.fields[cause.diag.column_name]
        return RecordErrors({field.physical_name: _("%(field)s: a value is required.") % {"field": field.label}})
    if code == errorcodes.FOREIGN_KEY_VIOLATION:
        return _pointing(cause, layout)
    if code == errorcodes.CHECK_VIOLATION:
        return _forbidden(cause, layout)
    if code in (errorcodes.UNDEFINED_TABLE, errorcodes.INVALID_SCHEMA_NAME):
        return TableMissing(
            _("The table “%(table)s” does not exist in the database any more.") % {"table": layout.label}
        )
    if code in _BUSY:
        return RowsBusy(
            _("Somebody else is changing the same rows of “%(table)s”. Try again.") % {"table": layout.label}
        )
    if code in _TOO_LARGE:
        return QueryRefused(_("A number is larger than the database can keep or compare."))
    if code in _CHANGED:
        return TableChanged(_("The fields of “%(table)s” were changed meanwhile. Try again.") % {"table": layout.label})
    return None


def _pointing(cause: Any, layout: Layout) -> RecordErrors:
    """A relation leads nowhere, or the row is still needed by another one."""
    if cause.diag.message_detail and "is not present" in cause.diag.message_detail:
        names = f"{cause.diag.table_name} {cause.diag.constraint_name}"
        field = next((each for each in layout.fields.values() if each.pk.hex in names), None)
        gone = _("there is no such row any more; choose another one")
        text = _("%(name)s: %(text)s") % {"name": field.label if field else layout.label, "text": f"{gone}."}
        return RecordErrors({field.physical_name if field else "": text}, table=layout.table_id)
    others = {each.table.physical_name: each.table.label for each in layout.reverse()}
    label = others.get(cause.diag.table_name, cause.diag.table_name)
    return RecordErrors({"": _("Rows of “%(table)s” still point to it.") % {"table": label}}, table=layout.table_id)


def _forbidden(cause: Any, layout: Layout) -> RecordErrors:
    for name, field in layout.fields.items():
        if field.check_constraint == cause.diag.constraint_name:
            message = _("%(field)s: the value is not allowed by the field's settings.") % {"field": field.label}
            return RecordErrors({name: message}, table=layout.table_id)
    return RecordErrors({"": cause.diag.message_primary}, table=layout.table_id)


def _taken(cause: Any, layout: Layout) -> RecordErrors:
    for name, field in layout.fields.items():
        if field.unique_constraint == cause.diag.constraint_name:
            message = _("%(field)s: another row already has this value; it must be unique.") % {"field": field.label}
            return RecordErrors({name: message}, table=layout.table_id)
    return RecordErrors({"": cause.diag.message_detail or cause.diag.message_primary}, table=layout.table_id)
