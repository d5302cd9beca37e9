"""The closed vocabulary from outside: at every kind of place, everything that a message could hold there, put in and left out.

The table is read from the standards and from what HS-9 to HS-20 leave of them, not from the broker's own: a place is
written as the element's local name, behind its parent's where the two meanings differ. Attributes end in ? where they may
be absent. Children are a regular expression over local names, each with a comma behind it.
"""

from __future__ import annotations

import re
import time
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from lxml import etree

from broker.saml import vocabulary
from broker.saml.errors import SamlRefused
from broker.saml.schema_gate import gate_response
from tests.connectors.saml.idp import DS, ENVELOPED, EXC_C14N, attribute, encryption, genuine
from tests.saml.vocabulary_table import TABLE, TEXT

SAML, SAMLP = "urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"

XENC, XENC11, DS11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#", "http://www.w3.org/2009/xmldsig11#"

XSI, XS = "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2001/XMLSchema"

X500, WSID = "urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500", "http://schemas.xmlsoap.org/ws/2009/09/identity/claims"

UNREAD = {"AttributeValue", "Extensions"}  # anything of foreign names may stand here (HS-29)

SPACES = {"xsi": XSI, "x500": X500, "wsid": WSID}

NAMES = sorted({name.rstrip("?") for attributes, _ in TABLE.values() for name in attributes.split()} | {"id", "Reason"})

VALUES = {"Type": f"{XENC}Element", "Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"}  # where one value is wanted

KEYS = (
    "<ds:KeyName>k</ds:KeyName><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQ==</ds:Modulus><ds:Exponent>Aw==</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue>"
    f'<ds:KeyValue><ds11:ECKeyValue xmlns:ds11="{DS11}"><ds11:NamedCurve URI="urn:oid:1"/><ds11:PublicKey>AQ==</ds11:PublicKey>'
    "</ds11:ECKeyValue></ds:KeyValue>"
    "<ds:X509Data><ds:X509Certificate>AQ==</ds:X509Certificate><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName>"
    "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial><ds:X509SKI>AQ==</ds:X509SKI>"
    "<ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509CRL>AQ==</ds:X509CRL>"
    f'<ds11:X509Digest xmlns:ds11="{DS11}" Algorithm="urn:x">AQ==</ds11:X509Digest></ds:X509Data>'
)

PREFIXES = f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="xs"/>'

METHOD = f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"'

TRANSFORMS = f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}">{PREFIXES}</ds:Transform>'

CODE = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"><samlp:StatusCode Value="a"><samlp:StatusCode Value="b"/></samlp:StatusCode></samlp:StatusCode>'


def rich(text: str) -> str:
    """An assertion with everything that one may hold."""
    text = text.replace(f"{METHOD}/>", f"{METHOD}>{PREFIXES}</ds:CanonicalizationMethod>")
    restriction = '<saml:OneTimeUse/><saml:ProxyRestriction Count="0"><saml:Audience>a</saml:Audience></saml:ProxyRestriction>'
    text = text.replace("</saml:Conditions>", f"{restriction}</saml:Conditions>")
    text = text.replace("<samlp:Status>", "<samlp:Extensions/><samlp:Status>")
    text = text.replace("<saml:AuthnContext>", '<saml:SubjectLocality Address="192.0.2.1"/><saml:AuthnContext>')
    return text.replace(
        "</saml:AuthnContextClassRef>",
        "</saml:AuthnContextClassRef><saml:AuthnContextDeclRef>d</saml:AuthnContextDeclRef><saml:AuthenticatingAuthority>a</saml:AuthenticatingAuthority>",
    )


@cache
def trees() -> tuple[Any, ...]:
    """Genuine trees that hold every place of the table between them."""
    options = {"transforms": TRANSFORMS, "key_info": f"<ds:KeyInfo>{KEYS}</ds:KeyInfo>"}
    values = attribute("n", "<saml:NameID>x</saml:NameID>", type_=None) + attribute("o", "text") + attribute("p", "")
    plain = genuine(
        status=f"{CODE}<samlp:StatusMessage>fine</samlp:StatusMessage>",
        signed="assertion",
        signature_options=options,
        extra=values,
        edit=rich,
    )
    inside = encryption(
        wrap=f"{XENC11}rsa-oaep", digest="sha256", mask="sha256", hints=f'<ds:KeyInfo xmlns:ds="{DS}">{KEYS}</ds:KeyInfo>'
    )
    lists = "<xenc:ReferenceList><xenc:DataReference URI='#_ed'/></xenc:ReferenceList><xenc:CarriedKeyName>k</xenc:CarriedKeyName></xenc:EncryptedKey>"
    hidden = genuine(signed="response", encrypt=lambda data: inside(data).replace("</xenc:EncryptedKey>", lists))
    return tuple(etree.fromstring(one.xml()) for one in (plain, hidden, genuine(signed="none", encrypt=encryption(beside=True))))


def place_of(element: Any) -> str:
    """The element's key in the table."""
    path = [etree.QName(one).localname for one in (element, *element.iterancestors())]
    if path[0] == "StatusCode":
        return "/".join(reversed(path[: path.index("Status")])) if path[1] == "StatusCode" else "Status/StatusCode"
    both = "/".join(reversed(path[:2]))
    return both if both in TABLE else path[0]


@cache
def samples() -> dict[str, Any]:
    """One element of each name, complete in itself and small."""
    found: dict[str, Any] = {}
    for element in sorted((one for tree in trees() for one in tree.iter()), key=lambda one: sum(1 for _ in one.iter())):
        if place_of(element) != "EncryptedData/KeyInfo":  # what stands in it is for that place alone
            found.setdefault(etree.QName(element).localname, element)
    return found


def refusal(root: Any) -> str:
    """What the gate says to it; nothing where it passes."""
    try:
        gate_response(etree.tostring(root))
    except SamlRefused as error:
        return error.detail
    return ""


def passes(root: Any) -> bool:
    """Whether the gate lets it through."""
    return not refusal(root)


@cache
def found(place: str) -> tuple[tuple[Any, int], ...]:
    """Every tree that has the place, with the number of the last element there."""
    numbers = ([n for n, element in enumerate(tree.iter()) if place_of(element) == place] for tree in trees())
    return tuple((tree, own[-1]) for tree, own in zip(trees(), numbers, strict=True) if own)


def copies(place: str) -> list[tuple[Any, Any]]:
    """A copy of each of these trees, and the element in it."""
    made = [(deepcopy(tree), number) for tree, number in found(place)]
    return [(root, list(root.iter())[number]) for root, number in made]


def order(element: Any) -> str:
    """The children's names, as the table writes them."""
    return "".join(f"{etree.QName(child).localname}," for child in element)


def clark(name: str) -> str:
    """The attribute's name as lxml writes it."""
    prefix, _, local = name.rpartition(":")
    return f"{{{SPACES[prefix]}}}{local}" if prefix else local


def test_each_prefix_is_the_standard_s() -> None:
    """HS-9: the namespaces are those of SAML core 1.2, XML Signature 1.1, XML Encryption 1.1 and XML Schema 1."""
    others = {"saml": SAML, "samlp": SAMLP, "ds": DS, "ds11": DS11, "xenc": XENC, "xenc11": XENC11, "ec": EXC_C14N}
    assert {**SPACES, **others} == vocabulary.PREFIXES


def test_the_table_is_met() -> None:
    """HS-11: the trees hold every place of the table and pass; no place is without a row."""
    assert all(map(passes, trees()))
    assert {place_of(element) for tree in trees() for element in tree.iter()} == set(TABLE)


@pytest.mark.parametrize("place", TABLE)
def test_attributes(place: str) -> None:
    """HS-9 to HS-14, HS-32: each attribute that any element may have, put in; each that is there, left out, which is said."""
    allowed = {clark(word.rstrip("?")): word.endswith("?") for word in TABLE[place][0].split()}
    for root, element in copies(place):
        for name in map(clark, NAMES):
            kept = dict(element.attrib)
            if name in kept:
                del element.attrib[name]
                missed = "" if allowed[name] else f"{etree.QName(element).localname} has no {name}; the partner must send it"
                assert refusal(root).rpartition(":")[2] == missed
            else:
                element.set(name, VALUES.get(name, "_new"))
                assert passes(root) is (name in allowed), name
            element.attrib.clear()
            element.attrib.update(kept)


@pytest.mark.parametrize("place", TABLE)
def test_children(place: str) -> None:
    """HS-9 to HS-14: each element that a message may hold, put in; the place's own in every position, doubled, and left out."""
    model = TABLE[place][1]
    children = re.compile("" if model == TEXT else model.removesuffix("|text"))
    own = set(re.findall(r"\w+", model))
    for number, (root, element) in enumerate(copies(place)):
        for position in range(len(element) + 1):
            for name, sample in samples().items():
                if name not in own and (number or position < len(element)):
                    continue  # a stranger is tried once
                new = deepcopy(sample)
                element.insert(position, new)
                wanted = children.fullmatch(order(element)) is not None and not excluded(root, name)
                assert passes(root) is wanted, order(element)
                element.remove(new)
        stranger = etree.SubElement(element, "{urn:x}stranger")
        assert passes(root) is (place in UNREAD)
        element.remove(stranger)
        for position, child in enumerate(list(element)):
            element.remove(child)
            wanted = children.fullmatch(order(element)) is not None and not needed(child)
            assert passes(root) is wanted, order(element)
            element.insert(position, child)
        assert passes(root)


@pytest.mark.parametrize("place", [place for place, (_, model) in TABLE.items() if "," in model])
def test_repeated_children(place: str) -> None:
    """RX-03, HS-8: two dozen of one child and then a stranger are refused at once: no model is tried in ever more ways."""
    root, element = copies(place)[-1]  # where the one EncryptedKey stands beside the data, if it can
    for name in set(re.findall(r"\w+", TABLE[place][1])) - {TEXT}:
        element[:] = [*(deepcopy(samples()[name]) for _ in range(24)), etree.Element("{urn:x}stranger")]
        started = time.process_time()
        assert not passes(root)
        assert time.process_time() - started < 0.5, name


@pytest.mark.parametrize("place", TABLE)
def test_text(place: str) -> None:
    """HS-11: text where the table has it and nowhere else."""
    for root, element in copies(place):
        element.text = (element.text or "") + "x"
        assert passes(root) is (TABLE[place][1].endswith(TEXT) and not len(element))


@pytest.mark.parametrize("place", TABLE)
def test_foreign_content_alone(place: str) -> None:
    """HS-9 to HS-14, HS-29: an element of no known name in the place of all that an element holds is taken only where nothing is read."""
    for root, element in copies(place):
        element[:] = [etree.Element("{urn:x}stranger")]
        assert passes(root) is (place in UNREAD)


def excluded(root: Any, name: str) -> bool:
    """HS-12, HS-13: what the model lets stand there and the count of the whole does not."""
    ids = [one.get(key) for one in root.iter() for key in ("ID", "Id") if one.get(key) is not None]
    return name == "EncryptedKey" or len(ids) != len(set(ids))


def needed(child: Any) -> bool:
    """HS-20: the one EncryptedKey may stand in either place, but it must stand in one."""
    return any(part.tag == f"{{{XENC}}}EncryptedKey" for part in child.iter()) and child.tag != f"{{{SAML}}}EncryptedAssertion"
