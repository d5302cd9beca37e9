"""`network.allow_private_addresses`, taken apart: which hosts and networks, on which ports, may be called although private."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
_PORTS = {"http": 80, "https": 443}
_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_PLAIN = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class PrivateAddresses:
    """names, networks: each with the one port that it is listed with, or None for every port."""

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
        """Whether the host is listed by name, or one of the forms of its address lies in a listed network."""
        name = host.lower().rstrip(".")
        if (name, None) in self.names or (name, port) in self.names:
            return True
        return any(address in network for address in addresses for network, only in self.networks if only in (None, port))

    def holds_url(self, url: str) -> bool:
        """Whether the host is on the list as the URL is written: what a name resolves to is the choice of its owner.

        `localhost` is nobody's but ours, so a listed loopback network holds it.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
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
    """(host, address or network; port or None). An IPv6 address has brackets where a port follows."""
    match = _BRACKETED.fullmatch(entry) or _PLAIN.fullmatch(entry)
    if match is None:
        return entry, None
    return match[1], int(match[2]) if match[2] else None


def counting(entries: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The list as it counts for a partner or application: as it is where one of its configured URLs is on it, else empty.

    own: URLs as the file has them. Else every partner could send us to whatever is listed for another (FA-15).
    """
    listed = tuple(entries)
    known = PrivateAddresses.of(listed)
    return listed if any(known.holds_url(url) for url in own) else ()
