"""Signature wrapping: genuine signed elements in places where they do not belong, beside forged ones (HS-9 to HS-14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from broker.connectors.saml.errors import ResponseRefused
from broker.saml.signature import verify
from tests.connectors.saml.idp import DS, Counter, encryption, genuine, rsa_key, show

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
RESPONSE, ASSERTION, SIGNATURE = f"{{{SAMLP}}}Response", f"{{{SAML}}}Assertion", f"{{{DS}}}Signature"
Tree = Any


def tree(signed: str) -> Tree:
    """A genuine response."""
    return etree.fromstring(genuine(signed=signed).xml())


def forge(element: Tree) -> Tree:
    """The same with IDs of its own and the attacker's values."""
    forged = deepcopy(element)
    for part in forged.iter():
        if "ID" in part.attrib:
            part.set("ID", part.get("ID") + "-forged")
    for old, new in (("x7f-quirk", "admin"), ("ada@fabrikam.example", "boss@fabrikam.example")):
        for part in forged.iter():
            if part.text == old:
                part.text = new
    return forged


def unsigned(element: Tree) -> Tree:
    """A copy without its own signature."""
    copy = deepcopy(element)
    own = copy.find(SIGNATURE)
    if own is not None:
        copy.remove(own)
    return copy


def refused(root: Tree, *reasons: str) -> None:
    """saml_structure, or the reason that is named, and no key was used."""
    counter = Counter(verify)
    with pytest.raises(ResponseRefused) as caught:
        show(etree.tostring(root), verifier=counter)
    assert caught.value.reason in (reasons or ("saml_structure",)), str(caught.value)
    assert counter.calls == 0


def xsw1(root: Tree) -> Tree:
    """The signature in a forged Response, the genuine Response inside the signature."""
    forged = forge(root)
    forged.find(SIGNATURE).append(unsigned(root))
    return forged


def xsw2(root: Tree) -> Tree:
    """Detached: the genuine Response beside the signature, in a forged one."""
    forged = forge(root)
    forged.find(SIGNATURE).addprevious(unsigned(root))
    return forged


def xsw3(root: Tree) -> Tree:
    """A forged Assertion before the genuine one."""
    genuine_one = root.find(ASSERTION)
    genuine_one.addprevious(unsigned(forge(genuine_one)))
    return root


def xsw4(root: Tree) -> Tree:
    """The genuine Assertion inside a forged one."""
    genuine_one = root.find(ASSERTION)
    forged = unsigned(forge(genuine_one))
    root.replace(genuine_one, forged)
    forged.append(genuine_one)
    return root


def xsw5(root: Tree) -> Tree:
    """The genuine signature in a forged Assertion, the genuine Assertion, without it, at the end."""
    genuine_one = root.find(ASSERTION)
    root.replace(genuine_one, forge(genuine_one))
    root.append(unsigned(genuine_one))
    return root


def xsw6(root: Tree) -> Tree:
    """The genuine Assertion inside the signature inside a forged Assertion."""
    genuine_one = root.find(ASSERTION)
    forged = forge(genuine_one)
    forged.find(SIGNATURE).append(unsigned(genuine_one))
    root.replace(genuine_one, forged)
    return root


def xsw7(root: Tree) -> Tree:
    """A forged Assertion in Extensions."""
    genuine_one = root.find(ASSERTION)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(unsigned(forge(genuine_one)))
    genuine_one.addprevious(extensions)
    return root


def xsw8(root: Tree) -> Tree:
    """The genuine Assertion in an Object of the signature in a forged Assertion."""
    genuine_one = root.find(ASSERTION)
    forged = forge(genuine_one)
    holder = etree.SubElement(forged.find(SIGNATURE), f"{{{DS}}}Object")
    holder.append(unsigned(genuine_one))
    root.replace(genuine_one, forged)
    return root


WRAPPINGS = [(xsw1, "response"), (xsw2, "response"), *[(xsw, "assertion") for xsw in (xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)]]


@pytest.mark.parametrize(("wrap", "signed"), WRAPPINGS, ids=[wrap.__name__ for wrap, _ in WRAPPINGS])
def test_sr04_saml_raider(wrap: Callable[[Tree], Tree], signed: str) -> None:
    """SR-04: XSW1 to XSW8, each from one genuine response."""
    assert show(genuine(signed=signed)).assertion.email == "ada@fabrikam.example"
    for how in {signed, "both"}:
        refused(wrap(tree(how)))


@pytest.mark.parametrize("signed", ["assertion", "both"])
@pytest.mark.parametrize("before", [True, False])
def test_sr02_sr03_forged_beside_genuine(signed: str, before: bool) -> None:
    """SR-02, SR-03: a forged Assertion before or after the genuine one, unsigned or with the genuine one's signature."""
    for strip in (unsigned, deepcopy):
        root = tree(signed)
        genuine_one = root.find(ASSERTION)
        (genuine_one.addprevious if before else genuine_one.addnext)(strip(forge(genuine_one)))
        refused(root)


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_sr09_duplicate_ids(signed: str) -> None:
    """SR-09, HS-13: two elements with the ID that a Reference names; id, Id and xml:id where they do not belong."""
    root = tree(signed)
    same = root.get("ID") if signed == "response" else root.find(ASSERTION).get("ID")
    root.set("ID", same)
    root.find(ASSERTION).set("ID", same)
    refused(root)
    for name in ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id"):
        for place in (
            f"{{{SAML}}}Issuer",
            f"{{{SAMLP}}}Status",
            f".//{{{SAML}}}Subject",
            f".//{{{DS}}}SignedInfo",
            f".//{{{DS}}}Reference",
        ):
            root = tree(signed)
            root.find(place).set(name, "_assertion-1")
            refused(root, *(["saml_structure", "saml_signature_profile"] if DS in place else ["saml_structure"]))
    root = tree(signed)
    root.find(f".//{SIGNATURE}").set("Id", "_assertion-1" if signed != "response" else "_response-1")
    refused(root)


def test_hs13_ids_are_names() -> None:
    """HS-13: an ID is an XML name; Id on a Signature is tolerated and is no Reference target."""
    for bad in ("", "1abc", "a b", "a:b", "-a", "a'b", "a)", "x" * 300, "#a"):
        root = tree("response")
        root.find(ASSERTION).set("ID", bad)
        refused(root)
    root = tree("assertion")
    own = root.find(f".//{SIGNATURE}")
    own.set("Id", "_sig")
    assert show(etree.tostring(root)).assertion.email == "ada@fabrikam.example"
    own.find(f".//{{{DS}}}Reference").set("URI", "#_sig")
    refused(root, "saml_signature_profile")


def places(root: Tree) -> Iterator[tuple[Tree, int]]:
    """Every place where an element may be put: a parent and a position among its children."""
    for parent in root.iter():
        for position in range(len(parent) + 1):
            yield parent, position


def relocations(signed: str, moved: str, *, forged_stays: bool, with_signature: bool) -> Iterator[Tree]:
    """A forged message, with the genuine element put in every place of it.

    forged_stays: whether the forged Assertion is still where an Assertion belongs.
    """
    original = tree(signed)
    carried = original if moved == "Response" else original.find(ASSERTION)
    if not with_signature:
        carried = unsigned(carried)
    template = forge(original)
    if not forged_stays:
        template.remove(template.find(ASSERTION))
    for number in range(sum(1 for _ in places(template))):
        root = deepcopy(template)
        parent, position = next(place for index, place in enumerate(places(root)) if index == number)
        if parent is root and moved == "Assertion" and not forged_stays and position == len(root):
            continue  # where it belongs: a genuine Assertion in a Response that is not signed
        parent.insert(position, deepcopy(carried))
        yield root


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize("moved", ["Assertion", "Response"])
@pytest.mark.parametrize("with_signature", [True, False])
@pytest.mark.parametrize("forged_stays", [True, False])
def test_sr05_every_relocation(signed: str, moved: str, with_signature: bool, forged_stays: bool) -> None:
    """SR-05: the signed element moved or copied to every place of a forged message: saml_structure, no key was used."""
    count = 0
    for root in relocations(signed, moved, forged_stays=forged_stays, with_signature=with_signature):
        refused(root)
        count += 1
    assert count > 5


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_sr05_every_place_of_the_signature(signed: str) -> None:
    """SR-05, HS-12: a genuine signature copied or moved to every other place, also of a forged message."""
    for template in (tree(signed), forge(tree(signed))):
        for number in range(sum(1 for _ in places(template))):
            for move in (True, False):
                root = deepcopy(template)
                parent, position = next(place for index, place in enumerate(places(root)) if index == number)
                own = root.find(f".//{SIGNATURE}")
                if (
                    own is parent
                    or parent in own.iter()
                    or (parent is own.getparent() and parent.index(own) in {position, position - 1})
                ):
                    continue
                parent.insert(position, own if move else deepcopy(own))
                refused(root, "saml_structure", "saml_signature_profile")


@pytest.mark.parametrize("signed", ["assertion", "response"])
def test_sr05_signature_of_another_element(signed: str) -> None:
    """SR-05, SR-11: a forged element that carries the genuine one's signature."""
    root = forge(tree(signed))
    refused(root, "saml_signature_profile")


def test_sr05_inside_an_encrypted_assertion() -> None:
    """SR-05, HS-20: the plaintext passes the same gate: no wrapping hides in what was encrypted, and no Response either."""
    for wrap in (xsw4, xsw6, xsw8):
        plain = etree.tostring(wrap(tree("assertion")).find(ASSERTION))
        message = genuine(signed="none", encrypt=lambda _, plain=plain: encryption()(plain))
        refused(etree.fromstring(message.xml()))
    for data in (
        genuine(signed="assertion").xml(),
        b"<a/>",
        b"",
        b"hello",
        b"<!DOCTYPE a><a/>",
        b"<saml:Assertion/>",
        genuine(signed="none").assertion_xml().encode() * 2,
        encryption()(genuine(signed="none").assertion_xml().encode()).encode(),
        genuine().assertion_xml().encode().replace(b"</saml:Subject>", b"</saml:Subject><!-- -->"),
    ):
        message = genuine(signed="none", encrypt=lambda _, data=data: encryption()(data))
        refused(etree.fromstring(message.xml()), "saml_structure")


def test_sr05_genuine_response_around_a_foreign_ciphertext() -> None:
    """HS-20: where the Response is signed, a ciphertext of the attacker's in it breaks that signature."""
    message = etree.fromstring(genuine(signed="response", encrypt=encryption()).xml())
    foreign = etree.fromstring(
        encryption()(genuine(signed="none", name_id="<saml:NameID>admin</saml:NameID>").assertion_xml().encode())
    )
    message.replace(message.find(f"{{{SAML}}}EncryptedAssertion"), foreign)
    with pytest.raises(ResponseRefused, match="saml_signature"):
        show(etree.tostring(message))
    message.remove(message.find(SIGNATURE))
    with pytest.raises(ResponseRefused, match="saml_unsigned"):
        show(etree.tostring(message))
    assert rsa_key("broker") is not rsa_key()
