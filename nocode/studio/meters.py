"""What plans may limit in the studio."""

from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from nocode.foundation.meters import Meter, meters
from nocode.studio.models import DataTable, Project

_BYTES = """
    SELECT (
        SELECT coalesce(sum(pg_total_relation_size(relation.oid)), 0)
        FROM studio_project AS project
        JOIN pg_namespace AS schema ON schema.nspname IN (project.schema_name, project.schema_name || '_trash')
        JOIN pg_class AS relation ON relation.relnamespace = schema.oid AND relation.relkind IN ('r', 'm', 'p')
        WHERE project.organization_id = %(organization)s
    ) + (SELECT coalesce(sum(size), 0) FROM studio_storedfile WHERE organization_id = %(organization)s)
"""


_STORAGE = "storage:{}"  # in the cache


def measure_again(organization_id: UUID) -> None:
    """Something large was kept: the storage is measured anew when it is asked about next."""
    cache.delete(_STORAGE.format(organization_id))


@meters.register
class Projects(Meter):
    """Projects."""

    kind = "projects"
    label = _("projects")

    def count(self, organization_id: UUID) -> int:
        return Project.objects.filter(organization=organization_id).count()


@meters.register
class Tables(Meter):
    """Tables of all projects."""

    kind = "tables"
    label = _("tables")

    def count(self, organization_id: UUID) -> int:
        return DataTable.objects.filter(project__organization=organization_id).count()


@meters.register
class Storage(Meter):
    """What the projects' schemas take on disk, indexes and the trash included, and the files in rows, imports, exports.

    Adding to it asks a measurement that may be MEASURED_FOR seconds old: a little more than the limit can get in.
    """

    kind = "storage"
    label = _("storage")
    unit = _("MB")
    step = 1024 * 1024
    exact = False
    MEASURED_FOR = 30

    def count(self, organization_id: UUID) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_BYTES, {"organization": organization_id})
            return int(cursor.fetchone()[0])

    def is_over(self, organization_id: UUID, limit: int, adding: int) -> bool:
        """Whether it was full when it was last measured; a full one is measured again each time."""
        key = _STORAGE.format(organization_id)
        used = cache.get(key)
        if used is None or used + adding > limit:
            used = self.count(organization_id)
            cache.set(key, used, self.MEASURED_FOR)
        return used + adding > limit

    def shown(self, amount: int) -> str:
        return filesizeformat(amount)
