"""The fields of a table as lines of its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.forms import Script
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from nocode.foundation.errors import NoCodeError
from nocode.studio.fields import field_types, kind_choices
from nocode.studio.layouts import layout_of
from nocode.studio.models import DataTable, Field
from nocode.studio.schema import names
from nocode.studio.schema.operations.retype import is_convertible
from nocode.studio.type_settings import TypeSettingsField


def clean_label(form: forms.ModelForm) -> str:
    """`clean_label` of a form whose label becomes a physical name."""
    try:
        return names.clean_label(form.cleaned_data["label"])
    except NoCodeError as refusal:
        raise ValidationError(refusal.message) from None


class LabelWidget(UnfoldAdminTextInputWidget):
    """The name of a field, with its column in the database below."""

    column = ""

    def render(self, name: str, value: Any, *args: Any, **kwargs: Any) -> SafeString:
        typed = super().render(name, value, *args, **kwargs)
        if not self.column:
            return typed
        title = Field._meta.get_field("physical_name").verbose_name
        return format_html('{}<span class="c-muted c-field-column" title="{}">{}</span>', typed, title, self.column)


def _kinds(table: DataTable) -> list[tuple[str, str]]:
    """The types of a field of this table: what follows a relation has none to follow before the table is made."""
    return [
        (kind, label)
        for kind, label in kind_choices()
        if not (table._state.adding and "relation" in field_types[kind].Config.base_fields)
    ]


class FieldForm(forms.ModelForm):
    """A line of the list of fields; the type is chosen once."""

    kind = forms.ChoiceField(label=gettext_lazy("type"), widget=UnfoldAdminSelectWidget)
    settings = TypeSettingsField(label=gettext_lazy("settings"), required=False)
    clean_label = clean_label

    class Meta:
        model = Field
        fields = ["label", "kind", "required", "unique", "settings"]
        widgets = {"label": LabelWidget()}

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
        self.fields["kind"].choices = _kinds(table)
        if self.instance._state.adding:
            self.initial["kind"] = "text"
        else:
            self.fields["label"].widget.column = self.instance.physical_name
            self.fields["kind"].disabled = True
            self.fields["settings"].fix_kind(self.instance.kind)
            self.instance.table = table  # which knows its fields already
            self.initial["settings"] = self.instance.type.spoken(self.instance.settings, self.instance)

    def full_clean(self) -> None:
        """Only settings that are wrong are unfolded when the page is shown again."""
        super().full_clean()
        self.fields["settings"].widget.is_open = "settings" in self._errors

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
        if self.instance.project_id is None:  # no project is chosen for the new table yet
            return []
        return list(self.instance.project.tables.order_by("label").prefetch_related("fields"))

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        known = {"table": self.instance, "tables": self.tables, "problems": self.problems}
        return super().get_form_kwargs(index) | known

    @cached_property
    def problems(self) -> dict[str, str]:
        """Why fields cannot be computed as they are."""
        return {} if self.instance._state.adding else layout_of(self.instance).problems()


class FieldInline(TabularInline):
    """The fields of a table. Dropping one loses its values, so it takes the right to delete."""

    model = Field
    form = FieldForm
    formset = FieldFormSet
    fields = ["label", "kind", "required", "unique", "settings"]
    readonly_fields = ["physical_name", "more"]
    hide_title = True
    verbose_name, verbose_name_plural = gettext_lazy("field"), gettext_lazy("fields")
    max_num = 300

    class Media:
        js = [Script("js/studio/fields.js", type="module")]

    def get_extra(self, request: HttpRequest, obj: DataTable | None = None, **kwargs: Any) -> int:
        return 0 if obj else 3

    def get_fields(self, request: HttpRequest, obj: DataTable | None = None) -> list[str]:
        """Only a field that is there has details; who may not change it reads its column in one of the page's own."""
        if obj is None:
            return self.fields
        return [*self.fields, "more" if self.has_change_permission(request, obj) else "physical_name"]

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
            "",
            '<a class="c-link c-field-way" href="{}">{}</a>',
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
