"""config/applications/CLIENT_ID.yaml: a relying party and all it may do (HP-8, HP-22, HP-39, HP-40, HP-45)."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from broker.domain.claims import OURS, PROOFS, PROTOCOL, SCOPES, STANDARD
from broker.settings import urls
from broker.settings.client_certificate import TlsClientAuth
from broker.settings.errors import Problem, Wrong
from broker.settings.key_set import Jwks
from broker.settings.permission_names import ApiPermission, DelegatedPermission
from broker.settings.self_service import SelfServiceSettings
from broker.settings.trusted_issuers import TrustedIssuers
from broker.settings.values import (
    ClaimName,
    Email,
    Link,
    Listed,
    Logo,
    NamedFile,
    Origin,
    Outbound,
    Resource,
    Secret,
    Text,
    Word,
    each_of,
    present,
)

ID_TOKEN_CLAIMS = (PROOFS, *STANDARD)
CREDENTIALS = ("client_secret", "jwks", "jwks_uri", "tls_client_auth", "trusted_issuers")
EncryptionAlg = Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
EncryptionEnc = Literal["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"]


def _scope(value: object) -> str:
    if not isinstance(value, str) or value not in SCOPES:
        near = difflib.get_close_matches(str(value), SCOPES, 1, 0.5)
        hint = f"did you mean {near[0]}? Write some of" if near else "write some of"
        raise Wrong(f"{{value}} is no scope we know; {hint} {', '.join(SCOPES)}", value=value)
    return value


def _scopes(value: tuple[object, ...]) -> tuple[str, ...]:
    scopes = each_of(value, _scope)
    if "openid" not in scopes and scopes:
        raise Wrong("lacks openid; write [openid, profile, email]")
    return scopes


def _redirects(value: tuple[object, ...], info: ValidationInfo) -> tuple[str, ...]:
    """The credentials are judged before: a broken one still means a confidential client."""
    public = all(info.data.get(name, "broken") in (None, ()) for name in CREDENTIALS)
    return each_of(value, lambda item: urls.redirect(item, public=public))


Redirects = Annotated[
    Listed[Any], AfterValidator(_redirects), WithJsonSchema({"type": "array", "items": {"type": "string", "format": "uri"}})
]
Scopes = Annotated[Listed[Any], AfterValidator(_scopes), WithJsonSchema({"type": "array", "items": {"enum": list(SCOPES)}})]


def _token_claims(value: dict[str, str]) -> dict[str, str]:
    """Groups and roles are ours: no other value is sent under these names."""
    taken = [
        Problem("is told by the scope of this name, from our directory; choose another name", at=(n,)) for n in OURS if n in value
    ]
    if taken:
        raise Wrong(*taken)
    return value


def _id_token_claims(value: tuple[object, ...]) -> tuple[str, ...]:
    """Names of a scope, or `proofs`: the claims that the file makes itself are in every ID token."""
    return each_of(value, _id_token_claim)


def _id_token_claim(value: object) -> str:
    if value == PROOFS or value in STANDARD:
        return str(value)
    if value in PROTOCOL:
        raise Wrong("{value} is in every ID token where it belongs; leave it out", value=value)
    near = difflib.get_close_matches(str(value), ID_TOKEN_CLAIMS, 1, 0.5)
    raise Wrong("{value} is no claim of ours; " + (f"did you mean {near[0]}?" if near else "write [proofs]"), value=value)


def _not_empty(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise Wrong("is empty, so no assertion would do; write [issuer]")
    return value


IdTokenClaims = Annotated[
    Listed[Any],
    AfterValidator(_id_token_claims),
    WithJsonSchema({"type": "array", "items": {"enum": list(ID_TOKEN_CLAIMS)}}),
]


class ApplicationFile(NamedFile):
    """config/applications/CLIENT_ID.yaml; the file's name is the client_id."""

    name: Text = Field(description="The application, as guests know it.", examples=["Payroll"])
    client_secret: Annotated[Secret | None, BeforeValidator(present)] = Field(
        default=None,
        description="By ${env:NAME} or ${file:PATH}; at least 16 characters. Without any credential: a public client, PKCE required.",
    )
    jwks: Annotated[Jwks | None, BeforeValidator(present)] = Field(
        default=None, description="Its public keys, inline or the path of a JSON file: the application uses private_key_jwt."
    )
    jwks_uri: Annotated[Outbound | None, BeforeValidator(present)] = Field(
        default=None, description="Where its public keys are: the application uses private_key_jwt."
    )
    trusted_issuers: TrustedIssuers = Field(
        default=(),
        description="Whose tokens prove this program instead of a credential of its own, for a pipeline or a cluster: exact issuer, subject and audience.",
    )
    tls_client_auth: Annotated[TlsClientAuth | None, BeforeValidator(present)] = Field(
        default=None, description="It proves itself by a certificate of these authorities with this name (RFC 8705 2.1)."
    )
    self_signed_tls_client_auth: bool = Field(
        default=False, description="It proves itself by a certificate that is an `x5c` of jwks or jwks_uri (RFC 8705 2.2)."
    )
    redirect_uris: Redirects = Field(
        default=(), description="Compared character for character; empty for a program that only uses the API."
    )
    post_logout_redirect_uris: Redirects = Field(
        default=(), description="Where a sign-out may return to, compared character for character."
    )
    require_pkce: bool = Field(
        default=False, description="Refuse authorization requests without PKCE; public clients always need it."
    )
    id_token_claims: IdTokenClaims = Field(
        default=(),
        description="Further claims of its ID tokens, such as proofs; idp, acr, amr, auth_time and sid are always there.",
    )
    client_assertion_audience: Annotated[Listed[Literal["issuer", "token_endpoint"]], AfterValidator(_not_empty)] = Field(
        default=("issuer",),
        description="What `aud` of its client assertions may be (private_key_jwt); token_endpoint lets older clients in.",
    )
    fapi: bool = Field(
        default=False,
        description="The FAPI 2.0 Security Profile: pushed requests, PKCE and tokens bound by DPoP or by a certificate are required, and refresh tokens do not rotate; needs a key (jwks, jwks_uri) or a certificate, and PS256, ES256 or EdDSA.",
    )
    require_pushed_authorization_requests: bool = Field(
        default=False, description="Refuse authorization requests that were not pushed (RFC 9126)."
    )
    dpop_bound_access_tokens: bool = Field(
        default=False, description="Refuse token requests without a DPoP proof: its access tokens are bound to a key (RFC 9449)."
    )
    tls_client_certificate_bound_access_tokens: bool = Field(
        default=False, description="Its access tokens are bound to the certificate of the token request (RFC 8705 3)."
    )
    access_tokens: Literal["opaque", "jwt"] = Field(
        default="opaque",
        description="The form of its access tokens; jwt: RFC 9068. A resource that verifies a JWT by itself accepts it until it expires.",
    )
    resources: Listed[Resource] = Field(
        default=(), description="The resources (APIs) that it may ask tokens for, compared character for character (RFC 8707)."
    )
    userinfo_encrypted_response_alg: EncryptionAlg | None = Field(
        default=None,
        description="Userinfo is encrypted with this algorithm, for the key of `use: enc` that the application publishes.",
    )
    userinfo_encrypted_response_enc: EncryptionEnc | None = Field(
        default=None, description="How the content is encrypted; A128CBC-HS256 if left out."
    )
    id_token_encrypted_response_alg: EncryptionAlg | None = Field(
        default=None,
        description="ID tokens are encrypted with this algorithm, for the key of `use: enc` that the application publishes.",
    )
    id_token_encrypted_response_enc: EncryptionEnc | None = Field(
        default=None, description="How the content is encrypted; A128CBC-HS256 if left out."
    )
    device_grant: bool = Field(
        default=False, description="Its devices may show a code that a person enters at /device (RFC 8628)."
    )
    frontchannel_logout_uri: Link | None = Field(
        default=None,
        description="Loaded in a frame, with iss and sid, when a person signs out in the browser (Front-Channel Logout); its origin is one of a redirect URI.",
    )
    backchannel_logout_uri: Outbound | None = Field(
        default=None, description="Receives a signed logout token when a session of one of its people ends (Back-Channel Logout)."
    )
    launch_url: Link | None = Field(
        default=None,
        description="The address in the application that begins a sign-in: its tile in the access panel leads there.",
    )
    logo: Logo | None = Field(default=None, description="A .svg or .png inside the home.")
    owners: Listed[Email] = Field(default=(), description="Members who may add guests to this application.")
    assignment_required: bool = Field(default=False, description="Only assigned guests, or members of assigned groups, get in.")
    roles: Listed[Word] = Field(default=(), description="The roles that an assignment may give.")
    subject_type: Literal["pairwise", "public"] = Field(
        default="pairwise", description="Whether `sub` is this application's own."
    )
    id_token_signed_response_alg: Literal["RS256", "ES256", "PS256", "EdDSA"] = Field(
        default="RS256", description="How ID tokens are signed."
    )
    scopes: Scopes = Field(
        default=("openid", "profile", "email"), description="What it may ask for; groups: names of our groups."
    )
    claims: Annotated[dict[ClaimName, Word], AfterValidator(_token_claims)] = Field(
        default_factory=dict, description="Token claim: broker claim; groups and roles are those of our directory."
    )
    audiences: Listed[Text] = Field(
        default=(), description="Client ids that may introspect its access tokens, in addition to itself."
    )
    api_permissions: Listed[ApiPermission] = Field(default=(), description="What it may do at the management API.")
    delegated_permissions: Listed[DelegatedPermission] = Field(
        default=(), description="What it may do there for a person who signed in, never more than that person may."
    )
    notification_origins: Listed[Origin] = Field(
        default=(),
        description="Origins (https://HOST) that its subscriptions at the management API may notify; none: it has no subscriptions.",
        examples=[["https://hr.contoso.example"]],
    )
    self_service: SelfServiceSettings = Field(
        default_factory=SelfServiceSettings, description="Whether people may ask for access themselves."
    )

    @property
    def client_id(self) -> str:
        """The file's name without .yaml."""
        return self.id

    @property
    def client_type(
        self,
    ) -> Literal["public", "secret", "private_key_jwt", "trusted_issuer", "tls_client_auth", "self_signed_tls_client_auth"]:
        """How it proves itself; derived here once, nowhere else (HP-22)."""
        if self.client_secret is not None:
            return "secret"
        if self.trusted_issuers:
            return "trusted_issuer"
        if self.tls_client_auth is not None:
            return "tls_client_auth"
        if self.self_signed_tls_client_auth:
            return "self_signed_tls_client_auth"
        return "public" if self.jwks is None and self.jwks_uri is None else "private_key_jwt"
