"""From wire names and values to broker claims, and the judgement of the address (HO-14, HS-29, AL-02)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.connectors.mapping import (
    ABSENT,
    DEFAULTS,
    SHORT_NAMES,
    Wire,
    arrived,
    claims_map,
    email_counts_as_verified,
    find,
    map_values,
    shape,
    wire_names,
)
from broker.domain.claims import PROTOCOL
from broker.domain.errors import PartnerUntrusted
from tests.connectors.provider import canonical

ANN = "ann@fabrikam.example"


def test_short_names_and_literal_names():
    """The literal name goes first, then what the table knows it as, for each protocol its own."""
    assert wire_names("mail", Wire.OIDC) == ("mail", "email")
    assert wire_names("mail", Wire.SAML)[:2] == ("mail", "urn:oid:0.9.2342.19200300.100.1.3")
    assert wire_names("https://example.org/claims/unit", Wire.SAML) == ("https://example.org/claims/unit",)
    assert find({"email": ANN}, "mail", Wire.OIDC) == ANN
    assert find({"mail": None, "email": ANN}, "mail", Wire.OIDC) == ANN
    assert find({}, "mail", Wire.OIDC) is ABSENT


def test_the_table_is_well_formed():
    """Each line names at least one place on a wire, and none twice."""
    for oidc, saml in SHORT_NAMES.values():
        assert oidc or saml
        assert len(set(oidc)) == len(oidc)
        assert len(set(saml)) == len(saml)


def test_protocol_names_are_never_broker_claims():
    """HP-40: a mapped claim with such a name is left out; the defaults have none. Whether an address is verified is ours to judge."""
    assert not PROTOCOL & claims_map({"sub": "x", "acr": "y", "groups": "g"}).keys()
    assert [name for name in DEFAULTS if name.endswith("_verified")] == ["phone_number_verified"]


def test_saml_and_oidc_meet_in_one_record():
    """The values of SAML attributes are lists of texts; the same table reads them."""
    values = {"urn:oid:0.9.2342.19200300.100.1.3": ["Ann@Fabrikam.example"], "displayName": ["Ann"], "memberOf": ["a", "b"]}
    mapped = map_values({"email": "mail", "name": "displayName", "groups": "memberOf"}, values, Wire.SAML, canonical)
    assert (mapped.email, mapped.name, mapped.claims) == (ANN, "Ann", {"groups": ["a", "b"]})


def test_an_address_that_is_none_is_left_out():
    """The house rule for addresses decides."""
    assert map_values({}, {"email": "not an address"}, Wire.OIDC, canonical).email is None


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        ("name", "Ann", "Ann"),
        ("name", 7, None),
        ("name", ["Ann"], "Ann"),
        ("name", [], None),
        ("name", "x" * 3000, "x" * 256),
        ("nickname", "a\r\nb\u2028c\x1b[31m\u202ed  e", "a b c [31m d e"),
        ("name", " \n\t\u200b ", None),
        ("given_name", "x" * 255 + " y", "x" * 255),
        ("picture", "x" * 3000, None),
        ("name", "a\x00b", None),
        ("name", "a\ud800", None),
        ("groups", "staff", ["staff"]),
        ("groups", ["a", 1, None, "b"], ["a", "b"]),
        ("groups", {"a": 1}, None),
        ("groups", ["g"] * 2000, ["g"] * 1000),
        ("address", {"country": "NL", "n": 7}, {"country": "NL"}),
        ("address", "NL", None),
        ("phone_number_verified", True, True),
        ("phone_number_verified", False, False),
        ("phone_number_verified", "true", None),
        ("phone_number_verified", 1, None),
        ("custom", True, True),
        ("custom", 7, 7),
        ("custom", 2**60, None),
        ("custom", 1.5, 1.5),
        ("custom", math.inf, None),
        ("custom", math.nan, None),
        ("custom", ["a", ["b"]], ["a"]),
        ("custom", [1], None),
        ("custom", {"a": {"b": "c"}}, None),
        ("custom", ABSENT, None),
        ("custom", None, None),
    ],
    ids=repr,
)
def test_each_claim_has_its_type(claim: str, value: Any, expected: Any):
    """PO-05: a value of another type is left out, never bent."""
    assert shape(claim, value) == expected


def test_a_boolean_of_the_partner_passes_by_default():
    """Core 5.1: what a partner says of its own number; not of a number that the file reads from elsewhere."""
    said = {"phone_number": "+31 20 555 0100", "phone_number_verified": True, "mobile": "+31 6 5550 0100"}
    assert map_values({}, said, Wire.OIDC, canonical).claims == {
        "phone_number": said["phone_number"],
        "phone_number_verified": True,
    }
    mobile = map_values({"phone_number": "mobile"}, said, Wire.OIDC, canonical).claims
    assert mobile == {"phone_number": "+31 6 5550 0100"}


def test_two_values_where_one_is_due():
    """HS-29: claim_ambiguous; the detail names the claim and no value."""
    with pytest.raises(PartnerUntrusted) as refusal:
        shape("email", [ANN, "victim@contoso.example"])
    assert refusal.value.reason == "claim_ambiguous"
    assert "@" not in refusal.value.detail


@pytest.mark.parametrize(
    ("trusted", "domains", "email", "said", "counts"),
    [
        (True, ["fabrikam.example"], ANN, [], True),
        (True, ["fabrikam.example"], ANN, [True], True),
        (True, ["fabrikam.example"], ANN, [True, True], True),
        (True, ["fabrikam.example"], ANN, [True, False], False),
        (True, ["fabrikam.example"], ANN, [False], False),
        (True, ["fabrikam.example"], ANN, ["true"], False),
        (True, ["fabrikam.example"], ANN, [None], False),
        (True, ["fabrikam.example"], ANN, [1], False),
        (True, ["contoso.example"], ANN, [True], False),
        (True, [".fabrikam.example"], ANN, [True], False),
        (True, [], ANN, [True], False),
        (True, ["fabrikam.example"], "ann@evil-fabrikam.example", [True], False),
        (True, ["fabrikam.example"], "ann@sub.fabrikam.example", [True], False),
        (True, ["fabrikam.example"], None, [True], False),
        (False, ["fabrikam.example"], ANN, [True], False),
        (False, ["fabrikam.example"], ANN, [], False),
    ],
)
def test_al_02_when_an_address_counts(trusted: bool, domains: list[str], email: str | None, said: list[Any], counts: bool):
    """AL-02, HO-14: only with trust.email, inside domains, and said true or nothing."""
    assert email_counts_as_verified(trusted=trusted, domains=domains, email=email, said=said) is counts


def test_names_that_arrived():
    """Receipts and doctor see names: printable, of bounded number, never values."""
    found = arrived({"email": ANN, "x" * 200: 1, "a\nb": 1, "ä": 1}, {"name": "Ann", "email": ANN})
    assert found == ("email", "name")
    assert len(arrived({f"n{i}": 1 for i in range(1000)})) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CLAIMS = st.dictionaries(st.sampled_from([*DEFAULTS, "groups", "roles", "mail", "memberOf", "x"]), JSON, max_size=8)


@given(CLAIMS, st.sampled_from(Wire))
def test_any_values_map_or_are_ambiguous(values: dict[str, Any], wire: Wire):
    """Hypothesis: whatever comes, the result can be stored, or the one refusal is raised."""
    try:
        mapped = map_values({"groups": "memberOf", "roles": "roles", "y": "x"}, values, wire, canonical)
    except PartnerUntrusted:  # claim_ambiguous, judged above
        return
    for value in (mapped.name, mapped.email, *mapped.claims.values()):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                assert "\x00" not in text
                text.encode("utf-8")
