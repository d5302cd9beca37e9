"""What the SAML connector knows of one partner, and what one login expects of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from broker.saml.times import SKEW

Signed = Literal["response", "assertion", "both", "either"]
AMR: Final = "http://schemas.microsoft.com/claims/authnmethodsreferences"  # HS-30


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlView:
    """The `saml:`, `claims:` and `trust:` parts of a partner's file, filled in by app.py.

    entity_id: exact. signed: which element must carry a signature; `either` asks for one of them, never for none.
    want_encrypted: an assertion in plain text is refused. subject: `name_id`, or the Name (or a short name of the
    shipped table) of the one attribute that names the account. claims: broker claim -> wire Name or short name.
    domains: canonical. trust_email: `trust.email`. scopes: what scoped values (`user@scope`) may end in, the
    `shibmd:Scope` of its metadata; empty: every scope within `domains`, or any where that is empty too. ruled: whether a
    rule of ours names the broker claim; asked only where a value is in doubt. skew: seconds that two clocks may differ.
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

    def named(self, claim: str) -> bool:
        """Whether its value must be right: by the file, by a rule, or because it tells who or how strongly (HS-29)."""
        return claim in self.claims or claim in {"email", AMR} or self.ruled(claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the login's own request makes the only right answer.

    request_id: the ID of our AuthnRequest. acs_url: the AssertionConsumerServiceURL of it, wanted as Destination and
    Recipient. audience: our entity id. now: seconds since 1970. known: of several addresses of a subject, the one that is
    ours already, or None.
    """

    request_id: str
    acs_url: str
    audience: str
    now: int
    known: Callable[[str, Sequence[str]], str | None] = lambda _subject, _addresses: None
