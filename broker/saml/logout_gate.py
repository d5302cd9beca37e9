"""The schema gate for messages of single logout (HS-35; SAML core 3.7): the same closed walk as for responses."""

from __future__ import annotations

from typing import Final

from broker.saml.errors import SamlRefused
from broker.saml.parse import parse
from broker.saml.schema_gate import ENCRYPTED_KEY, SIGNATURE, CheckedDocument, check_document
from broker.saml.vocabulary import clark

REQUEST: Final = clark("samlp:LogoutRequest")
RESPONSE: Final = clark("samlp:LogoutResponse")
NAME_ID: Final = clark("saml:NameID")
ENCRYPTED_ID: Final = clark("saml:EncryptedID")


def gate_logout(data: bytes, tag: str) -> CheckedDocument:
    """The gate for a logout message whose root is `tag` (REQUEST or RESPONSE). Raises SamlRefused.

    HS-12: the root is the only element with an ID that a signature may name, and at most one signature is its child.
    """
    root = parse(data)
    if root.tag != tag:
        raise SamlRefused("saml_structure", "HS-35", f"the message is no samlp:{tag.rpartition('}')[2]} of SAML 2.0")
    if [other for other in root.iter(REQUEST, RESPONSE) if other is not root]:
        raise SamlRefused("saml_structure", "HS-12", "a logout message must hold no other logout message")
    signatures = list(root.iter(SIGNATURE))
    if len(signatures) > 1 or any(signature.getparent() is not root for signature in signatures):
        raise SamlRefused(
            "saml_structure", "HS-12", "a logout message must hold at most one ds:Signature, as a child of its root"
        )
    encrypted = list(root.iter(ENCRYPTED_ID))
    if encrypted and (len(encrypted) > 1 or sum(1 for _ in root.iter(ENCRYPTED_KEY)) != 1):
        raise SamlRefused(
            "saml_structure", "HS-12", "a logout message must hold at most one saml:EncryptedID, with one key, for us"
        )
    return check_document(CheckedDocument(root=root, assertion=None, encrypted=next(iter(encrypted), None)), data)


def gate_name_id(data: bytes) -> CheckedDocument:
    """The same gate for the plaintext of an EncryptedID, which is a document of its own (HS-20). Raises SamlRefused."""
    root = parse(data)
    if root.tag != NAME_ID:
        raise SamlRefused("saml_structure", "HS-20", "what was encrypted is no saml:NameID of SAML 2.0")
    return check_document(CheckedDocument(root=root, assertion=None, encrypted=None), data)
