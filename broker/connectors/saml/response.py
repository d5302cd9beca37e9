"""Judges a response in a fixed order: gate, issuer, signatures, decryption, record (HS-4, HS-18 to HS-21)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from broker.connectors.saml.assertion_reader import JudgedAssertion, check_envelope, check_status, read_record
from broker.connectors.saml.envelope import Envelope, peek
from broker.connectors.saml.errors import ResponseRefused, refuses_response
from broker.connectors.saml.partner import Expected, SamlView
from broker.connectors.saml.subject import check_name_id
from broker.saml.decryption import Decrypt, decrypt
from broker.saml.keys import PrivateKey, PublicKeys
from broker.saml.parse import Element
from broker.saml.schema_gate import CheckedDocument, gate_assertion
from broker.saml.signature import Verify, verify
from broker.saml.vocabulary import clark

__all__ = ["JudgedAssertion", "judge"]


def judge(
    raw: str | Envelope,
    *,
    partner: SamlView,
    keys: PublicKeys,
    decryption_keys: Sequence[PrivateKey],
    expected: Expected,
    canonical_email: Callable[[str], str | None],
    verifier: Verify = verify,
    decrypter: Decrypt = decrypt,
) -> JudgedAssertion:
    """The record of a SAMLResponse field, or of the envelope that `peek` made of it.

    keys: the partner's pinned ones. decryption_keys: ours, newest first. verifier, decrypter: the two functions that use
    keys. Raises PartnerUntrusted (ResponseRefused, claim_ambiguous), PartnerFailed(saml_status), BadRequest(saml_decode).
    """
    envelope = raw if isinstance(raw, Envelope) else peek(raw)
    with refuses_response():
        document = envelope.document
        response = document.root
        _check_issuer(envelope.issuer, document.assertion, partner)
        check_name_id(document.assertion, partner.subject)
        response_signed = _verified(document.signature, keys, verifier)
        check_envelope(response, expected, partner.skew)
        check_status(response, has_assertion=document.assertion is not None or document.encrypted is not None)
        inner = _assertion_document(document, partner, decryption_keys, decrypter, authentic=response_signed)
        if inner is not document:
            _check_issuer(envelope.issuer, inner.assertion, partner)
            check_name_id(inner.assertion, partner.subject)
        assertion_signed = _verified(inner.assertion_signature, keys, verifier)
        _check_signed(partner.signed, response_signed=response_signed, assertion_signed=assertion_signed)
        return read_record(
            inner.assertion,
            partner=partner,
            expected=expected,
            canonical_email=canonical_email,
        )


def _assertion_document(
    document: CheckedDocument, partner: SamlView, keys: Sequence[PrivateKey], decrypter: Decrypt, *, authentic: bool
) -> CheckedDocument:
    """The document with the assertion: the response itself, or the decrypted plaintext (HS-20)."""
    if document.encrypted is not None:
        return gate_assertion(decrypter(document.encrypted, keys, authentic))
    if partner.want_encrypted:
        raise ResponseRefused(
            "saml_encryption",
            "HS-9",
            "saml.want_encrypted is true here; the partner must encrypt assertions with the key of our metadata",
        )
    return document


def _check_issuer(said: str, assertion: Element | None, partner: SamlView) -> None:
    """HS-18, byte for byte (core 2.2.5; prof 4.1.4.2)."""
    inner = said if assertion is None else assertion.find(clark("saml:Issuer")).text or ""
    if said != inner:
        raise ResponseRefused(
            "saml_issuer_mismatch", "HS-18", "saml:Issuer of the Response and of its Assertion must be the same"
        )
    if said != partner.entity_id:
        raise ResponseRefused(
            "saml_wrong_idp",
            "HS-18",
            f"saml:Issuer must be {partner.entity_id}; the answer is another provider's, or entity_id here is not the partner's",
        )


def _verified(signature: Element | None, keys: PublicKeys, verifier: Verify) -> bool:
    """HS-19: a signature that is present must verify. True if there is one."""
    if signature is None:
        return False
    verifier(signature, keys)
    return True


def _check_signed(wanted: str, *, response_signed: bool, assertion_signed: bool) -> None:
    """HS-19: the elements that the partner's file names are signed; `either` requires one of the two."""
    enough = {
        "response": response_signed,
        "assertion": assertion_signed,
        "both": response_signed and assertion_signed,
        "either": response_signed or assertion_signed,
    }
    if not enough[wanted]:
        asked = {"response": "the Response", "assertion": "the Assertion", "both": "Response and Assertion"}
        raise ResponseRefused(
            "saml_unsigned",
            "HS-19",
            f"{asked.get(wanted, 'the Response or the Assertion')} must be signed; the partner must sign, or `signed` here must say what it signs",
        )
