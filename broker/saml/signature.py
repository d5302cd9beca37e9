"""Verifies a signature in process, on the same tree that is read afterwards (HS-2, HS-16, HS-19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.saml.errors import SamlRefused
from broker.saml.keys import PublicKeys
from broker.saml.parse import Element

Verify = Callable[[Element, PublicKeys], None]

MAX_KEYS: Final = 8  # tried for one signature: enough for a rollover, and a limit to the work


def verify(signature: Element, keys: PublicKeys) -> None:
    """Check that the signature, which has passed the gate, covers its parent and verifies with one of the pinned keys.

    KeyInfo is not read: xmlsec does not look for a key when one is set. Raises SamlRefused(saml_signature).
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
        except xmlsec.Error:  # wrong digest, wrong key, key of the other type; the library's text is not passed on
            continue
        return
    raise SamlRefused("saml_signature", "HS-19", "no pinned key of the sender verifies the signature")
