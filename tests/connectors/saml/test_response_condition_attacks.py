"""Attacks on a response, part two: issuer, audience, times, destination and confirmation (SR-17 to SR-35)."""

from __future__ import annotations

from typing import Any

import pytest

from broker.connectors.saml.errors import ResponseRefused
from broker.domain.errors import PartnerFailed
from tests.connectors.saml.idp import (
    DS,
    IDP,
    NOW,
    OTHER,
    SP,
    encryption,
    genuine,
    rsa_key,
    show,
    stamp,
)
from tests.connectors.saml.refusals import refused, replaced


def test_sr17_sr18_sr19_issuers() -> None:
    """SR-17, SR-18, SR-19, HS-18: the two Issuers and the login's partner are one, byte for byte; before any key."""
    refused(genuine(inner_issuer=OTHER), "saml_issuer_mismatch", touched=False)  # SR-17 (IdP B signs), SR-18 (A signs)
    refused(genuine(issuer=OTHER), "saml_issuer_mismatch", touched=False)
    refused(genuine(issuer=OTHER, inner_issuer=OTHER), "saml_wrong_idp", touched=False)  # SR-19
    for almost in (f"{IDP}/", f" {IDP}", IDP.upper(), f"{IDP}\n", ""):
        refused(genuine(issuer=almost, inner_issuer=almost), "saml_wrong_idp", touched=False)
    mixed = genuine(key=rsa_key("b"), encrypt=encryption(), inner_issuer=OTHER, signed="assertion")
    refused(mixed, "saml_issuer_mismatch", keys=(rsa_key("b").public_key(),))


@pytest.mark.parametrize(
    "audiences",
    [
        (("https://other.example",),),
        ((SP,), ("https://other.example",)),
        (("https://other.example",), (SP,)),
        ((f"{SP} x",),),
        ((f"{SP}\u00a0",),),
        ((f"{SP}X",),),
        ((SP + "/",),),
        (("",),),
    ],
)
def test_sr20_audience(audiences: tuple[tuple[str, ...], ...]) -> None:
    """SR-20, HS-25: every AudienceRestriction holds our entity id."""
    refused(genuine(audiences=audiences), "saml_audience")


def test_sr20_several_audiences() -> None:
    """SR-20, HS-25: others beside us, and several restrictions with us in each, are fine."""
    assert show(genuine(audiences=(("https://other.example", SP), (SP,)))).assertion.subject


@pytest.mark.parametrize(
    "conditions",
    [
        "",
        "<saml:Conditions/>",
        f'<saml:Conditions NotOnOrAfter="{stamp(NOW + 60)}"/>',
        "<saml:Conditions><saml:OneTimeUse/></saml:Conditions>",
    ],
)
def test_sr21_conditions(conditions: str) -> None:
    """SR-21, HS-25: no Conditions, empty ones, or none with an AudienceRestriction."""
    refused(genuine(conditions=conditions), "saml_audience", "saml_structure", touched=False)


def test_sr22_what_the_replay_table_keeps() -> None:
    """SR-22, HS-27, HS-31: the ID of the signed assertion and the end of its time, ten minutes at most."""
    judged = show(genuine())
    assert (judged.assertion_id, judged.not_on_or_after) == ("_assertion-1", NOW + 300)
    far = stamp(NOW + 86400)
    assert show(genuine(not_on_or_after=far, confirm_until=far)).not_on_or_after == NOW - 3 + 600
    assert show(genuine(not_on_or_after=far)).not_on_or_after == NOW + 300
    assert show(genuine(confirm_until=far, not_on_or_after=stamp(NOW + 9))).not_on_or_after == NOW + 9
    again = genuine(response_id="_response-2")  # the same assertion in a new Response
    assert show(again).assertion_id == "_assertion-1"


def test_sr24_unsolicited() -> None:
    """SR-24, HS-40: a Response without InResponseTo is never read."""
    error = refused(genuine(in_response_to=None, inner_in_response_to=None), "saml_unsolicited")
    assert "HS-40" in error.detail
    refused(genuine(in_response_to=None), "saml_unsolicited")


def test_sr26_in_response_to() -> None:
    """SR-26, HS-23: of the Response and of the signed SubjectConfirmationData, both there and both ours."""
    refused(genuine(in_response_to="_other"), "saml_in_response_to")
    refused(genuine(inner_in_response_to="_other"), "saml_in_response_to")
    refused(genuine(inner_in_response_to=None), "saml_in_response_to")
    refused(genuine(in_response_to="", inner_in_response_to=""), "saml_in_response_to")


def test_sr28_encrypted_and_unsigned() -> None:
    """SR-28, HS-20: encryption with our public key is no signature."""
    refused(genuine(signed="none", encrypt=encryption()), "saml_unsigned")
    with pytest.raises(ResponseRefused, match="saml_unsigned"):
        show(genuine(signed="none", encrypt=encryption()), view={"signed": "assertion"})


@pytest.mark.parametrize(
    "changes",
    [
        {"not_on_or_after": stamp(NOW - 60)},
        {"confirm_until": stamp(NOW - 60)},
        {"not_on_or_after": None},
        {"confirm_until": None},
        {"not_before": stamp(NOW + 61)},
        {"session_until": stamp(NOW - 60)},
        {"authn_instant": stamp(NOW + 61)},
    ],
)
def test_sr30_times(changes: dict[str, Any]) -> None:
    """SR-30, HS-25 to HS-27: over, missing, or not yet begun, beyond 60 seconds."""
    refused(genuine(**changes), "saml_time")


@pytest.mark.parametrize(
    "changes",
    [
        {"not_on_or_after": stamp(NOW - 59)},
        {"confirm_until": stamp(NOW - 59)},
        {"not_before": stamp(NOW + 60)},
        {"not_before": None},
        {"session_until": stamp(NOW - 59)},
        {"authn_instant": stamp(NOW + 60)},
        {"issued": stamp(NOW - 300)},
        {"inner_issued": stamp(NOW + 60)},
        {"inner_issued": "2027-01-15T07:59:57.123456789Z"},
    ],
)
def test_sr30_within_the_skew(changes: dict[str, Any]) -> None:
    """SR-30, HS-27: one second less is fine."""
    assert show(genuine(**changes)).assertion.subject


def test_sr30_not_before_of_a_bearer() -> None:
    """SR-30, HS-26: the receipt names the NotBefore that profiles 4.1.4.2 forbids."""
    error = refused(genuine(confirm_from=stamp(NOW - 30)), "saml_confirmation")
    assert "NotBefore" in error.detail


@pytest.mark.parametrize("seconds", [23 * 3600, -3 * 86400, 61, -301])
@pytest.mark.parametrize("name", ["issued", "inner_issued"])
def test_sr31_issue_instant(name: str, seconds: int) -> None:
    """SR-31, HS-27: IssueInstant of both elements, from 5 minutes ago to 1 minute ahead."""
    refused(genuine(**{name: stamp(NOW + seconds)}), "saml_time")


@pytest.mark.parametrize(
    "name", ["issued", "inner_issued", "not_before", "not_on_or_after", "confirm_until", "authn_instant", "session_until"]
)
@pytest.mark.parametrize(
    "text",
    [
        "2027-01-15T08:00:00",
        "2027-01-15T08:00:00+00:00",
        "2027-01-15T09:00:00+01:00",
        "2027-01-15T08:00:60Z",
        "2027-01-15T08:00:00Zx",
        "2026-12-31T23:59:60Z",
        "2027-01-15T24:00:00Z",
        f"2027-01-15T08:00:00.{'1' * 30}Z",
        "2027-01-15T08:00:00.1234567890Z",
        "2027-01-15T08:00:00.Z",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "-0044-03-15T00:00:00Z",
        "12027-01-15T08:00:00Z",
        "2027-02-30T08:00:00Z",
        "2027-1-15T8:0:0Z",
        " 2027-01-15T08:00:00Z",
        "2027-01-15T08:00:00z",
        "٢٠٢٧-01-15T08:00:00Z",
        "now",
        "",
    ],
)
def test_sr32_odd_times(name: str, text: str) -> None:
    """SR-32, HS-27: no zone, an offset, leap seconds, endless fractions, far years: saml_time, never an error of ours."""
    refused(genuine(**{name: text}), "saml_time")


def test_sr33_destination() -> None:
    """SR-33, HS-24: Destination and Recipient are there and are exactly the ACS of the login's request."""
    acs_of_another = "https://guests.contoso.example/saml/other/acs"
    for wrong in (
        None,
        acs_of_another,
        "",
        "https://evil.example/saml/acs",
        "https://guests.contoso.example/saml/acs/",
        "https://GUESTS.contoso.example/saml/acs",
    ):
        refused(genuine(destination=wrong), "saml_destination")
        refused(genuine(recipient=wrong), "saml_destination")
    own = {"acs_url": acs_of_another}
    assert show(genuine(destination=acs_of_another, recipient=acs_of_another), expected=own).assertion.subject


@pytest.mark.parametrize("method", ["sender-vouches", "holder-of-key", "Bearer"])
def test_sr34_confirmation(method: str) -> None:
    """SR-34, HS-26: bearer only."""
    refused(genuine(method=f"urn:oasis:names:tc:SAML:2.0:cm:{method}"), "saml_confirmation")


def test_sr34_holder_of_key_with_a_key() -> None:
    """SR-34, HS-26: a SubjectConfirmationData with a key in it is holder-of-key, whatever its Method says."""
    old = f' InResponseTo="{genuine().in_response_to}"/></saml:SubjectConfirmation>'
    new = f'><ds:KeyInfo xmlns:ds="{DS}"><ds:KeyName>k</ds:KeyName></ds:KeyInfo></saml:SubjectConfirmationData></saml:SubjectConfirmation>'
    refused(replaced(old, new), "saml_confirmation", touched=False)


RESPONDER = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{}"/></samlp:StatusCode>'


@pytest.mark.parametrize("signed", ["none", "response"])
def test_sr35_plain_error(signed: str) -> None:
    """SR-35, HS-22: an error without assertion is partner_failed, and the receipt has the standard's words alone."""
    status = RESPONDER.format("NoAuthnContext") + "<samlp:StatusMessage>secret words</samlp:StatusMessage>"
    error = refused(genuine(status=status, has_assertion=False, signed=signed), "saml_status")
    assert isinstance(error, PartnerFailed)
    assert error.detail == "HS-22: the partner answers Responder / NoAuthnContext"
    error = refused(genuine(status=RESPONDER.format("x&lt;b&gt;"), has_assertion=False, signed=signed), "saml_status")
    assert error.detail.endswith("Responder / a status that no standard names")


def test_sr35_plain_error_is_judged_too() -> None:
    """SR-35: an error's issuer, InResponseTo, Destination and signature count as well."""
    error = genuine(status=RESPONDER.format("AuthnFailed"), has_assertion=False, signed="response", key=rsa_key("b"))
    refused(error, "saml_signature")
    plain: dict[str, Any] = {"status": RESPONDER.format("AuthnFailed"), "has_assertion": False, "signed": "none"}
    refused(genuine(issuer=OTHER, **plain), "saml_wrong_idp")
    refused(genuine(in_response_to="_other", **plain), "saml_in_response_to")
    refused(genuine(destination="https://other.example", **plain), "saml_destination")


def test_sr35_status_and_assertion_disagree() -> None:
    """SR-35, HS-22: an assertion under an error; Success without one; no Status at all."""
    untrusted = refused(genuine(status=RESPONDER.format("AuthnFailed")), "saml_status")
    assert isinstance(untrusted, ResponseRefused)
    refused(genuine(status=RESPONDER.format("AuthnFailed"), encrypt=encryption()), "saml_status")
    refused(genuine(has_assertion=False, signed="none"), "saml_structure")
    refused(genuine(status=""), "saml_structure", touched=False)
    refused(replaced(f"<samlp:Status>{genuine().status}</samlp:Status>", ""), "saml_structure", touched=False)
