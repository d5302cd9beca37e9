"""How we prove ourselves at a partner's token endpoint (HO-12, RFC 6749 2.3.1, RFC 7523 3)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from broker.connectors.http import basic_authorization
from broker.connectors.oidc.discovery import Discovery
from broker.connectors.oidc.partner import PartnerView
from broker.domain.errors import PartnerFailed

LIFETIME = 60  # seconds
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNING_ALGORITHMS = ("RS256", "ES256")  # what the ring signs with from the start, in our order

Sign = Callable[[str, Mapping[str, Any], Mapping[str, Any]], str]
"""sign(alg, claims, header) -> compact token with the `kid` of our active signing key; `header` adds members (x5t)."""


def credentials(partner: PartnerView, discovery: Discovery, sign: Sign, now: int) -> tuple[dict[str, str], dict[str, str]]:
    """(headers, form fields) that authenticate us at the partner's token endpoint.

    A secret goes by the method that discovery names, basic first. Raises PartnerFailed(discovery_format) where the
    document names no method that the partner's file provides for.
    """
    if partner.private_key_jwt:
        fields = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": client_assertion(partner, discovery, sign, now)}
        return {}, {"client_id": partner.client_id, **fields}
    secret = partner.client_secret or ""
    if "client_secret_basic" in discovery.auth_methods:
        return {"Authorization": basic_authorization(partner.client_id, secret)}, {}
    if "client_secret_post" in discovery.auth_methods:
        return {}, {"client_id": partner.client_id, "client_secret": secret}
    raise PartnerFailed(
        "discovery_format",
        "the provider takes no client_secret; write client_authentication: private_key_jwt in the partner's file",
    )


def client_assertion(partner: PartnerView, discovery: Discovery, sign: Sign, now: int) -> str:
    """A client assertion: one audience as one string, a new jti, a minute of life (RFC 7523 3; HO-12)."""
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
    return sign(alg, claims, header)


def certificate_thumbprint(pem: str) -> str:
    """x5t: SHA-1 over the certificate's DER, base64url (RFC 7515 4.1.7): a name of a key, no proof of anything.

    Raises PartnerFailed(client_assertion) where the text holds no certificate; `broker check` finds that earlier.
    """
    try:  # a chain: ours is the first
        text = pem.split("-----BEGIN CERTIFICATE-----", 1)[1].split("-----END CERTIFICATE-----", 1)[0]
        der = base64.b64decode("".join(text.split()), validate=True)
    except (IndexError, ValueError) as error:
        raise PartnerFailed("client_assertion", "oidc.client_assertion.certificate is not a PEM certificate") from error
    digest = hashlib.sha1(der, usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
