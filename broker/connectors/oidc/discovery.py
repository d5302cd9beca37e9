"""Fetches and checks a partner's discovery document and key set (HO-2, HO-8, OU-20, OU-26)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from broker.connectors.outbound.address_policy import split_url
from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import PartnerFailed
from broker.domain.times import DAY, HOUR
from broker.jose.encoding import parse_object
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys, unusable_keys

ID_TOKEN_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "RS512", "PS384", "ES384", "ES512")  # HO-3
_OURS = ", ".join(ID_TOKEN_ALGORITHMS)
MIN_AGE, MAX_AGE, DEFAULT_AGE = 300, DAY, HOUR  # seconds until a fetched document is fetched again
MAX_DOCUMENT = 512 * 1024
_FAULTS = 5  # unusable keys whose fault is named
_LISTS = frozenset(
    {"acr_values_supported", "claims_supported", "prompt_values_supported", "scopes_supported", "ui_locales_supported"}
)
_URLS = frozenset({"end_session_endpoint", "registration_endpoint", "service_documentation", "op_policy_uri", "op_tos_uri"})
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A checked discovery document. An endpoint that is None does not exist.

    iss_parameter: the authorization response carries `iss` (RFC 9207). id_token_algs: those of the document that we accept.
    auth_methods, auth_algs: how a client may authenticate at the token endpoint, and with which signatures. prompts: allowed
    values of `prompt`, None if the document does not list them (most do not). claims, acr_values: advertised values, for
    `doctor`; they decide nothing. oddities: members that differ from the standard and decide nothing, for `doctor` (FB-08).
    signs_out: it names an end_session_endpoint.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    iss_parameter: bool
    auth_methods: tuple[str, ...]
    auth_algs: tuple[str, ...]
    id_token_algs: tuple[str, ...]
    prompts: tuple[str, ...] | None
    claims: tuple[str, ...]
    acr_values: tuple[str, ...]
    oddities: tuple[str, ...] = ()
    signs_out: bool = False


def _no_plain(_url: str) -> bool:
    return False


def discovery_url(issuer: str) -> str:
    """Discovery 4.1: a slash at the end of the issuer is not doubled."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def check_discovery(
    document: bytes | Mapping[str, Any], issuer: str, *, allows_plain: Callable[[str], bool] = _no_plain
) -> Discovery:
    """Check a discovery document against the configured issuer.

    allows_plain: whether an http: URL is allowed (`HttpClient.allows_plain`). Raises PartnerFailed with the reason
    discovery_format, discovery_issuer, discovery_endpoint or discovery_pkce; the detail says what was expected.
    """
    found = _object(document, "discovery_format", "the discovery document")
    if found.get("issuer") != issuer:  # Discovery 4.3: exactly
        raise PartnerFailed(
            "discovery_issuer", f"the discovery document is of issuer {_shown(found.get('issuer'))}, not {issuer}"
        )

    def endpoint(name: str) -> str | None:
        return _endpoint(found, name, allows_plain)

    authorization, token, keys = (endpoint(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))
    if authorization is None or token is None or keys is None:
        raise PartnerFailed(
            "discovery_endpoint", "the discovery document lacks authorization_endpoint, token_endpoint or jwks_uri"
        )
    methods = _texts(found, "code_challenge_methods_supported")
    if methods and "S256" not in methods:  # RFC 9700 2.1.1: a document without the member excludes nothing
        raise PartnerFailed("discovery_pkce", "the provider takes no PKCE challenge of method S256")
    types = _texts(found, "response_types_supported")
    if types and "code" not in types:
        raise PartnerFailed("discovery_format", "the provider does not support the response type code")
    theirs = _texts(found, "id_token_signing_alg_values_supported")
    algorithms = tuple(alg for alg in ID_TOKEN_ALGORITHMS if not theirs or alg in theirs)
    if not algorithms:
        raise PartnerFailed("discovery_format", f"the provider signs ID tokens with none of {_OURS}")
    flag = found.get("authorization_response_iss_parameter_supported")
    if not isinstance(flag, bool | None):
        raise PartnerFailed("discovery_format", "authorization_response_iss_parameter_supported is neither true nor false")
    odd = oddities(found)
    return Discovery(
        issuer=issuer,
        authorization_endpoint=authorization,
        token_endpoint=token,
        jwks_uri=keys,
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        iss_parameter=flag is True,
        auth_methods=_texts(found, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),  # Discovery 3
        auth_algs=_texts(found, "token_endpoint_auth_signing_alg_values_supported") or ("RS256",),
        id_token_algs=algorithms,
        prompts=None if "prompt_values_supported" in odd else _texts(found, "prompt_values_supported"),
        claims=() if "claims_supported" in odd else _texts(found, "claims_supported") or (),
        acr_values=() if "acr_values_supported" in odd else _texts(found, "acr_values_supported") or (),
        oddities=odd,
        signs_out=isinstance(found.get("end_session_endpoint"), str),
    )


def oddities(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of members that differ from Discovery 3 and RFC 8414 2 but do not end a sign-in (FB-08)."""
    return tuple(name for name, value in found.items() if value is None or _is_odd(name, value))


def _is_odd(name: str, value: Any) -> bool:
    if name.endswith("_supported") and isinstance(value, list):
        return value == [] or not all(isinstance(item, str) for item in value)  # RFC 8414 3.2: none is left out
    if name in _LISTS:
        return True
    if name in _URLS:
        return not isinstance(value, str) or not value.startswith(("https://", "http://"))
    return False


class Judgements:
    """The check result of each partner's document, kept while document and client are the same objects. Shared by threads.

    A new document is checked before its first use. Every document is checked again when the allowed addresses change, because
    the client is then another object; the client also checks the address of each request (HO-16).
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[Mapping[str, Any], HttpClient, Discovery]] = {}

    def __call__(self, document: Mapping[str, Any], issuer: str, client: HttpClient) -> Discovery:
        """As `check_discovery`."""
        held = self._held.get(issuer)
        if held is None or held[0] is not document or held[1] is not client:
            judged = check_discovery(document, issuer, allows_plain=client.allows_plain)
            held = self._held[issuer] = (document, client, judged)
        return held[2]


def check_jwks(document: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """A JWK Set with at least one key that can verify an ID token (RFC 7517 5, HO-5). Raises PartnerFailed(jwks_format)."""
    found = _object(document, "jwks_format", "the key set")
    try:
        usable = public_keys(found)
    except JoseError as error:
        raise PartnerFailed("jwks_format", "the key set has no list of keys, or too long a one") from error
    if not usable:
        faults = "; ".join(unusable_keys(found)[:_FAULTS]) or "it is empty"
        expected = f"RSA from 2048 bits, P-256 or Ed25519, for {_OURS}"
        raise PartnerFailed("jwks_format", f"none of its keys can be used ({faults}); expected: {expected}")
    return dict(found)


def fetch_discovery(client: HttpClient, issuer: str, url: str | None = None) -> tuple[dict[str, Any], int]:
    """The partner's checked discovery document, and in how many seconds it must be fetched again.

    url: its address, by default below the issuer; the issuer in the document must be the configured one in either case.
    Raises PartnerFailed: the reasons of `check_discovery`, and the client's (url_not_allowed, upstream_unavailable).
    """
    document, age = _fetch(client, url or discovery_url(issuer), "discovery_format", "the discovery document")
    check_discovery(document, issuer, allows_plain=client.allows_plain)
    return document, age


def fetch_issuer(client: HttpClient, issuer: str) -> tuple[dict[str, Any], int]:
    """Issuer and jwks_uri of an issuer that signs tokens and signs nobody in, as of a pipeline or a cluster; else as `fetch_discovery`."""
    document, age = _fetch(client, discovery_url(issuer), "discovery_format", "the discovery document")
    if document.get("issuer") != issuer:
        raise PartnerFailed(
            "discovery_issuer", f"the discovery document is of issuer {_shown(document.get('issuer'))}, not {issuer}"
        )
    uri = _endpoint(document, "jwks_uri", client.allows_plain)
    if uri is None:
        raise PartnerFailed("discovery_endpoint", "the discovery document lacks jwks_uri")
    return {"issuer": issuer, "jwks_uri": uri}, age


def fetch_jwks(client: HttpClient, uri: str) -> tuple[dict[str, Any], int]:
    """The partner's key set, and in how many seconds it must be fetched again. Raises PartnerFailed as `fetch_discovery`, or jwks_format."""
    document, age = _fetch(client, uri, "jwks_format", "the key set")
    return check_jwks(document), age


def cache_age(cache_control: str) -> int:
    """Seconds that Cache-Control allows (RFC 9111 5.2.2), between five minutes and a day; without the header, an hour."""
    for part in cache_control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in {"no-store", "no-cache"}:
            return MIN_AGE
        if name == "max-age" and value.strip('"').isascii() and value.strip('"').isdigit():
            return min(max(int(value.strip('"')[:9]), MIN_AGE), MAX_AGE)
    return DEFAULT_AGE


def _fetch(client: HttpClient, url: str, reason: str, what: str) -> tuple[dict[str, Any], int]:
    try:
        answer = client.get(url, accept="application/json", max_bytes=MAX_DOCUMENT)
    except HttpFailure as error:
        raise PartnerFailed(error.reason, f"{what}: {error.detail}") from error
    if answer.status != 200:
        raise PartnerFailed("upstream_unavailable", f"{what}: the address answers {answer.status}")
    return dict(_object(answer.body, reason, what)), cache_age(answer.headers.get("cache-control", ""))


def _object(document: bytes | Mapping[str, Any], reason: str, what: str) -> Mapping[str, Any]:
    if isinstance(document, Mapping):
        return document
    try:
        return parse_object(document, max_bytes=MAX_DOCUMENT, bom=True)
    except ValueError as error:
        raise PartnerFailed(reason, f"{what} cannot be read: {error}") from error


def _endpoint(found: Mapping[str, Any], name: str, allows_plain: Callable[[str], bool]) -> str | None:
    value = found.get(name)
    if value is None:
        return None
    try:
        if isinstance(value, str) and (split_url(value).scheme == "https" or allows_plain(value)):
            return value
    except HttpFailure:
        pass
    raise PartnerFailed("discovery_endpoint", f"{name} is not an https: URL")


def _texts(found: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise PartnerFailed("discovery_format", f"{name} is not a list of texts")
    return tuple(value)


def _shown(value: Any) -> str:
    """A wrong issuer for staff: a configuration value, shortened and printable."""
    return value[:200] if isinstance(value, str) and value.isascii() and value.isprintable() else "that is no text"
