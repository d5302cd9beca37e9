"""Signatures, in process and on the very tree that is read afterwards (HS-2, HS-16, HS-19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.connectors.saml.errors import SamlRefused
from broker.connectors.saml.parse import Element
from broker.connectors.saml.partner import IdpKeys

Verify = Callable[[Element, IdpKeys], None]

MAX_KEYS: Final = 8  # tried for one signature: what a rollover can need, and no more work than that


def verify(signature: Element, keys: IdpKeys) -> None:
    """The signature, which has passed the gate, covers its parent and verifies with one of the pinned keys.

    KeyInfo is not read: a key that is set beforehand keeps xmlsec from looking for one. Raises SamlRefused(saml_signature).
    """
    signed = signature.getparent()
    for key in keys[:MAX_KEYS]:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(
            key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), xmlsec.constants.KeyDataFormatDer
        )
        context.register_id(signed, "ID", None)
        try:
            context.verify(signature)
        except xmlsec.Error:  # wrong digest, wrong key, key of the other kind: its text goes no further
            continue
        return
    raise SamlRefused(
        "saml_signature",
        "HS-19",
        "no key in the partner's metadata verifies the signature; where its metadata is a URL it was fetched again, at most once "
        "a minute (at once: broker partners refresh), where it is a file here it must be replaced; else the partner signs with a "
        "key that it has not published",
    )
