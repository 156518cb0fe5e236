"""Which change of a project is undone next, and which is made again: the last one made, the last one undone."""

from typing import Any

from django.db.models import Q, QuerySet

from nocode.studio.models import Project, SchemaChange
from nocode.studio.schema.operations import Operation, Together, TrashField, TrashTable, from_json


def undoable(project: Project) -> SchemaChange | None:
    """The newest change that was not undone; changes that cannot be undone are passed over."""
    return _made(project).filter(backward__isnull=False).last()


def redoable(project: Project) -> SchemaChange | None:
    """The change undone last, unless another one was made since it was first made: then what it was about is past."""
    undone = project.changes.filter(undone_at__isnull=False)
    newest = undoable(project)
    if newest is not None:
        undone = undone.filter(created_at__gt=newest.created_at)
    return undone.order_by("undone_at").last()


def throws_away(way: dict[str, Any] | None) -> bool:
    """Whether an operation, as it is kept, throws a table or a field away, alone or among others."""
    if way is None:
        return False
    return way["op"] in (TrashTable.op, TrashField.op) or any(map(throws_away, way.get("steps", ())))


def way_back(project: Project, op: str, **values: str) -> Operation | None:
    """What undoes the newest change with these values that was not undone; of several made together that one alone."""
    change = _made(project).filter(about(op=op, **values), backward__isnull=False).last()
    if change is None:
        return None
    # The steps back are those forward from the last to the first.
    pairs = zip(steps(change.forward), reversed(steps(change.backward)), strict=True)
    return next(from_json(back) for step, back in pairs if step | {"op": op, **values} == step)


def forget(project: Project, wanted: Q) -> None:
    """Changes of something that is gone for good cannot be undone any more."""
    _made(project).filter(wanted).update(backward=None)


def forget_things(project: Project, operation: Operation) -> None:
    """What an operation is about is gone with it: changes of that cannot be undone any more."""
    gone = {"field": operation.field} if hasattr(operation, "field") else {"table": operation.table}
    forget(project, about(**gone) | about(new={"id": gone.get("field", "")}))


def about(**values: Any) -> Q:
    """Changes with these values, made by themselves or together with others."""
    return Q(forward__contains=values) | Q(forward__op=Together.op, forward__steps__contains=[values])


def steps(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """What was made one after the other."""
    return operation["steps"] if operation["op"] == Together.op else [operation]


def _made(project: Project) -> QuerySet[SchemaChange]:
    return project.changes.filter(undone_at=None).order_by("created_at")
