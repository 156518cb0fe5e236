"""The form that chooses a plan."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from nocode.foundation.models import Organization, Plan, Subscription, User
from nocode.foundation.services import billing
from nocode.foundation.services.billing.money import shown

NOW, NEXT = "now", "next"


def plans_for(user: User, subscription: Subscription | None) -> QuerySet[Plan]:
    """The plans a person may choose from: those on offer and the present one; a superuser may give any."""
    if user.is_superuser:
        return Plan.objects.all()
    return Plan.objects.filter(Q(is_offered=True) | Q(pk=subscription and subscription.plan_id))


class PlanField(forms.ModelChoiceField):
    """Plans by name and price."""

    widget = UnfoldAdminRadioSelectWidget

    def label_from_instance(self, plan: Plan) -> str:
        return _("%(plan)s – %(price)s per month") % {"plan": plan.name, "price": shown(plan.price, plan.currency)}


class PlanChoice(forms.Form):
    """A plan, how it is billed, when it begins; `expected` is the total the person saw before confirming."""

    plan = PlanField(label=_("Plan"), queryset=Plan.objects.none(), empty_label=None)
    interval = forms.ChoiceField(
        label=_("Billed"), choices=Subscription.Interval.choices, widget=UnfoldAdminSelectWidget
    )
    begins = forms.ChoiceField(
        label=_("Begins"),
        required=False,
        choices=[
            ("", _("At once if it costs more, else with the next period")),
            (NOW, _("At once")),
            (NEXT, _("With the next period")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    address = forms.CharField(
        label=_("Billing address"),
        help_text=_("Printed on invoices below the organization's name."),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "street-address"}),
    )
    expected = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, user: User, subscription: Subscription | None):
        self.user, self.subscription = user, subscription
        super().__init__(data, initial=self._present())
        self.fields["plan"].queryset = plans_for(user, subscription)
        if subscription is None:
            del self.fields["begins"]

    def _present(self) -> dict[str, Any]:
        if self.subscription is None:
            return {"interval": Subscription.Interval.MONTH}
        now = self.subscription
        return {
            "plan": now.next_plan_id or now.plan_id,
            "interval": now.next_interval or now.interval,
            "address": now.billing_address,
        }

    @property
    def at_once(self) -> bool | None:
        """When it begins, None for the usual."""
        return {NOW: True, NEXT: False}.get(self.cleaned_data.get("begins", ""))

    def offer(self, organization: Organization) -> billing.Offer:
        """What the choice would mean."""
        plan = self.cleaned_data["plan"]
        return billing.offer(
            organization,
            self.subscription,
            plan,
            self.cleaned_data["interval"],
            at_once=self.at_once,
            credit=billing.credit_of(organization, plan.currency),
        )

    def is_confirmed(self, offer: billing.Offer) -> bool:
        """Whether the person has seen this very amount."""
        return self.cleaned_data["expected"] == offer.total and not offer.refusal

    def take(self, organization: Organization) -> Subscription:
        """Do it. Raises PlanRefused."""
        data = self.cleaned_data
        options = {"address": data["address"], "expected": data["expected"]}
        if self.subscription is None:
            return billing.subscribe(organization, data["plan"], data["interval"], self.user, **options)
        return billing.change_plan(
            organization, data["plan"], data["interval"], self.user, at_once=self.at_once, **options
        )
