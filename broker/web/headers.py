"""The headers that every answer carries (HW-7)."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from broker.domain.origin import origin_of, origin_text

# No form-action: a form of ours may end, by 303, at a partner or an application, and Chromium would stop it there.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'nonce-{nonce}'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'"
_CLOSED = {
    "Content-Security-Policy": _CLOSED_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)"
)


def page(response: Response, *, nonce: str, https: bool, frames: Sequence[str] = ()) -> Response:
    """The headers of an HTML page. nonce: of this response only; https: whether the issuer is (then HSTS, a year).

    frames: the addresses of its frames; only their origins may be.
    """
    origins = sorted({origin_text(origin) for url in frames if (origin := origin_of(url)) is not None})
    more = f"; frame-src {' '.join(origins)}" if origins else ""
    response.headers["Content-Security-Policy"] = _PAGE_POLICY.format(nonce=nonce) + more
    response.headers["X-Frame-Options"] = "DENY"  # AZ-18
    response.headers["Permissions-Policy"] = _PERMISSIONS
    if https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return private(response)


def private(response: Response) -> Response:
    """What pages, redirects and JSON share: not stored (SC-12), not sniffed, no Referer (AZ-23)."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def closed(response: Response) -> Response:
    """What every answer gets that chose nothing else itself: a redirect's or a library's body is as closed as a page."""
    said = {name.lower() for name, _ in response.headers}
    for name, value in _CLOSED.items():
        if name.lower() not in said:
            response.headers.add(name, value)
    return response


def file(response: Response) -> Response:
    """A static file under a hashed name: kept for ever; an SVG with a script runs nothing (AZ-19)."""
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
