"""Which change of a project is undone next, and which is made again: the last one made, the last one undone."""

from typing import Any

from django.db.models import QuerySet

from nocode.studio.models import Project, SchemaChange


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


def forget(project: Project, **about: Any) -> None:
    """Changes of something that is gone for good cannot be undone any more."""
    _made(project).filter(**about).update(backward=None)


def _made(project: Project) -> QuerySet[SchemaChange]:
    return project.changes.filter(undone_at=None).order_by("created_at")
