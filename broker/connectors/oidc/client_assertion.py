"""How we authenticate at a partner's token endpoint (HO-12, RFC 6749 2.3.1, RFC 7523 3)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from broker.connectors.oidc.discovery import Discovery
from broker.connectors.oidc.partner import PartnerView, SecretJwt
from broker.connectors.outbound.client import basic_authorization
from broker.domain.errors import PartnerFailed
from broker.jose.errors import JoseError
from broker.jose.keys import load_pem
from broker.jose.sign import sign

LIFETIME = 60  # seconds
SECRET_LIFETIME = 300  # seconds of a client secret that is a token: it is made for each use
SECRET_METHODS = ("client_secret_basic", "client_secret_post")  # in our order
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNING_ALGORITHMS = ("RS256", "ES256")  # what the ring signs with from the start, in our order

Sign = Callable[[str, Mapping[str, Any], Mapping[str, Any]], str]
"""sign(alg, claims, header) -> compact token with the `kid` of our active signing key; `header` adds members (x5t)."""


def credentials(partner: PartnerView, discovery: Discovery, sign_ours: Sign, now: int) -> tuple[dict[str, str], dict[str, str]]:
    """(headers, form fields) that authenticate us at the partner's token endpoint.

    A secret is sent by the method of the partner's file, else by one that discovery names, basic first. Raises
    PartnerFailed(discovery_format) if the document names no method that the file allows.
    """
    if partner.private_key_jwt:
        fields = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": client_assertion(partner, discovery, sign_ours, now),
        }
        return {}, {"client_id": partner.client_id, **fields}
    method = partner.secret_method or next((name for name in SECRET_METHODS if name in discovery.auth_methods), None)
    if method is not None:
        secret = partner.client_secret or "" if partner.secret_jwt is None else signed_secret(partner, partner.secret_jwt, now)
        if method == "client_secret_basic":
            return {"Authorization": basic_authorization(partner.client_id, secret)}, {}
        return {}, {"client_id": partner.client_id, "client_secret": secret}
    raise PartnerFailed(
        "discovery_format",
        "the provider takes no client_secret; write client_authentication: private_key_jwt in the partner's file",
    )


def signed_secret(partner: PartnerView, by: SecretJwt, now: int) -> str:
    """The client secret that Apple requires: a token issued by the team about our client for the provider, valid for minutes."""
    claims = {"iss": by.team_id, "sub": partner.client_id, "aud": partner.issuer, "iat": now, "exp": now + SECRET_LIFETIME}
    try:
        return sign(load_pem(by.key.encode("ascii"), "ES256", by.key_id), claims)
    except JoseError as error:
        raise PartnerFailed("client_assertion", "oidc.client_secret_jwt.key is not a private P-256 key") from error


def client_assertion(partner: PartnerView, discovery: Discovery, sign_ours: Sign, now: int) -> str:
    """A client assertion: one audience as a string, a new jti, valid for a minute (RFC 7523 3; HO-12)."""
    claims = {
        "iss": partner.client_id,
        "sub": partner.client_id,
        "aud": discovery.token_endpoint if partner.assertion_audience == "token_endpoint" else partner.issuer,
        "jti": secrets.token_urlsafe(32),
        "iat": now,
        "exp": now + LIFETIME,
    }
    alg = next((alg for alg in SIGNING_ALGORITHMS if alg in discovery.auth_algs), SIGNING_ALGORITHMS[0])
    header = {} if partner.assertion_certificate is None else {"x5t": certificate_thumbprint(partner.assertion_certificate)}
    return sign_ours(alg, claims, header)


def certificate_thumbprint(pem: str) -> str:
    """x5t: SHA-1 over the certificate's DER, base64url (RFC 7515 4.1.7). It names a key and proves nothing.

    Raises PartnerFailed(client_assertion) if the text contains no certificate; `broker check` reports that earlier.
    """
    try:  # a chain: ours is the first
        text = pem.split("-----BEGIN CERTIFICATE-----", 1)[1].split("-----END CERTIFICATE-----", 1)[0]
        der = base64.b64decode("".join(text.split()), validate=True)
    except (IndexError, ValueError) as error:
        raise PartnerFailed("client_assertion", "oidc.client_assertion.certificate is not a PEM certificate") from error
    digest = hashlib.sha1(der, usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
