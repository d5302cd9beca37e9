"""Names in config files: mail domains, addresses, networks, hosts, plain texts. Each validator returns the canonical form."""

from __future__ import annotations

import ipaddress
import re
from email.utils import parseaddr

from broker.domain.network import network_of
from broker.domain.private_addresses import split_port
from broker.settings.errors import Wrong
from broker.settings.urls import is_address, is_host

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/#-]{0,99}")
LONGEST = 500  # characters of a text


def text(value: object) -> str:
    """A text of one line, not empty."""
    if not isinstance(value, str) or not value.strip():
        raise Wrong("is empty or not a text; write a text, in quotes if it looks like a number or yes or no")
    if len(value) > LONGEST or any(c in "\x00\r\n\t\x7f\x85\u2028\u2029" for c in value):
        raise Wrong(f"is too long or not one line; write at most {LONGEST} characters in one line")
    return value


def word(value: object) -> str:
    """The name of a claim or role: begins with A to Z or a to z, holds no space."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise Wrong("{value} is no name; write a word of letters, digits and _ . : / # -", value=value)
    return value


def header_name(value: object) -> str:
    """The name of an HTTP header, with - and without _: a server reads both as one name (RFC 3875 4.1.18)."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", value, re.ASCII):
        raise Wrong("{value} is no name of a header; write one of letters, digits and -, as Client-Cert", value=value)
    return value


def domain(value: object) -> str:
    """A mail domain in lower case and xn-- form (PO-04), or `.example.org` for all below example.org."""
    if not isinstance(value, str) or not value.strip("."):
        raise Wrong("{value} is no mail domain; write one as fabrikam.example", value=value)
    if "@" in value:
        raise Wrong("{value} is an address; write only the domain, as fabrikam.example", value=value)
    if "*" in value:
        raise Wrong("{value} has a wildcard; write .example.org for all domains below example.org", value=value)
    below, name = ("." if value.startswith(".") else ""), value.removeprefix(".").removesuffix(".")
    ascii_name = _to_ascii(name)
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise Wrong("{value} is no mail domain; write one as fabrikam.example", value=value)
    if len(labels) < 2:
        raise Wrong("{value} is a top-level domain; write one as fabrikam.example", value=value)
    return below + ascii_name


def _to_ascii(name: str) -> str:
    """IDNA 2008 with UTS 46 mapping; plain ASCII names need no more than lower case. Empty if it cannot be."""
    lower = name.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    import idna

    try:
        return idna.encode(lower, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def email(value: object) -> str:
    """One address in the form the broker compares: all in lower case, the domain in xn-- form (IN-13)."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(value if isinstance(value, str) else "", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Wrong("{value} is no mail address; write one as alice@contoso.example", value=value) from None
    return f"{found.local_part.lower()}@{found.ascii_domain.lower()}"


def mailbox(value: object) -> str:
    """What stands in From: an address, or `Name <address>`."""
    line = text(value)
    name, address = parseaddr(line)
    if not address or line.count("@") != 1 or line.strip() not in (address, f"{name} <{address}>", f'"{name}" <{address}>'):
        raise Wrong("{value} is no sender; write Contoso <no-reply@contoso.example>", value=value)
    email(address)
    return line.strip()


def network(value: object) -> str:
    """An IP address or network, `192.0.2.0/24`; IPv4 written inside IPv6 as IPv4, as addresses are compared (SC-09)."""
    shown = Wrong("{value} is no IP address or network; write one as 192.0.2.0/24", value=value)
    if not isinstance(value, str):
        raise shown
    try:
        found = network_of(value)
        return str(found) if "/" in value else str(found.network_address)
    except ValueError:
        pass
    try:
        whole = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise shown from None
    raise Wrong(f"{{value}} is not the beginning of its network; write {whole}", value=value)


def host_or_network(value: object) -> str:
    """A host name, an IP address or a network, each at most with one port (an IPv6 address then in brackets); no scheme."""
    host, port = split_port(value) if isinstance(value, str) else ("", None)
    if (is_host(host.lower()) or is_address(host.partition("/")[0])) and (port is None or 0 < port < 65536):
        found = network(host) if is_address(host.partition("/")[0]) else host.lower()
        return found if port is None else f"[{found}]:{port}" if ":" in found else f"{found}:{port}"
    raise Wrong("{value} is no host or network; write one as idp.internal, idp.internal:8443 or 10.0.0.0/8", value=value)
