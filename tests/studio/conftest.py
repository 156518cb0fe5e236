"""What several tests of the studio look at."""

import pytest
from django.db import connection

from nocode.studio.models import DataTable, Field, Project, SchemaChange, TableIndex

METADATA = (Project.everything, DataTable.everything, Field.everything, TableIndex.objects, SchemaChange.objects)

CATALOG = """
    SELECT nspname, relname, attname, atttypid::regtype::text, attnotnull, conname, tgname
    FROM pg_namespace
    LEFT JOIN pg_class ON relnamespace = pg_namespace.oid AND relkind IN ('r', 'S', 'i')
    LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_constraint ON conrelid = pg_class.oid
    LEFT JOIN pg_trigger ON tgrelid = pg_class.oid AND NOT tgisinternal
    WHERE nspname LIKE 'p\\_%'
    ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


@pytest.fixture
def everything():
    """A function that answers all there is: metadata, and what the database holds for projects."""

    def look() -> tuple:
        with connection.cursor() as cursor:
            cursor.execute(CATALOG)
            catalog = cursor.fetchall()
        return (
            catalog,
            *(list(model.order_by("pk").values()) for model in METADATA),
        )

    return look
