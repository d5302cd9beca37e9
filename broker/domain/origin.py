"""Origins of web addresses (RFC 6454)."""

from __future__ import annotations

from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]  # scheme, host, port


def origin_of(url: str) -> Origin | None:
    """The origin of a URL, with the scheme's default port; None if it has none (RFC 6454 4)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in DEFAULT_PORTS:
        return None
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]


def origin_text(origin: Origin) -> str:
    """An origin as browsers write it: the scheme's default port is left out (RFC 6454 6.2)."""
    scheme, host, port = origin
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")
