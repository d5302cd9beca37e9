"""The section `oidc:` of a partner's file (HO-2, HO-12)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from broker.settings.errors import Wrong
from broker.settings.protocol_section import Certificate, ProtocolSection
from broker.settings.values import (
    File,
    Listed,
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


def _scopes(value: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in value:
        raise Wrong("lacks openid; write [openid, profile, email]")
    return value


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


class OidcPartner(ProtocolSection):
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
    post_logout_redirect: bool = Field(
        default=False,
        description="true: ISSUER/oidc/PARTNER/signed-out is registered there as post_logout_redirect_uri; who signs out there comes back.",
    )
    scopes: Annotated[Listed[Word], AfterValidator(_scopes)] = Field(
        default=("openid", "profile", "email"), description="What we ask for."
    )
    require_claims: dict[Text, Scalar] = Field(default_factory=dict, description="Must be in the ID token with this value.")
    client_assertion: ClientAssertion = Field(default_factory=ClientAssertion, description="Details of private_key_jwt.")

    @property
    def names_issuer(self) -> str | None:
        """The issuer, exact."""
        return self.issuer

    @property
    def calls(self) -> tuple[str, ...]:
        """The address of the discovery document."""
        return (self.discovery or self.issuer,)
