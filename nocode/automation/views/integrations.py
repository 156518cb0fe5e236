"""The page of an integration: its settings are shown, its secrets only go in."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from nocode.automation.errors import IntegrationExists
from nocode.automation.forms import IntegrationForm
from nocode.automation.integrations import integration_types
from nocode.automation.models import Integration, IntegrationStats
from nocode.automation.services import integrations
from nocode.foundation.admin.forms import dress
from nocode.foundation.errors import NoCodeError
from nocode.foundation.pages import page, page_context, tell, visible_object
from nocode.foundation.permissions import organizations_where

ADD, CHANGE, DELETE, RUN = (f"automation.{action}_integration" for action in ("add", "change", "delete", "run"))
PREFIX = "config"


def integration_add(request: HttpRequest) -> HttpResponse:
    """First the type of the new integration (`?kind=`), then its settings."""
    if not (request.user.is_superuser or request.user.has_perm(ADD)):
        raise PermissionDenied
    kind = request.GET.get("kind", "")
    if kind not in integration_types:
        context = page_context(request, _("Add an integration"), kinds=list(integration_types), query="")
        return render(request, "automation/integration_kinds.html", context)
    integration = Integration(type=kind, created_by=request.user)
    return _integration_page(request, integration, title=_("Add an integration"))


def integration_change(request: HttpRequest, integration: Integration) -> HttpResponse:
    """The page of an existing integration."""
    return _integration_page(request, integration, title=integration.name)


@require_POST
@page(RUN)
def integration_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Try whether it works, and tell."""
    integration = visible_object(request, Integration.objects, RUN, pk=pk)
    tell(request, integrations.test, integration, done=lambda words: words)
    return redirect("admin:automation_integration_change", integration.pk)


@sensitive_post_parameters()
def _integration_page(request: HttpRequest, integration: Integration, title: str) -> HttpResponse:
    is_new = integration._state.adding
    may_change = is_new or request.user.has_perm(CHANGE, integration)
    data = request.POST if request.method == "POST" else None
    if data is not None and not may_change:
        raise PermissionDenied
    organizations = organizations_where(request.user, "automation.add")
    form = IntegrationForm(data, instance=integration, organizations=organizations)
    kind = integration_types[integration.type]
    config_form = kind.form(
        has_secrets=bool(integration.secrets), data=data, prefix=PREFIX, initial=integration.settings
    )
    if data is not None and all([form.is_valid(), config_form.is_valid()]):
        try:
            integrations.save(integration, config_form.cleaned_data)
        except NoCodeError as refusal:
            form.add_error("name" if isinstance(refusal, IntegrationExists) else None, refusal.message)
        else:
            messages.success(request, _("“%s” was saved.") % integration)
            return redirect("admin:automation_integration_change", integration.pk)
    context = page_context(
        request,
        title,
        integration=integration,
        type=kind,
        is_new=is_new,
        may_change=may_change,
        may_delete=not is_new and request.user.has_perm(DELETE, integration),
        workflows=[] if is_new else integrations.used_by(integration),
        stats=None if is_new else IntegrationStats.objects.filter(integration=integration).first(),
        may_test=not is_new and request.user.has_perm(RUN, integration),
        form=dress(form),
        config_form=dress(config_form),
    )
    return render(request, "automation/integration.html", context)
