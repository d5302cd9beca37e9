"""Limits of the statements of a response, each from both sides: subject, times, attributes, and how a receipt names them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.saml.times import seconds
from tests.connectors.saml.edges import refused
from tests.connectors.saml.idp import (
    NOW,
    PERSISTENT,
    attribute,
    encryption,
    genuine,
    show,
    stamp,
)

PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"


def test_sr32_years() -> None:
    """SR-32, HS-27: times from 1970 to 2199; what lies beyond is a placeholder."""
    assert show(genuine(session_until="2199-12-31T23:59:59Z")).assertion.session_ends == 7_258_118_399
    refused("saml_time", genuine(session_until="2200-01-01T00:00:00Z"))
    assert show(genuine(not_before="1970-01-01T00:00:00Z")).assertion.subject
    refused("saml_time", genuine(not_before="1969-12-31T23:59:59Z"))
    assert seconds("2027-01-15T08:00:00.999999999Z", "x") == NOW  # fractions are dropped, not rounded


@pytest.mark.parametrize(("said", "ends"), [(1, 1), (0, 60), (-1, 59), (-59, 1)])
def test_hs30_a_session_that_ends_by_their_clock(said: int, ends: int) -> None:
    """HS-27, HS-30: within the grace of clocks a session is short, but there is one: else the person goes round in circles."""
    assert show(genuine(session_until=stamp(NOW + said))).assertion.session_ends == NOW + ends


def test_hs27_edges_of_a_second() -> None:
    """HS-27: an IssueInstant of 300 seconds ago counts, of 301 not; ends count until the 60th second of grace."""
    for name in ("issued", "inner_issued"):
        assert show(genuine(**{name: stamp(NOW - 300)})).assertion.subject
        assert show(genuine(**{name: stamp(NOW + 60)})).assertion.subject
        refused("saml_time", genuine(**{name: stamp(NOW - 301)}))
        refused("saml_time", genuine(**{name: stamp(NOW + 61)}))


def test_hs28_longest_subject() -> None:
    """HS-28: a subject of 1024 characters with all that qualifies it."""
    short = show(genuine(name_id="<saml:NameID>x</saml:NameID>")).assertion.subject
    longest = "x" * (1024 - len(short) + 1)
    assert len(show(genuine(name_id=f"<saml:NameID>{longest}</saml:NameID>")).assertion.subject) == 1024
    refused("saml_nameid", genuine(name_id=f"<saml:NameID>{longest}x</saml:NameID>"))


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (f"{'x' * 127}@fabrikam.example", True),
        (f"{'x' * 128}@fabrikam.example", False),
        (f"a@{'s' * (127 - len('.fabrikam.example'))}.fabrikam.example", True),
        (f"a@{'s' * (128 - len('.fabrikam.example'))}.fabrikam.example", False),
        ("a=-9@fabrikam.example", True),
        ("a@-fabrikam.example", False),
        ("a@fabrikam.example@", False),
        ("=a@fabrikam.example", False),
    ],
)
def test_hs28_subject_identifiers(value: str, good: bool) -> None:
    """HS-28: an identifier and a scope of 127 characters each (SAML subject identifier profile 3.3.1)."""
    message, view = genuine(extra=attribute(PAIRWISE, value)), {"subject": "pairwise-id", "domains": ()}
    if good:
        assert json.loads(show(message, view=view).assertion.subject) == [PAIRWISE, value]
    else:
        refused("saml_attribute", message, view=view)


def test_hs28_white_space_and_controls() -> None:
    """HS-28: C0, C1 and the two separators inside a NameID; what merely looks odd is kept."""
    for code in (0x7F, 0x80, 0x9F, 0x2028, 0x2029, 0x09, 0x0A, 0x0D):
        refused("saml_nameid", genuine(name_id=f'<saml:NameID Format="{PERSISTENT}">x&#{code};y</saml:NameID>'))
    for code in (0x20, 0x7E, 0xA0, 0x2027, 0x202A):
        assert show(genuine(name_id=f'<saml:NameID Format="{PERSISTENT}">x&#{code};y</saml:NameID>')).assertion.subject


@pytest.mark.parametrize("version", ["1.1", "2", "2.00", ""])
def test_hs9_version_of_the_assertion(version: str) -> None:
    """HS-9: the Assertion says 2.0 by itself, whatever the Response around it says; encrypted too."""

    def edit(text: str) -> str:
        start = text.index("<saml:Assertion ")
        return text[:start] + text[start:].replace('Version="2.0"', f'Version="{version}"', 1)

    for message in (genuine(signed="assertion", edit=edit), genuine(signed="assertion", edit=edit, encrypt=encryption())):
        assert "Version of saml:Assertion" in refused("saml_structure", message).detail


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("name", "reason"), [("AuthnStatement", "saml_structure"), ("AttributeStatement", "claim_ambiguous")])
def test_hs10_one_statement_of_each(name: str, reason: str, turned: bool) -> None:
    """HS-10: one AuthnStatement, wherever it stands; what is mapped comes in one AttributeStatement: a second could be the one that is read."""

    def edit(text: str, copies: int) -> str:
        authn, attributes = (text.index(f"<saml:{statement}") for statement in ("AuthnStatement", "AttributeStatement"))
        parts = [text[authn:attributes], text[attributes : text.index("</saml:Assertion>")]]
        made = "".join(
            part * (copies if part.startswith(f"<saml:{name}") else 1) for part in (reversed(parts) if turned else parts)
        )
        return text.replace("".join(parts), made)

    assert show(genuine(edit=lambda text: edit(text, 1))).assertion.email == "ada@fabrikam.example"
    refused(reason, genuine(edit=lambda text: edit(text, 2)))


@pytest.mark.parametrize("conditions", ["<saml:Conditions/>", "<saml:Conditions><saml:OneTimeUse/></saml:Conditions>"])
def test_sr21_no_audience_is_named(conditions: str) -> None:
    """SR-21, HS-25: Conditions without an AudienceRestriction is saml_audience, by name."""
    assert refused("saml_audience", genuine(conditions=conditions)).rule == "HS-25"


def test_receipts_name_what_is_allowed() -> None:
    """HS-32: a refusal of an attribute lists the ones that may stand there, by their local names; one of a signature names the parts."""
    for old, new, said in (
        ("<saml:Subject>", "<saml:Subject a='b'>", "saml:Subject has an attribute that is not allowed there; allowed: none"),
        ("<saml:AttributeValue ", "<saml:AttributeValue a='b' ", "there; allowed: type, nil"),
        ("<saml:SubjectConfirmation ", "<saml:SubjectConfirmation a='b' ", "there; allowed: Method"),
        (
            "<saml:Attribute Name=",
            "<saml:Attribute Other=",
            "; allowed: Name, NameFormat, FriendlyName, Encoding, OriginalIssuer",
        ),
        (
            ' Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"',
            "",
            "saml:SubjectConfirmation has no Method; the partner must send it",
        ),
    ):
        data = genuine(signed="none").xml().decode()
        assert old in data
        assert refused("saml_structure", data.replace(old, new, 1).encode()).detail.endswith(said)
    for wanted, parts in (
        ("both", "Response and Assertion"),
        ("either", "the Response or the Assertion"),
        ("response", "the Response"),
        ("assertion", "the Assertion"),
    ):
        detail = refused("saml_unsigned", genuine(signed="none"), view={"signed": wanted}).detail
        assert detail.startswith(f"HS-19: {parts} must be signed")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<saml:Subject>", "<saml:Subject>x", "saml:Subject holds text; it must hold saml:NameID? saml:SubjectConfirmation"),
        ("</saml:Audience>", "</saml:Audience><saml:Issuer/>", "saml:AudienceRestriction must hold exactly, in this order: saml:Audience+"),
        ("</saml:Audience>", "<saml:Issuer/></saml:Audience>", "saml:Audience must hold exactly, in this order: text"),
        ("</saml:Conditions>", "<saml:OneTimeUse>x</saml:OneTimeUse></saml:Conditions>", "saml:OneTimeUse holds text; it must hold nothing"),
        ("</saml:NameID>", "</saml:NameID>x", "saml:Subject holds text between its elements"),
        ('Success"/>', 'Success"><samlp:Status/></samlp:StatusCode>', "samlp:StatusCode must hold exactly, in this order: samlp:StatusCode?"),
    ],
)  # fmt: skip
def test_receipts_name_what_an_element_holds(old: str, new: str, said: str) -> None:
    """HS-32: what must stand in an element is told in the names of the standards, in the order in which it must stand."""
    data = genuine(signed="none").xml().decode()
    assert old in data
    assert refused("saml_structure", data.replace(old, new, 1).encode()).detail == f"HS-11: {said}"


def test_hs30_context_and_its_authorities() -> None:
    """HS-30: acr is the AuthnContextClassRef, however many authorities stand behind it."""
    old = "</saml:AuthnContextClassRef>"
    authorities = "<saml:AuthenticatingAuthority>https://refeds.org/profile/mfa</saml:AuthenticatingAuthority>" * 2
    judged = show(genuine(edit=lambda text: text.replace(old, old + authorities)))
    assert judged.assertion.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def test_hs21_what_is_empty_and_how_late() -> None:
    """HS-21, HS-27: an attribute without values makes no claim; the partner's clock, seen from ours, for doctor."""
    member_of = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"
    for empty in (attribute(member_of), attribute(member_of, "")):
        assertion = show(genuine(extra=empty)).assertion
        assert "groups" not in assertion.claims
        assert member_of in assertion.arrived
    assert show(genuine()).assertion.skew == -3
    assert show(genuine(inner_issued=stamp(NOW + 7))).assertion.skew == 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"issued": stamp(NOW - 999)},
            "HS-27: IssueInstant of samlp:Response is not between 300 seconds ago and 60 seconds ahead",
        ),
        ({"issued": stamp(NOW - 999)}, "(IssueInstant -999)"),
        ({"inner_issued": stamp(NOW + 999)}, "HS-27: IssueInstant of saml:Assertion is not between"),
        ({"inner_issued": stamp(NOW + 999)}, "(IssueInstant +999)"),
        ({"issued": "x"}, "IssueInstant of samlp:Response is no time"),
        ({"inner_issued": "x"}, "IssueInstant of saml:Assertion is no time"),
        ({"authn_instant": "x"}, "AuthnInstant is no time"),
        ({"authn_instant": stamp(NOW + 99)}, "AuthnInstant of saml:AuthnStatement lies ahead"),
        ({"session_until": "x"}, "SessionNotOnOrAfter is no time"),
        ({"session_until": stamp(NOW - 99)}, "SessionNotOnOrAfter of saml:AuthnStatement is over"),
        ({"not_before": "x"}, "NotBefore of saml:Conditions is no time"),
        ({"not_before": stamp(NOW + 99)}, "NotBefore of saml:Conditions lies ahead"),
        ({"not_on_or_after": "x"}, "NotOnOrAfter of saml:Conditions is no time"),
        ({"not_on_or_after": stamp(NOW - 99)}, "NotOnOrAfter of saml:Conditions is over"),
        ({"not_on_or_after": None}, "saml:Conditions has no NotOnOrAfter"),
        ({"confirm_until": "x"}, "NotOnOrAfter of saml:SubjectConfirmationData is no time"),
        ({"confirm_until": stamp(NOW - 99)}, "NotOnOrAfter of saml:SubjectConfirmationData is over"),
        ({"confirm_until": None}, "saml:SubjectConfirmationData has no NotOnOrAfter"),
    ],
)
def test_hs27_receipts_name_the_time(changes: dict[str, Any], said: str) -> None:
    """HS-27, HS-32: which of the times it was, so that whoever sets a clock knows what to look at."""
    assert said in refused("saml_time", genuine(**changes)).detail


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"in_response_to": "_x"}, "saml_in_response_to", "InResponseTo of samlp:Response must be"),
        ({"inner_in_response_to": "_x"}, "saml_in_response_to", "InResponseTo of saml:SubjectConfirmationData must be"),
        ({"destination": "https://x.example"}, "saml_destination", "and is https://x.example; "),
        ({"recipient": "https://x.example"}, "saml_destination", "and is https://x.example; "),
    ],
)
def test_hs32_receipts_name_the_element(changes: dict[str, Any], reason: str, said: str) -> None:
    """HS-32: which of two elements said it."""
    assert said in refused(reason, genuine(**changes)).detail
