"""Changes of structure in words: what was done, and to which tables and fields."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from nocode.foundation.ids import uuid_or_none
from nocode.studio.models import Field, SchemaChange
from nocode.studio.schema.history import steps
from nocode.studio.schema.operations import operations

MOST_NAMES = 5


def in_words(changes: Iterable[SchemaChange]) -> list[str]:
    """A line for each change; the names of fields that exist no more are not known."""
    forwards = [each.forward for each in changes]
    ids = {uuid_or_none(step.get("field")) for forward in forwards for step in steps(forward)} - {None}
    labels = dict(Field.everything.filter(pk__in=ids).values_list("pk", "label")) if ids else {}
    return [_line(forward, labels) for forward in forwards]


def _line(forward: dict[str, Any], labels: dict[Any, str]) -> str:
    """For example "Field thrown away: Age · Field added: Mail, Score"."""
    parts = []
    for op, same in groupby(steps(forward), key=lambda step: step["op"]):
        known = operations.get(op)
        what = str(known.label) if known else _("Removed for good")
        names = list(filter(None, (_name(step, labels) for step in same)))
        shown = names[:MOST_NAMES] + (["…"] if len(names) > MOST_NAMES else [])
        parts.append(_("%(what)s: %(name)s") % {"what": what, "name": ", ".join(shown)} if shown else what)
    return " · ".join(parts)


def _name(step: dict[str, Any], labels: dict[Any, str]) -> str:
    values = step.get("values") or {}
    label = values.get("label") or (step.get("new") or {}).get("label") or labels.get(uuid_or_none(step.get("field")))
    return str(step.get("label") or label or step.get("name") or "")
