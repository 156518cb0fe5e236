"""What the tests of imports share."""

import io

from nocode.studio.importing.options import NEW, Column, Options
from nocode.studio.models import DataTable, Project, StoredFile, TableJob
from nocode.studio.services import files, imports
from nocode.studio.services.records import Records
from nocode.studio.tasks import run_table_job
from tests.factories import make_user


def stored(project: Project, content: bytes | str, name: str = "people.csv") -> StoredFile:
    """A file that was uploaded."""
    content = content.encode() if isinstance(content, str) else content
    user = make_user(organization=project.organization)
    return imports.upload(io.BytesIO(content), name, project, user)


def options_for(file: StoredFile, table: DataTable | None, **asked) -> Options:
    """What a person gets who changes nothing: columns go to the fields of their name, others to new ones."""
    seen = imports.look(file)
    by_label = {field.label: field.physical_name for field in table.fields.all()} if table else {}
    found = zip(seen.names, seen.kinds, strict=True)
    columns = [Column(name, by_label.get(name, NEW), name[:150], kind) for name, kind in found]
    keys = [seen.names.index(name) for name in asked.pop("keys", [])]
    return Options(seen.format, columns, keys=keys, **asked)


def start_import(project: Project, content: bytes | str, table: DataTable | None = None, **asked) -> TableJob:
    """An import that waits for a worker."""
    file = stored(project, content, asked.pop("name", "people.csv"))
    if table is None:
        asked.setdefault("new_table", "People")
    return imports.start(file, options_for(file, table, **asked), table=table, user=file.uploaded_by)


def run(job: TableJob) -> TableJob:
    """The job after its task."""
    run_table_job(str(job.pk))
    return TableJob.objects.select_related("table", "output", "project").get(pk=job.pk)


def import_file(project: Project, content: bytes | str, table: DataTable | None = None, **asked) -> TableJob:
    """An import that is over."""
    return run(start_import(project, content, table, **asked))


def rows_of(table: DataTable, *names: str) -> list[tuple]:
    """The values of fields, in the order of the rows."""
    fresh = DataTable.objects.get(pk=table.pk)
    return [tuple(row[name] for name in names) for row in Records(fresh).find(order="id", limit=1000)]


def mistakes(job: TableJob) -> str:
    """The file with the bad cells."""
    return b"".join(files.iterate(job.output)).decode("utf-8-sig")
