"""Who loses something when a table or a field is thrown away: told before it happens."""

from nocode.studio.models import DataTable, Field
from nocode.studio.signals import field_users, table_users


def users_of(thing: DataTable | Field) -> list[tuple[str, str]]:
    """Who uses a table or a field, as (name, address), each once."""
    if isinstance(thing, DataTable):
        answers = table_users.send(DataTable, table=thing)
    else:
        answers = field_users.send(Field, field=thing)
    return list(dict.fromkeys(user for _receiver, users in answers for user in users))
