"""Builds AuthnRequests with pysaml2's element classes; `broker.saml.bindings` signs and packs them (HS-33; SAML core 3.4.1)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from saml2 import saml, samlp

from broker.domain.times import iso
from broker.saml.bindings import POST


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest:
    """One request. id: 160 random bits. xml: unsigned. destination: the partner's address for the binding."""

    id: str
    xml: bytes
    destination: str


def authn_request(
    *,
    entity_id: str,
    acs_url: str,
    destination: str,
    now: int,
    name_id_format: str | None = None,
    force: bool = False,
    passive: bool = False,
    contexts: Sequence[str] = (),
) -> AuthnRequest:
    """A request to authenticate a person, with the response by POST to `acs_url` (core 3.4.1).

    name_id_format: requested only if given. contexts: RequestedAuthnContext, one of which must be met exactly (core 3.3.2.2.1).
    """
    identifier = f"_{secrets.token_hex(20)}"  # an NCName begins with no digit
    request = samlp.AuthnRequest(
        id=identifier,
        version="2.0",
        issue_instant=iso(now),
        destination=destination,
        protocol_binding=POST,
        assertion_consumer_service_url=acs_url,
        issuer=saml.Issuer(text=entity_id),
    )
    if force:
        request.force_authn = "true"
    if passive:
        request.is_passive = "true"
    if name_id_format is not None:
        request.name_id_policy = samlp.NameIDPolicy(format=name_id_format, allow_create="true")
    if contexts:
        wanted = [saml.AuthnContextClassRef(text=context) for context in contexts]
        request.requested_authn_context = samlp.RequestedAuthnContext(comparison="exact", authn_context_class_ref=wanted)
    return AuthnRequest(id=identifier, xml=str(request).encode("utf-8"), destination=destination)
