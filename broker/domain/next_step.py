"""What the gates answer: the step that a login takes next, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Where a login can stand; each but the last two, and SIGN_UP, is one page or one redirect."""

    HOME = "home"
    UPSTREAM = "upstream"
    CODE = "code"
    REDEEM = "redeem"
    SIGN_UP = "sign_up"
    CORRECT = "correct"
    REQUESTED = "requested"
    TERMS = "terms"
    CONSENT = "consent"
    CHALLENGE = "challenge"
    VOUCH = "vouch"
    ENROLL = "enroll"
    DENY = "deny"
    ISSUE = "issue"


class How(StrEnum):
    """How a step is done that can be done in several ways.

    UPSTREAM: MORE asks the partner for more proof, FRESH for a new sign-in. CHALLENGE: ANY method or only a PASSKEY.
    ENROLL: ANY method, only an authenticator app (TOTP), or only a PASSKEY.
    """

    MORE = "more"
    FRESH = "fresh"
    ANY = "any"
    PASSKEY = "passkey"
    TOTP = "totp"


@dataclass(frozen=True, slots=True)
class Next:
    """The answer of a gate that is not satisfied.

    error: the OAuth error for the application, where the step may not be shown (prompt=none) or the login is denied.
    reason: for the receipt. code: the error page's code of a denial; None sends the error to the application at once.
    fresh_within: seconds; UPSTREAM asks the partner for a sign-in as recent as that.
    """

    step: Step
    error: str = ""
    reason: str = ""
    code: str | None = None
    how: How | None = None
    fresh_within: int | None = None
