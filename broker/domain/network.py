"""IP networks, each in one form: IPv4 that is written inside IPv6 (RFC 4291 2.5.5.2) is IPv4."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_SITE = 64  # bits of an IPv6 address that name a network; its owner chooses the rest (RFC 6177, RFC 7421)
_MAPPED = 96  # bits before the IPv4 part of ::ffff:192.0.2.0


def network_of(text: str) -> Network:
    """An address or a network, `192.0.2.0/24`. Raises ValueError, also if bits behind the prefix are set."""
    found = ip_network(text)
    if isinstance(found, IPv6Network) and found.prefixlen >= _MAPPED:
        inner = found.network_address.ipv4_mapped
        if inner is not None:
            return IPv4Network((inner, found.prefixlen - _MAPPED))
    return found


@lru_cache(maxsize=4096)  # one browser passes several limits
def counted(address: str) -> str:
    """The key of an address in rate limits: an IPv4 address itself, the /64 of an IPv6 one (FA-24), any other text as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), _SITE), strict=False))


def coarse_network(address: str) -> str:
    """The network that an address belongs to: 24 bits of IPv4, 48 of IPv6; `-/` for a text that is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "-/"
    return str(ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))
