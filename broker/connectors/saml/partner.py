"""The connector's view of one partner, and the values that one login expects in the response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from broker.saml.times import SKEW

Signed = Literal["response", "assertion", "both", "either"]
AMR: Final = "http://schemas.microsoft.com/claims/authnmethodsreferences"  # HS-30


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlView:
    """The `saml:`, `claims:` and `trust:` parts of a partner's file.

    entity_id: exact. signed: which element must be signed; `either` requires one of the two. want_encrypted: an assertion in
    plain text is refused. subject: `name_id`, or the Name (or a short name of the shipped table) of the one attribute that
    names the account. claims: broker claim -> Name on the wire or short name. domains: canonical. trust_email: `trust.email`.
    scopes: the allowed ends of scoped values (`user@scope`), from `shibmd:Scope` of the metadata; if empty, every scope within
    `domains`, and any scope if that is empty too. ruled: whether a rule of ours names the broker claim; called only if a value
    is in doubt. skew: seconds that two clocks may differ. bounded: no scope but `domains`, also where that is empty.
    """

    id: str
    entity_id: str
    signed: Signed = "either"
    want_encrypted: bool = False
    subject: str = "name_id"
    claims: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ()
    trust_email: bool = False
    scopes: tuple[str, ...] = ()
    ruled: Callable[[str], bool] = lambda _claim: False
    skew: int = SKEW
    bounded: bool = False

    def named(self, claim: str) -> bool:
        """Whether a bad value of the claim refuses the sign-in: the file or a rule names it, or it decides about identity or strength (HS-29)."""
        return claim in self.claims or claim in {"email", AMR} or self.ruled(claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The values that the response to this login's request must have.

    request_id: the ID of our AuthnRequest. acs_url: its AssertionConsumerServiceURL, required as Destination and Recipient.
    audience: our entity id. now: seconds since 1970. known: of several addresses of a subject, the one that we know already,
    or None.
    """

    request_id: str
    acs_url: str
    audience: str
    now: int
    known: Callable[[str, Sequence[str]], str | None] = lambda _subject, _addresses: None
