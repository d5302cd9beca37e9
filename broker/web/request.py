"""What a request must be before any handler sees it (HW-8, HW-9, RX-06, SC-09, SC-10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, request

from broker.domain.errors import BadRequest, OAuthError
from broker.domain.origin import origin_of
from broker.jose.certificates import ClientCertificate, read_certificate
from broker.jose.errors import JoseError
from broker.settings.broker_file import NetworkRules
from broker.settings.load import Settings
from broker.web import headers, upload

BODY = 64 * 1024  # bytes
URL = 16 * 1024
FIELDS = 200  # of a query or form
HEADERS = 100
HEADER_BYTES = 32 * 1024
ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})  # asked for by address, and they print no link
_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})  # the two headers without HTTP_ before their name (RFC 3875 4.1)
_FORM = "application/x-www-form-urlencoded"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def register(app: Flask, settings_now: Callable[[], Settings], body_limits: Mapping[str, int] | None = None) -> None:
    """Check every request of the application first, and close every answer's headers (HW-7). body_limits: path's end -> bytes, where BODY is too small."""
    limits = dict(body_limits or {})

    def guard() -> None:
        settings = settings_now()
        path = request.path
        check_size(request, next((n for end, n in limits.items() if path.endswith(end)), BODY))
        if path not in ANY_HOST:
            check_host(request, settings.issuer, settings.broker.network.trusted_proxies)
        check_text(request)

    app.before_request(guard)
    app.after_request(headers.closed)


def check_size(asked: Request, body_limit: int) -> None:
    """Raise BadRequest(url_size, body_size or header_size) where something is larger than its cap. Sets the body's cap."""
    asked.max_content_length = body_limit
    if len(asked.environ.get("PATH_INFO", "")) + len(asked.query_string) > URL:
        raise BadRequest("url_size")
    if (asked.content_length or 0) > body_limit:
        raise BadRequest("body_size")
    count = size = 0
    for name, value in asked.environ.items():
        if name.startswith("HTTP_") or name in _BARE:
            count += 1
            size += len(name.removeprefix("HTTP_")) + len(value)
    if count > HEADERS or size > HEADER_BYTES:
        raise BadRequest("header_size")


def check_text(asked: Request) -> None:
    """Raise BadRequest where path, query or form is not UTF-8, has a NUL, too many fields, or comes in parts where no file is expected."""
    _strict(asked.environ.get("PATH_INFO", "").encode("latin-1"))
    _strict_fields(asked.query_string)
    if asked.mimetype.startswith("multipart/"):
        if not (asked.method == "POST" and upload.takes_file(asked.path)):  # its fields would be read less strictly
            raise BadRequest("content_type")
        upload.read(asked)
    if asked.mimetype == _FORM:
        _strict_fields(asked.get_data(cache=True))


def check_host(asked: Request, issuer: str, proxies: Iterable[object]) -> None:
    """Raise BadRequest("host") unless the Host, or what a trusted proxy says it was, is the issuer's (SC-10)."""
    host = asked.headers.get("Host", "")
    if _is_trusted(asked.remote_addr, _networks(proxies)):
        sent = asked.headers.getlist("X-Forwarded-Host")
        host = sent[0] if len(sent) == 1 else host
        if len(sent) > 1 or "," in host:
            raise BadRequest("forwarded")
    own = urlsplit(issuer)
    if host == own.netloc:
        return
    if any(c in host for c in "/\\@?# ") or origin_of(f"{own.scheme}://{host}") != origin_of(issuer):
        raise BadRequest("host")


def client_address(asked: Request, proxies: Iterable[object]) -> str:
    """The browser's address: the nearest one in X-Forwarded-For that is no trusted proxy (SC-09).

    proxies: addresses and networks of `network.trusted_proxies`. Raises BadRequest("forwarded") where a trusted proxy's
    header cannot be read, because a network policy or a limit would be walked around.
    """
    trusted = _networks(proxies)
    here = _address(asked.remote_addr or "")
    if here is None:
        raise BadRequest("forwarded", "peer")
    if not _in(here, trusted):
        return str(here)
    entries = ",".join(asked.headers.getlist("X-Forwarded-For")).split(",")
    hops = [] if entries == [""] else entries
    while hops and _in(here, trusted):
        nearer = _address(hops.pop().strip())
        if nearer is None:
            raise BadRequest("forwarded")
        here = nearer
    return str(here)


def client_certificate(asked: Request, network: NetworkRules) -> ClientCertificate | None:
    """The certificate of the client's connection, as a trusted proxy says; None without one, and from every other sender.

    Raises OAuthError(invalid_request) for a header that is no single certificate.
    """
    name = network.client_certificate_header
    if name is None or not _is_trusted(asked.remote_addr, _networks(network.trusted_proxies)):
        return None
    sent = asked.headers.get(name, "")
    if not sent:
        return None  # a proxy sets an empty header for a client without a certificate
    try:
        return read_certificate(sent)
    except JoseError as error:
        raise OAuthError("invalid_request", error.reason) from error


def single(fields: Mapping[str, object], name: str) -> str:
    """The one value of a form or query field; "" if it is not there. Raises BadRequest("duplicate") for two."""
    values: list[str] = fields.getlist(name) if hasattr(fields, "getlist") else [str(fields.get(name, ""))]
    if len(values) > 1:
        raise BadRequest("duplicate")
    return values[0] if values else ""


def _strict_fields(raw: bytes) -> None:
    if raw.count(b"&") >= FIELDS:
        raise BadRequest("field_count")
    _strict(unquote_to_bytes(raw))


def _strict(raw: bytes) -> None:
    """UTF-8 without NUL, which no database column takes."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("encoding") from None
    if b"\x00" in raw:
        raise BadRequest("encoding")


def _networks(values: Iterable[object]) -> tuple[Network, ...]:
    return _parsed(tuple(map(str, values)))


@lru_cache(maxsize=16)  # the same lists of the same file, request after request
def _parsed(values: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(value, strict=False) for value in values)


def _is_trusted(text: str | None, trusted: tuple[Network, ...]) -> bool:
    here = _address(text or "") if trusted else None
    return here is not None and _in(here, trusted)


def _in(here: Address, networks: tuple[Network, ...]) -> bool:
    return any(here.version == network.version and here in network for network in networks)


@lru_cache(maxsize=1024)  # the same browser, request after request
def _address(text: str) -> Address | None:
    """An address; an IPv4 one that comes as IPv6 is IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
