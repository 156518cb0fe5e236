"""Tables; the lines of their fields are in `field_lines`."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from nocode.foundation.admin.base import ConsoleAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.admin.forms import ConsoleForm
from nocode.foundation.displays import shortened
from nocode.foundation.errors import NoCodeError
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.permissions import organizations_where
from nocode.studio.admin.field_lines import FieldInline, clean_label
from nocode.studio.admin.uses import users_of
from nocode.studio.errors import LookFirst
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.operations import Operation, TrashTable
from nocode.studio.services import tables
from nocode.studio.views.consent import consent, show
from nocode.studio.way_back import with_trash


class TableForm(ConsoleForm):
    """A table; its project is chosen once."""

    clean_label = clean_label

    class Meta:
        model = DataTable
        fields = ["project", "label"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        project = data.get("project") or getattr(self.instance, "project", None)
        if project and project.tables.filter(label=data.get("label")).exclude(pk=self.instance.pk).exists():
            self.add_error("label", _("This project already has a table of that name."))
        return data


@admin.register(DataTable)
class DataTableAdmin(ConsoleAdmin):
    """What a table is made of; its rows have their own pages."""

    list_display = ["name", "project_name", "field_count", "open_fields", "updated_at"]
    list_display_links = None
    list_filter = [("project", VisibleRelatedFilter)]
    list_select_related = ["project"]
    search_fields = ["label", "physical_name"]
    empty_icon = "table"
    empty_text = gettext_lazy("A table keeps rows: customers, orders, whatever your workflows read and write.")

    form = TableForm
    fields = ["project", "label"]
    inlines = [FieldInline]
    change_form_outer_before_template = "studio/_table_head.html"
    change_form_outer_after_template = "studio/_table_foot.html"
    delete_confirmation_template = "studio/delete_table.html"

    class Media:
        css = {"all": ["css/studio.css"]}
        js = [Script("js/studio/consent.js", type="module")]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        fields = Count("fields", filter=Q(fields__trashed_at=None))
        return super().get_queryset(request).select_related("project").annotate(fields_made=fields)

    def get_readonly_fields(self, request: HttpRequest, obj: DataTable | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), *(["project", "physical_name"] if obj else []))

    def get_fields(self, request: HttpRequest, obj: DataTable | None = None) -> list[str]:
        return [*self.fields, "physical_name"] if obj else self.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects in which the person may make tables."""
        kwargs["queryset"] = self._projects(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _projects(self, request: HttpRequest) -> QuerySet:
        where = organizations_where(request.user, "studio.add")
        return Project.objects.visible_to(request.user).filter(organization__in=where)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The project asked for in the address, or the only one."""
        initial = super().get_changeform_initial_data(request)
        if "project" not in initial and len(only := self._projects(request)[:2]) == 1:
            initial["project"] = str(only[0].pk)
        return initial

    def get_formset_kwargs(self, request: HttpRequest, obj: DataTable, *args: Any) -> dict[str, Any]:
        """The lines of a new table need its project: the posted one, or the one that its form begins with."""
        if obj._state.adding:
            said = request.POST if request.method == "POST" else self.get_changeform_initial_data(request)
            obj.project = self._projects(request).filter(pk=uuid_or_none(said.get("project"))).first()
        return super().get_formset_kwargs(request, obj, *args)

    def get_actions(self, request: HttpRequest) -> dict:
        """Tables are dropped one at a time, each after a look at what goes with it."""
        return {name: each for name, each in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: DataTable, form: forms.ModelForm, change: bool) -> None:
        """Saved with its fields."""

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: list[Any], change: bool) -> None:
        """Save the table and its fields: one change of structure."""
        table, fields = form.instance, formsets[0]
        fields.save(commit=False)
        if not change:
            self._look_first(request, table, [tables.creation(table.label, fields.new_objects)])
            saved = tables.create(table.project, table.label, fields.new_objects)
        else:
            changed = [field for field, _names in fields.changed_objects]
            what = {"added": fields.new_objects, "changed": changed, "dropped": fields.deleted_objects}
            operations = tables.differences(table, table.label, **what)
            self._look_first(request, table, operations, fields.deleted_objects)
            saved = tables.save(table, operations)
            for field in fields.deleted_objects:
                messages.warning(request, with_trash(request, table.project, field))
        table.__dict__.update(saved.__dict__)  # the page goes on with the object it made

    def _look_first(
        self, request: HttpRequest, table: DataTable, operations: Sequence[Operation], dropped: Iterable[Field] = ()
    ) -> None:
        """What is grave is seen, and agreed to, before it is saved. Raises LookFirst."""
        users = [(field.label, names) for field in dropped if (names := users_of(field))]
        asked = consent(request, table.project, *operations, users=users)
        if asked.is_wanted(request):
            request.consent = asked
            raise LookFirst(_("Nothing was saved yet: look at what will change, and agree to it."))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of a table; of a look at what would change the dialog alone."""
        answer = super().changeform_view(request, *args, **kwargs)
        if not request.htmx or "look" not in request.POST:
            return answer
        seen = getattr(request, "consent", None)
        if seen is not None:
            return show(request, "datatable_form", seen)
        page = answer.context_data
        lines = [line for formset in page["inline_admin_formsets"] for line in formset.formset.forms]
        return show(request, "datatable_form", None, wrong=[page["adminform"].form, *lines])

    def delete_model(self, request: HttpRequest, obj: DataTable) -> None:
        tables.drop(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: DataTable | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Saving the fields stays with them: one button for it is enough."""
        if obj is not None:
            context |= {"show_save_and_continue": False}
        context["consent"] = getattr(request, "consent", None)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """The question before a table is dropped: what is in it, and who uses it."""
        table = context["object"]
        context["users"] = [(table.label, names)] if (names := users_of(table)) else []
        try:
            context["ahead"] = SchemaManager(table.project).preview(TrashTable(str(table.pk)))
        except NoCodeError as refusal:
            context["refusal"] = refusal.message
        return super().render_delete_form(request, context)

    def response_post_save_change(self, request: HttpRequest, obj: DataTable) -> HttpResponse:
        """Stay: fields are changed one after the other."""
        return redirect("admin:studio_datatable_change", obj.pk)

    def response_post_save_add(self, request: HttpRequest, obj: DataTable) -> HttpResponse:
        """A new table wants rows."""
        return redirect("admin:studio_table_rows", obj.pk)

    @display(description=gettext_lazy("fields"), ordering="fields_made")
    def field_count(self, table: DataTable) -> int:
        return table.fields_made

    @display(description=gettext_lazy("name"), ordering="label")
    def name(self, table: DataTable) -> SafeString:
        return shortened(table.label, reverse("admin:studio_table_rows", args=[table.pk]))

    @display(description=gettext_lazy("project"), ordering="project__name")
    def project_name(self, table: DataTable) -> SafeString:
        return shortened(table.project.name)

    @display(description=gettext_lazy("structure"))
    def open_fields(self, table: DataTable) -> SafeString:
        url = reverse("admin:studio_datatable_change", args=[table.pk])
        return format_html('<a class="c-link" href="{}">{}</a>', url, _("Fields"))
