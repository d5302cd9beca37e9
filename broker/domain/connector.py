"""The interface to a home organization: request and answer, the same for SAML, OIDC and the code by e-mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from broker.domain.assertion import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The request of one login to the home organization.

    state: the login's random handle, which the answer repeats. login_hint: an address, or None.
    force: the person must sign in again (prompt=login, ForceAuthn). max_age: seconds, or None.
    acr_values: contexts to ask for, as the partner names them. ui_locales: the languages the person reads.
    passive: answer without showing the person anything (IsPassive). any_subject: do not ask for a format of the subject.
    """

    state: str
    login_hint: str | None = None
    force: bool = False
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    ui_locales: tuple[str, ...] = ()
    passive: bool = False
    any_subject: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Where to send the browser, and what to remember (sealed, on the login) until it returns.

    form: None for a redirect, else an auto-submitting POST. out_of_band: a secret that reaches the person by another channel; it is not stored.
    """

    url: str
    form: Mapping[str, str] | None = None
    memory: Mapping[str, str] = field(default_factory=dict)
    out_of_band: str = field(default="", repr=False)


Known = Callable[
    [str, str, Sequence[str]], str | None
]  # issuer, subject, canonical addresses -> the one that the directory knows


def _nobody(_issuer: str, _subject: str, _addresses: Sequence[str]) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """The answer that the browser brought, and the memory of the request. known: chooses among several addresses."""

    params: Mapping[str, str]
    memory: Mapping[str, str]
    now: int
    known: Known = _nobody


class Connector(Protocol):
    """Has a home organization vouch for a person."""

    def begin(self, ask: Ask) -> Outbound:
        """The request to the identity provider. Raises PartnerFailed if it cannot be made."""
        ...

    def complete(self, inbound: Inbound) -> Assertion:
        """The verified answer. Raises PartnerUntrusted when a check fails, PartnerFailed for an error or no answer."""
        ...
