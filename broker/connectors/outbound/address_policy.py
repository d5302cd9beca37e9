"""Decides which URLs the outbound client may request, and which resolved addresses it may connect to (HO-16, SM-05, SM-08)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.domain.errors import BrokerError
from broker.domain.origin import DEFAULT_PORTS
from broker.domain.private_addresses import Address, PrivateAddresses

_URL = re.compile(r"[!-~]{1,4096}\Z")  # printable ASCII: a name in another script is written as an A-label
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.?\Z")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")  # the numbers that inet_aton accepts as parts of an address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")


class HttpFailure(BrokerError):
    """A request that was not sent, or got no usable response.

    reason: `url_not_allowed` (nothing was sent, or a redirect came), `upstream_unavailable`, or `upstream_busy` (no place is free).
    detail: a sentence for staff.
    """


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL: `host` in lower case without brackets, `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Reach:
    """The rules, with the exceptions of `network.allow_private_addresses`: host names, addresses and networks."""

    def __init__(self, allow: Sequence[str]) -> None:
        self._listed = PrivateAddresses.of(allow)

    def is_listed(self, target: Target, address: str) -> bool:
        """Whether the file names this host, or a network that holds this address, with this port or without one."""
        ip = parse_address(address)
        return self._listed.holds(target.host, target.port, () if ip is None else _forms(ip))

    def may_connect(self, target: Target, address: str) -> bool:
        """Whether a connection to `address`, which the target's host resolved to, may be opened."""
        ip = parse_address(address)
        return ip is not None and (is_public(ip) or self.is_listed(target, address))


def parse_address(text: str) -> Address | None:
    """An address in canonical spelling (a zone is dropped); None for any other text, also for `0177.0.0.1`."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _forms(ip: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address that it contains."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return (ip, ip.ipv4_mapped)
        if ip in _NAT64:
            return (ip, ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return (ip,)


def is_public(ip: Address) -> bool:
    """Whether an address is public; mapped and NAT64 addresses count as the IPv4 address that they contain."""
    inner = _forms(ip)[-1]
    if inner is not ip:
        return is_public(inner)
    if isinstance(ip, ipaddress.IPv6Address) and (ip.sixtofour or ip.teredo or ip.is_site_local or ip in _NAT64_LOCAL):
        return False  # tunnels carry an IPv4 address that the sender chose
    special = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    return ip.is_global and not special


def split_url(url: str) -> Target:
    """Split a URL, strictly.

    Raises HttpFailure(url_not_allowed): another scheme than http and https, userinfo, a fragment, a character outside
    printable ASCII, or a host that is neither a plain name nor an address in canonical spelling (SM-05, SM-08).
    """
    if not _URL.match(url) or "\\" in url:
        raise HttpFailure("url_not_allowed", "the URL has characters that no URL has")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise HttpFailure("url_not_allowed", "the URL cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise HttpFailure("url_not_allowed", "only https: (and http: where network.allow_private_addresses lists the host)")
    if "@" in parts.netloc:
        raise HttpFailure("url_not_allowed", "a user name in the URL")
    if "#" in url:
        raise HttpFailure("url_not_allowed", "a fragment in the URL")
    host = _host(parts.hostname or "", bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, DEFAULT_PORTS[parts.scheme] if port is None else port, path)


def _host(host: str, *, bracketed: bool) -> str:
    """The host, if it has only one meaning. WHATWG URL: a name whose last label is a number is an address."""
    ip = parse_address(host)
    if ip is not None and "%" not in host and bracketed == (ip.version == 6):
        return str(ip)
    if bracketed or not _NAME.match(host) or _NUMBER.match(host.rstrip(".").rpartition(".")[2]):
        raise HttpFailure("url_not_allowed", "the host is neither a name nor an address in its usual spelling")
    return host
