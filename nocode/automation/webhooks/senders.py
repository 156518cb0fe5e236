"""From which address a call came, and whether that address may call."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.utils.translation import gettext as _

Address = IPv4Address | IPv6Address


def sender_address(meta: Mapping[str, str], trusted_proxies: int) -> Address | None:
    """The caller's address; None when it is not known (a Unix socket).

    Each of our own proxies adds one entry to X-Forwarded-For. Only that many entries, from the right, are believed;
    the rest is what the caller claims.
    """
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if trusted_proxies and hops:
        return _read(hops[-min(trusted_proxies, len(hops))])
    return _read(meta.get("REMOTE_ADDR", ""))


def _read(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`; an IPv4 address in IPv6 form is itself."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


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
