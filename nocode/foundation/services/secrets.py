"""Every stored secret under the first key: what follows a change of NOCODE_ENCRYPTION_KEYS."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import models, transaction

from nocode.foundation.crypto import CannotDecrypt, is_current, rotate
from nocode.foundation.models import SecretText

BATCH = 100


@dataclass
class Rotation:
    """What was done to one column of secrets."""

    column: SecretText
    rotated: int = 0
    current: int = 0  # were under the first key already
    unreadable: list[str] = field(default_factory=list)

    @property
    def model(self) -> type[models.Model]:
        return self.column.model


def rotate_all() -> Iterator[Rotation]:
    """Encrypt every secret with the first key, column by column; what is so already is left alone.

    May be stopped at any time and called again, while people work: each batch is a transaction that holds its rows
    and writes nothing but their secrets, so what somebody saves meanwhile is neither lost nor overwritten.
    """
    for model in apps.get_models():
        for column in model._meta.get_fields():
            if isinstance(column, SecretText):
                yield _rotate_column(column)


def left_behind() -> int:
    """How many secrets are not under the first key: unreadable, or saved just now by a process with other keys."""
    columns = [each for model in apps.get_models() for each in model._meta.get_fields() if isinstance(each, SecretText)]
    return sum(not is_current(stored) for column in columns for stored in _stored_in(column))


def _rotate_column(column: SecretText) -> Rotation:
    rotation, last = Rotation(column), None
    while rows := _rotate_batch(rotation, last):
        last = rows[-1].pk
    return rotation


@transaction.atomic
def _rotate_batch(rotation: Rotation, after: object) -> list[models.Model]:
    """The next rows that have a secret, held and rotated."""
    name, model = rotation.column.name, rotation.model
    rows = _with_secret(rotation.column).order_by("pk")
    rows = rows.filter(pk__gt=after) if after is not None else rows
    held = list(rows.select_for_update(no_key=True, of=["self"])[:BATCH])
    for row in held:
        stored = getattr(row, name)
        if is_current(stored):
            rotation.current += 1
            continue
        try:
            again = rotate(stored)
        except CannotDecrypt:
            rotation.unreadable.append(f"“{row}” ({row.pk})")
            continue
        model._base_manager.filter(pk=row.pk).update(**{name: again})
        rotation.rotated += 1
    return held


def _with_secret(column: SecretText) -> models.QuerySet:
    return column.model._base_manager.exclude(**{column.name: ""})


def _stored_in(column: SecretText) -> Iterator[str]:
    return _with_secret(column).values_list(column.name, flat=True).iterator(BATCH)
