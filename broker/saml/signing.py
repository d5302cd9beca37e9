"""Signs a message of ours (HS-33; SAML core 5.4; XML Signature 1.1)."""

from __future__ import annotations

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from broker.saml.keys import PrivateKey


def sign_root(xml: bytes, key: PrivateKey) -> bytes:
    """The document with an enveloped signature of its root, placed after its Issuer (core 3.2.1, 5.4)."""
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
