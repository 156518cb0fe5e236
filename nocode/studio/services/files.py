"""Files of an organization: taken in and handed out piece by piece, never whole in memory."""

import mimetypes
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from os import SEEK_END
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.foundation.models import Organization, User
from nocode.foundation.retention import forgets
from nocode.foundation.services import billing
from nocode.studio.errors import FileRefused
from nocode.studio.fields.file import PICTURES, describe, picture_type
from nocode.studio.meters import measure_again
from nocode.studio.models import FileChunk, Project, StoredFile

LARGEST = 25 * 1024 * 1024  # bytes
UNUSED_KEPT = timedelta(days=1)
UNKNOWN = "application/octet-stream"


@transaction.atomic
def save(
    stream: IO[bytes],
    name: str,
    organization: Organization,
    project: Project | None = None,
    user: User | None = None,
    *,
    content_type: str = "",
    largest: int = LARGEST,
    expires_at: datetime | None = None,
) -> StoredFile:
    """Keep what a stream holds. Raises FileRefused when it is more than `largest` bytes."""
    file = StoredFile.objects.create(
        organization=organization,
        project=project,
        name=_tidy(name),
        content_type=content_type[:100],
        uploaded_by=user,
        expires_at=expires_at,
    )
    for number, piece in enumerate(iter(lambda: stream.read(StoredFile.CHUNK), b"")):
        file.size += len(piece)
        if file.size > largest:
            limit = filesizeformat(largest)
            raise FileRefused(_("“%(name)s” is larger than %(limit)s.") % {"name": file.name, "limit": limit})
        FileChunk.objects.create(file=file, number=number, content=piece)
    file.save(update_fields=["size", "updated_at"])
    return file


def receive(
    stream: IO[bytes],
    name: str,
    project: Project,
    user: User | None,
    *,
    content_type: str = "",
    largest: int = LARGEST,
    expires_at: datetime,
) -> StoredFile:
    """Keep what somebody brings, if the plan has room for all of it. Raises FileRefused, LimitReached."""
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    billing.require(project.organization_id, "storage", max(1, size))
    file = save(
        stream,
        name,
        project.organization,
        project,
        user,
        content_type=content_type,
        largest=largest,
        expires_at=expires_at,
    )
    measure_again(project.organization_id)
    return file


def keep(
    upload: UploadedFile, project: Project, user: User | None, largest: int = LARGEST, takes: Collection[str] = ()
) -> dict[str, Any]:
    """Keep an upload until a row of the project names it, for a day at most; answers what that row is to say.

    A row that is saved with it makes it stay (see `File.accept`), also when another row takes its place: the history of
    the row leads back to it. Raises FileRefused, LimitReached.
    """
    beginning = upload.read(16)
    upload.seek(0)
    kind = picture_type(beginning)
    if takes and kind not in takes:
        raise FileRefused(_("“%(name)s” is no picture that can be shown.") % {"name": upload.name})
    file = receive(
        upload,
        upload.name,
        project,
        user,
        content_type=type_of(upload.name, beginning),
        largest=largest,
        expires_at=timezone.now() + UNUSED_KEPT,
    )
    return describe(file)


def type_of(name: str, beginning: bytes) -> str:
    """The type of a file: of a picture by its first bytes, of others by the name, which is believed no picture."""
    guessed = mimetypes.guess_type(name)[0] or UNKNOWN
    return picture_type(beginning) or (UNKNOWN if guessed in PICTURES else guessed)


@forgets
def unused_files() -> QuerySet:
    """Uploads that no row was saved with, and files of jobs whose time is over."""
    return StoredFile.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")


def iterate(file: StoredFile) -> Iterator[bytes]:
    """The pieces of a file, in order, each read when it is asked for."""
    number = 0
    while piece := FileChunk.objects.filter(file=file, number=number).values_list("content", flat=True).first():
        yield bytes(piece)
        number += 1


def _tidy(name: str) -> str:
    """The last part of a path, without what no file name holds."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in last if character.isprintable()).strip()[-255:] or "file"
