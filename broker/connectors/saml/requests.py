"""AuthnRequests: pysaml2's element classes make the XML, our own code signs it (HS-33; SAML core 3.4.1, bindings 3.4, 3.5)."""

from __future__ import annotations

import base64
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from saml2 import saml, samlp

from broker.domain.times import iso

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SIG_ALG = quote(RSA_SHA256, safe="")
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


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
    """A request to sign somebody in, with the answer by POST at `acs_url` (core 3.4.1).

    name_id_format: asked for only if given. contexts: RequestedAuthnContext, one of which must be met exactly (core 3.3.2.2.1).
    """
    identifier = f"_{secrets.token_hex(20)}"  # an NCName begins with no digit
    request = samlp.AuthnRequest(
        id=identifier,
        version="2.0",
        issue_instant=iso(now),
        destination=destination,
        protocol_binding=_POST,
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


def by_redirect(request: AuthnRequest, relay_state: str, key: rsa.RSAPrivateKey | None) -> str:
    """The address to send the browser to; signed over the query's own octets where there is a key (bindings 3.4.4.1)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(request.xml) + packer.flush()).decode("ascii")
    query = f"SAMLRequest={_escaped(packed)}&RelayState={quote(relay_state, safe='')}"
    if key is not None:
        query += f"&SigAlg={_SIG_ALG}"
        signature = key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={_escaped(base64.b64encode(signature).decode('ascii'))}"
    return f"{request.destination}{'&' if '?' in request.destination else '?'}{query}"


def _escaped(text: str) -> str:
    """Base64 in a query (RFC 4648 4): three of its characters mean something there."""
    return text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def by_post(request: AuthnRequest, relay_state: str, key: rsa.RSAPrivateKey | None) -> dict[str, str]:
    """The fields of a form that sends itself; the XML signed in itself where there is a key (bindings 3.5.4; core 5.4)."""
    xml = request.xml if key is None else signed(request.xml, key)
    return {"SAMLRequest": base64.b64encode(xml).decode("ascii"), "RelayState": relay_state}


def signed(xml: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The document with an enveloped signature of its root behind Issuer (core 3.2.1, 5.4)."""
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    signature = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds")
    root.insert(1, signature)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=f"#{root.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    context = xmlsec.SignatureContext()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(signature)
    return bytes(etree.tostring(root))
