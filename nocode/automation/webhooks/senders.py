"""Whether the address a call came from may call."""

from collections.abc import Iterable
from ipaddress import ip_network

from django.utils.translation import gettext as _

from nocode.foundation.callers import Address


def read_networks(text: str) -> list[str]:
    """Addresses and networks, one per line or separated by commas, in their usual form. Raises ValueError."""
    networks = []
    for word in text.replace(",", " ").split():
        try:
            networks.append(str(ip_network(word, strict=False)))
        except ValueError:
            raise ValueError(
                _("“%s” is neither an address nor a network like 192.0.2.0/24 or 2001:db8::/32.") % word
            ) from None
    return networks


def is_listed(address: Address | None, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks."""
    return address is not None and any(address in ip_network(network) for network in networks)
