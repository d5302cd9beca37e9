"""Codes of an authenticator app (RFC 6238): six digits, SHA-1, thirty seconds, as every app understands them."""

from __future__ import annotations

import hmac
import re

import pyotp

PERIOD = 30  # seconds of a time step
DRIFT = 1  # steps that a phone's clock may be behind or ahead (RFC 6238 5.2)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """A seed of 160 random bits, base32 (RFC 4226 4, R6)."""
    return pyotp.random_base32(length=32)


def link(secret: str, *, account: str, company: str) -> str:
    """The `otpauth://totp/` link that apps read from a QR code. account, company: what the app lists it under."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=company)


def is_code(text: str) -> bool:
    """Six ASCII digits and nothing else (MF-09)."""
    return _CODE.fullmatch(text) is not None


def step_at(now: int) -> int:
    """The time step of a moment."""
    return now // PERIOD


def step_of(secret: str, code: str, now: int, after: int) -> int | None:
    """The time step, later than `after`, whose code this is; None where there is none. now: seconds since 1970, UTC.

    The caller must take the step by a conditional statement: two requests may get here at once (MF-01).
    """
    if not is_code(code):
        return None
    generator, here = pyotp.TOTP(secret), step_at(now)
    found = [
        step
        for step in range(here - DRIFT, here + DRIFT + 1)
        if hmac.compare_digest(generator.generate_otp(step), code) and step > after
    ]
    return found[0] if found else None
