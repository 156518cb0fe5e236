"""What an organization has subscribed to, and what it owes for it. Amounts are whole cents."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from nocode.foundation.errors import IllegalTransition
from nocode.foundation.ids import uuid7
from nocode.foundation.models.base import Record


class Plan(models.Model):
    """What can be subscribed to. `limits` is {meter: most allowed}; a meter that is not in it is unlimited.

    One plan is the default: that of every organization without a subscription. Plans belong to the installation.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.TextField(_("description"), blank=True)
    limits = models.JSONField(_("limits"), default=dict, blank=True)
    price = models.PositiveIntegerField(_("price per month (cents)"), default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    is_default = models.BooleanField(_("default"), default=False)
    is_offered = models.BooleanField(_("offered"), default=True, help_text=_("Organizations can choose it."))

    class Meta:
        verbose_name, verbose_name_plural = _("plan"), _("plans")
        ordering = ["price", "name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="plan_one_default")
        ]

    def __str__(self) -> str:
        return self.name

    def price_for(self, interval: str) -> int:
        """What one period costs, in cents."""
        return self.price * MONTHS[interval]


class Subscription(Record):
    """An organization's plan over time: periods follow each other until it ends.

    `price` is what the current period costs, whatever the plan costs by now. `credit` is what was paid and not used;
    the next invoices are reduced by it. Both are cents without tax.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        CANCELLED = "cancelled", _("Ends with the period")
        ENDED = "ended", _("Ended")

    class Interval(models.TextChoices):
        MONTH = "month", pgettext_lazy("billed", "Monthly")
        YEAR = "year", pgettext_lazy("billed", "Yearly")

    organization = models.ForeignKey(
        "foundation.Organization", models.CASCADE, related_name="subscriptions", verbose_name=_("organization")
    )
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions", verbose_name=_("plan"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    interval = models.CharField(_("billed"), max_length=5, choices=Interval, default=Interval.MONTH)
    started_on = models.DateField(_("started"))
    period_start = models.DateField(_("period from"))
    period_end = models.DateField(_("period to"), help_text=_("The first day that is not paid for."))
    price = models.PositiveIntegerField(_("price of the period (cents)"), default=0)
    credit = models.PositiveIntegerField(_("credit (cents)"), default=0)
    next_plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, related_name="+", verbose_name=_("plan from the next period on")
    )
    next_interval = models.CharField(_("billed from the next period on"), max_length=5, choices=Interval, blank=True)
    billing_address = models.TextField(_("billing address"), blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("subscription"), _("subscriptions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"], condition=~Q(status="ended"), name="subscription_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(period_end__gt=models.F("period_start")), name="subscription_period"),
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.plan}"


MONTHS = {Subscription.Interval.MONTH: 1, Subscription.Interval.YEAR: 12}


class InvoiceCounter(models.Model):
    """The last number given in a year, locked while an invoice is written: no number is skipped or given twice."""

    year = models.PositiveSmallIntegerField(_("year"), primary_key=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("invoice counter"), _("invoice counters")
        ordering = ["-year"]

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Invoice(Record):
    """A document that never changes but for being paid or cancelled. It outlives the organization it was written to.

    A trigger of the database (`billing.sql`) keeps that promise whoever writes. `lines` is [{"text", "amount"}];
    `seller` {"name", "address", "tax_id"} and `customer` {"name", "email", "address"} are those of that day.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("invoice", "Open")
        PAID = "paid", _("Paid")
        VOID = "void", _("Cancelled")

    MOVES = {Status.OPEN: {Status.PAID, Status.VOID}, Status.PAID: set(), Status.VOID: set()}

    organization = models.ForeignKey(
        "foundation.Organization", models.SET_NULL, null=True, related_name="invoices", verbose_name=_("organization")
    )
    number = models.CharField(pgettext_lazy("which one", "number"), max_length=20, unique=True)
    status = models.CharField(_("status"), max_length=5, choices=Status, default=Status.OPEN)
    seller = models.JSONField(_("seller"), default=dict)
    customer = models.JSONField(_("customer"), default=dict)
    lines = models.JSONField(_("lines"), default=list)
    currency = models.CharField(_("currency"), max_length=3)
    tax_rate = models.DecimalField(_("tax (percent)"), max_digits=5, decimal_places=2, default=0)
    tax = models.IntegerField(_("tax"), default=0)
    total = models.IntegerField(_("total"), validators=[MinValueValidator(0)])
    period_start = models.DateField(_("period from"))
    period_end = models.DateField(_("period to"))
    issued_on = models.DateField(_("issued"))
    due_on = models.DateField(pgettext_lazy("invoice", "due"))
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    payment_reference = models.CharField(_("payment reference"), max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("invoice"), _("invoices")
        ordering = ["-number"]

    def __str__(self) -> str:
        return self.number

    @property
    def net(self) -> int:
        """The sum of the lines, before tax."""
        return self.total - self.tax

    def move_to(self, status: "Invoice.Status") -> None:
        """Change status, or refuse. The only place an invoice's status changes; does not save."""
        if status not in self.MOVES[self.Status(self.status)]:
            raise IllegalTransition(
                _("Invoice %(number)s is %(now)s; it cannot become %(then)s.")
                % {
                    "number": self.number,
                    "now": self.get_status_display().lower(),
                    "then": self.Status(status).label.lower(),
                }
            )
        self.status = status
