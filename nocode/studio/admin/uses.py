"""What is lost when a table or a field is thrown away: asked before it happens."""

from typing import Any

from nocode.foundation.errors import NoCodeError
from nocode.studio.models import DataTable, Field
from nocode.studio.services.records import Records
from nocode.studio.signals import field_users, table_users


def users_of(thing: DataTable | Field) -> list[tuple[str, str]]:
    """Who uses a table or a field, as (name, address), each once."""
    if isinstance(thing, DataTable):
        answers = table_users.send(DataTable, table=thing)
    else:
        answers = field_users.send(Field, field=thing)
    return list(dict.fromkeys(user for _receiver, users in answers for user in users))


def losses(table: DataTable) -> dict[str, Any]:
    """What goes with a table: how many rows (None when it is gone from the database), and what its users lose."""
    try:
        rows = Records(table).count()
    except NoCodeError:
        rows = None
    return {"rows": rows, "users": users_of(table)}
