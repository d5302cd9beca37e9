"""Encrypts the NameID of a message that we send (SAML core 2.2.4; XML Encryption 1.1 5.2, 5.5)."""

from __future__ import annotations

import base64
import os
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree

from broker.saml.parse import Element
from broker.saml.vocabulary import DS, XENC, XENC11, clark

_GCM: Final = f"{XENC11}aes256-gcm"
_OAEP: Final = f"{XENC}rsa-oaep-mgf1p"  # with SHA-1, which every product reads; collisions do not matter there


def encrypt_name_id(xml: bytes, spki: bytes) -> bytes:
    """The message with its NameID as an EncryptedID for the holder of an RSA key. xml: of ours, not signed yet. spki: of `read_encryption_key`."""
    key = load_der_public_key(spki)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the key for encryption is not RSA")
    root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    name = root.find(clark("saml:NameID"))
    plain = bytes(etree.tostring(name, method="c14n", exclusive=True, with_tail=False))
    secret, nonce = AESGCM.generate_key(256), os.urandom(12)
    sealed = nonce + AESGCM(secret).encrypt(nonce, plain, None)
    wrapped = key.encrypt(secret, OAEP(mgf=MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None))  # noqa: S303 - as above
    encrypted = etree.Element(clark("saml:EncryptedID"))
    data = etree.SubElement(encrypted, clark("xenc:EncryptedData"), {"Type": f"{XENC}Element"}, nsmap={"xenc": XENC, "ds": DS})
    etree.SubElement(data, clark("xenc:EncryptionMethod"), {"Algorithm": _GCM})
    held = etree.SubElement(etree.SubElement(data, clark("ds:KeyInfo")), clark("xenc:EncryptedKey"))
    etree.SubElement(held, clark("xenc:EncryptionMethod"), {"Algorithm": _OAEP})
    _cipher(held, wrapped)
    _cipher(data, sealed)
    root.replace(name, encrypted)
    return bytes(etree.tostring(root))


def _cipher(parent: Element, content: bytes) -> None:
    value = etree.SubElement(etree.SubElement(parent, clark("xenc:CipherData")), clark("xenc:CipherValue"))
    value.text = base64.b64encode(content).decode("ascii")
