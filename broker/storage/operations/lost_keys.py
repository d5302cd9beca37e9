"""A signing key was lost: its finder can sign what applications believe, so everything that began under it ends."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from broker.storage.oauth import grants, sessions


def end_what_was_signed(tx: Connection, now: int) -> Mapping[str, int]:
    """End every session and grant, with the grants' codes and tokens; their applications are notified (HP-43). How many of each."""
    return {
        "sessions": sessions.end_all(tx, now),
        "grants": grants.end_all(tx, now),
    }


def nothing_ends(_tx: Connection, _now: int) -> Mapping[str, int]:
    """Keys for SAML sign and decrypt messages of one sign-in only; no session depends on them."""
    return {}
