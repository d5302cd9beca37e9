"""The subject of a response: the NameID with its qualifiers, or one attribute (HS-28)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.connectors.saml.idp import IDP, PERSISTENT, SP, attribute, genuine, show
from tests.connectors.saml.test_response_record import (
    EMAIL_ADDRESS,
    PAIRWISE,
    SUBJECT_ID,
    TARGETED,
    UNSPECIFIED,
    name_id,
    refused,
)


def subject(**changes: Any) -> list[str]:
    """The parts of the record's subject."""
    view = changes.pop("view", {})
    parts = json.loads(show(genuine(**changes), view=view).assertion.subject)
    assert isinstance(parts, list)
    return parts


def test_hs28_name_id_counts_with_its_qualifiers() -> None:
    """HS-28: (Format, NameQualifier, SPNameQualifier, value); what a persistent one leaves out is the context's."""
    assert subject() == [PERSISTENT, IDP, SP, "x7f-quirk"]
    whole = name_id("x7f-quirk", Format=PERSISTENT, NameQualifier=IDP, SPNameQualifier=SP)
    assert subject(name_id=whole) == subject()  # core 8.3.7: the same identifier
    foreign = name_id("x7f-quirk", Format=PERSISTENT, NameQualifier="https://other.example", SPNameQualifier=SP)
    assert subject(name_id=foreign) != subject()
    assert subject(name_id=name_id("x7f-quirk", Format=PERSISTENT, SPNameQualifier="https://affiliation.example")) != subject()
    assert subject(name_id=name_id("a@b", Format=EMAIL_ADDRESS)) == [EMAIL_ADDRESS, "", "", "a@b"]
    assert subject(name_id=name_id("a@b")) == subject(name_id=name_id("a@b", Format=UNSPECIFIED)) == [UNSPECIFIED, "", "", "a@b"]
    assert subject(name_id=name_id("a@b", SPProvidedID="other")) == [UNSPECIFIED, "", "", "a@b"]


@pytest.mark.parametrize("value", ["ÄÖ\u00ad", "A", "a", "x y", 'q"', "a,b", "𝔸", "&lt;b&gt;", "&#x200B;z"])
def test_hs28_bytes_are_kept(value: str) -> None:
    """HS-28: no folding, no normalizing: the value is the value."""
    expected = value.replace("&lt;", "<").replace("&gt;", ">").replace("&#x200B;", "\u200b")
    assert subject(name_id=name_id(value))[3] == expected


def test_hs28_one_spelling() -> None:
    """HS-28: the text by which an account is found again is spelled in one way for good, letters of every script as they are."""
    written = show(genuine(name_id=name_id('Ä"x', Format=EMAIL_ADDRESS))).assertion.subject
    assert written == f'["{EMAIL_ADDRESS}","","","Ä\\"x"]'


def test_hs28_receipt_names_the_element() -> None:
    """HS-28, HS-32: which element or attribute holds no proper text."""
    assert "the value of saml:NameID must be text" in refused("saml_nameid", name_id=name_id(" x")).detail
    detail = refused("saml_attribute", {"subject": "uid"}, extra=attribute("uid", " x")).detail
    assert "the value of uid must be text" in detail


def test_hs28_injective() -> None:
    """HS-28: no value of one source can be written by another."""
    texts = [
        subject(),
        subject(view={"subject": "mail"}),
        subject(view={"subject": PAIRWISE}, extra=attribute(PAIRWISE, "x7f-quirk@fabrikam.example")),
        subject(view={"subject": "uid"}, extra=attribute("uid", "x7f-quirk")),
        subject(view={"subject": "cn"}, extra=attribute("cn", "x7f-quirk")),
        subject(
            view={"subject": "eduPersonTargetedID"},
            extra=attribute(TARGETED, name_id("x7f-quirk", Format=PERSISTENT), type_=None),
        ),
        subject(view={"subject": "eduPersonTargetedID"}, extra=attribute(TARGETED, "x7f-quirk")),
        subject(name_id=name_id("x7f-quirk")),
        subject(name_id=name_id('",""', NameQualifier="x")),
    ]
    assert len({json.dumps(text) for text in texts}) == len(texts)


def test_hs28_attribute_as_subject() -> None:
    """HS-28: one attribute with exactly one value, by Name or by a short name, which name the same account."""
    value = attribute(PAIRWISE, "7XKQ=2@fabrikam.example")
    assert subject(view={"subject": "pairwise-id"}, extra=value) == [PAIRWISE, "7XKQ=2@fabrikam.example"]
    assert subject(view={"subject": PAIRWISE}, extra=value) == subject(view={"subject": "pairwise-id"}, extra=value)
    assert subject(view={"subject": "subject-id"}, extra=attribute(SUBJECT_ID, "ada@fabrikam.example"))[0] == SUBJECT_ID
    assert subject(view={"subject": "urn:own:key"}, extra=attribute("urn:own:key", "k1", type_=None)) == ["urn:own:key", "k1"]
    targeted = attribute(TARGETED, name_id("t-1", Format=PERSISTENT, NameQualifier=IDP, SPNameQualifier=SP), type_=None)
    assert subject(view={"subject": "eduPersonTargetedID"}, extra=targeted) == [TARGETED, PERSISTENT, IDP, SP, "t-1"]


def test_hs28_attribute_refused() -> None:
    """HS-28: none, several, empty, spaced, transient: refused, never guessed."""
    view = {"subject": "pairwise-id"}
    assert "release" in refused("saml_attribute", view).detail
    refused("saml_attribute", view, extra=attribute(PAIRWISE))
    refused("claim_ambiguous", view, extra=attribute(PAIRWISE, "a@fabrikam.example", "b@fabrikam.example"))
    both = attribute("urn:oid:0.9.2342.19200300.100.1.1", "a") + attribute("uid", "b")
    refused("claim_ambiguous", {"subject": "uid"}, extra=both)
    for bad in (
        "",
        " a@fabrikam.example",
        "a@fabrikam.example ",
        "a",
        "a b@fabrikam.example",
        "@fabrikam.example",
        "a@",
        "a@b@fabrikam.example",
        "-a@fabrikam.example",
        "ä@fabrikam.example",
        f"{'x' * 128}@fabrikam.example",
    ):
        refused("saml_attribute", view, extra=attribute(PAIRWISE, bad))
    for scoped in (" a@fabrikam.example", "a b@fabrikam.example", "a@b@fabrikam.example"):
        refused("saml_attribute", {"subject": "subject-id"}, extra=attribute(SUBJECT_ID, scoped))
    refused("saml_attribute", {"subject": "uid"}, extra=attribute("uid", "x" * 1030))
    refused("saml_attribute", {"subject": "uid"}, extra=attribute("uid", "x" * 2049))
    transient = name_id("t", Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
    refused("saml_nameid_format", {"subject": "eduPersonTargetedID"}, extra=attribute(TARGETED, transient, type_=None))
    for bad in (" t", "", "x" * 1030):
        error = refused("saml_attribute", {"subject": "eduPersonTargetedID"}, extra=attribute(TARGETED, name_id(bad), type_=None))
    assert "longer than 1024" in error.detail
