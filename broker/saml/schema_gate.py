"""The schema gate: turns bytes into a tree that has elements of the closed vocabulary only, or refuses (HS-4, HS-7 to HS-15).

Every document passes the gate before any key, digest or library other than the XML parser handles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from broker.saml.errors import SamlRefused
from broker.saml.parse import Element, parse
from broker.saml.vocabulary import GUARDED, NAMES, RULES, ElementRule, TextRule, clark

RESPONSE: Final = clark("samlp:Response")
ASSERTION: Final = clark("saml:Assertion")
ENCRYPTED: Final = clark("saml:EncryptedAssertion")
SIGNATURE: Final = clark("ds:Signature")
ENCRYPTED_KEY: Final = clark("xenc:EncryptedKey")

MAX_ATTRIBUTES: Final = 64  # of one element (HS-8)
MAX_NAMESPACES: Final = 64  # in scope of one element; canonicalization examines all of them
MAX_PREFIXES: Final = 64  # of an InclusiveNamespaces list
_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_ELEMENT: Final = "http://www.w3.org/2001/04/xmlenc#Element"
_NCNAME: Final = re.compile(r"[^\W\d][\w.\-]{0,255}")  # XML names 1.0 3; xs:ID (core 1.3.4)
_SPACE: Final = " \t\r\n"

_EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"  # without comments
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNATURE_ALGORITHMS: Final = frozenset(
    {
        *(f"http://www.w3.org/2001/04/xmldsig-more#rsa-sha{bits}" for bits in (256, 384, 512)),
        *(f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha{bits}" for bits in (256, 384)),
        *(f"http://www.w3.org/2007/05/xmldsig-more#sha{bits}-rsa-MGF1" for bits in (256, 384, 512)),  # RFC 9231 2.3.10: RSA-PSS
    }
)
DIGEST_ALGORITHMS: Final = frozenset(
    (
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDocument:
    """A tree that has passed the gate: its root, and the elements that later steps read from.

    A response has either `assertion` or `encrypted`, or neither if its status is an error. A decrypted assertion is a
    document of its own, whose root is `assertion`. Of a logout message `encrypted` is the EncryptedID.
    """

    root: Element
    assertion: Element | None
    encrypted: Element | None

    @property
    def signature(self) -> Element | None:
        """The signature of the root."""
        return self.root.find(SIGNATURE)

    @property
    def assertion_signature(self) -> Element | None:
        """The signature of the assertion."""
        return None if self.assertion is None else self.assertion.find(SIGNATURE)


def gate_response(data: bytes) -> CheckedDocument:
    """The gate for a received response. Raises SamlRefused (saml_structure, saml_signature_profile, saml_algorithm...)."""
    root = parse(data)
    if root.tag != RESPONSE:
        raise SamlRefused("saml_structure", "HS-9", "the message is no samlp:Response of SAML 2.0")
    return check_document(_census(root), data)


def gate_assertion(data: bytes) -> CheckedDocument:
    """The same gate for the plaintext of an encrypted assertion, which is a document of its own (HS-20)."""
    root = parse(data)
    if root.tag != ASSERTION:
        raise SamlRefused("saml_structure", "HS-20", "what was encrypted is no saml:Assertion of SAML 2.0")
    return check_document(_census(root), data)


def _census(root: Element) -> CheckedDocument:
    """HS-12: each element that carries or uses an ID occurs at most once, and only in its place."""
    if [response for response in root.iter(RESPONSE) if response is not root]:
        raise _one("no samlp:Response but itself")
    assertions, encrypted = list(root.iter(ASSERTION)), list(root.iter(ENCRYPTED))
    if len(assertions) + len(encrypted) > 1:
        raise _one("one saml:Assertion or saml:EncryptedAssertion")
    if any(found is not root and found.getparent() is not root for found in (*assertions, *encrypted)):
        raise _one("its assertion as a child of samlp:Response")
    if encrypted and sum(1 for _ in root.iter(ENCRYPTED_KEY)) != 1:
        raise _one("one xenc:EncryptedKey, for us")
    signed = [signature.getparent() for signature in root.iter(SIGNATURE)]
    if any(parent is not root and parent not in assertions for parent in signed) or len(set(signed)) != len(signed):
        raise _one("at most one ds:Signature in samlp:Response and one in saml:Assertion, as their children")
    return CheckedDocument(root=root, assertion=next(iter(assertions), None), encrypted=next(iter(encrypted), None))


def check_document(document: CheckedDocument, data: bytes) -> CheckedDocument:
    """HS-7 to HS-15 on every element below the root, whose tag the caller has checked. data: the bytes. Raises SamlRefused."""
    root = document.root
    seen: list[str] = []
    crowded = data.count(b"xmlns") > MAX_NAMESPACES  # otherwise no element can have that many in scope
    for element, rule, name in _walk(root, RULES[NAMES[root.tag]], NAMES[root.tag]):
        if crowded and len(element.nsmap) > MAX_NAMESPACES:
            raise SamlRefused("saml_structure", "HS-8", f"more than {MAX_NAMESPACES} namespaces in scope of {name}")
        _attributes(element, rule, name)
        _content(element, rule, name, crowded=crowded)
        seen.extend(value for key in ("ID", "Id") if (value := element.get(key)) is not None)
    if len(set(seen)) != len(seen) or not all(map(_NCNAME.fullmatch, seen)):
        raise SamlRefused("saml_structure", "HS-13", "the values of ID and Id must be XML names, all of them different")
    for element in (root, document.assertion):
        if element is not None and "Version" in RULES[NAMES[element.tag]].attributes and element.get("Version") != "2.0":
            raise SamlRefused("saml_structure", "HS-9", f"Version of {NAMES[element.tag]} must be 2.0")
    for issuer in root.iter(clark("saml:Issuer")):
        if issuer.get("Format", _ENTITY) != _ENTITY:
            raise SamlRefused("saml_structure", "HS-11", f"Format of saml:Issuer must be absent or {_ENTITY} (prof 4.1.4.2)")
    if document.encrypted is not None and document.encrypted[0].get("Type", _ELEMENT) != _ELEMENT:
        raise SamlRefused("saml_structure", "HS-20", f"Type of xenc:EncryptedData must be {_ELEMENT} (core 6)")
    for signature in root.iter(SIGNATURE):
        _profile(signature)
    return document


def _walk(element: Element, rule: ElementRule, name: str) -> Iterator[tuple[Element, ElementRule, str]]:
    """Every element with its rule, parents before children. A child without a rule is refused with its parent."""
    waiting = [(element, rule, name)]
    while waiting:
        element, rule, name = waiting.pop()
        yield element, rule, name
        for child in () if _is_unread(element, rule) else element:
            plain = NAMES[child.tag]
            waiting.append((child, RULES[rule.variants.get(child.tag, plain)], plain))


def _is_unread(element: Element, rule: ElementRule) -> bool:
    """Whether the element has content outside the model, and its rule allows that: such content is never read (HS-29)."""
    return rule.anything and rule.children.fullmatch(_sequence(element)) is None


def _check_unread(element: Element, name: str, *, crowded: bool) -> None:
    """HS-12, HS-13: unread content has no element of SAML or XML security, and no ID that a reference could name."""
    for inner in element.iterdescendants():
        if etree.QName(inner).namespace in GUARDED:
            raise SamlRefused(
                "saml_structure", "HS-29", f"{name} holds an element of SAML or of XML security that has no place there"
            )
        if crowded and len(inner.nsmap) > MAX_NAMESPACES:
            raise SamlRefused("saml_structure", "HS-8", f"more than {MAX_NAMESPACES} namespaces in scope within {name}")
        if len(inner.attrib) > MAX_ATTRIBUTES or any(map(_is_id, inner.keys())):
            raise SamlRefused(
                "saml_structure", "HS-13", f"{name} holds an element with an ID, or with more than {MAX_ATTRIBUTES} attributes"
            )


def _is_id(key: str) -> bool:
    """ID, Id, id, xml:id, wsu:Id: every attribute that a reference could name."""
    return _shown(key).lower() == "id"


def _is_foreign(key: str) -> bool:
    """An attribute of a namespace other than those of SAML and XML security; it is never read."""
    return etree.QName(key).namespace not in {None, *GUARDED} and not _is_id(key)


def _attributes(element: Element, rule: ElementRule, name: str) -> None:
    keys = element.keys()
    if len(keys) > MAX_ATTRIBUTES:
        raise SamlRefused("saml_structure", "HS-8", f"{name} has more than {MAX_ATTRIBUTES} attributes")
    if any(key not in rule.attributes and not (rule.foreign and _is_foreign(key)) for key in keys):
        shown = ", ".join(_shown(key) for key in rule.attributes) or "none"
        raise SamlRefused(rule.reason, _rule_of(rule), f"{name} has an attribute that is not allowed there; allowed: {shown}")
    for key, needed in rule.attributes.items():
        if needed and key not in keys:
            raise SamlRefused(rule.reason, _rule_of(rule), f"{name} has no {_shown(key)}; the partner must send it")


def _content(element: Element, rule: ElementRule, name: str, *, crowded: bool) -> None:
    if _is_unread(element, rule):
        _check_unread(element, name, crowded=crowded)
        return
    sequence = _sequence(element)
    if not rule.children.fullmatch(sequence):
        raise _wrong_children(name, rule, sequence)
    if any(_has_text(child.tail) for child in element):
        raise SamlRefused(rule.reason, _rule_of(rule), f"{name} holds text between its elements")
    is_text = rule.text is TextRule.ONLY or (rule.text is TextRule.EITHER and not len(element))
    if not is_text and _has_text(element.text):
        raise SamlRefused(rule.reason, _rule_of(rule), f"{name} holds text; it must hold {rule.shown}")


def _sequence(element: Element) -> str:
    return "".join([f"{NAMES.get(child.tag, '?')}," for child in element])


def _has_text(text: str | None) -> bool:
    return bool(text and text.strip(_SPACE))


def _wrong_children(name: str, rule: ElementRule, sequence: str) -> SamlRefused:
    """The precise reason if a rule has one (SR-21, SR-34, SR-39), else the required content of the element."""
    if name == "saml:Subject" and "saml:NameID," not in sequence:
        detail = "saml:Subject has no saml:NameID in plain text; the partner must send one (release a persistent name ID)"
        return SamlRefused("saml_nameid", "HS-28", detail)
    if name == "saml:Conditions" and "saml:AudienceRestriction," not in sequence:
        return SamlRefused("saml_audience", "HS-25", "saml:Conditions has no saml:AudienceRestriction; the partner must send one")
    if name == "saml:SubjectConfirmationData" and "ds:KeyInfo," in sequence:
        return SamlRefused("saml_confirmation", "HS-26", "holder-of-key is not taken; the partner must confirm by bearer")
    return SamlRefused(rule.reason, _rule_of(rule), f"{name} must hold exactly, in this order: {rule.shown}")


def _profile(signature: Element) -> None:
    """HS-14 and HS-15, for a signature whose elements are in their places (core 5.4.2 to 5.4.4)."""
    info = signature[0]
    canonicalization, method, reference = info
    first, second = reference[0]
    if reference.get("URI") != f"#{signature.getparent().get('ID')}":
        raise _no_profile("the URI of ds:Reference must be # and the ID of the element that holds the signature")
    if first.get("Algorithm") != _ENVELOPED or len(first) or second.get("Algorithm") != _EXC_C14N:
        raise _no_profile("the transforms must be enveloped-signature, then exclusive canonicalization without comments")
    if canonicalization.get("Algorithm") != _EXC_C14N:
        raise _no_profile("the method of ds:CanonicalizationMethod must be exclusive canonicalization without comments")
    for prefixes in info.iter(clark("ec:InclusiveNamespaces")):
        listed = prefixes.get("PrefixList").split()
        if len(listed) > MAX_PREFIXES or not all(name == "#default" or _NCNAME.fullmatch(name) for name in listed):
            raise _no_profile(f"a PrefixList must be at most {MAX_PREFIXES} prefixes")
    if method.get("Algorithm") not in SIGNATURE_ALGORITHMS:
        raise _no_algorithm(
            "ds:SignatureMethod", "rsa-sha256, -384 or -512, sha256-, sha384- or sha512-rsa-MGF1, ecdsa-sha256 or ecdsa-sha384"
        )
    if reference[1].get("Algorithm") not in DIGEST_ALGORITHMS:
        raise _no_algorithm("ds:DigestMethod", "sha256, sha384 or sha512")


def _no_profile(what: str) -> SamlRefused:
    return SamlRefused("saml_signature_profile", "HS-14", f"{what}; the partner must sign as SAML core 5.4 says")


def _no_algorithm(name: str, allowed: str) -> SamlRefused:
    return SamlRefused("saml_algorithm", "HS-15", f"{name} must be {allowed}; the partner must sign with one of these")


def _one(what: str) -> SamlRefused:
    return SamlRefused("saml_structure", "HS-12", f"a response must hold {what}")


def _shown(key: str) -> str:
    return key.rpartition("}")[2]


def _rule_of(rule: ElementRule) -> str:
    return {"saml_signature_profile": "HS-14", "saml_algorithm": "HS-15"}.get(rule.reason, "HS-11")
