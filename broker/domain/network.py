"""IP networks, each in one form: IPv4 that is written inside IPv6 (RFC 4291 2.5.5.2) is IPv4."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network
_MAPPED = 96  # bits before the IPv4 part of ::ffff:192.0.2.0


def network_of(text: str) -> Network:
    """An address or a network, `192.0.2.0/24`. Raises ValueError, also where it is not the beginning of its network."""
    found = ip_network(text)
    if isinstance(found, IPv6Network) and found.prefixlen >= _MAPPED:
        inner = found.network_address.ipv4_mapped
        if inner is not None:
            return IPv4Network((inner, found.prefixlen - _MAPPED))
    return found
