"""Compares redirect_uri with the application's file: exactly one of its entries, character by character (HP-8)."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)", re.ASCII)


def is_registered(redirect_uri: str, registered: Sequence[str], *, public: bool) -> bool:
    """RFC 9700 2.1. For a public application the port of a loopback address is ignored (RFC 8252 7.3)."""
    if redirect_uri in registered:
        return True
    return public and (loose := _without_port(redirect_uri)) is not None and loose in map(_without_port, registered)


def _without_port(uri: str) -> tuple[str, str] | None:
    """(scheme and host, everything after the port) of a loopback URI; None for all others."""
    match = _LOOPBACK.fullmatch(uri)
    if match is None or int(match[2] or 0) > 65535:
        return None
    return match[1], match[3]
