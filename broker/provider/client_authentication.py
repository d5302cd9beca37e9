"""Client authentication at the token, introspection and revocation endpoints; the only code that does it (HP-4, HP-22..26, HP-58)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from broker.domain.errors import OAuthError
from broker.jose import claims
from broker.jose.certificates import ClientCertificate
from broker.jose.errors import JoseError
from broker.jose.keys import PublicKey
from broker.jose.verify import parse, verify
from broker.provider.application import PRIVATE_KEY_JWT, PUBLIC, SECRET, TRUSTED_ISSUER, ApplicationView
from broker.provider.client_certificate import METHODS as BY_CERTIFICATE
from broker.provider.client_certificate import Registered, check_client
from broker.provider.parameters import is_printable
from broker.provider.workload_assertion import WorkloadKeys, WorkloadProof, check_workload

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_PATH = "/token"
TENANT_TOKEN_PATH = re.compile(r"/[A-Za-z0-9.-]{1,64}/oauth2/v2\.0/token", re.ASCII)  # the same endpoint, for Azure's credentials
ASSERTION_LIFE = 600  # seconds until a client assertion may expire at most; its jti is stored that long
_NOBODY = hashlib.sha256(b"").digest()  # compared if there is no secret, so that the time is the same (HP-26)
_ASSERTED = {TRUSTED_ISSUER: PRIVATE_KEY_JWT}  # client types that also come with a client assertion

Keys = Callable[[ApplicationView, bool], Sequence[PublicKey]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of a request. method: public, secret or private_key_jwt, which is any client assertion; client_id: not proven yet."""

    method: str
    client_id: str
    secret: str = field(default="", repr=False)
    assertion: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Once:
    """The jti of a valid assertion, to be used once. expires_at: from then on nobody accepts the assertion; made_at: nobody did earlier."""

    value: str
    expires_at: int
    made_at: int


def read_credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials:
    """The one method that this request uses.

    Raises OAuthError: invalid_request for two methods or two names (RFC 6749 2.3), invalid_client for malformed or
    missing credentials.
    """
    used = [authorization is not None, "client_secret" in form, "client_assertion" in form or "client_assertion_type" in form]
    if sum(used) > 1:
        raise OAuthError("invalid_request", "client_two_methods")
    if authorization is not None:
        found = _basic(authorization)
    elif used[1]:
        found = Credentials(method=SECRET, client_id=form.get("client_id", ""), secret=form["client_secret"])
    elif used[2]:
        found = _assertion(form)
    else:
        found = Credentials(method=PUBLIC, client_id=form.get("client_id", ""))
    if not found.client_id:
        raise OAuthError("invalid_client", "client_missing")
    if form.get("client_id", found.client_id) != found.client_id:  # HP-25
        raise OAuthError("invalid_request", "client_two_names")
    return found


def _basic(header: str) -> Credentials:
    """RFC 7617 2 and RFC 6749 2.3.1: strict base64 of exactly one colon between two form-encoded parts (HP-24)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise OAuthError("invalid_client", "client_scheme")
    try:
        name, colon, secret = base64.b64decode(encoded.encode("ascii"), validate=True).decode("ascii").partition(":")
        if not colon or ":" in secret:
            raise OAuthError("invalid_client", "client_basic")
        parts = [unquote_to_bytes(part.replace("+", " ")).decode("utf-8") for part in (name, secret)]
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_client", "client_basic") from None
    if not all(map(is_printable, parts)):
        raise OAuthError("invalid_client", "client_basic")
    return Credentials(method=SECRET, client_id=parts[0], secret=parts[1])


def _assertion(form: Mapping[str, str]) -> Credentials:
    """RFC 7521 4.2, RFC 7523 2.2: the client may be named by the assertion alone. A client_id that it does not name fails below."""
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise OAuthError("invalid_client", "client_assertion_type")
    try:
        said = parse(form["client_assertion"]).claims
    except JoseError as error:
        raise OAuthError("invalid_client", f"client_{error.reason}") from error
    subject = said.get("sub")
    if not isinstance(subject, str):
        raise OAuthError("invalid_client", "client_idtoken_sub")
    named = form.get("client_id", subject)
    return Credentials(method=PRIVATE_KEY_JWT, client_id=named, assertion=form["client_assertion"])


def method_of(given: Credentials, application: ApplicationView | None) -> str:
    """A request that only names its client is one by certificate, where the application's file says so (RFC 8705 2)."""
    if given.method == PUBLIC and application is not None and application.client_type in BY_CERTIFICATE:
        return application.client_type
    return given.method


def authenticate(
    given: Credentials,
    application: ApplicationView | None,
    *,
    issuer: str,
    keys: Keys,
    workload_keys: WorkloadKeys,
    registered: Registered,
    certificate: ClientCertificate | None,
    now: int,
) -> Once | WorkloadProof | None:
    """Verifies the credentials by the one method that the application's file allows (HP-22).

    application: of `given.client_id`, None if unknown. keys: (application, whether to fetch again for an unknown key) -> its
    public keys. workload_keys: the same for an issuer that the file trusts. registered: its certificates. certificate: of the
    connection. Returns what an assertion allows once. Raises OAuthError(invalid_client), the same for every cause.
    """
    digest = hashlib.sha256(given.secret.encode("utf-8", "surrogatepass")).digest()
    stored = application.secret_digest if application is not None else None
    equal = hmac.compare_digest(digest, stored or _NOBODY)  # HP-23
    method = None if application is None else _ASSERTED.get(application.client_type, application.client_type)
    if application is None or method != method_of(given, application):
        raise OAuthError("invalid_client", "client_unknown" if application is None else "client_method")
    if given.method == SECRET and not (equal and stored and given.secret):
        raise OAuthError("invalid_client", "client_secret")
    if application.client_type == TRUSTED_ISSUER:
        return check_workload(given.assertion, application, workload_keys, now)
    if application.client_type in BY_CERTIFICATE:
        check_client(certificate, application, registered=registered, now=now)
    if given.method == PRIVATE_KEY_JWT:
        return _check_assertion(given.assertion, application, issuer=issuer, keys=keys, now=now)
    return None


def _check_assertion(assertion: str, application: ApplicationView, *, issuer: str, keys: Keys, now: int) -> Once:
    """RFC 7523 3 as of 2025: aud is ours (`_check_audience`); exp near; jti new; iss = sub = the client (HP-58)."""
    try:
        said = verify(assertion, lambda refresh: keys(application, refresh), application.signing_algorithms).claims
        claims.check_issuer(said, application.client_id)
        _check_audience(said, application, issuer)
        if claims.subject(said) != application.client_id:
            raise JoseError("idtoken_sub", "sub is not the client")
        expires_at, made_at = _check_life(said, now)
    except JoseError as error:
        refused = OAuthError("invalid_client", f"client_{error.reason}")
        if error.reason == "idtoken_aud":
            refused.of_application(application.client_id, str(parse(assertion).claims.get("aud")), (issuer,))
        raise refused from error
    jti = said.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise OAuthError("invalid_client", "client_jti")
    return Once(f"{application.client_id}\n{jti}", expires_at, made_at)


def _check_audience(said: Mapping[str, Any], application: ApplicationView, issuer: str) -> None:
    """RFC 7523bis: our issuer as one string. Core 9 names the token endpoint, and older clients send a list: only if the file allows it.

    A list may contain allowed values only, so that an assertion for another server is never valid here. The token endpoint has the
    names of `TENANT_TOKEN_PATH`, too: Azure's credentials write the one of the tenant's document.
    """
    if application.assertion_audience == {"issuer"}:
        claims.check_single_audience(said, issuer)
        return
    ours = {"issuer": issuer, "token_endpoint": issuer.rstrip("/") + TOKEN_PATH}
    given = said.get("aud")
    named = given if isinstance(given, list) else [given]
    allowed = [ours[word] for word in application.assertion_audience]
    tenant = "token_endpoint" in application.assertion_audience
    if not named or any(name not in allowed and not (tenant and _is_tenant_endpoint(name, issuer)) for name in named):
        raise JoseError("idtoken_aud", "aud is none of those that the application's file allows")


def _is_tenant_endpoint(name: object, issuer: str) -> bool:
    base = issuer.rstrip("/")
    return isinstance(name, str) and name.startswith(base) and TENANT_TOKEN_PATH.fullmatch(name.removeprefix(base)) is not None


def _check_life(said: Mapping[str, Any], now: int) -> tuple[int, int]:
    """The end of an assertion, and a time before which it was not valid; iat and nbf are optional (RFC 7523 3)."""
    exp, iat, nbf = (claims.integer(said, name) for name in ("exp", "iat", "nbf"))
    if exp is None or now >= exp + claims.SKEW or exp > now + ASSERTION_LIFE:
        raise JoseError("idtoken_time", "exp is missing, past or too far away")
    made_at = max(iat or 0, nbf or 0)
    if made_at > now + claims.SKEW:
        raise JoseError("idtoken_time", "iat or nbf is in the future")
    return exp + claims.SKEW, max(made_at - claims.SKEW, exp - ASSERTION_LIFE)
