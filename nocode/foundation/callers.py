"""From which address a request came."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def caller_address(request: HttpRequest) -> Address | None:
    """The caller's address; None when it is not known (a Unix socket).

    Each of our own proxies adds one entry to X-Forwarded-For. Only TRUSTED_PROXIES entries, from the right, are
    believed; the rest is what the caller claims.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.TRUSTED_PROXIES and hops:
        return _read(hops[-min(settings.TRUSTED_PROXIES, len(hops))])
    return _read(request.META.get("REMOTE_ADDR", ""))


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
