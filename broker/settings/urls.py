"""URLs in config files: what may be written where. One reading of a URL, strict, before any rule looks at its parts."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from broker.domain.origin import DEFAULT_PORTS
from broker.settings.errors import Wrong

_CHARACTERS = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")  # RFC 3986 2: nothing else stands in a URI
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")  # RFC 8252 7.1: a domain name of the app's maker, reversed
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")


def split(text: object, reason: str = "") -> SplitResult:
    """The parts of an absolute URI without userinfo. Raises Wrong. reason: a word for the message, where userinfo has one."""
    if not isinstance(text, str) or not _CHARACTERS.fullmatch(text):
        raise Wrong("{value} is no URL; write plain ASCII without spaces, hosts in their xn-- form", value=text)
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise Wrong("{value} is no URL; check host and port", value=text) from None
    if not parts.scheme:
        raise Wrong("{value} is no absolute URL; write https://HOST/PATH", value=text)
    if "@" in parts.netloc:
        raise Wrong(f"holds a user name or password{reason}; remove what stands before the @")  # and do not print it
    if parts.netloc.endswith(":"):
        raise Wrong("{value} has a colon but no port; remove the colon", value=text)
    if parts.scheme in ("http", "https") and not (is_address(host) or _HOST.fullmatch(host)):
        raise Wrong("{value} has no host; write https://HOST/PATH", value=text)
    return parts


def is_address(host: str) -> bool:
    """Whether a host is an IP address, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """`localhost`, 127.0.0.0/8 or ::1, spelled in full."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_host(text: str) -> bool:
    """Whether a text is a host name or address, in lower case, without port and brackets."""
    return is_address(text) or _HOST.fullmatch(text) is not None


def issuer(value: object) -> str:
    """Our own issuer, kept exactly as written: https, http for loopback hosts only (CF-01; Discovery 3)."""
    parts = split(value)
    text = str(value)
    if not text.startswith(("https://", "http://")):
        raise Wrong("{value} does not begin with https://; write https://HOST", value=text)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise Wrong("{value} is http on a host that is not loopback; write https://HOST", value=text)
    if "?" in text or "#" in text:
        raise Wrong("{value} has a query or fragment; write https://HOST, at most with a path", value=text)
    if text.endswith("/"):
        raise Wrong("{value} ends in a slash; write it without", value=text)
    if parts.netloc != parts.netloc.lower() or parts.port == DEFAULT_PORTS[parts.scheme]:
        raise Wrong("{value} is not in the form browsers use; write the host in lower case and no default port", value=text)
    if re.search(r"//|/\.\.?(/|$)|[^A-Za-z0-9._~/-]", parts.path):
        raise Wrong("{value} has a path with special characters; write https://HOST, at most with a plain path", value=text)
    return text


def link(value: object) -> str:
    """Where a person may be sent: https, or http for loopback hosts."""
    parts = split(value)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return str(value)
    raise Wrong("{value} is not https; write https://HOST/PATH (http only for loopback hosts)", value=value)


def resource(value: object) -> str:
    """An API of ours, as tokens name it: a link without a fragment (RFC 8707 2)."""
    text = link(value)
    if "#" in text:
        raise Wrong("{value} has a fragment; write https://HOST/PATH", value=value)
    return text


def origin(value: object) -> str:
    """Scheme, host and port alone: https, or http for loopback hosts (FA-17)."""
    if isinstance(value, str) and "*" in value:
        raise Wrong("{value} has a wildcard; write each origin in full", value=value)
    text = link(value)
    parts = urlsplit(text)
    if parts.path or "?" in text or "#" in text or parts.netloc != parts.netloc.lower():
        raise Wrong("{value} is more than an origin; write https://HOST, in lower case and without a path", value=text)
    return text


def contact(value: object) -> str:
    """A page, an address or a telephone number for people who need help."""
    parts = split(value)
    return str(value) if parts.scheme in ("mailto", "tel") and parts.path else link(value)


def outbound(value: object) -> str:
    """What the broker itself fetches or calls: https; http is judged with the network's allow list (HO-16)."""
    parts = split(value, " (url_not_allowed)")
    if parts.scheme not in ("https", "http"):
        raise Wrong("{value} is not https (url_not_allowed); write https://HOST/PATH", value=value)
    if parts.fragment or "#" in str(value):
        raise Wrong("{value} has a fragment; remove it from the # on", value=value)
    return str(value)


def redirect(value: object, *, public: bool) -> str:
    """A redirect URI, compared character for character later (HP-8, HP-45; RFC 6749 3.1.2; RFC 8252 7, 8.3)."""
    if isinstance(value, str) and "*" in value:
        raise Wrong("{value} has a wildcard; write each URI in full", value=value)
    parts = split(value)
    text = str(value)
    if "#" in text:
        raise Wrong("{value} has a fragment; remove it from the # on", value=text)
    if parts.scheme in ("https", "http"):
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise Wrong("{value} is http on a host that is not loopback; write https://HOST/PATH", value=text)
        return text
    if not (_PRIVATE_SCHEME.fullmatch(parts.scheme) and text.startswith(f"{parts.scheme}:/")):
        raise Wrong(
            "{value} has a scheme that is not allowed; write https://HOST/PATH, or a public app's com.example.app:/PATH",
            value=text,
        )
    if not public:
        raise Wrong("{value} has a private scheme, which only a public client may use; write https://HOST/PATH", value=text)
    return text


def partner_issuer(value: object) -> str:
    """A partner's issuer, exact, one tenant (HO-2). A slash at its end belongs to it."""
    if isinstance(value, str) and ("{" in value or "}" in value):
        raise Wrong("{value} is a template; write the issuer of one tenant, as its discovery document names it", value=value)
    parts = split(value)
    if parts.scheme not in ("https", "http"):
        raise Wrong("{value} is not https; write https://HOST, as the discovery document names it", value=value)
    if "?" in str(value) or "#" in str(value):
        raise Wrong("{value} has a query or fragment; write the issuer as the discovery document names it", value=value)
    if "/.well-known/" in parts.path:
        before = str(value).partition("/.well-known/")[0]
        raise Wrong(f"{{value}} is the address of a document; write the issuer in it, mostly {before}", value=value)
    if parts.hostname == "login.microsoftonline.com" and parts.path.split("/")[1:2] in (["common"], ["organizations"]):
        raise Wrong("{value} stands for every tenant; write https://login.microsoftonline.com/TENANT-ID/v2.0", value=value)
    return str(value)
