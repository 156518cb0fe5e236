"""Taking over a schema that exists: choosing it, looking at what becomes of it, and starting the work."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from nocode.foundation.errors import NoCodeError
from nocode.foundation.ids import uuid_or_none
from nocode.foundation.models import Organization
from nocode.foundation.pages import SUPERUSER, page, page_context, refuse
from nocode.studio.introspection.plan import Plan
from nocode.studio.models import Project, TableJob
from nocode.studio.services import takeovers


class TargetForm(forms.Form):
    """Where the tables go: into a project that exists, or into one that is made for them."""

    project = forms.ModelChoiceField(
        label=gettext_lazy("Project"),
        queryset=Project.objects.none(),
        required=False,
        empty_label=gettext_lazy("A new project"),
        widget=UnfoldAdminSelectWidget,
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the new project"), max_length=150, required=False, widget=UnfoldAdminTextInputWidget
    )
    organization = forms.ModelChoiceField(
        label=gettext_lazy("Organization of the new project"),
        queryset=Organization.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["project"].queryset = Project.objects.select_related("organization").order_by("name")
        self.fields["project"].label_from_instance = lambda each: f"{each.name} ({each.organization})"
        self.fields["organization"].queryset = Organization.objects.order_by("name")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("project") and "project" not in self.errors:
            for name in ("name", "organization"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("A new project needs this."))
        return data

    def start(self, schema: str, request: HttpRequest) -> TableJob:
        """Begin. Raises NoCodeError."""
        data = self.cleaned_data
        if data["project"]:
            return takeovers.start(schema, user=request.user, project=data["project"])
        return takeovers.start_new(schema, user=request.user, organization=data["organization"], name=data["name"])


@require_http_methods(["GET", "POST"])
@page(SUPERUSER)
def introspection(request: HttpRequest) -> HttpResponse:
    """The schemas there are; of the chosen one, what would become of it, and the way to begin."""
    schema = request.POST.get("schema") or request.GET.get("schema", "")
    project = uuid_or_none(request.GET.get("project"))
    initial = {"name": schema.replace("_", " ").capitalize(), "project": project}
    if len(organizations := Organization.objects.all()[:2]) == 1:
        initial["organization"] = organizations[0]
    form = TargetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("admin:studio_job", form.start(schema, request).pk)
        except NoCodeError as refusal:
            form.add_error(None, refusal.message)
    context = page_context(
        request,
        _("From an existing schema"),
        offers=takeovers.schemas(request.user),
        schema=schema,
        plan=_look(request, schema),
        form=form,
    )
    return render(request, "studio/introspection.html", context)


def _look(request: HttpRequest, schema: str) -> Plan | None:
    if not schema:
        return None
    try:
        return takeovers.look(schema, request.user)
    except NoCodeError as refusal:
        refuse(request, refusal.message)
        return None
