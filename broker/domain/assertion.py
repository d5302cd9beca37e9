"""What an identity provider said about a person, SAML and OIDC alike, after every check of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One complete, verified record.

    subject: exact bytes of the provider, unique only with `issuer`. email: canonical, or None if none came.
    email_verified: the judgement of HO-14 (trust.email, domains, the claim), not the wire's value.
    claims: broker claim -> value, only mapped ones. arrived: the names that came, for receipt and doctor, never values.
    auth_time: seconds since 1970 when the person proved himself there, None if the provider does not say.
    skew: seconds that the provider's clock is ahead of ours by its own word (iat), None if it does not say.
    left_out: claims, or names on the wire, that came in no form that can be used and that nobody asked for (HS-29).
    subject_form: over SAML, the kind of NameID that names the account; None for any other.
    acr, amr: as the provider said them; whether they count as MFA is judged later (HO-15).
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

    def to_json(self) -> dict[str, Any]:
        """A JSON object for the login's row."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Assertion:
        """The inverse of `to_json`."""
        lists = {name: tuple(value.get(name, ())) for name in ("amr", "arrived", "left_out")}
        return cls(**{**value, **lists})
