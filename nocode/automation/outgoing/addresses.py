"""Which network addresses an outgoing call may reach. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

# IPv6 ranges whose last 32 bits are the IPv4 address that is really reached.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
# Special ranges that `is_global` lets through in some versions of Python.
_SPECIAL = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("100::/64"),
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("5f00::/16"),
    IPv6Network("fec0::/10"),
)


def parse(text: str) -> Address:
    """An address; the zone of a link-local one (`fe80::1%eth0`) is dropped. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def reached(address: Address) -> Address:
    """The address at the end: the IPv4 one inside mapped, 6to4 and NAT64 forms."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and any(address in network for network in _TRANSLATED) and int(address) > 1:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def is_public(address: Address) -> bool:
    """Whether it belongs to the open internet: not private, loopback, link-local, multicast or reserved."""
    address = reached(address)
    return address.is_global and not address.is_multicast and not any(address in network for network in _SPECIAL)


def may_reach(host: str, port: int, address: Address, allowed: Iterable[str]) -> bool:
    """Public addresses always; others when `allowed` names the host, the host:port or a network around the address."""
    return is_public(address) or any(_covers(rule, host, port, address) for rule in allowed)


def _covers(rule: str, host: str, port: int, address: Address) -> bool:
    try:
        return reached(address) in ip_network(rule, strict=False)
    except ValueError:
        pass
    rule_host, colon, rule_port = rule.rpartition(":")
    if not (colon and rule_port.isdigit()):
        rule_host, rule_port = rule, str(port)
    return _plain(rule_host) == _plain(host) and rule_port == str(port)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
