"""The gate before a response is read: every place of a response is closed (HS-11)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from broker.saml.errors import SamlRefused
from broker.saml.schema_gate import gate_response
from broker.saml.vocabulary import NAMES, RULES
from tests.connectors.saml.idp import encryption, genuine
from tests.saml.test_response_gate import FULL


def every(root: Any) -> list[Any]:
    """The elements of a tree, by number."""
    return list(root.iter())


def cases() -> list[Any]:
    """Genuine trees that hold every element of the vocabulary between them that a provider is known to send."""
    encrypted = genuine(signed="response", encrypt=encryption(digest="sha256"), signature_options=FULL.signature_options)
    return [etree.fromstring(FULL.xml()), etree.fromstring(encrypted.xml())]


def test_hs11_every_place_is_closed() -> None:
    """HS-11: an unknown element, attribute or text, put in every place of a genuine tree, is refused, but where nothing reads it (HS-29)."""
    for tree in cases():
        for number in range(len(every(tree))):
            local = etree.QName(every(tree)[number]).localname
            root = deepcopy(tree)
            place = every(root)[number]
            etree.SubElement(place, "{urn:x}y")
            if local == "AttributeValue" and not len(
                every(tree)[number]
            ):  # FB-12: a structured value; whoever maps it, refuses it
                gate_response(etree.tostring(root))
            else:
                refused_somehow(root)
            root = deepcopy(tree)
            every(root)[number].set("foreign", "x")
            refused_somehow(root)
            root = deepcopy(tree)
            every(root)[number].set("{urn:x}foreign", "x")
            if local in {"Attribute", "AttributeValue"}:
                gate_response(etree.tostring(root))
            else:
                refused_somehow(root)
            root = deepcopy(tree)
            element = every(root)[number]
            if RULES[NAMES[element.tag]].text == "white space only" if NAMES[element.tag] in RULES else True:
                element.text = "x"
                refused_somehow(root)
            root = deepcopy(tree)
            element = every(root)[number]
            if element is not root:
                element.tail = "x"
                refused_somehow(root)
            root = deepcopy(tree)
            for spaced in every(root):
                spaced.tail = "\n  " if spaced is not root else None
            gate_response(etree.tostring(root))


def test_hs11_every_element_counts() -> None:
    """HS-9 to HS-11: each element doubled, and each that the sequence needs left out."""
    optional = {
        "Response/Signature", "Response/Assertion", "Response/EncryptedAssertion", "Status/StatusMessage", "Assertion/Signature",
        "Assertion/AttributeStatement", "AttributeStatement/Attribute", "Attribute/AttributeValue", "AttributeValue/NameID",
        "Signature/KeyInfo", "EncryptionMethod/DigestMethod", "Subject/NameID",
    }  # fmt: skip
    repeatable = {
        "Attribute",
        "AttributeStatement",
        "AttributeValue",
        "Audience",
        "AudienceRestriction",
        "X509Certificate",
        "X509Data",
    }
    for tree in cases():
        for number in range(1, len(every(tree))):
            root = deepcopy(tree)
            element = every(root)[number]
            local = etree.QName(element).localname
            if local not in repeatable:
                element.addnext(deepcopy(element))
                refused_somehow(root)
            root = deepcopy(tree)
            element = every(root)[number]
            parent = element.getparent()
            parent.remove(element)
            if f"{etree.QName(parent).localname}/{local}" in optional:
                gate_response(etree.tostring(root))
            elif local not in repeatable or len(parent) == 0:
                refused_somehow(root)


def test_hs11_every_needed_attribute() -> None:
    """HS-11: an attribute that the vocabulary needs and that is missing; the others may be."""
    free = {"Destination", "InResponseTo", "NotBefore", "NotOnOrAfter", "Recipient", "SessionIndex", "Format", "NameFormat",
            "FriendlyName", "Id", "Type"}  # fmt: skip
    for tree in cases():
        for number in range(len(every(tree))):
            for name in every(tree)[number].attrib:
                root = deepcopy(tree)
                del every(root)[number].attrib[name]
                if etree.QName(name).localname in free or name.startswith("{"):
                    continue
                refused_somehow(root)


def refused_somehow(root: Any) -> None:
    """Refused with one of the gate's reasons, and a detail that is not the sender's words."""
    with pytest.raises(SamlRefused) as caught:
        gate_response(etree.tostring(root))
    assert caught.value.reason in {"saml_structure", "saml_signature_profile", "saml_algorithm", "saml_nameid", "saml_audience"}
    assert "foreign" not in caught.value.detail
    assert "urn:x" not in caught.value.detail
