"""Deletes what is old enough, a bounded batch at a time, so that nobody waits long for a row or a lock."""

import logging
import time
from collections import Counter
from collections.abc import Callable

from django.db import OperationalError, connection, models, transaction
from psycopg2 import errorcodes, sql

logger = logging.getLogger(__name__)

BATCH = 500
PAUSE = 0.01  # seconds between batches, in which others have the database
# A batch that waits or works for longer than this is given up, and left to the next sweep.
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "30s"
TOO_LONG = {errorcodes.LOCK_NOT_AVAILABLE, errorcodes.QUERY_CANCELED}
SECONDS = 240  # of deleting; what is left is done by the next call, well before the time of a task is over

# What is deleted each day: functions that say which rows are old enough (see `forgets`).
OLD_ROWS: list[Callable[[], models.QuerySet]] = []

_LIMITS = "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)"
_DELETE = sql.SQL("DELETE FROM {table} WHERE {column} = ANY(%s)")


def forgets(old_rows: Callable[[], models.QuerySet]) -> Callable[[], models.QuerySet]:
    """Have the rows a function returns deleted each day; ordered as an index finds the oldest."""
    OLD_ROWS.append(old_rows)
    return old_rows


class Sweep:
    """One round of deleting: it ends when nothing is left, or when its time is over."""

    def __init__(self, seconds: float = SECONDS, batch: int = BATCH):
        self.ends = time.monotonic() + seconds
        self.batch = batch
        self.deleted: Counter[str] = Counter()  # by model
        self.is_cut_short = False

    def delete(self, rows: models.QuerySet) -> None:
        """Delete rows with what hangs on them. Each batch is a transaction: killed in the middle, nothing is half done.

        A row that somebody holds is left to the next sweep, and looked at again once it is ours: it may have changed.
        """
        while time.monotonic() < self.ends:
            try:
                count = self._delete_batch(rows)
            except OperationalError as error:
                if getattr(error.__cause__, "pgcode", None) not in TOO_LONG:
                    raise
                logger.warning("%s: a batch took too long to delete; the next sweep does it", rows.model._meta.label)
                break
            if count < self.batch:
                return
            time.sleep(PAUSE)
        self.is_cut_short = True

    @transaction.atomic
    def _delete_batch(self, rows: models.QuerySet) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_LIMITS, [LOCK_TIMEOUT, STATEMENT_TIMEOUT])
        ours = rows.select_for_update(skip_locked=True, of=("self",))
        keys = list(ours.values_list("pk", flat=True)[: self.batch])
        if keys:
            self._delete(rows.model, keys)
        return len(keys)

    def _delete(self, model: type[models.Model], keys: list) -> None:
        for relation in _relations_to(model):
            child, field = relation.related_model, relation.field
            if relation.on_delete is models.SET_NULL:
                child._base_manager.filter(**{f"{field.name}__in": keys}).update(**{field.name: None})
            elif relation.on_delete is models.CASCADE and not _relations_to(child):
                self._execute(child, field.column, keys)
            else:
                raise TypeError(
                    f"{model.__name__} cannot be deleted in batches because of {child.__name__}.{field.name}"
                )
        self._execute(model, model._meta.pk.column, keys)

    def _execute(self, model: type[models.Model], column: str, keys: list) -> None:
        with connection.cursor() as cursor:
            table, column = sql.Identifier(model._meta.db_table), sql.Identifier(column)
            cursor.execute(_DELETE.format(table=table, column=column), [keys])
            if cursor.rowcount:
                self.deleted[model._meta.label] += cursor.rowcount


def _relations_to(model: type[models.Model]) -> list[models.ForeignObjectRel]:
    """The foreign keys that point to a model, those without a name on it included."""
    fields = model._meta.get_fields(include_hidden=True)
    return [field for field in fields if field.auto_created and not field.concrete and not field.many_to_many]
