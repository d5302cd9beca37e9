"""Recovery codes: for the day the phone is gone. 78 random bits each, written for people to read and type."""

from __future__ import annotations

import hashlib
import re
import secrets

from broker.domain.factor import RECOVERY_CODES

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U
_PARTS, _LENGTH = 4, 4
_LOOSE = re.compile(r"[\s-]+")
_PLAIN = re.compile(f"[{_ALPHABET}]{{{_PARTS * _LENGTH}}}")


def new_codes() -> tuple[str, ...]:
    """A set, as `K7QP-4MXT-9RZB-2WXY`."""
    return tuple(
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(_PARTS)) for _ in range(RECOVERY_CODES)
    )


def normal(text: str) -> str | None:
    """What was typed, in one spelling: capitals, without spaces and hyphens; None for what is no code of ours (MF-08)."""
    if len(text) > 64 or not text.isascii():
        return None
    plain = _LOOSE.sub("", text).upper()
    return plain if _PLAIN.fullmatch(plain) else None


def hashed(person_id: str, code: str) -> str:
    """What the database keeps: SHA-256 over person and code, hexadecimal. code: as `normal` has it (HT-4)."""
    return hashlib.sha256(f"recovery:{person_id}:{code}".encode()).hexdigest()
