"""What else there is to say about a field: help, what new rows get, its place, whether it names the rows."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods

from nocode.foundation.admin.forms import dress
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context, visible_object
from nocode.studio.errors import FieldRefused
from nocode.studio.layouts import layout_of
from nocode.studio.models import Field
from nocode.studio.schema.operations import Operation
from nocode.studio.schema.operations.retype import is_convertible
from nocode.studio.services import tables
from nocode.studio.views.consent import consent, show
from nocode.studio.way_back import with_undo

CHANGE = "studio.change_field"


class DetailsForm(forms.Form):
    """The details of a field; `default` is typed as its values are, `after` is the field it follows."""

    help_text = forms.CharField(
        label=gettext_lazy("Help text"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Whoever fills in a row reads it below the field."),
    )
    after = forms.ChoiceField(label=gettext_lazy("Comes after"), required=False)
    names_rows = forms.BooleanField(
        label=gettext_lazy("Rows are named by this field"),
        required=False,
        help_text=gettext_lazy("Relations to this table show it. Otherwise the first field with text names a row."),
    )

    def __init__(self, field: Field, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.field = field
        order = list(field.table.fields.all())
        others = [each for each in order if each.pk != field.pk]
        place = order.index(field)
        self.fields["after"].choices = [("", _("nothing: it is the first")), *((str(e.pk), e.label) for e in others)]
        self.initial = {
            "help_text": field.help_text,
            "after": str(order[place - 1].pk) if place else "",
            "names_rows": field.table.display_name == field.physical_name,
        }
        if is_convertible(field.type) and not field.type.is_upload:
            self._ask_for_default()
        self.order_fields(["help_text", "default", "after", "names_rows"])

    def _ask_for_default(self) -> None:
        field = self.field
        self.fields["default"] = field.type.row_field(
            field,
            layout_of(field.table),
            label=capfirst(pgettext("value", "default")),
            required=False,
            help_text=_("What a new row gets when nothing is said. Rows that are there stay as they are."),
        )
        if field.default is not None:
            self.initial["default"] = field.type.to_form(field.default)

    def operations(self) -> list[Operation]:
        """What brings the field to what was said."""
        said = self.cleaned_data
        values = {"help_text": said["help_text"]}
        if "default" in said:
            values["default"] = said["default"] if said["default"] not in ("", []) else None
        return tables.refinement(self.field, values, after=said["after"], names_rows=said["names_rows"])


@require_http_methods(["GET", "POST"])
@page(CHANGE)
def field_details(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Look at the details of a field, or change them."""
    field = visible_object(request, Field.objects.select_related("table__project"), CHANGE, pk=pk)
    form = dress(DetailsForm(field, request.POST or None))
    asked = None
    if form.is_valid():
        try:
            operations = form.operations()
            asked = consent(request, field.table.project, *operations)
            if not asked.is_wanted(request):
                tables.save(field.table, operations)
                done = _("“%(field)s” was changed. This can be undone.") % {"field": field.label}
                messages.success(request, with_undo(request, field.table.project, done))
                return redirect("admin:studio_datatable_change", field.table_id)
        except NoCodeError as refusal:
            asked = None
            is_of_default = isinstance(refusal, FieldRefused) and "default" in form.fields
            form.add_error("default" if is_of_default else None, refusal.message)
    if request.htmx:
        return show(request, "field-form", asked, wrong=[form])
    title = _("Details of “%(field)s”") % {"field": field.label}
    context = {"field": field, "table": field.table, "form": form, "consent": asked}
    return render(request, "studio/field_details.html", page_context(request, title, **context))
