"""Activities as a file: row after row, so that a million need no more memory than one."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils.timezone import localtime

from nocode.foundation.spreadsheet import csv_lines

# column of the file → field it is read from
COLUMNS = {
    "time": "created_at",
    "organization": "organization__name",
    "person": "user_label",
    "action": "action",
    "object_kind": "target_type",
    "object_id": "target_id",
    "object": "target_label",
    "ip": "ip",
    "browser": "user_agent",
    "request": "request_id",
    "details": "details",
}
CHUNK = 2000


def as_csv(activities: QuerySet) -> Iterator[str]:
    """A header, then a line per activity."""

    def rows() -> Iterator[list[Any]]:
        yield list(COLUMNS)
        for time, *cells, details in _read(activities):
            yield [time.isoformat(), *cells, json.dumps(details, ensure_ascii=False) if details else ""]

    return csv_lines(rows())


def as_json(activities: QuerySet) -> Iterator[str]:
    """A list of objects, one per line."""
    separator = "[\n"
    for row in _read(activities):
        activity = json.dumps(dict(zip(COLUMNS, row, strict=True)), cls=DjangoJSONEncoder, ensure_ascii=False)
        yield f"{separator}{activity}"
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def _read(activities: QuerySet) -> Iterator[tuple]:
    """The rows through a cursor that stays on the server."""
    for time, *rest in activities.values_list(*COLUMNS.values()).iterator(chunk_size=CHUNK):
        yield localtime(time), *rest


FORMATS: dict[str, tuple[str, Callable[[QuerySet], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
}
