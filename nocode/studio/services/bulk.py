"""Acts on all rows that match, however many: a few at once, many by a job that goes through them part by part."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from nocode.foundation.models import User
from nocode.studio.models import DataTable, TableJob
from nocode.studio.services import history, jobs
from nocode.studio.services.history import Act
from nocode.studio.services.loose import Undone
from nocode.studio.services.many import Matching
from nocode.studio.services.records import Records

MOST_IN_A_REQUEST = 2_000  # each with its history and its event: what people wait for gladly


def change(table: DataTable, matching: Matching, values: Mapping[str, Any], user: User) -> Act | TableJob:
    """Give all rows that match the same values. Raises RecordErrors, QueryRefused."""
    records = Records(table, actor=user)
    cleaned = records.checked(values)
    if _is_few(records, matching):
        return records.update_many(values, matching=matching)
    records.refuse_much(cleaned, MOST_IN_A_REQUEST + 1)  # at least; the job counts them all, and may refuse it then
    types = records.layout.types
    kept = {name: None if value is None else types[name].plain(value) for name, value in cleaned.items()}
    return _start(table, matching, kept, user)


def delete(table: DataTable, matching: Matching, user: User) -> Act | TableJob:
    """Delete all rows that match. Raises RecordErrors, QueryRefused."""
    records = Records(table, actor=user)
    if _is_few(records, matching):
        return records.delete_many(matching=matching)
    return _start(table, matching, None, user)


def undo(table: DataTable, batch: UUID, user: User) -> Undone | TableJob:
    """Undo an act. Raises RecordNotFound, RecordErrors."""
    records = Records(table, actor=user)
    number = history.size(records, batch)
    if number <= MOST_IN_A_REQUEST:
        return records.restore(batch)
    options = {"batch": str(batch), "act": str(history.new_act()), "rows": number}
    return jobs.start("undo", project=table.project, table=table, user=user, options=options)


def _is_few(records: Records, matching: Matching) -> bool:
    """Whether all rows that match can be acted on in a request: counted only as far as that takes."""
    number = records.count(matching.filters, search=matching.search, at_most=MOST_IN_A_REQUEST + 1)
    return number <= MOST_IN_A_REQUEST


def _start(table: DataTable, matching: Matching, values: dict[str, Any] | None, user: User) -> TableJob:
    options = {
        "filters": list(matching.filters),
        "search": matching.search,
        "values": values,
        "batch": str(history.new_act()),
    }
    kind = "delete_rows" if values is None else "change_rows"
    return jobs.start(kind, project=table.project, table=table, user=user, options=options)
