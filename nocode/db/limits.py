"""How long a statement of a web process may take. Tasks and commands take the time they need."""

from django.conf import settings
from django.db import connection


def limit_statements() -> None:
    """Have the connections this process opens from now on cancel what takes longer than WEB_STATEMENT_TIMEOUT.

    An option of the connection costs no statement. What DATABASE_URL says itself (`?options=…`) comes later, and wins.
    """
    if seconds := settings.WEB_STATEMENT_TIMEOUT:
        options = connection.settings_dict.setdefault("OPTIONS", {})
        options["options"] = f"-c statement_timeout={seconds}s {options.get('options', '')}".strip()
