"""How the structure is changed: one at a time per project, all or nothing, never waiting long, with clear refusals."""

import functools
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _
from psycopg2 import errorcodes

from nocode.foundation.errors import NoCodeError
from nocode.studio.errors import SchemaBusy, SchemaRefused, TableMissing
from nocode.studio.models import Project

# A change waiting for its lock makes everybody behind it wait too: give up soon, try again later.
LOCK_TIMEOUT = "2s"
UNLIMITED = "0"  # a web process gives up a slow page, but a large table may take the time it needs to change
TIMEOUTS = "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)"
PAUSES = (0.2, 0.8)


def structure_change(method: Callable) -> Callable:
    """Run a SchemaManager method in one transaction, holding the project; a busy table is tried again.

    The first argument names the thing in messages. Inside a caller's transaction there is one attempt only: waiting
    while holding the caller's own locks could wait for ourselves.
    """

    @functools.wraps(method)
    def wrapper(manager: Any, *args: Any, **kwargs: Any) -> Any:
        thing = args[0] if args else manager.project
        pauses = () if connection.in_atomic_block else PAUSES
        for pause in (*pauses, None):
            try:
                with transaction.atomic():
                    return _locked(manager, method, *args, **kwargs)
            except DatabaseError as error:
                refusal = explain(error, str(thing))
                if pause is None or not isinstance(refusal, SchemaBusy):
                    raise refusal from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    return wrapper


def _locked(manager: Any, method: Callable, *args: Any, **kwargs: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        before = cursor.fetchone()
        cursor.execute(TIMEOUTS, [LOCK_TIMEOUT, UNLIMITED])
        held = Project.everything.select_for_update(no_key=True).filter(pk=manager.project.pk).first()
        if held is None:
            raise SchemaRefused(_("The project “%(project)s” does not exist any more.") % {"project": manager.project})
        manager.project.trashed_at = held.trashed_at
        result = method(manager, *args, **kwargs)
        cursor.execute(TIMEOUTS, before)
    return result


def explain(error: DatabaseError, thing: str) -> NoCodeError | DatabaseError:
    """Our error for a refusal of PostgreSQL that people can do something about, else the error itself."""
    cause = error.__cause__
    code = getattr(cause, "pgcode", None)
    messages = _refusals()
    if code not in messages:
        return error
    kind, message = messages[code]
    detail = (cause.diag.message_detail or cause.diag.message_primary or "").strip()
    return kind(message % {"thing": thing, "detail": detail}, code=code)


def _refusals() -> dict[str, tuple[type[NoCodeError], str]]:
    missing = _("“%(thing)s” was removed from the database by somebody else; nothing was changed.")
    return {
        errorcodes.LOCK_NOT_AVAILABLE: (
            SchemaBusy,
            _("“%(thing)s” is being used right now; nothing was changed. Try again in a moment."),
        ),
        errorcodes.DEADLOCK_DETECTED: (
            SchemaBusy,
            _("“%(thing)s” is being used right now; nothing was changed. Try again in a moment."),
        ),
        errorcodes.UNDEFINED_TABLE: (TableMissing, missing),
        errorcodes.INVALID_SCHEMA_NAME: (TableMissing, missing),
        errorcodes.UNDEFINED_COLUMN: (TableMissing, missing),
        errorcodes.DUPLICATE_TABLE: (SchemaRefused, _("The database already has something named like “%(thing)s”.")),
        errorcodes.DUPLICATE_COLUMN: (
            SchemaRefused,
            _("The database table of “%(thing)s” already has a column of that name, made by somebody else."),
        ),
        errorcodes.DUPLICATE_SCHEMA: (SchemaRefused, _("The database already has a schema for “%(thing)s”.")),
        errorcodes.NOT_NULL_VIOLATION: (
            SchemaRefused,
            _("“%(thing)s” has rows without a value: fill them first, or say what they get."),
        ),
        errorcodes.UNIQUE_VIOLATION: (
            SchemaRefused,
            _("“%(thing)s” has the same value in several rows: %(detail)s"),
        ),
        errorcodes.DEPENDENT_OBJECTS_STILL_EXIST: (
            SchemaRefused,
            _("Something in the database still needs “%(thing)s”: %(detail)s"),
        ),
        **dict.fromkeys(
            (errorcodes.FEATURE_NOT_SUPPORTED, errorcodes.DATATYPE_MISMATCH, errorcodes.INVALID_TABLE_DEFINITION),
            (SchemaRefused, _("The database cannot do this to “%(thing)s”: %(detail)s")),
        ),
        errorcodes.TOO_MANY_COLUMNS: (SchemaRefused, _("“%(thing)s” has as many fields as a table can have.")),
        errorcodes.INSUFFICIENT_PRIVILEGE: (
            SchemaRefused,
            _("The database role may not do this to “%(thing)s”: %(detail)s"),
        ),
    }
