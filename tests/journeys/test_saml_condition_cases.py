"""SAML responses whose signature is good: audience, times, recipient, status and values (attacks SR-20 to SR-44, HS-30)."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.storage.tables import sessions
from tests.connectors.saml.idp import (
    MAIL,
    NOW,
    attribute,
    encryption,
    stamp,
)
from tests.connectors.saml.test_response_condition_attacks import RESPONDER
from tests.journeys.saml_cases import Case, content, refused
from tests.journeys.saml_world import SamlWorld, fields
from tests.journeys.test_saml_cases import case, tampered, two

__all__ = ["case", "two"]  # the fixtures


def test_sr20_audience(case: Case) -> None:
    """SR-20: another service provider; two restrictions of which one lacks us."""
    us = f"{case.at.world.url}/saml/metadata"
    for audiences in ((("https://other.example",),), ((us,), ("https://other.example",)), ((f"{us}/",),)):
        refused(case, case.message(audiences=audiences), "saml_audience")


def test_sr21_conditions(case: Case) -> None:
    """SR-21: no Conditions, empty ones, none with an audience."""
    for conditions in ("", "<saml:Conditions/>", f'<saml:Conditions NotOnOrAfter="{stamp(NOW + 60)}"/>'):
        refused(case, case.message(conditions=conditions), "saml_audience", "saml_structure", untouched=True)


def test_sr26_in_response_to(case: Case) -> None:
    """SR-26: right in the Response, wrong or missing in the signed SubjectConfirmationData."""
    for inner in ("_another", None):
        refused(case, case.message(inner_in_response_to=inner), "saml_in_response_to")


def test_sr28_encrypted_and_unsigned(case: Case) -> None:
    """SR-28: an encrypted assertion without a signature in an unsigned Response."""
    case.at.file(want_encrypted=True)
    try:
        text = case.browser.get(f"{case.at.world.url}/saml/woodgrove/metadata").text
        ours = re.findall(r'use="encryption".*?X509Certificate>([^<]+)<', text)[-1]
        public = x509.load_der_x509_certificate(base64.b64decode(ours)).public_key()
        assert isinstance(public, RSAPublicKey)
        refused(case, case.message(signed="none", encrypt=encryption(public)), "saml_unsigned")
    finally:
        case.at.file()


@pytest.mark.parametrize(
    "changes",
    [
        {"not_on_or_after": stamp(NOW - 60)},
        {"confirm_until": stamp(NOW - 60)},
        {"confirm_until": None},
        {"not_before": stamp(NOW + 61)},
    ],
)
def test_sr30_times(case: Case, changes: dict[str, Any]) -> None:
    """SR-30: over, without an end, or not begun."""
    refused(case, case.message(**changes), "saml_time")


@pytest.mark.parametrize("name", ["issued", "inner_issued"])
def test_sr31_issue_instant(case: Case, name: str) -> None:
    """SR-31: 23 hours ahead, 3 days old."""
    for seconds in (23 * 3600, -3 * 86_400):
        refused(case, case.message(**{name: stamp(NOW + seconds)}), "saml_time")


def test_sr32_odd_times(case: Case) -> None:
    """SR-32: no zone, an offset, a leap second, 30 digits, the year 9999: never 500."""
    odd = ("2027-01-15T08:00:00", "2027-01-15T08:00:00+00:00", "2026-12-31T23:59:60Z", f"2027-01-15T08:00:00.{'1' * 30}Z",
           "9999-12-31T23:59:59Z")  # fmt: skip
    for text in odd:
        for name in ("issued", "not_on_or_after", "confirm_until", "authn_instant"):
            refused(case, case.message(**{name: text}), "saml_time")


def test_sr33_destination(case: Case) -> None:
    """SR-33: Destination wrong or missing; Recipient another partner's address on this host."""
    elsewhere = f"{case.at.world.url}/saml/foxglove/acs"
    for changes in ({"destination": None}, {"destination": elsewhere}, {"recipient": elsewhere}, {"recipient": None}):
        refused(case, case.message(**changes), "saml_destination")


@pytest.mark.parametrize("method", ["sender-vouches", "holder-of-key"])
def test_sr34_confirmation(case: Case, method: str) -> None:
    """SR-34: bearer only."""
    refused(case, case.message(method=f"urn:oasis:names:tc:SAML:2.0:cm:{method}"), "saml_confirmation")


def test_sr35_status(case: Case) -> None:
    """SR-35: an error with an Assertion; no Status; a plain error is the partner's failure, and its words are not shown."""
    refused(case, case.message(status=RESPONDER.format("AuthnFailed")), "saml_status")
    data = case.message().xml()
    start, end = data.index(b"<samlp:Status>"), data.index(b"</samlp:Status>") + len(b"</samlp:Status>")
    refused(case, data[:start] + data[end:], "saml_structure", untouched=True)
    said = RESPONDER.format("RequestDenied") + "<samlp:StatusMessage>evil words</samlp:StatusMessage>"
    refused(case, case.message(status=said, has_assertion=False), "saml_status", code="partner_failed")


@pytest.mark.parametrize("value", ["admin@x<!-- -->.evil", "<![CDATA[admin@x]]>.evil"])
def test_sr36_comments_and_cdata(case: Case, value: str) -> None:
    """SR-36: a NameID split by a comment or CDATA."""
    refused(case, tampered(case, "x7f-quirk", value), "saml_structure", untouched=True)


def test_sr38_transient(case: Case) -> None:
    """SR-38: a transient NameID is no account key."""
    name_id = '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">_abc</saml:NameID>'
    refused(case, case.message(name_id=name_id), "saml_nameid_format")


def test_sr39_no_name_id(case: Case) -> None:
    """SR-39: no NameID."""
    refused(case, case.message(name_id=None), "saml_nameid", "saml_structure", untouched=True)


def test_sr40_ambiguous(case: Case) -> None:
    """SR-40: two addresses; one attribute in two NameFormats."""
    two_values = attribute(MAIL, "wanda@woodgrove.example", "boss@woodgrove.example")
    two_formats = attribute(MAIL, "wanda@woodgrove.example") + attribute(MAIL, "wanda@woodgrove.example", form=None)
    for attributes in (two_values, two_formats):
        refused(case, case.message(attributes=attributes), "claim_ambiguous")


def test_sr41_values(case: Case) -> None:
    """SR-41: a mapped value with child elements, or of a type that is no text."""
    for value, type_ in (
        ("<b>x</b>", None),
        ("<saml:NameID>boss@x.example</saml:NameID>", None),
        ("x@x.example", "saml:NameIDType"),
    ):
        message = case.message(attributes=attribute(MAIL, value, type_=type_))
        refused(case, message, "saml_attribute", "saml_structure")


def test_sr43_base64(case: Case) -> None:
    """SR-43: foreign characters, an empty field, no field, two fields."""
    raw = case.message().field()
    for value in (raw[:-4] + "!AAA", "-_" + raw[2:], ""):
        refused(case, value, "saml_decode", code="bad_request", untouched=True)
    state, before = fields(case.held)["RelayState"], content(case.at)
    for form in ([("RelayState", state)], [("SAMLResponse", raw), ("SAMLResponse", raw), ("RelayState", state)]):
        page = case.browser.post(case.acs, form, opener=case.held)
        assert (page.error, page.status, case.at.world.receipt(page)["reason"]) == ("bad_request", 400, "saml_decode")
    assert content(case.at) == before
    lines = "\r\n".join(raw[i : i + 76] for i in range(0, len(raw), 76))
    other = Case(case.at, case.browser, case.at.at_the_return(case.at.visitor()))
    assert other.post(lines).error == "partner_untrusted"  # decoded: it answers the other login (SR-26)
    case.held = case.at.at_the_return(wanda := case.at.visitor())
    case.browser = wanda.browser


@pytest.mark.parametrize(
    ("state", "code", "reason"),
    [
        ("unknown", "login_expired", "relay_state"),
        ("y" * 10_240, "bad_request", "relay_state"),
        ("https://evil.example/", "login_expired", "relay_state"),
        ("//evil.example/%2e%2e", "login_expired", "relay_state"),
        ("javascript:alert(1)", "login_expired", "relay_state"),
    ],
)
def test_sr44_relay_state(case: Case, state: str, code: str, reason: str) -> None:
    """SR-44: unknown, 10 KiB, an absolute URL: never a redirect to it, never shown."""
    before = content(case.at)
    page = case.post(case.message(), relay_state=state)
    assert (page.error, page.status, page.location) == (code, 400, None)
    assert case.at.world.receipt(page)["reason"] == reason
    assert "evil" not in page.text
    assert "yyyy" not in page.text
    assert content(case.at) == before


def taken(case: Case, message: Any) -> BrowserPage:
    """The answer to the application, when this message came from the partner."""
    claim = case.post(message)
    assert claim.status == 303, str(claim)
    return case.browser.get(claim.location or "", opener=case.held, stop_at=case.at.world.callback)


@pytest.mark.parametrize(("until", "expected"), [(600, 600), (30 * 86_400, 12 * 3600)])
def test_hs30_the_partner_ends_our_session(two: tuple[SamlWorld, SamlWorld], until: int, expected: int) -> None:
    """HS-30: SessionNotOnOrAfter caps our session, and never makes it longer."""
    woodgrove, _ = two
    wanda = woodgrove.visitor()
    case = Case(woodgrove, wanda.browser, woodgrove.at_the_return(wanda))
    page = taken(case, case.message(session_until=stamp(NOW + until), name_id=name_id(woodgrove), assertion_id=f"_ends-{until}"))
    assert page.location is not None, str(page)
    with woodgrove.world.broker.core.db.read() as tx:
        ends = tx.execute(select(sessions.c.expires_at).order_by(sessions.c.expires_at)).scalars().all()
    assert NOW + expected in ends


@pytest.mark.parametrize(("age", "error"), [(0, None), (600, "login_required")])
def test_hs30_a_proof_that_is_not_fresh(two: tuple[SamlWorld, SamlWorld], age: int, error: str | None) -> None:
    """HS-30, HP-17: we asked with ForceAuthn; an old AuthnInstant is no fresh sign-in, and nobody is asked twice."""
    woodgrove, _ = two
    wanda = woodgrove.visitor()
    case = Case(woodgrove, wanda.browser, woodgrove.at_the_return(wanda, prompt="login"))
    assert woodgrove.idp.seen[-1].force
    page = taken(case, case.message(authn_instant=stamp(NOW - age), name_id=name_id(woodgrove), assertion_id=f"_old-{age}"))
    assert page.query.get("error") == error
    assert ("code" in page.query) is (error is None)


def name_id(woodgrove: SamlWorld) -> str:
    """Wanda's, as the partner writes it."""
    found = re.findall(r"<saml:NameID .*?</saml:NameID>", woodgrove.idp.sent[-1])
    assert found
    return str(found[0])
