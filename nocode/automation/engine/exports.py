"""All about one execution as one JSON text, written piece by piece: however long its log is, memory stays small."""

import gzip
import logging
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Func, Value
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from nocode.automation.errors import NoSuchId
from nocode.automation.models import ExecutionExport, WorkflowExecution

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
LARGEST = 200 * 1024 * 1024  # bytes, packed, that are stored in one row
ROWS_AT_ONCE = 500
PIECE = 64 * 1024  # characters, or packed bytes, at once

# name in the file → column
STEP = {
    "step_id": "node_key",
    "iteration": "iteration",
    "attempt": "attempt",
    "status": "status",
    "ports": "ports",
    "settings": "settings",
    "output": "output",
    "error": "error",
    "started_at": "started_at",
    "finished_at": "finished_at",
}
LOG = {"timestamp": "at", "level": "level", "step_id": "node_key", "message": "message", "details": "details"}

_encode = DjangoJSONEncoder(ensure_ascii=False).encode


def pieces(execution: WorkflowExecution) -> Iterator[str]:
    """The text, in pieces worth sending."""
    waiting, length = [], 0
    for part in _parts(execution):
        waiting.append(part)
        length += len(part)
        if length >= PIECE:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)


def _parts(execution: WorkflowExecution) -> Iterator[str]:
    head = {
        "execution_id": execution.pk,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "duration": execution.duration,
    }
    yield "{\n"
    for name, value in head.items():
        yield f"{_encode(name)}: {_encode(value)},\n"
    yield from _list("steps", _rows(execution.steps, STEP))
    yield ",\n"
    yield from _list("logs", _rows(execution.logs, LOG))
    yield "\n}\n"


def _rows(manager: Any, columns: dict[str, str]) -> Iterator[dict]:
    """The rows in the order they were written, through a cursor that stays on the server."""
    for values in manager.order_by("pk").values_list(*columns.values()).iterator(chunk_size=ROWS_AT_ONCE):
        yield dict(zip(columns, values, strict=True))


def _list(name: str, rows: Iterable[dict]) -> Iterator[str]:
    yield f"{_encode(name)}: ["
    separator = "\n"
    for row in rows:
        yield f"{separator}{_encode(row)}"
        separator = ",\n"
    yield "]"


# --- The file that is made in the background --------------------------------------------------------------------------
def make(execution_id: UUID) -> None:
    """Store the text as the execution's file; made twice, it is there once. Raises NoSuchId."""
    execution = WorkflowExecution.objects.without_values().filter(pk=execution_id).first()
    if execution is None:
        raise NoSuchId(_("There is no execution %s; perhaps it was deleted.") % execution_id)
    made = ExecutionExport.objects.filter(execution=execution, made_at__gt=execution.updated_at)
    if made.exists():
        return
    with tempfile.TemporaryFile() as file:
        result = {"size": _pack(execution, file), "made_at": timezone.now(), "error": ""}
        if file.tell() > LARGEST:
            logger.warning("the export of execution %s is too large to be stored", execution_id)
            limit = filesizeformat(LARGEST)
            result |= {"content": None, "made_at": None}
            result["error"] = _("The file would be larger than %s. Download it directly.") % limit
        else:
            file.seek(0)
            result["content"] = file.read()
    ExecutionExport.objects.update_or_create(
        execution=execution, defaults={**result, "expires_at": timezone.now() + KEPT}
    )


def _pack(execution: WorkflowExecution, file: IO[bytes]) -> int:
    """Write the text, packed; returns how many bytes it has unpacked."""
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=5) as packed:
        return sum(packed.write(piece.encode()) for piece in pieces(execution))


def stored_pieces(export: ExecutionExport) -> Iterator[bytes]:
    """A stored file, unpacked, read from the database piece by piece."""
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    start = 1
    while not unpack.eof:
        piece = Func("content", Value(start), Value(PIECE), function="substring", output_field=BinaryField())
        packed = ExecutionExport.objects.filter(pk=export.pk).values_list(piece, flat=True).get()
        yield unpack.decompress(bytes(packed))
        start += PIECE
