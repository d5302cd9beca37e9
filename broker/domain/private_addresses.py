"""`network.allow_private_addresses`: the private hosts and networks, and their ports, that the broker may call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from broker.domain.origin import DEFAULT_PORTS

Address = IPv4Address | IPv6Address
_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_PLAIN = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class PrivateAddresses:
    """names, networks: each with its port, or None for every port."""

    names: frozenset[tuple[str, int | None]]
    networks: tuple[tuple[IPv4Network | IPv6Network, int | None], ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> PrivateAddresses:
        """From the entries of the file, each with or without a port."""
        names: set[tuple[str, int | None]] = set()
        networks: list[tuple[IPv4Network | IPv6Network, int | None]] = []
        for entry in entries:
            host, port = split_port(entry)
            try:
                networks.append((ip_network(host, strict=False), port))
            except ValueError:
                names.add((host.lower().rstrip("."), port))
        return cls(frozenset(names), tuple(networks))

    def holds(self, host: str, port: int, addresses: Iterable[Address]) -> bool:
        """Whether the host is listed by name, or one of its addresses is in a listed network."""
        name = host.lower().rstrip(".")
        if (name, None) in self.names or (name, port) in self.names:
            return True
        return any(address in network for address in addresses for network, only in self.networks if only in (None, port))

    def holds_url(self, url: str) -> bool:
        """Whether the host is listed as the URL writes it: names are not resolved, because their owner chooses the address.

        `localhost` is always this machine, so a listed loopback network includes it.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            return False
        if host == "localhost":
            loopback = any(network.is_loopback and only in (None, port) for network, only in self.networks)
            return loopback or self.holds(host, port, ())
        try:
            return self.holds(host, port, (ip_address(host),))
        except ValueError:
            return self.holds(host, port, ())


def split_port(entry: str) -> tuple[str, int | None]:
    """(host, address or network; port or None). An IPv6 address with a port is in brackets."""
    match = _BRACKETED.fullmatch(entry) or _PLAIN.fullmatch(entry)
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def counting(entries: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The list as it applies to a partner or application: the whole list if one of its own URLs is listed, else an empty one.

    own: the URLs in its file. Without this, every partner could send the broker to a host that is listed for another (FA-15).
    """
    listed = tuple(entries)
    known = PrivateAddresses.of(listed)
    return listed if any(known.holds_url(url) for url in own) else ()
