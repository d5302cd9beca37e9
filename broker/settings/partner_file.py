"""config/partners/PARTNER.yaml: a home organization and how it signs its people in (HO-2, HO-12, HO-14, HO-15)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from broker.settings import urls
from broker.settings.errors import Problem, Wrong
from broker.settings.values import (
    ClaimName,
    Domain,
    Duration,
    File,
    Listed,
    NamedFile,
    Outbound,
    PartnerIssuer,
    Scalar,
    Secret,
    Section,
    Text,
    Word,
    home_of,
    present,
    remember,
)

_LARGEST_SKEW = 300  # seconds: a message stays good for so much longer
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # RFC 3986 3.1

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def _certificate(value: str, info: ValidationInfo) -> str:
    """CF-04: an empty file must not be taken for a certificate that verifies everything (partner_unsigned)."""
    home = home_of(info)
    if home is None:
        return value
    match = _CERTIFICATE.search((home / value).read_bytes().decode("latin-1"))
    try:
        good = match is not None and len(base64.b64decode("".join(match[1].split()), validate=True)) > 100
    except binascii.Error:
        good = False
    if not good:
        raise Wrong("{value} holds no certificate; write the path of a PEM file", value=value)
    return value


def metadata_source(value: object, info: ValidationInfo) -> str:
    """A URL, or a file that exists."""
    if isinstance(value, str) and ("://" in value or _SCHEME.match(value)):  # `data:` and `file:` are no files of ours (SM-08)
        return urls.outbound(value)
    if not isinstance(value, str) or not value:
        raise Wrong("is empty; write the URL or the file of the partner's metadata")
    home = home_of(info)
    if home is not None and not (home / value).is_file():
        raise Wrong("{value} is neither a URL nor a file; write https://HOST/PATH or a path relative to the home", value=value)
    return value


def _signing_key(value: str, info: ValidationInfo) -> str:
    """The file is read again where it is used; here it must be what it should."""
    home = home_of(info)
    if home is not None:
        from broker.jose.errors import JoseError
        from broker.jose.keys import load_pem  # with the cryptography library: only where a partner needs it

        remember(info, home / value)
        try:
            load_pem((home / value).read_bytes(), "ES256", "key")
        except JoseError:
            raise Wrong("{value} holds no private P-256 key; write the path of the provider's .p8 file", value=value) from None
    return value


def _signed(value: object) -> object:
    """CF-04: there is no value for a partner that signs nothing."""
    if value in (None, False, "none", "neither", ""):
        raise Wrong("lets unsigned messages in (partner_unsigned); write response, assertion, both or either")
    return value


def _scopes(value: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in value:
        raise Wrong("lacks openid; write [openid, profile, email]")
    return value


def _skew(value: int) -> int:
    if value > _LARGEST_SKEW:
        raise Wrong("is longer than 5m, the most that clocks may differ; have the partner set its clock by NTP")
    return value


Certificate = Annotated[File, AfterValidator(_certificate)]
ClaimsMap = dict[ClaimName, Text]


class SamlPartner(Section):
    """The partner's identity provider, over SAML 2.0."""

    metadata: Annotated[str, BeforeValidator(metadata_source)] = Field(
        description="URL or file; a URL is refreshed on its own validity.", examples=["https://idp.fabrikam.example/metadata"]
    )
    entity_id: Text | None = Field(default=None, description="Needed when the metadata holds several entities.")
    metadata_certificate: Certificate | None = Field(default=None, description="PEM file: the metadata must be signed by it.")
    sign_requests: bool = Field(default=True, description="Whether our requests are signed.")
    signed: Annotated[Literal["response", "assertion", "both", "either"], BeforeValidator(_signed)] = Field(
        default="either", description="What the partner signs; at least one, always verified."
    )
    want_encrypted: bool = Field(
        default=False, description="Only encrypted assertions, and our encryption key is published for this partner."
    )
    subject: Text = Field(default="name_id", description="name_id, or the Name of the attribute that identifies the person.")
    name_id_format: Text | None = Field(default=None, description="Asked for in requests only if given.")
    allow_idp_initiated: bool = Field(
        default=False, description="An unsolicited response starts an ordinary sign-in; it is never read."
    )


class ClientAssertion(Section):
    """How we prove ourselves with private_key_jwt (HO-12)."""

    audience: Literal["issuer", "token_endpoint"] = Field(default="issuer", description="The one `aud` of our client assertion.")
    certificate: Certificate | None = Field(
        default=None, description="PEM file whose thumbprint goes into the header, where the provider wants it."
    )


class ClientSecretJwt(Section):
    """A client secret that is a token which we sign for each use, as Apple wants it."""

    team_id: Text = Field(description="Who signs: the id of the developer team.", examples=["A1B2C3D4E5"])
    key_id: Text = Field(description="The name of the key at the provider.", examples=["F6G7H8J9K0"])
    key: Annotated[File, AfterValidator(_signing_key)] = Field(
        description="PEM file of the private P-256 key (.p8), relative to the home.", examples=["secrets/apple.p8"]
    )


class OidcPartner(Section):
    """The partner's identity provider, over OpenID Connect."""

    issuer: PartnerIssuer = Field(
        description="One tenant, exact, as its discovery document names it.", examples=["https://login.fabrikam.example"]
    )
    client_id: Text = Field(description="What the partner registered us as.", examples=["contoso-broker"])
    client_secret: Annotated[Secret | None, BeforeValidator(present)] = Field(
        default=None, description="Ours at the partner, by ${env:NAME} or ${file:PATH}; at least 16 characters."
    )
    client_secret_jwt: Annotated[ClientSecretJwt | None, BeforeValidator(present)] = Field(
        default=None, description="Instead of client_secret: a token that we sign as the secret (Apple)."
    )
    client_authentication: Literal["client_secret", "client_secret_basic", "client_secret_post", "private_key_jwt"] = Field(
        default="client_secret",
        description="client_secret: by the method that discovery names. private_key_jwt: we sign with our own key, there is no secret.",
    )
    discovery: Outbound | None = Field(
        default=None, description="URL of the discovery document, where it does not lie below the issuer."
    )
    response_mode: Literal["query", "form_post"] = Field(
        default="query", description="How the answer comes back: form_post where the provider insists on it."
    )
    send_max_age: bool = Field(
        default=True,
        description="false: where a fresh sign-in is due, prompt=login is sent alone, for a provider that refuses max_age.",
    )
    scopes: Annotated[Listed[Word], AfterValidator(_scopes)] = Field(
        default=("openid", "profile", "email"), description="What we ask for."
    )
    require_claims: dict[Text, Scalar] = Field(default_factory=dict, description="Must be in the ID token with this value.")
    client_assertion: ClientAssertion = Field(default_factory=ClientAssertion, description="Details of private_key_jwt.")


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
    def issuer(self) -> str:
        """Who vouches, as identities are bound to it: the OIDC issuer or the SAML entity id; empty if not known yet."""
        return self.oidc.issuer if self.oidc is not None else (self.saml.entity_id or "") if self.saml is not None else ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs of this file that the broker calls: they decide whether it may call private addresses for this partner."""
        if self.oidc is not None:
            return (self.oidc.discovery or self.oidc.issuer,)
        return (self.saml.metadata,) if self.saml is not None and "://" in self.saml.metadata else ()

    @property
    def protocol(self) -> Literal["oidc", "saml"]:
        """Which of the two sections is there; the loader refuses none and both."""
        return "saml" if self.saml is not None else "oidc"


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
