"""Signed authorization requests (RFC 9101, Core 6.1): the parameters of a request object, after its signature and claims are verified.

Request objects come by value only. A request_uri of a foreign address is never fetched (HP-14), and encrypted objects are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from broker.domain.errors import OAuthError
from broker.domain.times import HOUR
from broker.jose import claims
from broker.jose.encoding import dump_json
from broker.jose.errors import JoseError
from broker.jose.keys import PublicKey
from broker.jose.verify import verify
from broker.provider.application import PRIVATE_KEY_JWT, ApplicationView

LIFE = HOUR  # seconds until an object may expire at most, and since its nbf
TYPES = ("oauth-authz-req+jwt", "JWT", None)  # RFC 9101 10.8 and 4; Core 6.1 names no type

_OF_THE_TOKEN = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_NEVER = frozenset({"request", "request_uri", "client_secret", "client_assertion", "client_assertion_type"})  # RFC 9101 4

Keys = Callable[[ApplicationView, bool], Sequence[PublicKey]]
Pairs = Sequence[tuple[str, str]]


def read_request_object(token: str, application: ApplicationView, *, issuer: str, keys: Keys, now: int) -> Pairs:
    """The parameters of the request: those of the object and no others (RFC 9101 6.3).

    keys: (application, whether to fetch again for an unknown key) -> its public keys. Raises OAuthError: request_not_supported
    for an application without a key, invalid_request_object for any other refusal.
    """
    if application.client_type != PRIVATE_KEY_JWT:
        raise OAuthError("request_not_supported", "request")
    try:
        said = verify(token, lambda refresh: keys(application, refresh), application.signing_algorithms, typ=TYPES).claims
        _check(said, application.client_id, issuer, now)
        return [pair for name, value in said.items() if name not in _OF_THE_TOKEN for pair in _pairs(name, value)]
    except JoseError as error:
        raise OAuthError("invalid_request_object", f"request_{error.reason}") from error
    except OAuthError as error:  # the key set cannot be fetched
        raise OAuthError("invalid_request_object", error.reason) from error


def _check(said: Mapping[str, Any], client_id: str, issuer: str, now: int) -> None:
    """RFC 9101 4, 5, 6.3, 10.8: made by this client, for us, for a short time; it cannot be used as a client assertion."""
    claims.check_issuer(said, client_id)
    if issuer not in claims.audiences(said):
        raise JoseError("idtoken_aud", "aud is another server")
    exp, nbf, iat = (claims.integer(said, name) for name in ("exp", "nbf", "iat"))
    if exp is None or now >= exp + claims.SKEW or exp > now + LIFE + claims.SKEW:
        raise JoseError("idtoken_time", "exp is missing, past or too far away")
    if max(nbf or 0, iat or 0) > now + claims.SKEW or (nbf is not None and nbf < now - LIFE - claims.SKEW):
        raise JoseError("idtoken_time", "nbf or iat is in the future, or nbf too long ago")
    if said.get("client_id") != client_id:
        raise JoseError("client_id", "client_id is missing or another")
    if "sub" in said:
        raise JoseError("idtoken_sub", "an object with sub could be used to authenticate its client")
    if _NEVER & said.keys():
        raise JoseError("claim", "a parameter that no object may contain")


def _pairs(name: str, value: Any) -> Pairs:
    """A claim as parameters: text and numbers as they are, a list of texts as repeated parameters, other structures as JSON."""
    if isinstance(value, str):
        return [(name, value)]
    if type(value) is int:
        return [(name, str(value))]
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return [(name, one) for one in value]
    if isinstance(value, dict | list):
        return [(name, dump_json(value).decode("utf-8"))]
    raise JoseError("claim", "a parameter that is no text, number or object")
