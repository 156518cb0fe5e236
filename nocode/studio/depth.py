"""How far a computed field may go: not back to itself, not through too many others, not to SQL without end."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.utils.translation import gettext as _
from psycopg2 import sql

from nocode.studio.errors import FieldBroken
from nocode.studio.models import Field

DEEPEST = 10  # fields that are computed from fields that are computed …
MOST_PARTS, MOST_DEPTH = 8000, 400  # of the SQL of one field
_OPEN: ContextVar[tuple[UUID, ...]] = ContextVar("_OPEN", default=())


def refuse_too_much(field: Field, value: sql.Composable) -> None:
    """Raise FieldBroken for SQL that nobody should wait for: too long, or nested too deeply."""
    waiting, parts = [(value, 1)], 0
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if parts > MOST_PARTS or depth > MOST_DEPTH:
            message = _("“%(field)s” is too much to compute: make it shorter, or read less in it.")
            raise FieldBroken(message % {"field": field.label})
        if isinstance(part, sql.Composed):
            waiting += [(each, depth + 1) for each in part.seq]


@contextmanager
def opened(field: Field) -> Iterator[None]:
    """What a field reads is being found out: it cannot read itself, nor through too many others. Raises FieldBroken."""
    way = _OPEN.get()
    if field.pk in way:
        raise FieldBroken(_("“%(field)s” is computed from itself.") % {"field": field.label})
    if len(way) >= DEEPEST:
        raise FieldBroken(
            _("“%(field)s” is reached through more than %(most)d fields.") % {"field": field.label, "most": DEEPEST}
        )
    token = _OPEN.set((*way, field.pk))
    try:
        yield
    finally:
        _OPEN.reset(token)
