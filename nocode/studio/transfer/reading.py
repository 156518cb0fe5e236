"""A project file read into a project that is still empty: checked as a whole, built, then filled."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid7
from nocode.foundation.models import User
from nocode.foundation.services import billing
from nocode.studio.errors import ImportRefused
from nocode.studio.events import tell_imported
from nocode.studio.models import Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.transfer.archive import Archive, manifest_of
from nocode.studio.transfer.building import Built, build
from nocode.studio.transfer.checking import Outline, read
from nocode.studio.transfer.files import NewFiles, bring
from nocode.studio.transfer.format import rows_entry, table_of
from nocode.studio.transfer.loading import TableRows
from nocode.studio.transfer.people import recognize

Tell = Callable[[int, int], None]  # how much is done, of how much; may raise


@dataclass
class Read:
    """What came of a file; `strangers` and `missing` count values that could not come along."""

    tables: int = 0
    rows: int = 0
    strangers: int = 0
    missing: int = 0


def look(archive: Archive) -> Outline:
    """Check all that can be checked without writing. Raises ImportRefused with the places of the mistakes."""
    outline = read(manifest_of(archive))
    for entry in archive.sizes():
        if (table := table_of(entry)) and table not in outline.tables:
            raise ImportRefused(_("%(entry)s: there is no table of this key.") % {"entry": entry})
    return outline


@transaction.atomic
def fill(
    project: Project, archive: Archive, *, user: User | None = None, with_rows: bool = True, tell: Tell | None = None
) -> Read:
    """Build what an archive says in an empty project, and bring the rows. Raises ImportRefused; then nothing is."""
    if project.tables.exists():
        raise ImportRefused(_("“%(project)s” is not empty.") % {"project": project.name})
    outline = look(archive)
    built = build(project, outline, actor=user)
    found = Read(tables=len(built.tables))
    if with_rows:
        _Filling(project, archive, built, user, tell or (lambda done, total: None)).run(found)
    return found


class _Filling:
    def __init__(self, project: Project, archive: Archive, built: Built, user: User | None, tell: Tell):
        self.project, self.archive, self.user, self._tell = project, archive, user, tell
        sizes = archive.sizes()
        self.total = sum(sizes.values())
        self.done = 0
        billing.require(project.organization_id, "storage", max(1, self.total))
        wanted = [(key, table) for key, table in built.tables.items() if rows_entry(key) in sizes]
        self.rows = [TableRows(table, key, archive, uuid7()) for key, table in wanted]
        self.sizes = [sizes[each.entry] for each in self.rows]

    def run(self, found: Read) -> None:
        manager, new = SchemaManager(self.project, self.user), NewFiles()
        manager.loosen_relations()
        for rows, size in zip(self.rows, self.sizes, strict=True):
            rows.stage(self._more)
            found.strangers += recognize(rows, self.project)
            found.missing += bring(rows, self.archive, self.project, self.user, new, self._add)
            found.rows += (written := rows.write())
            if written:
                tell_imported(rows.table, written, actor_id=self.user and self.user.pk)
            self._add(size)
        for rows in self.rows:
            rows.refuse_loose_ends()
        manager.fasten_relations()
        for rows in self.rows:
            rows.link()
            rows.staging.drop()

    def _add(self, size: int) -> None:
        self.done += size
        self._more(0)

    def _more(self, position: int) -> None:
        self._tell(min(self.done + position // 2, self.total), self.total)
