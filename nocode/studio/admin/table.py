"""Tables and their fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet, prefetch_related_objects
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from nocode.foundation.admin.base import ConsoleAdmin
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.admin.forms import ConsoleForm
from nocode.foundation.displays import shortened
from nocode.foundation.errors import NoCodeError
from nocode.foundation.permissions import organizations_where
from nocode.studio.admin.uses import losses, users_of
from nocode.studio.fields import field_types
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field, Project
from nocode.studio.schema import names
from nocode.studio.schema.operations.retype import is_convertible
from nocode.studio.services import tables
from nocode.studio.type_settings import TypeSettingsField


def clean_label(form: forms.ModelForm) -> str:
    """`clean_label` of a form whose label becomes a physical name."""
    try:
        return names.clean_label(form.cleaned_data["label"])
    except NoCodeError as refusal:
        raise ValidationError(refusal.message) from None


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


class FieldForm(forms.ModelForm):
    """A line of the list of fields; the type is chosen once."""

    kind = forms.ChoiceField(label=gettext_lazy("type"), widget=UnfoldAdminSelectWidget)
    settings = TypeSettingsField(label=gettext_lazy("settings"), required=False)
    clean_label = clean_label

    class Meta:
        model = Field
        fields = ["label", "kind", "required", "unique", "settings"]
        widgets = {"label": UnfoldAdminTextInputWidget()}

    def __init__(
        self,
        *args: Any,
        table: DataTable,
        tables: Sequence[DataTable],
        problems: Mapping[str, str],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        widget = self.fields["settings"].widget
        widget.table, widget.tables = table, tables
        widget.problem = problems.get(self.instance.physical_name, "")
        for field in self.fields.values():  # in a table the heading is the only label
            field.widget.attrs["aria-label"] = field.label
        self.fields["kind"].choices = field_types.choices()
        if self.instance._state.adding:
            self.initial["kind"] = "text"
        else:
            self.fields["kind"].disabled = True
            self.fields["settings"].fix_kind(self.instance.kind)
            self.instance.table = table  # which knows its fields already
            self.initial["settings"] = self.instance.type.spoken(self.instance.settings, self.instance)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "kind" not in data:
            return data
        TypeSettingsField.settle(self, data)
        if data.get("unique") and not field_types[data["kind"]].can_be_unique:
            self.add_error("unique", _("A field of this type cannot be unique."))
        return data


class FieldFormSet(forms.BaseInlineFormSet):
    """The fields of a table; each may lead to any table of the project."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            prefetch_related_objects([self.instance], "fields")  # which each of them reads

    @cached_property
    def tables(self) -> list[DataTable]:
        if self.instance._state.adding:
            return []
        return list(self.instance.project.tables.order_by("label").prefetch_related("fields"))

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        known = {"table": self.instance, "tables": self.tables, "problems": self.problems}
        return super().get_form_kwargs(index) | known

    @cached_property
    def problems(self) -> dict[str, str]:
        """Why fields cannot be computed as they are."""
        return {} if self.instance._state.adding else layout_of(self.instance).problems()

    def clean(self) -> None:
        """What something uses is thrown away once the person has seen what that is: `agreed` names such fields."""
        super().clean()
        dropped = [form.instance for form in self.initial_forms if self.can_delete and self._should_delete_form(form)]
        used = [(field, users) for field in dropped if (users := users_of(field))]
        agreed = set(self.data.getlist(f"{self.prefix}-agreed"))
        if any(str(field.pk) not in agreed for field, _users in used):
            raise ValidationError(render_to_string("studio/_used_fields.html", {"used": used, "prefix": self.prefix}))


class FieldInline(TabularInline):
    """The fields of a table. Dropping one loses its values, so it takes the right to delete."""

    model = Field
    form = FieldForm
    formset = FieldFormSet
    fields = ["label", "kind", "required", "unique", "settings", "physical_name", "more"]
    readonly_fields = ["physical_name", "more"]
    hide_title = True
    verbose_name, verbose_name_plural = gettext_lazy("field"), gettext_lazy("fields")
    max_num = 300

    class Media:
        js = [Script("js/studio/fields.js", type="module")]

    def get_extra(self, request: HttpRequest, obj: DataTable | None = None, **kwargs: Any) -> int:
        return 0 if obj else 3

    @display(description=gettext_lazy("more"))
    def more(self, field: Field) -> SafeString | str:
        """The ways to its details and, for fields with values of their own, to another type."""
        if field._state.adding:
            return ""
        ways = [("studio_field_details", _("Details"))]
        if is_convertible(field.type):
            ways.append(("studio_field_retype", _("Change type")))
        links = (("admin:" + name, label) for name, label in ways)
        return format_html_join(
            " · ",
            '<a class="c-link" href="{}">{}</a>',
            ((reverse(name, args=[field.pk]), label) for name, label in links),
        )

    def has_view_permission(self, request: HttpRequest, obj: DataTable | None = None) -> bool:
        return request.user.has_perm("studio.view_field", obj)

    def has_add_permission(self, request: HttpRequest, obj: DataTable | None = None) -> bool:
        return request.user.has_perm("studio.add_field", obj)

    def has_change_permission(self, request: HttpRequest, obj: DataTable | None = None) -> bool:
        return request.user.has_perm("studio.change_field", obj)

    def has_delete_permission(self, request: HttpRequest, obj: DataTable | None = None) -> bool:
        return request.user.has_perm("studio.delete_field", obj)


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

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        fields = Count("fields", filter=Q(fields__trashed_at=None))
        return super().get_queryset(request).select_related("project").annotate(fields_made=fields)

    def get_readonly_fields(self, request: HttpRequest, obj: DataTable | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), *(["project", "physical_name"] if obj else []))

    def get_fields(self, request: HttpRequest, obj: DataTable | None = None) -> list[str]:
        return [*self.fields, "physical_name"] if obj else self.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only projects in which the person may make tables."""
        where = organizations_where(request.user, "studio.add")
        kwargs["queryset"] = Project.objects.visible_to(request.user).filter(organization__in=where)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict:
        """Tables are dropped one at a time, each after a look at what goes with it."""
        return {name: each for name, each in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: DataTable, form: forms.ModelForm, change: bool) -> None:
        """Saved with its fields."""

    def save_related(self, request: HttpRequest, form: forms.ModelForm, formsets: list[Any], change: bool) -> None:
        """Save the table and its fields: one change of structure."""
        table, fields = form.instance, formsets[0]
        fields.save(commit=False)
        if change:
            changed = [field for field, _names in fields.changed_objects]
            what = {"added": fields.new_objects, "changed": changed, "dropped": fields.deleted_objects}
            saved = tables.save(table, table.label, **what)
        else:
            saved = tables.create(table.project, table.label, fields.new_objects)
        table.__dict__.update(saved.__dict__)  # the page goes on with the object it made

    def delete_model(self, request: HttpRequest, obj: DataTable) -> None:
        tables.drop(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: DataTable | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Saving the fields stays with them: one button for it is enough."""
        if obj is not None:
            context |= {"show_save_and_continue": False}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """The question before a table is dropped: what is in it, and who uses it."""
        return super().render_delete_form(request, context | losses(context["object"]))

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
