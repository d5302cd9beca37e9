"""Claims of an OpenID provider: what is mapped, merged from userinfo, and believed."""

from __future__ import annotations

import pytest

from broker.domain.errors import PartnerUntrusted
from tests.connectors.provider import NOW, OMIT, Journey


def test_unmapped_claims_are_dropped_and_mapped_ones_typed(journey: Journey):
    """Design: only mapped claims; groups are a list of texts, protocol names never pass (HP-40)."""
    journey.with_partner(claims={"groups": "memberOf", "org_unit": "department", "nonce": "department"})
    journey.provider.claims |= {
        "memberOf": ["staff", 7, "buyers"],
        "department": "Sales",
        "secret_number": "42",
        "given_name": "Ann",
        "phone_number_verified": True,
    }
    claims = journey.sign_in().claims
    named = {"groups": ["staff", "buyers"], "org_unit": "Sales", "given_name": "Ann"}
    assert claims == named | {"phone_number_verified": True}  # a boolean of the standard passes by default


def test_userinfo_fills_what_the_id_token_lacks(journey: Journey):
    """HO-13: userinfo adds claims; the signed token goes first, and no protocol claim is replaced."""
    journey.provider.claims |= {"email": OMIT, "acr": "sfa"}
    journey.provider.userinfo = {
        "sub": "248289761001",
        "email": "ann@fabrikam.example",
        "email_verified": True,
        "name": "Somebody Else",
        "acr": "phr",
        "amr": ["hwk"],
        "auth_time": NOW,
        "iss": "https://evil.example",
    }
    assertion = journey.sign_in()
    assert (assertion.email, assertion.email_verified, assertion.name) == ("ann@fabrikam.example", True, "Ann Aitken")
    assert (assertion.acr, assertion.amr, assertion.auth_time) == ("sfa", (), None)
    assert assertion.issuer == journey.provider.issuer
    request = next(r for r in journey.provider.requests if r.path == "/userinfo")
    assert request.headers["authorization"] == "Bearer upstream-access-token"


def test_userinfo_is_not_asked_when_nothing_is_missing(journey: Journey):
    """The ID token has address and name: no further request."""
    journey.sign_in()
    assert [r.path for r in journey.provider.requests] == ["/token"]


def test_a_userinfo_that_cannot_be_had_does_not_end_the_login(journey: Journey):
    """HO-13: userinfo is an extra; errors, HTML and redirects there leave the login as it is."""
    journey.provider.claims |= {"name": OMIT}
    for route in (
        lambda _r: (500, {}, b"oops"),
        lambda _r: (200, {}, b"<html>"),
        lambda _r: (302, {"Location": "http://127.0.0.1/"}, b""),
        lambda _r: (200, {"Content-Type": "application/jwt"}, b"a.b.c"),
    ):
        journey.provider.routes["/userinfo"] = route
        assert journey.sign_in().email == "ann@fabrikam.example"


def test_an_access_token_that_no_header_can_carry_is_not_sent(journey: Journey):
    """No header injection by a provider's access token."""
    journey.provider.claims |= {"name": OMIT, "at_hash": OMIT}
    journey.provider.answer |= {"access_token": "a\r\nX-Injected: 1"}
    assert journey.sign_in().name is None
    assert [r.path for r in journey.provider.requests] == ["/token"]


@pytest.mark.parametrize("verified", [False, "true", "True", 1, None, [True]])
def test_al_02_an_address_counts_only_with_boolean_true_or_silence(journey: Journey, verified: object):
    """AL-02, HO-14: false, a text, a number or null is a no."""
    journey.provider.claims |= {"email_verified": verified}
    assert journey.sign_in().email_verified is False


def test_al_02_without_trust_nothing_counts(journey: Journey):
    """AL-02, HO-14: trust.email is off by default, and then email_verified true does not count either."""
    journey.provider.claims |= {"email_verified": True}
    assert journey.with_partner(trust_email=False).sign_in().email_verified is False


def test_al_02_outside_its_domains_nothing_counts(journey: Journey):
    """AL-02, HO-14: a partner is the authority for its own domains only."""
    journey.provider.claims |= {"email": "victim@contoso.example", "email_verified": True}
    assertion = journey.sign_in()
    assert (assertion.email, assertion.email_verified) == ("victim@contoso.example", False)


def test_al_02_a_no_of_either_source_is_a_no(journey: Journey):
    """HO-14: userinfo cannot turn the ID token's false into true."""
    journey.provider.claims |= {"email": OMIT, "email_verified": False}
    journey.provider.userinfo = {"sub": "248289761001", "email": "ann@fabrikam.example", "email_verified": True}
    assert journey.sign_in().email_verified is False


@pytest.mark.parametrize("amr", ["mfa", {"mfa": True}, [], [["mfa"]], ["mfa", 1], "x" * 100_000, ["mfa"] * 5000, None])
def test_mf_04_amr_of_another_type_is_none(journey: Journey, amr: object):
    """MF-04, HO-15: amr is a list of texts, anything else counts as no MFA."""
    journey.provider.claims |= {"amr": amr if amr != "x" * 100_000 else "x" * 20_000}
    assert journey.sign_in().amr == ()


@pytest.mark.parametrize("acr", [["mfa"], {"value": "mfa"}, 2, "", None, "x" * 5000])
def test_mf_04_acr_of_another_type_is_none(journey: Journey, acr: object):
    """MF-04, HO-15: acr is one text."""
    journey.provider.claims |= {"acr": acr}
    assert journey.sign_in().acr is None


@pytest.mark.parametrize("auth_time", ["1800000000", True, None, -5, [NOW], 0, 0.0, 2**70])
def test_mf_04_auth_time_of_another_type_is_absent(journey: Journey, auth_time: object):
    """HO-15, HP-17, FC-14: auth_time is a number of seconds; all else, and 0, is as if it had not come."""
    journey.provider.claims |= {"auth_time": auth_time}
    assert journey.sign_in().auth_time is None


def test_fb_07_auth_time_with_a_fraction(journey: Journey):
    """FB-07: cut to the second."""
    journey.provider.claims |= {"auth_time": NOW - 10 + 0.9}
    assert journey.sign_in().auth_time == NOW - 10


def test_two_addresses_are_ambiguous(journey: Journey):
    """HS-29 in OIDC: which of two values counts is not for us to choose; a list of one is that one."""
    journey.with_partner(claims={"email": "emails"})
    journey.provider.claims |= {"emails": ["ann@fabrikam.example"]}
    assert journey.sign_in().email == "ann@fabrikam.example"
    journey.provider.claims |= {"emails": ["ann@fabrikam.example", "victim@fabrikam.example"]}
    with pytest.raises(PartnerUntrusted) as refusal:
        journey.sign_in()
    assert refusal.value.reason == "claim_ambiguous"


def test_require_claims_is_type_strict(journey: Journey):
    """HO-7: each claim of require_claims is in the ID token with its value; userinfo cannot supply it."""
    journey.with_partner(require_claims={"hd": "fabrikam.example", "staff": True})
    journey.provider.claims |= {"hd": "fabrikam.example", "staff": True}
    assert journey.sign_in().subject
    journey.provider.userinfo = {"sub": "248289761001", "hd": "fabrikam.example", "staff": True}
    for claims in ({"hd": "evil.example"}, {"hd": OMIT}, {"staff": 1}, {"hd": ["fabrikam.example"]}):
        journey.provider.claims |= {"hd": "fabrikam.example", "staff": True, "name": OMIT} | claims
        with pytest.raises(PartnerUntrusted) as refusal:
            journey.sign_in()
        assert refusal.value.reason == "idtoken_claims"


def test_fb_13_nested_claims(journey: Journey):
    """FB-13: a path of dots, after the exact name; members may hold dots themselves; what is no object ends the path."""
    journey.with_partner(
        claims={"groups": "realm_access.roles", "roles": "resource_access.app.example.roles", "title": "a.b.c", "org_unit": "x.y"}
    )
    journey.provider.claims |= {
        "realm_access": {"roles": ["staff", "buyers"]},
        "resource_access": {"app.example": {"roles": ["viewer"]}},
        "a": "text",
        "a.b": {"c": "  ", "d": 1},
        "x": {"y": "inner"},
        "x.y": "exact",
    }
    claims = journey.sign_in().claims
    assert claims == {"groups": ["staff", "buyers"], "roles": ["viewer"], "org_unit": "exact"}


def test_fb_13_a_path_never_reaches_protocol_claims(journey: Journey):
    """HP-40: what a path finds is a value like any other; it becomes no protocol claim and no proven address."""
    journey.with_partner(claims={"sub": "x.sub", "acr": "x.acr", "email": "x.email"})
    journey.provider.claims |= {"x": {"sub": "evil", "acr": "phr", "email": "Boss@Contoso.example"}, "email_verified": True}
    said = journey.sign_in()
    assert (said.subject, said.acr, said.email, said.email_verified) == ("248289761001", None, "boss@contoso.example", False)


@pytest.mark.parametrize("name", [" ", "\t \u00a0", "\u3000"])
def test_fb_18_a_name_of_spaces_is_no_name(journey: Journey, name: str):
    """FB-18: userinfo may know a better one."""
    journey.provider.claims |= {"name": name}
    assert journey.sign_in().name is None
    journey.provider.userinfo = {"sub": "248289761001", "name": "Ann Aitken"}
    assert journey.sign_in().name == "Ann Aitken"
