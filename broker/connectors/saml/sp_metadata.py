"""Our own metadata, for all partners or for one (HS-33, HS-41; SAML metadata 2.4.4)."""

from __future__ import annotations

from collections.abc import Sequence

from saml2 import md, xmldsig

from broker.saml.bindings import POST, REDIRECT

_SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"
_CIPHERS = (  # the ciphers that we prefer, best first (HS-20); a partner that follows the list does not use CBC
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
)
CACHE = "P1D"  # how long a partner may cache it; a new key is published for longer than that before it signs


def sp_metadata(
    *,
    entity_id: str,
    acs_url: str,
    slo_url: str,
    signing: Sequence[str],
    encryption: Sequence[str] = (),
    signs_requests: bool = True,
    wants_assertions_signed: bool = False,
    name_id_format: str | None = None,
) -> bytes:
    """The document as XML. slo_url: takes logout messages by both bindings, requests and responses alike. signing, encryption: certificates as PEM, during a rotation the old and the new one."""
    keys = [_key(pem, "signing") for pem in signing] + [_key(pem, "encryption") for pem in encryption]
    role = md.SPSSODescriptor(
        protocol_support_enumeration=_SAML2,
        authn_requests_signed=_word(signs_requests),
        want_assertions_signed=_word(wants_assertions_signed),
        key_descriptor=keys,
        single_logout_service=[md.SingleLogoutService(binding=binding, location=slo_url) for binding in (REDIRECT, POST)],
        assertion_consumer_service=[md.AssertionConsumerService(binding=POST, location=acs_url, index="0", is_default="true")],
    )
    if name_id_format is not None:
        role.name_id_format = [md.NameIDFormat(text=name_id_format)]
    entity = md.EntityDescriptor(entity_id=entity_id, cache_duration=CACHE, spsso_descriptor=[role])
    return str(entity).encode("utf-8")


def _key(pem: str, use: str) -> md.KeyDescriptor:
    body = "".join(line for line in pem.splitlines() if line and not line.startswith("-----"))
    data = xmldsig.X509Data(x509_certificate=[xmldsig.X509Certificate(text=body)])
    ciphers = [md.EncryptionMethod(algorithm=name) for name in _CIPHERS] if use == "encryption" else []
    return md.KeyDescriptor(use=use, key_info=xmldsig.KeyInfo(x509_data=[data]), encryption_method=ciphers)


def _word(value: bool) -> str:
    return "true" if value else "false"
