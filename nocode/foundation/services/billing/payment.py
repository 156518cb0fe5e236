"""How invoices get paid: one interface. Whoever takes money online registers a provider and names it in settings."""

from django.conf import settings

from nocode.foundation.models import Invoice
from nocode.foundation.registry import Registry


class PaymentProvider:
    """Is told each invoice that waits for money, in the transaction that issues it; says how to pay it."""

    kind: str

    def collect(self, invoice: Invoice) -> None:
        """Begin to collect what an invoice asks for; whoever learns that it was paid calls `mark_paid`."""
        raise NotImplementedError

    def instructions(self, invoice: Invoice) -> str:
        """How the customer pays, printed on the invoice."""
        raise NotImplementedError


providers: Registry[PaymentProvider] = Registry("payment providers")


@providers.register
class Manual(PaymentProvider):
    """People send money, and a superuser marks the invoice as paid."""

    kind = "manual"

    def collect(self, invoice: Invoice) -> None:
        """Nothing to do: the invoice itself asks for the money."""

    def instructions(self, invoice: Invoice) -> str:
        return settings.BILLING_PAYMENT_TEXT


def provider() -> PaymentProvider:
    """The installation's way to be paid."""
    return providers[settings.BILLING_PROVIDER]
