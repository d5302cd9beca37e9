"""The verified statement of an identity provider about a person, over SAML or OIDC, after every check of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One complete, verified record.

    subject: exact bytes of the provider, unique only with `issuer`. email: canonical, or None if none came.
    email_verified: the result of HO-14 (trust.email, domains, the claim), not the claim alone.
    claims: broker claim -> value, only mapped ones. arrived: the names of received claims, for receipt and doctor; no values.
    auth_time: seconds since 1970 when the person authenticated there, None if the provider does not send it.
    skew: seconds that the provider's clock (iat, IssueInstant) is ahead of ours, None if it sends none.
    left_out: received claims that no configuration requires and that are in no usable form (HS-29).
    subject_form: over SAML, the format of the NameID that names the account; else None.
    home_name, home_session: how the provider names the person and its session in a message of logout; None if it names neither.
    home_logout: text of the connector that a request to sign out there needs; sealed wherever it is stored; None if there is none.
    acr, amr: as the provider sent them; whether they count as MFA is decided later (HO-15).
    """

    partner: str
    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None
    session_ends: int | None = None
    arrived: tuple[str, ...] = ()
    skew: int | None = None
    left_out: tuple[str, ...] = ()
    subject_form: str | None = None
    home_name: str | None = None
    home_session: str | None = None
    home_logout: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON object for the login's row."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Assertion:
        """The inverse of `to_json`."""
        lists = {name: tuple(value.get(name, ())) for name in ("amr", "arrived", "left_out")}
        return cls(**{**value, **lists})
