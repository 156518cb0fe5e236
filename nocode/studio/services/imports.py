"""Imports as people ask for them: a file is taken in, looked at, and handed to a job that knows what goes where."""

from datetime import timedelta
from functools import partial
from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.models import User
from nocode.studio.errors import ImportRefused
from nocode.studio.importing import formats, preview
from nocode.studio.importing.formats import Format
from nocode.studio.importing.options import NEW, SKIPPED, Options
from nocode.studio.importing.people import ways_of
from nocode.studio.importing.plan import can_be_filled
from nocode.studio.importing.preview import Preview
from nocode.studio.importing.ways import Way
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field, Project, StoredFile, TableJob
from nocode.studio.schema import names
from nocode.studio.services import files, jobs

LARGEST = 500 * 1024 * 1024  # bytes
KEPT = timedelta(days=2)  # an imported file, for another try


def upload(stream: IO[bytes], name: str, project: Project, user: User) -> StoredFile:
    """Keep a file to be imported. Raises FileRefused, LimitReached."""
    return files.receive(stream, name, project, user, largest=LARGEST, expires_at=timezone.now() + KEPT)


def guess(file: StoredFile) -> Format:
    """What a file seems to be. Raises ImportRefused."""
    return formats.detect(partial(files.iterate, file))


def look(file: StoredFile, chosen: Format | None = None) -> Preview:
    """The columns and first rows of a file, in a format or in the likeliest one. Raises ImportRefused."""
    return preview.look(partial(files.iterate, file), chosen)


def fields_of(table: DataTable | None) -> list[Field]:
    """The fields that columns of a file may fill."""
    return [each for each in table.fields.all() if can_be_filled(each)] if table else []


def start(file: StoredFile, options: Options, *, table: DataTable | None, user: User) -> TableJob:
    """Have a file imported into a table, or into a new one. Raises ImportRefused when it cannot go well."""
    _check(options, table)
    return jobs.start(
        "import",
        project=file.project,
        table=table,
        user=user,
        options={"import": options.as_json()},
        input=file,
    )


def _check(options: Options, table: DataTable | None) -> None:
    if all(column.target == SKIPPED for column in options.columns):
        raise ImportRefused(_("Choose at least one column to import."))
    if table is None and not options.new_table.strip():
        raise ImportRefused(_("Give the new table a name."))
    _check_targets(options, fields_of(table))
    _check_labels(options, table)
    if table is not None:
        _check_required(options, table)
        _check_links(options, table)


def _check_targets(options: Options, fields: list[Field]) -> None:
    known = {each.physical_name: each for each in fields}
    filled: dict[str, str] = {}
    for column in options.columns:
        if column.target in (NEW, SKIPPED):
            continue
        if column.target not in known:
            raise ImportRefused(
                _("The field for the column “%(column)s” is not there any more.") % {"column": column.name}
            )
        if column.target in filled:
            raise ImportRefused(
                _("The columns “%(one)s” and “%(other)s” both go to the field “%(field)s”; only one can.")
                % {"one": filled[column.target], "other": column.name, "field": known[column.target].label}
            )
        filled[column.target] = column.name
    for index in options.keys:
        column = options.columns[index]
        if column.target not in known:
            raise ImportRefused(
                _("“%(column)s” cannot tell which rows to update: it does not go to a field that is there already.")
                % {"column": column.name}
            )
        if known[column.target].type.is_many:
            raise ImportRefused(
                _("“%(column)s” cannot tell which rows to update: it goes to a relation to many rows.")
                % {"column": column.name}
            )


def _check_links(options: Options, table: DataTable) -> None:
    """Columns that name rows of other tables name them in a way there is, and ask only for rows that can be made."""
    fields = {each.physical_name: each for each in fields_of(table)}
    for column in options.columns:
        field = fields.get(column.target)
        ways = ways_of(field, layout_of(table)) if field else {}
        if not ways:
            continue
        way, told = ways.get(column.match), {"column": column.name, "table": next(iter(ways.values())).rows_of}
        if way is None:
            raise ImportRefused(_("Choose again how the column “%(column)s” names the rows of “%(table)s”.") % told)
        if column.make_missing and way.leads_home(field):
            raise ImportRefused(
                _("“%(column)s” cannot make rows of “%(table)s” beside those of the file: import it without this.")
                % told
            )
        if column.make_missing and not way.makes_rows:
            raise ImportRefused(_why_not_made(way) % told)


def _why_not_made(way: Way) -> str:
    if way.field is None or way.field.type.is_computed:
        return _("“%(column)s” cannot make rows of “%(table)s”: choose a field that people fill in to name them by.")
    needed = ", ".join(way.lacking()).replace("%", "%%")
    return _("“%(column)s” cannot make rows of “%(table)s”: they also need a value for: ") + needed


def _check_labels(options: Options, table: DataTable | None) -> None:
    taken = {each.label for each in table.fields.all()} if table else set()
    for column in options.columns:
        if column.target != NEW:
            continue
        label = names.clean_label(column.label)
        if label in taken:
            raise ImportRefused(_("There is already a field named “%(label)s”.") % {"label": label})
        taken.add(label)


def _check_required(options: Options, table: DataTable) -> None:
    """New rows need their required fields; rows that are only updated have them."""
    filled = {column.target for column in options.columns}
    for each in fields_of(table):
        if each.required and each.default is None and each.physical_name not in filled:
            raise ImportRefused(
                _("“%(field)s” is required, and no column goes to it. Choose one.") % {"field": each.label}
            )
