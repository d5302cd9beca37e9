"""Identifiers: UUIDs of rows, short references for people, and secret handles."""

from __future__ import annotations

import hashlib
import secrets
import uuid

_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0/O, 1/I/L and U, because people read it aloud on the telephone


def new_id() -> str:
    """A random UUID: the identifier of a row, the same in commands, logs and API."""
    return str(uuid.uuid4())


def file_id(issuer: str, kind: str, name: str) -> str:
    """The stable UUID of something that lives in a file: made from issuer, kind (`application`, ...) and name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{issuer}#{kind}/{name}"))


def new_reference() -> str:
    """A request id that a person can read out, as `7KQ4-M2XT-9RZB` (58 random bits; names a receipt, opens nothing)."""
    text = "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(12))
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def is_reference(text: str) -> bool:
    """Whether a text has the form of a reference."""
    parts = text.split("-")
    return [len(part) for part in parts] == [4, 4, 4] and all(c in _REFERENCE_ALPHABET for c in "".join(parts))


def new_secret() -> str:
    """256 random bits as base64url text: a code, token, ticket or cookie. Only its `digest` is stored (HT-4)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 of a secret, in hexadecimal: what the database keeps and looks up (HT-4)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
