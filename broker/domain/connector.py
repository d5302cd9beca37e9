"""The port to a home organization: one pair of verbs for SAML, OIDC and the code by mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broker.domain.assertion import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one login wants from the home organization.

    state: the login's random handle, comes back with the answer. login_hint: an address, or None.
    force: the person must prove himself anew (prompt=login, ForceAuthn). max_age: seconds, or None.
    acr_values: contexts to ask for, in the partner's own words. ui_locales: the languages the person reads.
    passive: answer without showing the person anything (IsPassive).
    """

    state: str
    login_hint: str | None = None
    force: bool = False
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    ui_locales: tuple[str, ...] = ()
    passive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Where to send the browser, and what to remember (sealed, on the login) until it returns.

    form: None for a redirect, else an auto-submitting POST. told: what reaches the person by another way; never kept.
    """

    url: str
    form: Mapping[str, str] | None = None
    memory: Mapping[str, str] = field(default_factory=dict)
    told: str = field(default="", repr=False)


Known = Callable[[str, str, Sequence[str]], str | None]  # issuer, subject, canonical addresses -> the one that is ours already


def _nobody(_issuer: str, _subject: str, _addresses: Sequence[str]) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What the browser brought back, and what was remembered. known: for an answer with several addresses."""

    params: Mapping[str, str]
    memory: Mapping[str, str]
    now: int
    known: Known = _nobody


class Connector(Protocol):
    """A way to have a home organization vouch for a person."""

    def begin(self, ask: Ask) -> Outbound:
        """The request to the identity provider. Raises PartnerFailed when it cannot be had."""
        ...

    def complete(self, inbound: Inbound) -> Assertion:
        """The verified answer. Raises PartnerUntrusted when a check fails, PartnerFailed for errors and silence."""
        ...
