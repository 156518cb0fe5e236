"""Installs `functions.sql`, the conversions of field types, and the event trigger where a role may create one."""

import logging
from pathlib import Path

from django.db import connections, transaction
from django.db.utils import ProgrammingError
from psycopg2 import errorcodes

from nocode.studio import fields

logger = logging.getLogger(__name__)

_FUNCTIONS = Path(__file__).with_name("functions.sql")
_CONVERSIONS = Path(fields.__file__).with_name("conversions.sql")
_EVENT_TRIGGER = """
    CREATE EVENT TRIGGER on_table_created ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
    EXECUTE FUNCTION public.create_updated_at_trigger()
"""

_TRIGRAMS = "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public"


def install_functions(using: str = "default") -> None:
    """Create or replace the functions; create what only some roles may, or leave its work to others."""
    with connections[using].cursor() as cursor, transaction.atomic(using=using):
        cursor.execute(_FUNCTIONS.read_text(encoding="utf-8"))
        cursor.execute(_CONVERSIONS.read_text(encoding="utf-8"))
    if not has_event_trigger(using):
        _create_event_trigger(using)
    if not has_trigrams(using):
        _create_trigrams(using)


def has_event_trigger(using: str = "default") -> bool:
    """Whether tables made by anybody in a project schema get their trigger, not only those SchemaManager makes."""
    return _is_there(using, "SELECT FROM pg_event_trigger WHERE evtname = 'on_table_created' AND evtenabled <> 'D'")


def has_trigrams(using: str = "default") -> bool:
    """Whether an index can find words inside texts."""
    return _is_there(using, "SELECT FROM pg_extension WHERE extname = 'pg_trgm'")


def _is_there(using: str, query: str) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute(query)
        return cursor.rowcount > 0


def _create_trigrams(using: str) -> None:
    """Where the server has the extension: the owner of a database may create it, others may not."""
    if not _is_there(using, "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'"):
        logger.info("This PostgreSQL has no pg_trgm: searching in large tables reads them from end to end.")
        return
    with connections[using].superuser() as privileged:
        if privileged:
            privileged.execute(_TRIGRAMS)
            return
    try:
        with connections[using].cursor() as cursor, transaction.atomic(using=using):
            cursor.execute(_TRIGRAMS)
    except ProgrammingError as error:
        if error.__cause__.pgcode != errorcodes.INSUFFICIENT_PRIVILEGE:
            raise
        logger.info("This database role may not create the extension pg_trgm, a superuser may: it speeds up searching.")


def _create_event_trigger(using: str) -> None:
    """As the superuser of the embedded server; elsewhere as ourselves, if our role happens to be one."""
    with connections[using].superuser() as privileged:
        if privileged:
            privileged.execute(_EVENT_TRIGGER)
            return
    try:
        with connections[using].cursor() as cursor, transaction.atomic(using=using):
            cursor.execute(_EVENT_TRIGGER)
    except ProgrammingError as error:
        if error.__cause__.pgcode != errorcodes.INSUFFICIENT_PRIVILEGE:
            raise
        logger.info(
            "This database role may not create event triggers, a superuser may. Tables made in NoCode keep updated_at "
            "by a trigger of their own; tables created by hand in a project schema do not."
        )
