"""Applications. Their page is put together in views/application.py."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from nocode.foundation.admin.base import HistoryAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.admin.forms import ConsoleForm, SeenForm
from nocode.foundation.displays import shortened, status_pill
from nocode.foundation.models import User
from nocode.foundation.permissions import organizations_where, roles_of
from nocode.runtime.models import GeneratedApp
from nocode.runtime.models.app import audiences_of
from nocode.runtime.queries import HEAVY, free_slug
from nocode.runtime.views.application import application_page
from nocode.studio.models import Project


class AppForm(SeenForm, ConsoleForm):
    """An application; its project is chosen once, and nobody opens or closes it beyond their own role."""

    seen_on = "name"
    person: User  # who fills it in; the page sets it

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "minimum_role" in self.fields:
            self._limit_audience(self.fields["minimum_role"])
        project = self.fields.get("project")
        if project and isinstance(project.widget, RelatedFieldWidgetWrapper):
            project.widget = project.widget.widget  # projects are made elsewhere
        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 2
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean_slug(self) -> str:
        """The address; made from the name when nobody typed one."""
        return self.cleaned_data["slug"] or free_slug(self.cleaned_data.get("name", ""), self.instance.pk)

    def clean(self) -> dict[str, Any]:
        """The project was chosen in this form: only now it is known which role counts."""
        data = super().clean()
        project, wanted = data.get("project"), data.get("minimum_role")
        if project and wanted and wanted not in audiences_of(self.person, project.organization_id):
            self.add_error("minimum_role", _("Choose an audience that you belong to yourself."))
        return data

    def _limit_audience(self, field: forms.Field) -> None:
        if self.instance._state.adding:
            offered = {each for pk in roles_of(self.person) for each in audiences_of(self.person, pk)}
        else:
            offered = audiences_of(self.person, self.instance.project.organization_id)
            # What is stored, for in the history the instance is an older version.
            stored = GeneratedApp.objects.filter(pk=self.instance.pk).values_list("minimum_role", flat=True).first()
            field.disabled = stored is not None and stored not in offered
        if not field.disabled and not self.person.is_superuser:
            field.choices = [choice for choice in field.choices if choice[0] in offered]


@admin.register(GeneratedApp)
class GeneratedAppAdmin(HistoryAdmin):
    """What people open, made from the pages of a project."""

    list_display = ["short_name", "pill", "link", "minimum_role", "online", "project_name", "updated_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("project", VisibleRelatedFilter)]
    list_select_related = ["project", "current_deployment"]
    search_fields = ["name", "slug", "description"]
    empty_icon = "deployed_code"
    empty_text = _("An application puts the pages of a project online, for the people of your organization to use.")

    form = AppForm
    fields = ["project", "name", "slug", "minimum_role", "description"]
    prepopulated_fields = {"slug": ["name"]}
    change_form_template = "runtime/application.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).defer(*(f"current_deployment__{name}" for name in HEAVY))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, *args, **kwargs)
        form.person = request.user
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: GeneratedApp | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), *(["project"] if obj else []))

    def get_prepopulated_fields(self, request: HttpRequest, obj: GeneratedApp | None = None) -> dict:
        """An address is proposed once; it stays when the name changes."""
        return {} if obj else self.prepopulated_fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects of which the person may make applications."""
        if db_field.name == "project":
            where = organizations_where(request.user, "runtime.add")
            kwargs["queryset"] = Project.objects.visible_to(request.user).filter(organization__in=where)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The only project there is needs no choosing."""
        where = organizations_where(request.user, "runtime.add")
        projects = list(Project.objects.visible_to(request.user).filter(organization__in=where)[:2])
        only = {"project": projects[0].pk} if len(projects) == 1 else {}
        return only | super().get_changeform_initial_data(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: GeneratedApp | None = None, **kwargs: Any
    ) -> HttpResponse:
        """The settings, with everything else about the application around them; saving stays here."""
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if obj is not None:
            context |= application_page(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: GeneratedApp, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: GeneratedApp, post_url_continue: str | None = None
    ) -> HttpResponse:
        """A new application is not online yet: go where it is deployed."""
        response = super().response_add(request, obj, post_url_continue)
        is_list = isinstance(response, HttpResponseRedirect) and "_addanother" not in request.POST
        return redirect("admin:runtime_generatedapp_change", obj.pk) if is_list else response

    def response_post_save_change(self, request: HttpRequest, obj: GeneratedApp) -> HttpResponse:
        """Stay on the page: deploying comes next."""
        return redirect("admin:runtime_generatedapp_change", obj.pk)

    @display(description=_("name"), ordering="name")
    def short_name(self, app: GeneratedApp) -> SafeString:
        return shortened(app.name)

    @display(description=_("status"), ordering="status")
    def pill(self, app: GeneratedApp) -> SafeString:
        return status_pill(app)

    @display(description=_("address"), ordering="slug")
    def link(self, app: GeneratedApp) -> SafeString:
        return shortened(app.address, app.address if app.is_served else "")

    @display(description=_("online"))
    def online(self, app: GeneratedApp) -> SafeString | str:
        if not app.is_served:
            return "–"
        url = reverse("admin:deployment_detail", args=[app.current_deployment_id])
        return format_html('<a class="c-link" href="{}">#{}</a>', url, app.current_deployment.number)

    @display(description=_("project"), ordering="project__name")
    def project_name(self, app: GeneratedApp) -> SafeString:
        return shortened(app.project.name)
