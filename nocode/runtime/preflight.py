"""What keeps a snapshot from going online, found before anything changes for the people who use the application."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from nocode.runtime.snapshots import Snapshot
from nocode.studio.fields import field_types
from nocode.studio.models import Project
from nocode.studio.services import pages


@dataclass(frozen=True)
class Problem:
    """What is wrong, and where: the page, the block and the setting, as people call them."""

    message: str
    page_id: str = ""
    page: str = ""
    block: str = ""
    field: str = ""

    def __str__(self) -> str:
        where = " › ".join(filter(None, [self.page, self.block, self.field]))
        return _("%(name)s: %(text)s") % {"name": where, "text": self.message} if where else self.message

    as_json = asdict


def problems(snapshot: Snapshot, project: Project) -> list[Problem]:
    """Everything that must be solved first. Rows are read live, so tables are looked at as they are now."""
    return [
        *_of_pages(snapshot["pages"]),
        *_of_tables(snapshot["tables"], project.schema_name),
        *_of_blocks(snapshot["pages"], project),
    ]


def warnings(snapshot: Snapshot) -> list[str]:
    """What people should know although the application works without it."""
    empty = [page["title"] for page in snapshot["pages"] if not page["blocks"]]
    return [*(_("The page “%s” is empty.") % title for title in empty), *_of_workflows(snapshot["workflows"])]


def _of_workflows(workflows: list[dict]) -> list[str]:
    return [
        _("The workflow “%s” uses a table of this application but was never published: it does not run.") % each["name"]
        for each in workflows
        if each["version"] is None
    ]


def _of_pages(of_snapshot: list[dict]) -> Iterator[Problem]:
    if not of_snapshot:
        yield Problem(_("The project has no page yet; add one before you deploy."))
    times = Counter(page["slug"] for page in of_snapshot)
    for page in of_snapshot:
        if times[page["slug"]] > 1:
            yield Problem(_("Another page has the address “%s”, too.") % page["slug"], page["id"], page["title"])


def _of_tables(tables: list[dict], schema: str) -> Iterator[Problem]:
    """Tables and columns that are missing in the database, whatever the studio believes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s", [schema]
        )
        columns = set(cursor.fetchall())
    there = {table for table, _column in columns}
    for table in tables:
        name = table["physical_name"]
        if name not in there:
            yield Problem(_("The table “%s” does not exist in the database.") % table["label"])
            continue
        stored = [field for field in table["fields"] if field_types[field["kind"]].column is not None]
        missing = [field["label"] for field in stored if (name, field["physical_name"]) not in columns]
        if missing:
            yield Problem(
                ngettext(
                    "The table “%(table)s” lacks the field %(fields)s in the database.",
                    "The table “%(table)s” lacks the fields %(fields)s in the database.",
                    len(missing),
                )
                % {"table": table["label"], "fields": ", ".join(_("“%s”") % label for label in missing)}
            )


def _of_blocks(of_snapshot: list[dict], project: Project) -> Iterator[Problem]:
    tables, _titles = pages.known(project)
    titles = {page["slug"]: page["title"] for page in of_snapshot}
    for page in of_snapshot:
        for found in pages.check_tree(page["title"], page["blocks"], tables, titles):
            yield Problem(found.message, page["id"], found.page, found.block, found.setting)
