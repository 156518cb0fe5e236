"""How a project came to its structure, and back: its changes, undo and redo, the trash, the indexes of a table."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context, refuse, tell, visible_object
from nocode.studio.models import DataTable, Field, Project, SchemaChange, TableIndex
from nocode.studio.schema import history
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.words import in_words
from nocode.studio.services import projects
from nocode.studio.views.consent import Consent
from nocode.studio.views.guard import of_project, of_table

PER_PAGE = 50


@require_GET
@of_project("studio.view_project")
def project_changes(request: HttpRequest, project: Project) -> HttpResponse:
    """What was done to the structure, the newest first, with its SQL."""
    changes = project.changes.select_related("actor", "table").order_by("-created_at")
    shown = Paginator(changes, PER_PAGE).get_page(request.GET.get("page"))
    context = page_context(
        request,
        _("%(project)s · changes of structure") % {"project": project.name},
        project=project,
        changes=[{"change": each, "what": what} for each, what in zip(shown, in_words(shown), strict=True)],
        shown=shown,
        undoable=history.undoable(project),
        redoable=history.redoable(project),
        may_change=request.user.has_perm("studio.change_project", project),
    )
    return render(request, "studio/changes.html", context)


@require_POST
@of_project("studio.change_project")
def project_undo(request: HttpRequest, project: Project) -> HttpResponse:
    """Undo the newest change of structure."""
    change = history.undoable(project)
    return _taken(request, project, "undo", change, change and change.backward)


@require_POST
@of_project("studio.change_project")
def project_redo(request: HttpRequest, project: Project) -> HttpResponse:
    """Make the change again that was undone last."""
    change = history.redoable(project)
    return _taken(request, project, "redo", change, change and change.forward)


@require_GET
@of_project("studio.view_project")
def project_trash(request: HttpRequest, project: Project) -> HttpResponse:
    """The tables and fields of a project that were thrown away."""
    fields = Field.everything.filter(table__project=project, table__trashed_at=None, trashed_at__isnull=False)
    context = page_context(
        request,
        _("%(project)s · trash") % {"project": project.name},
        project=project,
        tables=DataTable.everything.filter(project=project, trashed_at__isnull=False).order_by("-trashed_at"),
        fields=fields.select_related("table").order_by("-trashed_at"),
        may_delete=request.user.has_perm("studio.delete_project", project),
    )
    return render(request, "studio/trash.html", context)


@require_POST
@of_project("studio.delete_project")
def project_trash_act(request: HttpRequest, project: Project, kind: str, thing: UUID) -> HttpResponse:
    """Bring a table or a field back, or remove it for good (`purge`)."""
    found = _thrown_away(project, kind, thing)
    manager = SchemaManager(project, request.user)
    if "purge" in request.POST:
        tell(request, manager.purge, found, done=_("“%(name)s” is gone for good.") % {"name": found})
    else:
        tell(request, manager.restore, found, done=_("“%(name)s” is back.") % {"name": found})
        _pass_on(request, manager)
    return redirect("admin:studio_project_trash", project.pk)


@require_POST
@page("studio.delete_project")
def project_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring a project back from the trash, or delete it for good (`purge`, with its name typed)."""
    project = visible_object(request, Project.everything.exclude(trashed_at=None), "studio.delete_project", pk=pk)
    if "purge" in request.POST:
        done = _("“%(name)s” is gone for good.") % {"name": project}
        tell(request, projects.purge, project, name=request.POST.get("name", ""), done=done)
    else:
        tell(request, projects.restore, project, done=_("“%(name)s” is back.") % {"name": project})
    return redirect("admin:studio_project_changelist")


@require_POST
@of_table("studio.change_datatable")
def table_index_add(request: HttpRequest, table: DataTable) -> HttpResponse:
    """Ask for an index by the fields chosen (`column`), or for searching."""
    kind = TableIndex.Kind.SEARCH if "search" in request.POST else TableIndex.Kind.ORDER
    columns = [name for name in request.POST.getlist("column") if name]
    manager = SchemaManager(table.project, request.user)
    done = _("The index is being built; the table can be used meanwhile.")
    tell(request, manager.add_index, table, columns, kind, done=done)
    back = request.POST.get("back", "")
    is_here = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_here else _structure(table))


@require_POST
@of_table("studio.change_datatable")
def table_index_drop(request: HttpRequest, table: DataTable, index: UUID) -> HttpResponse:
    """Drop an index."""
    found = get_object_or_404(TableIndex, table=table, pk=index)
    tell(request, SchemaManager(table.project, request.user).drop_index, found, done=_("The index was dropped."))
    return redirect(_structure(table))


def _may_make(request: HttpRequest, project: Project, change: SchemaChange | None, way: dict | None) -> bool:
    """Throwing away what somebody else made takes the right to delete, whichever way it is done."""
    is_own = change is None or change.actor_id == request.user.pk
    if is_own or not history.throws_away(way) or request.user.has_perm("studio.delete_project", project):
        return True
    refuse(request, _("Somebody else made what this would throw away; ask an administrator to do it."))
    return False


def _taken(
    request: HttpRequest, project: Project, method: str, change: SchemaChange | None, way: dict | None
) -> HttpResponse:
    """Undo a change or make it again; what is lost by that is seen, and agreed to, before."""
    if not _may_make(request, project, change, way):
        return redirect("admin:studio_project_changes", project.pk)
    manager, lossy = SchemaManager(project, request.user), {}
    try:
        if way is not None and (asked := Consent(manager.preview_kept(way))).is_lossy:
            if request.POST.get("agreed") != asked.key:
                return _question(request, project, method, change, asked)
            lossy = {"lossy": True} if method == "undo" else {}
    except NoCodeError as refusal:
        refuse(request, refusal.message)
        return redirect("admin:studio_project_changes", project.pk)
    done = _("Undone: %(what)s.") if method == "undo" else _("Made again: %(what)s.")
    tell(request, getattr(manager, method), done=lambda made: done % {"what": in_words([made])[0]}, **lossy)
    _pass_on(request, manager)
    return redirect("admin:studio_project_changes", project.pk)


def _question(
    request: HttpRequest, project: Project, method: str, change: SchemaChange, asked: Consent
) -> HttpResponse:
    names = {"what": in_words([change])[0]}
    title = (_("Undo: %(what)s") if method == "undo" else _("Make again: %(what)s")) % names
    known = {"project": project, "consent": asked, "title_of_way": title}
    return render(request, "studio/way_question.html", page_context(request, project.name, **known))


def _pass_on(request: HttpRequest, manager: SchemaManager) -> None:
    """Tell what could not be done as asked."""
    for note in manager.notes:
        messages.warning(request, note)


def _thrown_away(project: Project, kind: str, pk: UUID) -> DataTable | Field:
    if kind == "table":
        return get_object_or_404(DataTable.everything, project=project, pk=pk, trashed_at__isnull=False)
    return get_object_or_404(Field.everything, table__project=project, pk=pk, trashed_at__isnull=False)


def _structure(table: DataTable) -> Any:
    return redirect("admin:studio_datatable_change", table.pk).url
