"""config/partners/PARTNER.yaml: a home organization and how it signs its people in (HO-2, HO-12, HO-14, HO-15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from broker.settings.errors import Problem, Wrong
from broker.settings.oidc_section import OidcPartner
from broker.settings.protocol_section import ProtocolSection
from broker.settings.saml_section import SamlPartner
from broker.settings.values import (
    ClaimName,
    Domain,
    Duration,
    Listed,
    NamedFile,
    Section,
    Text,
)

_LARGEST_SKEW = 300  # seconds: a message stays good for so much longer


def _skew(value: int) -> int:
    if value > _LARGEST_SKEW:
        raise Wrong("is longer than 5m, the most that clocks may differ; have the partner set its clock by NTP")
    return value


ClaimsMap = dict[ClaimName, Text]


class Trust(Section):
    """What we believe of what the partner says."""

    email: bool = Field(
        default=False, description="Inside `domains` an address counts as verified when the partner does not say otherwise."
    )
    mfa: Listed[Text] = Field(
        default=(), description="acr or amr values that count as multi-factor authentication; empty: never."
    )
    mfa_max_age: Duration = Field(default="12h", validate_default=True, description="How old that proof may be.")
    step_up: bool = Field(default=False, description="When more proof is needed, ask the partner first, ourselves last.")


class PartnerFile(NamedFile):
    """config/partners/PARTNER.yaml; the file's name is the partner's id."""

    name: Text = Field(description="The home organization, as its people know it.", examples=["Fabrikam"])
    domains: Listed[Domain] = Field(
        default=(), description="Mail domains this partner is the authority for; .example.org: all below it."
    )
    members: bool = Field(default=False, description="The company's own staff sign in here: members, not guests.")
    hidden: bool = Field(
        default=False, description="Not on the page where people choose an organization; its addresses still lead here."
    )
    saml: SamlPartner | None = Field(default=None, description="Either saml or oidc.")
    oidc: OidcPartner | None = Field(default=None, description="Either saml or oidc.")
    claims: ClaimsMap = Field(
        default_factory=dict,
        description="Broker claim: the attribute's Name on the wire, or a short name; over SAML also name_id.",
    )
    allowed_clock_skew: Annotated[Duration, AfterValidator(_skew)] = Field(
        default="60s", validate_default=True, description="How far the partner's clock may be from ours; at most 5m."
    )
    trust: Trust = Field(default_factory=Trust, description="What we believe of what the partner says.")

    @property
    def protocol(self) -> Literal["oidc", "saml"]:
        """The name of the section that is there, a key of `connectors.registry`; the loader refuses none and both."""
        return "saml" if self.saml is not None else "oidc"

    @property
    def section(self) -> ProtocolSection:
        """The section of the protocol."""
        return self.saml or self.oidc or ProtocolSection()

    @property
    def issuer(self) -> str:
        """The issuer that identities are bound to: an OIDC issuer or a SAML entity id; empty where only metadata names it."""
        return self.section.names_issuer or ""

    @property
    def file(self) -> str:
        """The file that describes this partner, relative to the home."""
        return f"config/partners/{self.id}.yaml"

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs of this file that the broker calls: they decide whether it may call private addresses for this partner."""
        return self.section.calls


def shape(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """What the keys alone show, before any value is looked at."""
    saml, oidc = raw.get("saml"), raw.get("oidc")
    if saml is None and oidc is None:
        yield Problem("neither saml nor oidc is given; write one of the two", at=("oidc",))
    if saml is not None and oidc is not None:
        yield Problem("stands beside saml; keep one of the two", at=("oidc",))
    if raw.get("members") is True and not raw.get("domains"):
        yield Problem("has no domains, so nobody could be a member; write domains: [contoso.example]", at=("members",))
    claims = raw.get("claims")
    if oidc is not None and isinstance(claims, dict):
        for claim in (claim for claim, source in claims.items() if source == "name_id"):
            yield Problem(
                "reads name_id, which only SAML has; write the name of a claim of the ID token", at=("claims", str(claim))
            )
    if isinstance(oidc, dict):
        yield from _one_credential(oidc)


def _one_credential(oidc: Mapping[str, Any]) -> Iterator[Problem]:
    """A secret, a secret that we sign, or our own key."""
    given = [key for key in ("client_secret", "client_secret_jwt") if key in oidc]
    if oidc.get("client_authentication") == "private_key_jwt":
        for key in given:
            yield Problem("stands beside private_key_jwt; keep one of the two", at=("oidc", key))
    elif len(given) == 2:
        yield Problem("stands beside client_secret; keep one of the two", at=("oidc", "client_secret_jwt"))
    elif not given:
        message = "is missing; write client_secret: ${env:NAME}, or client_authentication: private_key_jwt"
        yield Problem(message, at=("oidc", "client_secret"))
