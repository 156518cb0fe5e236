"""Plans, subscriptions and invoices. Organizations choose their plan on the page of views/billing.py."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from nocode.foundation.admin.actions import object_action
from nocode.foundation.admin.base import ConsoleAdmin, PlatformAdmin, ReadOnly
from nocode.foundation.admin.filters import VisibleRelatedFilter
from nocode.foundation.displays import pill, status_pill
from nocode.foundation.meters import meters
from nocode.foundation.models import Invoice, InvoiceCounter, Plan, Subscription
from nocode.foundation.pages import tell
from nocode.foundation.services import billing
from nocode.foundation.services.billing.money import shown

LIMIT = "limit_"


class PlanForm(forms.ModelForm):
    """A plan; its limits are one number per meter, empty for no limit, and its price is typed as people write it."""

    price = forms.DecimalField(
        label=_("Price per month"),
        help_text=_("Without tax; a year costs twelve times as much."),
        min_value=0,
        max_value=10_000_000,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )

    class Meta:
        model = Plan
        fields = ["name", "description", "price", "currency", "is_default", "is_offered"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["description"].widget.attrs["rows"] = 3
        self.initial["price"] = Decimal(self.instance.price) / 100
        for meter in meters:
            limit = self.instance.limits.get(meter.kind)
            self.initial[LIMIT + meter.kind] = None if limit is None else limit // meter.step

    def clean_price(self) -> int:
        return int(self.cleaned_data["price"] * 100)

    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper()
        if currency != self.instance.currency and self.instance.subscriptions.exists():
            raise ValidationError(_("The plan has subscriptions, which are billed in %s.") % self.instance.currency)
        return currency

    def clean_is_default(self) -> bool:
        if self.initial.get("is_default") and not self.cleaned_data["is_default"]:
            raise ValidationError(_("Make another plan the default one; then this one is not any more."))
        return self.cleaned_data["is_default"]

    def _get_validation_exclusions(self) -> set[str]:
        """That there is one default only is seen to on saving, not refused."""
        return super()._get_validation_exclusions() | {"is_default"}

    def save(self, commit: bool = True) -> Plan:
        typed = {meter: self.cleaned_data.get(LIMIT + meter.kind) for meter in meters}
        self.instance.limits = {meter.kind: limit * meter.step for meter, limit in typed.items() if limit is not None}
        return super().save(commit)


def limit_fields() -> dict[str, forms.Field]:
    """A field for each meter."""
    return {
        LIMIT + meter.kind: forms.IntegerField(
            label=capfirst(f"{meter.label} ({meter.unit})" if meter.unit else meter.label),
            required=False,
            min_value=0,
            max_value=2**40,
            widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": _("no limit")}),
        )
        for meter in meters
    }


@admin.register(Plan)
class PlanAdmin(PlatformAdmin):
    """What organizations can choose, for superusers."""

    list_display = ["name", "price_shown", "limits_shown", "subscribers", "is_offered", "is_default"]
    search_fields = ["name"]
    empty_icon = "sell"
    empty_text = _("A plan says how much an organization may use, and what that costs.")

    form = PlanForm

    def get_form(self, request: HttpRequest, obj: Plan | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        """The form with a field for each meter that is installed."""
        return super().get_form(request, obj, form=type("PlanForm", (PlanForm,), limit_fields()), **kwargs)

    def save_model(self, request: HttpRequest, obj: Plan, form: forms.ModelForm, change: bool) -> None:
        """The form holds all of a plan; the default one takes that from the one that was it before."""
        if obj.is_default:
            Plan.objects.filter(is_default=True).exclude(pk=obj.pk).update(is_default=False)
        obj.save()

    def get_fieldsets(self, request: HttpRequest, obj: Plan | None = None) -> list:
        return [
            (None, {"fields": ["name", "description", ("price", "currency"), "is_offered", "is_default"]}),
            (_("Limits"), {"fields": list(limit_fields()), "description": _("Empty means no limit.")}),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        live = ~Q(subscriptions__status=Subscription.Status.ENDED)
        return super().get_queryset(request).annotate(live=Count("subscriptions", filter=live))

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """The default plan is what everybody else has."""
        return super().has_delete_permission(request, obj) and not (isinstance(obj, Plan) and obj.is_default)

    @display(description=_("price per month"), ordering="price")
    def price_shown(self, plan: Plan) -> str:
        return shown(plan.price, plan.currency)

    @display(description=_("limits"))
    def limits_shown(self, plan: Plan) -> str:
        limited = [meter for meter in meters if meter.kind in plan.limits]
        pairs = ({"name": meter.label, "text": meter.shown(plan.limits[meter.kind])} for meter in limited)
        return " · ".join(_("%(name)s: %(text)s") % pair for pair in pairs) or "–"

    @display(description=_("subscriptions"), ordering="live")
    def subscribers(self, plan: Plan) -> int:
        return plan.live


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly, ConsoleAdmin):
    """Who has which plan, now and before."""

    list_display = ["organization", "plan", "pill", "interval", "period_end", "started_on"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", VisibleRelatedFilter)]
    list_select_related = ["organization", "plan"]
    search_fields = ["plan__name", "organization__name"]
    empty_icon = "autorenew"
    empty_text = _("Organizations that chose a plan are listed here.")

    fields = [
        ("organization", "plan"),
        ("pill", "interval"),
        ("period_start", "period_end", "started_on"),
        ("next_plan", "next_interval"),
        ("price_shown", "credit_shown"),
        "billing_address",
        "ended_at",
    ]
    readonly_fields = ["pill", "price_shown", "credit_shown"]

    def get_fields(self, request: HttpRequest, obj: Subscription | None = None) -> list:
        """Like invoices, the address and the money are for those who may change the plan."""
        fields = super().get_fields(request, obj)
        if self.allows(request, "change", obj):
            return fields
        return [each for each in fields if each not in (("price_shown", "credit_shown"), "billing_address")]

    @display(description=_("status"), ordering="status")
    def pill(self, subscription: Subscription) -> SafeString:
        return status_pill(subscription)

    @display(description=_("price of the period"))
    def price_shown(self, subscription: Subscription) -> str:
        return shown(subscription.price, subscription.plan.currency)

    @display(description=_("credit"))
    def credit_shown(self, subscription: Subscription) -> str:
        return shown(subscription.credit, subscription.plan.currency)


class PaidForm(BaseDialogForm):
    """How the money came."""

    reference = forms.CharField(
        label=_("payment reference"), max_length=120, required=False, widget=UnfoldAdminTextInputWidget
    )


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, ConsoleAdmin):
    """Invoices, for whoever steers an organization; superusers say that one is paid, or cancel it."""

    list_display = ["number", "customer_name", "pill", "total_shown", "issued_on", "due_on", "documents"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", VisibleRelatedFilter)]
    search_fields = ["number", "customer__name", "payment_reference"]
    empty_icon = "receipt_long"
    empty_text = _("Each period that costs something brings an invoice.")

    fields = [
        ("number", "pill"),
        ("organization", "customer_name"),
        ("total_shown", "documents"),
        ("issued_on", "due_on"),
        ("period_start", "period_end"),
        ("paid_at", "payment_reference"),
    ]
    readonly_fields = ["pill", "customer_name", "total_shown", "documents"]
    actions_detail = ["mark_as_paid", "cancel_invoice"]

    def allows(self, request: HttpRequest, action: str, obj: Model | str | None = None) -> bool:
        """Amounts are for those who may change the plan; what is owed to the installation only it can settle."""
        if action == "view":
            return super().allows(request, "change", obj)
        return request.user.is_active and request.user.is_superuser

    def visible_rows(self, request: HttpRequest, rows: QuerySet) -> QuerySet:
        return self.rows_where(request, super().visible_rows(request, rows), "change")

    @object_action("run", label=_("Mark as paid"), form_class=PaidForm, icon="payments")
    def mark_as_paid(self, request: HttpRequest, invoice: Invoice, form: BaseDialogForm) -> None:
        reference = form.cleaned_data["reference"]
        tell(request, billing.mark_paid, invoice, reference, request.user, done=_("%s is paid.") % invoice)

    @object_action(
        "run",
        label=_("Cancel the invoice"),
        description=_("Nobody has to pay it any more. Its number stays used, and this cannot be taken back."),
        icon="block",
    )
    def cancel_invoice(self, request: HttpRequest, invoice: Invoice, form: BaseDialogForm) -> None:
        tell(request, billing.void, invoice, request.user, done=_("%s is cancelled.") % invoice)

    @display(description=_("customer"))
    def customer_name(self, invoice: Invoice) -> str:
        return invoice.customer.get("name", "")

    @display(description=_("status"), ordering="status")
    def pill(self, invoice: Invoice) -> SafeString:
        return pill(invoice.status, invoice.get_status_display())

    @display(description=_("total"), ordering="total")
    def total_shown(self, invoice: Invoice) -> str:
        return shown(invoice.total, invoice.currency)

    @display(description=_("document"))
    def documents(self, invoice: Invoice) -> SafeString:
        page, pdf = (reverse(f"admin:{name}", args=[invoice.pk]) for name in ("invoice_document", "invoice_download"))
        link = '<a class="c-link" href="{}">{}</a> · <a class="c-link" href="{}">PDF</a>'
        return format_html(link, page, _("Page"), pdf)


@admin.register(InvoiceCounter)
class InvoiceCounterAdmin(ReadOnly, PlatformAdmin):
    """The last number of each year, for the auditor."""

    list_display = ["year", "last"]
    list_display_links = None
    empty_icon = "tag"
    empty_text = _("The first invoice of a year begins to count.")
