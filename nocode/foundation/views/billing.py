"""Billing: the plan of an organization, what it uses, what comes next, and its invoices."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from nocode.foundation.downloads import download
from nocode.foundation.errors import NoCodeError
from nocode.foundation.htmx import render_part
from nocode.foundation.models import Invoice, Organization, Plan, Subscription
from nocode.foundation.pages import page, page_context, tell, visible_object
from nocode.foundation.services import billing as service
from nocode.foundation.services.billing.document import document
from nocode.foundation.services.billing.pdf import invoice_pdf
from nocode.foundation.views.billing_forms import PlanChoice, plans_for
from nocode.foundation.views.billing_texts import Bar, coming, offer_text

VIEW, CHANGE, READ_INVOICE = "foundation.view_invoice", "foundation.change_subscription", "foundation.change_invoice"
ROWS, RECENT_INVOICES = 25, 6


@require_GET
@page(VIEW)
def billing(request: HttpRequest) -> HttpResponse:
    """The organizations of a person and their plans; whoever belongs to one only is taken to it."""
    organizations = Organization.objects.visible_to(request.user).order_by("name", "pk")
    if not request.user.is_superuser and len(found := organizations[:2]) == 1:
        return redirect("admin:billing_organization", found[0].pk)
    live = Subscription.objects.exclude(status=Subscription.Status.ENDED).select_related("plan")
    rows = organizations.prefetch_related(Prefetch("subscriptions", live, "live_subscriptions"))
    context = page_context(
        request,
        _("Billing"),
        organizations=Paginator(rows, ROWS).get_page(request.GET.get("page")),
        default_plan=Plan.objects.filter(is_default=True).first(),
        is_superuser=request.user.is_superuser,
    )
    return render(request, "foundation/billing.html", context)


@require_GET
@page(VIEW)
def billing_organization(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One organization: its plan, what is used of it, and what comes next."""
    organization = _organization(request, pk)
    subscription = service.subscription_of(organization)
    may_change = request.user.has_perm(CHANGE, organization)
    plan = subscription.plan if subscription else service.plan_of(organization)
    context = page_context(
        request,
        _("Billing of %s") % organization.name,
        organization=organization,
        subscription=subscription,
        plan=plan,
        coming=coming(subscription) if subscription else [],
        bars=[Bar(usage) for usage in service.usage_of(organization, plan)],
        may_change=may_change and plans_for(request.user, subscription).exists(),
        may_end=may_change and subscription is not None,
        invoices=_recent_invoices(organization) if request.user.has_perm(READ_INVOICE, organization) else None,
    )
    return render(request, "foundation/billing_organization.html", context)


@page(CHANGE)
def billing_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a plan: shows what it would mean, and does it when what was shown is confirmed."""
    organization = _organization(request, pk, CHANGE)
    subscription = service.subscription_of(organization)
    asked = request.POST or (request.GET if "plan" in request.GET else None)
    form = PlanChoice(asked, user=request.user, subscription=subscription)
    offer = form.offer(organization) if form.is_bound and form.is_valid() else None
    if request.method == "POST" and offer and form.is_confirmed(offer) and _take(request, organization, form):
        return redirect("admin:billing_organization", pk)
    context = page_context(
        request,
        _("Plan of %s") % organization.name,
        organization=organization,
        subscription=subscription,
        form=form,
        offer=offer_text(offer, subscription) if offer else None,
    )
    return render_part(request, "foundation/billing_change.html", "foundation/_billing_offer.html", context)


@page(CHANGE)
def billing_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What ending means; POST ends the subscription with its period."""
    organization = _organization(request, pk, CHANGE)
    subscription = service.subscription_of(organization)
    if request.method == "POST":
        tell(request, service.cancel, organization, request.user, done=_("The subscription ends with its period."))
    if request.method == "POST" or subscription is None:
        return redirect("admin:billing_organization", pk)
    context = page_context(
        request,
        _("End the subscription of %s") % organization.name,
        organization=organization,
        subscription=subscription,
        default_plan=Plan.objects.filter(is_default=True).first(),
    )
    return render(request, "foundation/billing_cancel.html", context)


@page(CHANGE)
def billing_resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """POST takes back a cancellation, or a change that was to come with the next period."""
    organization = _organization(request, pk, CHANGE)
    if request.method == "POST":
        subscription = service.subscription_of(organization)
        is_cancelled = subscription is not None and subscription.status == Subscription.Status.CANCELLED
        undo = service.resume if is_cancelled else service.keep_plan
        tell(request, undo, organization, request.user, done=_("The subscription goes on as it is."))
    return redirect("admin:billing_organization", pk)


@require_GET
@page(VIEW)
def invoice_document(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An invoice to read and to print."""
    invoice = visible_object(request, Invoice.objects, READ_INVOICE, pk=pk)
    return render(request, "foundation/invoice.html", {"invoice": invoice, "document": document(invoice)})


@require_GET
@page(VIEW)
def invoice_download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An invoice as a PDF file."""
    invoice = visible_object(request, Invoice.objects, READ_INVOICE, pk=pk)
    return download(bytes(invoice_pdf(invoice)), f"{invoice.number}.pdf", "application/pdf")


def _organization(request: HttpRequest, pk: UUID, permission: str | None = None) -> Organization:
    return visible_object(request, Organization.objects, permission, pk=pk)


def _recent_invoices(organization: Organization) -> QuerySet[Invoice]:
    return organization.invoices.order_by("-number")[:RECENT_INVOICES]


def _take(request: HttpRequest, organization: Organization, form: PlanChoice) -> bool:
    """Do what was confirmed; a refusal is told on the form."""
    try:
        form.take(organization)
    except NoCodeError as refusal:
        form.add_error(None, refusal.message)
        return False
    messages.success(request, _("Your choice is saved."))
    return True
