"""Projects."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from nocode.foundation.admin.base import HistoryAdmin
from nocode.foundation.admin.forms import ConsoleForm, SeenForm
from nocode.foundation.errors import NoCodeError
from nocode.studio.models import Project
from nocode.studio.schema import names
from nocode.studio.services import projects
from nocode.studio.signals import page_ways


class ProjectForm(SeenForm, ConsoleForm):
    """A project; its name is unique in its organization."""

    seen_on = "name"

    def clean_name(self) -> str:
        try:
            return names.clean_label(self.cleaned_data["name"])
        except NoCodeError as refusal:
            raise ValidationError(refusal.message) from None

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        organization = data.get("organization") or getattr(self.instance, "organization", None)
        if organization and organization.projects.filter(name=data.get("name")).exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("This organization already has a project of that name."))
        return data


@admin.register(Project)
class ProjectAdmin(HistoryAdmin):
    """What a team builds."""

    list_display = ["name", "organization", "table_count", "schema_name", "updated_at"]
    list_select_related = ["organization"]
    search_fields = ["name", "description", "schema_name"]
    empty_icon = "folder_open"
    empty_text = gettext_lazy("A project holds the tables that belong together, in a database schema of its own.")

    form = ProjectForm
    fields = ["organization", "name", "description"]
    empty_template = "studio/_project_starts.html"
    change_form_outer_before_template = "studio/_project_begin.html"
    change_form_outer_after_template = "studio/_project_tables.html"
    delete_confirmation_template = "studio/delete_project.html"
    list_before_template = "studio/_projects_head.html"
    list_after_template = "studio/_projects_trash.html"

    class Media:
        css = {"all": ["css/studio.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        tables = Count("tables", filter=Q(tables__trashed_at=None))
        return super().get_queryset(request).annotate(tables_made=tables)

    def get_fields(self, request: HttpRequest, obj: Project | None = None) -> list[str]:
        fields = super().get_fields(request, obj)
        return [*fields, "schema_name"] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), "schema_name")

    def get_actions(self, request: HttpRequest) -> dict:
        """Projects are deleted one at a time, each after a look at what goes with it."""
        return {name: each for name, each in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Project, form: forms.ModelForm, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            made = projects.create_project(obj.organization, obj.name, description=obj.description)
            obj.__dict__.update(made.__dict__)  # the page goes on with the object it made

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """Deleting asks for the name first."""
        if request.method == "POST":
            project = self.object_for(request, object_id, "delete")
            if request.POST.get("name", "").strip() != project.name:
                refusal = _("Type the name of the project to delete it: %(name)s") % {"name": project.name}
                self.message_user(request, refusal, messages.ERROR)
                return redirect("admin:studio_project_delete", project.pk)
        return super().delete_view(request, object_id, *args, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Project | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Pages are made for something: its way is beside them."""
        if obj is not None:
            answers = page_ways.send(Project, project=obj, user=request.user)
            context["page_ways"] = [way for _receiver, ways in answers for way in ways]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return super().render_delete_form(request, context | {"days": settings.NOCODE_TRASH_DAYS})

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        """To the trash: it can be brought back for some days."""
        projects.trash(obj)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The projects, and those in the trash below them."""
        trashed = Project.everything.visible_to(request.user).filter(trashed_at__isnull=False).order_by("-trashed_at")
        kwargs["extra_context"] = {**(kwargs.get("extra_context") or {}), "trashed": trashed[:50]}
        return super().changelist_view(request, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: Project) -> HttpResponse:
        """A new project wants tables: they are added on its page."""
        return redirect("admin:studio_project_change", obj.pk)

    @display(description=gettext_lazy("tables"), ordering="tables_made")
    def table_count(self, project: Project) -> int:
        return project.tables_made
