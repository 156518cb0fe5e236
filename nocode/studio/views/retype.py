"""Another type for a field."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget

from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context, visible_object
from nocode.studio.fields import field_types
from nocode.studio.models import Field
from nocode.studio.schema.manager import SchemaManager
from nocode.studio.schema.operations.retype import RetypeField, is_convertible
from nocode.studio.type_settings import TypeSettingsField
from nocode.studio.views.consent import consent, show
from nocode.studio.way_back import with_undo


class RetypeForm(forms.Form):
    """The type a field is to have."""

    kind = forms.ChoiceField(label=gettext_lazy("New type"), widget=UnfoldAdminSelectWidget)
    settings = TypeSettingsField(label=gettext_lazy("Settings"), required=False)

    def __init__(self, field: Field, *args: Any, **kwargs: Any):
        super().__init__(*args, initial={"kind": field.kind, "settings": field.settings}, **kwargs)
        widget = self.fields["settings"].widget
        widget.is_open = True
        widget.table, widget.tables = field.table, []  # no type with values of its own leads to a table
        kinds = [each for each in field_types if is_convertible(each)]
        self.fields["kind"].choices = [(each.kind, each.label) for each in kinds]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if "kind" in data:
            TypeSettingsField.settle(self, data)
        return data


@require_http_methods(["GET", "POST"])
@page("studio.change_field")
def field_retype(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a type; what it does to the values is seen before it is done."""
    field = visible_object(request, Field.objects.select_related("table__project"), "studio.change_field", pk=pk)
    form = RetypeForm(field, request.POST or None)
    asked = None
    if form.is_valid():
        kind, settings = form.cleaned_data["kind"], form.cleaned_data["settings"]
        try:
            operation = RetypeField(str(field.table_id), str(field.pk), kind, settings)
            asked = consent(request, field.table.project, operation)
            if not asked.is_wanted(request):
                return _changed(request, field, replace(operation, lossy=asked.is_lossy))
        except NoCodeError as refusal:
            asked = None
            form.add_error(None, refusal.message)
    if request.htmx:
        return show(request, "field-form", asked, wrong=[form])
    title = _("Type of “%(field)s”") % {"field": field.label}
    context = {"field": field, "table": field.table, "form": form, "consent": asked}
    return render(request, "studio/retype.html", page_context(request, title, **context))


def _changed(request: HttpRequest, field: Field, operation: RetypeField) -> HttpResponse:
    manager = SchemaManager(field.table.project, request.user)
    manager.make(operation, field)
    for note in manager.notes:
        messages.warning(request, note)
    done = _("“%(field)s” has its new type. This can be undone.") % {"field": field.label}
    messages.success(request, with_undo(request, field.table.project, done))
    return redirect("admin:studio_datatable_change", field.table_id)
