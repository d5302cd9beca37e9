"""SR-01 to SR-44 at the front door: each attack posted to the running broker, with all that PAGE and NC promise.

What the connector does with hundreds of variants of each is in tests/connectors/saml. Here one world serves all, each case has a
login that waits, and after the refusals the genuine answer still gets in.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import delete

from broker.storage.tables import attempts
from tests.clock import Clock
from tests.connectors.saml.idp import (
    DS,
    ENVELOPED,
    EXC_C14N,
    NOW,
    RSA_SHA256,
    TRANSFORMS,
    rsa_key,
    x509_info,
)
from tests.connectors.saml.test_response_signature_attacks import XPATH, XSLT
from tests.connectors.saml.test_response_wrapping import ASSERTION, SIGNATURE, WRAPPINGS, forge, places, unsigned
from tests.journeys.saml_cases import Case, refused
from tests.journeys.saml_world import SamlWorld, saml_world
from tests.journeys.world import open_world


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Iterator[tuple[SamlWorld, SamlWorld]]:
    """Woodgrove, whose Wanda is a guest, and Foxglove, a partner as good."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copyfile(_migrated_file, folder / "broker.db")
    for world in open_world(folder / "home", f"sqlite:///{folder / 'broker.db'}", Clock(NOW)):
        with saml_world(world) as woodgrove, saml_world(world, host="127.0.0.9") as foxglove:
            woodgrove.file()
            foxglove.file(partner="foxglove", domain="foxglove.example")
            woodgrove.redeem(woodgrove.visitor())
            yield woodgrove, foxglove


@pytest.fixture
def case(two: tuple[SamlWorld, SamlWorld]) -> Iterator[Case]:
    """A login that waits; at the end the genuine answer to it must still be good."""
    woodgrove, _ = two
    with woodgrove.world.broker.core.db.write() as tx:
        tx.execute(delete(attempts))  # all cases come from one address (RX-02)
    wanda = woodgrove.visitor()
    found = Case(woodgrove, wanda.browser, woodgrove.at_the_return(wanda))
    yield found
    found.goes_on()


def tree(case: Case, signed: str) -> Any:
    """A genuine answer of the partner."""
    return etree.fromstring(case.message(signed=signed).xml())


def tampered(case: Case, old: str, new: str, **changes: Any) -> bytes:
    """A genuine answer, changed after it was signed."""
    data = case.message(**changes).xml()
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def test_the_messages_of_these_cases_are_good(case: Case) -> None:
    """What is refused below is refused for its one fault: without it the same message gets to be parked."""
    other = Case(case.at, case.browser, case.at.at_the_return(case.at.visitor()))
    page = other.post(other.message())
    assert page.status == 303
    assert "/saml/woodgrove/claim" in (page.location or "")
    case.held = case.at.at_the_return(wanda := case.at.visitor())
    case.browser = wanda.browser


def test_sr01_unsigned(case: Case) -> None:
    """SR-01: neither Response nor Assertion is signed."""
    refused(case, case.message(signed="none"), "saml_unsigned")


@pytest.mark.parametrize("before", [True, False], ids=["SR-02 before", "SR-03 after"])
@pytest.mark.parametrize("signed", ["assertion", "both"])
def test_sr02_sr03_forged_beside_genuine(case: Case, signed: str, before: bool) -> None:
    """SR-02, SR-03: a forged Assertion before or after the genuine one."""
    root = tree(case, signed)
    genuine_one = root.find(ASSERTION)
    (genuine_one.addprevious if before else genuine_one.addnext)(unsigned(forge(genuine_one)))
    refused(case, etree.tostring(root), "saml_structure", untouched=True)


@pytest.mark.parametrize(("wrap", "signed"), WRAPPINGS, ids=[wrap.__name__ for wrap, _ in WRAPPINGS])
def test_sr04_saml_raider(case: Case, wrap: Callable[[Any], Any], signed: str) -> None:
    """SR-04: XSW1 to XSW8."""
    for how in sorted({signed, "both"}):
        refused(case, etree.tostring(wrap(tree(case, how))), "saml_structure", untouched=True)


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
def test_sr05_relocations(case: Case, signed: str) -> None:
    """SR-05: the signed element in every eleventh place of a forged message (the connector's test takes every place)."""
    original = tree(case, signed)
    carried = original if signed == "response" else original.find(ASSERTION)
    for number in range(0, sum(1 for _ in places(forge(original))), 11):
        root = forge(original)
        parent, position = next(islice(places(root), number, None))
        parent.insert(position, etree.fromstring(etree.tostring(carried)))
        refused(case, etree.tostring(root), "saml_structure", untouched=True)


def test_sr09_duplicate_id(case: Case) -> None:
    """SR-09: two elements with the ID that the Reference names."""
    root = tree(case, "assertion")
    root.set("ID", root.find(ASSERTION).get("ID"))
    refused(case, etree.tostring(root), "saml_structure", untouched=True)


def test_sr11_references(case: Case) -> None:
    """SR-11: two References, an empty one, one to another element."""
    data = case.message(signed="assertion").xml()
    start, end = data.index(b"<ds:Reference "), data.index(b"</ds:Reference>") + 15
    refused(case, data[:end] + data[start:end] + data[end:], "saml_signature_profile", untouched=True)
    for uri in ("", "#_response-1"):
        bad = tampered(case, 'URI="#_assertion-1"', f'URI="{uri}"', signed="assertion")
        refused(case, bad, "saml_signature_profile", untouched=True)


@pytest.mark.parametrize("transforms", [XSLT, XPATH, XSLT + TRANSFORMS, f'<ds:Transform Algorithm="{ENVELOPED}"/>{XPATH}'])
def test_sr12_transforms(case: Case, transforms: str) -> None:
    """SR-12: XSLT or XPath in the signature: within 100 ms, no signature code has run."""
    refused(case, tampered(case, TRANSFORMS, transforms, signed="assertion"), "saml_signature_profile", untouched=True)


@pytest.mark.parametrize("options", [{"method": f"{DS}rsa-sha1"}, {"digest": f"{DS}sha1"}])
def test_sr13_sha1(case: Case, options: dict[str, str]) -> None:
    """SR-13: an RSA-SHA1 signature, a SHA-1 digest; both right as such."""
    refused(case, case.message(signature_options=options), "saml_algorithm", untouched=True)


@pytest.mark.parametrize("length", [0, 8])
def test_sr15_hmac_truncation(case: Case, length: int) -> None:
    """SR-15: HMACOutputLength 0 and 8."""
    old = f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>'
    for method in (f"{DS}hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"):
        new = f'<ds:SignatureMethod Algorithm="{method}"><ds:HMACOutputLength>{length}</ds:HMACOutputLength></ds:SignatureMethod>'
        refused(case, tampered(case, old, new, signed="assertion"), "saml_algorithm", untouched=True)


def test_sr16_certificate_of_the_message(case: Case) -> None:
    """SR-16: signed by the certificate in KeyInfo, which is not the pinned one."""
    stranger = rsa_key("stranger")
    for signed in ("assertion", "response", "both"):
        message = case.message(signed=signed, key=stranger, signature_options={"key_info": x509_info(stranger)})
        refused(case, message, "saml_signature")


def test_sr17_assertion_of_another_partner(case: Case, two: tuple[SamlWorld, SamlWorld]) -> None:
    """SR-17: the Assertion is of partner B, well signed by it; the Response says A."""
    other = two[1].idp
    message = case.message(other, issuer=case.at.idp.entity_id, signed="assertion")
    refused(case, message, "saml_issuer_mismatch")
    both_say_a = case.message(key=other._keys[0])
    refused(case, both_say_a, "saml_signature")


def test_sr18_assertion_names_another(case: Case, two: tuple[SamlWorld, SamlWorld]) -> None:
    """SR-18: the Response is A's, signed by A; its Assertion names B."""
    for signed in ("response", "both"):
        refused(case, case.message(inner_issuer=two[1].idp.entity_id, signed=signed), "saml_issuer_mismatch")


def test_sr19_mix_up(case: Case, two: tuple[SamlWorld, SamlWorld]) -> None:
    """SR-19: a valid response of partner B to a login that began at A."""
    refused(case, case.message(two[1].idp), "saml_wrong_idp", "saml_issuer_mismatch")


def test_no_signature_code_sees_a_canonicalization_of_its_own(case: Case) -> None:
    """SR-12, HS-14: SignedInfo in another canonical form."""
    old, new = (
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"',
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}WithComments"',
    )
    refused(case, tampered(case, old, new, signed="assertion"), "saml_signature_profile", untouched=True)
    root = tree(case, "assertion")
    assert root.find(f".//{SIGNATURE}") is not None
