"""The page of a trigger: its settings, how to call it, its secret, what it received and when it fires next."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from nocode.automation import queries
from nocode.automation.forms import TriggerForm, conditions_of
from nocode.automation.models import Trigger
from nocode.automation.services import triggers
from nocode.automation.triggers import InvalidTrigger, settings_of, trigger_types
from nocode.automation.triggers.phrases import describe
from nocode.automation.triggers.schedule import next_runs
from nocode.automation.triggers.webhook import curl_example
from nocode.automation.views.answers import base_url
from nocode.automation.views.builder import workflow_named_in
from nocode.foundation.admin.forms import dress
from nocode.foundation.pages import fragment, page, page_context, tell, visible_object

VIEW, CHANGE, RUN = "automation.view_trigger", "automation.change_trigger", "automation.run_trigger"
PREFIX = "config"
RUNS_SHOWN = 5


def trigger_add(request: HttpRequest) -> HttpResponse:
    """First the kind of the new trigger (`?kind=`), then its settings."""
    workflow = workflow_named_in(request)
    kind = request.GET.get("kind", "")
    if kind not in trigger_types:
        query = f"workflow={workflow.pk}"
        context = page_context(request, _("Add a trigger"), workflow=workflow, kinds=list(trigger_types), query=query)
        return render(request, "automation/trigger_kinds.html", context)
    trigger = Trigger(workflow=workflow, kind=kind, name=str(trigger_types[kind].label))
    return _trigger_page(request, trigger, title=_("Add a trigger"))


def trigger_change(request: HttpRequest, trigger: Trigger) -> HttpResponse:
    """The page of an existing trigger."""
    return _trigger_page(request, trigger, title=trigger.name)


def _trigger_page(request: HttpRequest, trigger: Trigger, title: str, secret: str = "") -> HttpResponse:
    """The page; with a `secret` that was just made, which is shown this once."""
    may_change = request.user.has_perm(CHANGE, trigger)
    data = request.POST if request.method == "POST" and not secret else None
    if data is not None and not may_change:
        raise PermissionDenied
    kind = trigger_types[trigger.kind]
    form = TriggerForm(data, instance=trigger)
    config_form = kind.form(trigger.workflow, data, prefix=PREFIX, initial=trigger.config)
    if data is not None and all([form.is_valid(), _is_valid(config_form, trigger)]):
        return _save(request, trigger, form.cleaned_data, config_form.cleaned_data)
    context = page_context(
        request,
        title,
        trigger=trigger,
        type=kind,
        workflow=trigger.workflow,
        may_change=may_change,
        may_delete=not trigger._state.adding and request.user.has_perm("automation.delete_trigger", trigger),
        form=dress(form),
        config_form=dress(config_form),
        conditions=conditions_of(config_form),
        secret=secret,
        is_new=trigger._state.adding,
        **({} if trigger._state.adding else _around(request, trigger, secret)),
    )
    return render(request, "automation/trigger.html", context)


def _save(request: HttpRequest, trigger: Trigger, common: dict[str, Any], config: dict[str, Any]) -> HttpResponse:
    done = _("“%s” was saved.") % common["name"]
    if trigger._state.adding:
        trigger = tell(request, triggers.create, trigger.workflow, trigger.kind, config=config, **common, done=done)
    else:
        tell(request, triggers.configure, trigger, config, done=done)  # with what the form set on it
    return redirect("admin:automation_trigger_change", trigger.pk) if trigger else redirect(request.get_full_path())


def _is_valid(config_form: Any, trigger: Trigger) -> bool:
    """Whether the settings make sense, by themselves and for the workflow; what does not is said beside its field."""
    if config_form.is_valid():
        for name, texts in trigger_types[trigger.kind].check(config_form.cleaned_data, trigger.workflow).items():
            config_form.add_error(name, texts)
    return config_form.is_valid()


def _around(request: HttpRequest, trigger: Trigger, secret: str) -> dict[str, Any]:
    """What the page shows beside the settings."""
    try:
        settings = settings_of(trigger)
    except InvalidTrigger as problem:
        return {"invalid": problem.message}
    if trigger.kind == Trigger.Kind.SCHEDULE:
        return {"schedule": _preview(settings)}
    if trigger.kind == Trigger.Kind.FORM:
        return {"form_address": base_url(request) + reverse("public_form", args=[trigger.token])}
    if trigger.kind != Trigger.Kind.WEBHOOK:
        return {}
    shown = {"deliveries": queries.recent_deliveries(trigger)}
    if request.user.has_perm(RUN, trigger):  # whoever knows the address can start the workflow
        shown |= {
            "address": base_url(request) + reverse("webhook", args=[trigger.token]),
            "curl": curl_example(trigger, base_url(request), secret),
            "needs_secret": trigger_types[trigger.kind].needs_secret(settings),
        }
    return shown


# --- Schedule -----------------------------------------------------------------------------------------------------


def _preview(settings: Any) -> dict[str, Any]:
    runs = next_runs(settings, timezone.now(), RUNS_SHOWN)
    return {"sentence": describe(settings), "runs": runs, "zone": settings["time_zone"]}


@require_GET
@fragment(VIEW)
def schedule_preview(request: HttpRequest) -> HttpResponse:
    """In words what is typed in the form, and the next runs; says nothing while it is not valid."""
    form = trigger_types[Trigger.Kind.SCHEDULE].Config(request.GET, prefix=PREFIX)
    schedule = _preview(form.cleaned_data) if form.is_valid() else None
    return render(request, "automation/_schedule.html", {"schedule": schedule, "errors": form.errors})


# --- Webhook ------------------------------------------------------------------------------------------------------


@require_POST
@page(CHANGE)
def trigger_secret(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the secret that was typed, or make a new one and show it in the answer: nowhere else can it be read."""
    trigger = _webhook(request, pk)
    if typed := request.POST.get("secret", "").strip():
        tell(request, triggers.set_secret, trigger, typed, done=_("The secret is kept."))
        return redirect("admin:automation_trigger_change", pk)
    done = _("A new secret was made. Copy it now: it is shown only once.")
    secret = tell(request, triggers.rotate_secret, trigger, done=done)
    if secret is None:
        return redirect("admin:automation_trigger_change", pk)
    return _trigger_page(request, trigger, trigger.name, secret)


@require_POST
@page(CHANGE)
def trigger_address(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a webhook a new address."""
    trigger = _webhook(request, pk)
    tell(request, triggers.rotate_token, trigger, done=_("The webhook has a new address; the old one is gone."))
    return redirect("admin:automation_trigger_change", pk)


def _webhook(request: HttpRequest, pk: UUID) -> Trigger:
    webhooks = Trigger.objects.filter(kind=Trigger.Kind.WEBHOOK).select_related("workflow")
    return visible_object(request, webhooks, CHANGE, pk=pk)
