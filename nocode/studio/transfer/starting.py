"""What people ask for about whole projects: the job that does it, and the project it is to fill."""

from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.models import Organization, User
from nocode.studio.models import Project, TableJob
from nocode.studio.schema import names
from nocode.studio.services import files, jobs, projects
from nocode.studio.transfer.archive import ZipArchive
from nocode.studio.transfer.checking import Outline
from nocode.studio.transfer.format import LARGEST
from nocode.studio.transfer.reading import look
from nocode.studio.transfer.writing import Contents

KEPT = timedelta(days=2)  # an uploaded file, while its job waits


def export(project: Project, contents: Contents, user: User | None) -> TableJob:
    """Have a project written into one file."""
    return jobs.start("project_export", project=project, user=user, options={"contents": vars(contents)})


@transaction.atomic
def duplicate(source: Project, name: str, *, with_rows: bool, user: User | None) -> TableJob:
    """Have a project made again under another name. Raises NameRefused, NameTaken or LimitReached."""
    made = projects.create_project(source.organization, name, description=source.description)
    options = {"source": str(source.pk), "name": source.name, "with_rows": with_rows}
    return jobs.start("project_duplicate", project=made, user=user, options=options)


@transaction.atomic
def bring(
    upload: UploadedFile, organization: Organization, *, name: str = "", with_rows: bool = True, user: User | None
) -> TableJob:
    """Have a new project made of a file; without a name it gets that of the file. Raises NoCodeError."""
    outline = peek(upload)
    name = name or free_name(organization, outline.data["name"])
    made = projects.create_project(organization, name, description=outline.data["description"])
    file = files.receive(upload, upload.name, made, user, largest=LARGEST, expires_at=timezone.now() + KEPT)
    return jobs.start("project_import", project=made, user=user, options={"with_rows": with_rows}, input=file)


def peek(upload: UploadedFile) -> Outline:
    """What an uploaded file says, checked as far as that goes without writing. Raises ImportRefused."""
    with ZipArchive(upload) as archive:
        return look(archive)


def free_name(organization: Organization, name: str) -> str:
    """The name, or with a number behind it the first that no project of the organization has."""
    taken = set(organization.projects.filter(name__startswith=name[:100]).values_list("name", flat=True))
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        suffix = f" ({number})"
        candidate = name[: names.LABEL_MAX - len(suffix)].rstrip() + suffix
    return candidate


def copy_name(project: Project) -> str:
    """What a copy of a project may be called."""
    return free_name(project.organization, _("%(name)s – copy") % {"name": project.name[:130]})
