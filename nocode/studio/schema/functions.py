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


def install_functions(using: str = "default") -> None:
    """Create or replace the functions; create the event trigger, or leave its work to SchemaManager."""
    with connections[using].cursor() as cursor, transaction.atomic(using=using):
        cursor.execute(_FUNCTIONS.read_text(encoding="utf-8"))
        cursor.execute(_CONVERSIONS.read_text(encoding="utf-8"))
    if not has_event_trigger(using):
        _create_event_trigger(using)


def has_event_trigger(using: str = "default") -> bool:
    """Whether tables made by anybody in a project schema get their trigger, not only those SchemaManager makes."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT FROM pg_event_trigger WHERE evtname = 'on_table_created' AND evtenabled <> 'D'")
        return cursor.rowcount > 0


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
