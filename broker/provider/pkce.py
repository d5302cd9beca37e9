"""Proof Key for Code Exchange: only S256 (HP-13, HP-32)."""

from __future__ import annotations

import hashlib
import hmac
import re

from broker.jose.encoding import b64url_encode

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(text: str) -> bool:
    """A SHA-256 in base64url: 43 characters (RFC 7636 4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def proves(challenge: str | None, verifier: str | None) -> bool:
    """True without challenge and verifier; otherwise the verifier must have the form of RFC 7636 4.1 and hash to the challenge (4.6)."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(b64url_encode(hashlib.sha256(verifier.encode("ascii")).digest()), challenge)
