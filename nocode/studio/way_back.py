"""What is told after a change of structure, with the way to where it is undone."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from nocode.studio.models import Field, Project


def with_undo(request: HttpRequest, project: Project, said: str) -> SafeString | str:
    """What was done, with a link to the changes of the project, where the newest is undone."""
    if not request.user.has_perm("studio.change_project", project):
        return said
    address = reverse("admin:studio_project_changes", args=[project.pk])
    return format_html('{} <a class="c-link" href="{}">{}</a>', said, address, _("Undo"))


def with_trash(request: HttpRequest, project: Project, field: Field) -> SafeString | str:
    """That a field was thrown away, and the way to bring it back."""
    return with_undo(request, project, _("“%(thing)s” is in the trash.") % {"thing": field.label})
