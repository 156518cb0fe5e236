"""Which schemas of the database may be taken over: not the server's own, not the platform's, not those of projects."""

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from nocode.studio.errors import TakeoverRefused
from nocode.studio.models import Project

# Project schemas are known by their rows and, should a row be gone, by the comment SchemaManager leaves on them.
_OFFERED = """
    SELECT nspname, (
        SELECT count(*) FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p') AND NOT relispartition
    )
    FROM pg_namespace AS n
    WHERE nspname NOT LIKE 'pg\\_%%' AND nspname <> 'information_schema'
        AND n.oid NOT IN (SELECT relnamespace FROM pg_class WHERE oid IN (to_regclass(%(own)s), to_regclass('django_migrations')))
        AND nspname <> ALL(%(projects)s)
        AND coalesce(obj_description(n.oid, 'pg_namespace'), '') !~ '^NoCode (project|trash) '
        AND has_schema_privilege(n.oid, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e')
    ORDER BY nspname
"""  # noqa: E501


@dataclass(frozen=True)
class Offer:
    """A schema and how many tables it has."""

    name: str
    tables: int


def offered() -> list[Offer]:
    """The schemas a person may choose from."""
    mine = list(Project.everything.values_list("schema_name", flat=True))
    projects = [*mine, *(f"{name}_trash" for name in mine)]
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED, {"own": Project._meta.db_table, "projects": projects})
        return [Offer(*row) for row in cursor.fetchall()]


def require_offered(schema: str) -> None:
    """Raise TakeoverRefused for a schema that may not be taken over, or is not there."""
    if schema not in {offer.name for offer in offered()}:
        raise TakeoverRefused(
            _("The schema “%(schema)s” cannot be taken over: choose one from the list.") % {"schema": schema}
        )
