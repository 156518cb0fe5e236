"""Files of an organization: taken in and handed out piece by piece, never whole in memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import IO

from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from nocode.foundation.models import Organization, User
from nocode.studio.errors import FileRefused
from nocode.studio.models import FileChunk, Project, StoredFile

LARGEST = 25 * 1024 * 1024  # bytes


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
