"""OpenID Connect Core 3.1.2.1, 5.5, 6: what OpenID Connect adds to an authorization request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from broker.domain.assurance import MFA, PHISHING_RESISTANT, SFA
from broker.domain.factor import Method, Proof
from broker.domain.request import AuthorizationRequest
from broker.jose.keys import generate
from broker.jose.sign import sign
from broker.provider.request import RequestRefused, read_request
from tests.protocol.stage import CALLBACK, Stage, sent_to


def read(stage: Stage, **params: str) -> AuthorizationRequest:
    """Our reader on a right request but for what is given."""
    plain = {"client_id": "payroll", "redirect_uri": CALLBACK["payroll"], "response_type": "code", "scope": "openid"}
    pairs = list({**plain, **params}.items())
    return read_request(pairs, applications=stage.broker.access.applications.view, hint=stage.broker.oauth.grants.hint)


def refusal(stage: Stage, **params: str) -> tuple[str, str]:
    """Error and reason."""
    with pytest.raises(RequestRefused) as refused:
        read(stage, **params)
    return refused.value.error, refused.value.reason


@pytest.mark.parametrize(
    "value", ["none login", "login none", "none none consent", "create", "LOGIN", "none,login", "login\tconsent"]
)
def test_prompt_that_is_wrong(calm: Stage, value: str):
    """AZ-12, HP-16: none stands alone; an unknown value is an error."""
    with calm.unchanged():
        assert sent_to(calm.authorize(prompt=value))[1]["error"] == "invalid_request"


def test_prompt(calm: Stage):
    """HP-46: one or several, each once."""
    assert read(calm, prompt="login consent login").prompt == ("login", "consent")
    assert read(calm).prompt == ()


@pytest.mark.parametrize("value", ["abc", "-1", "1e9", "1.5", "+1", " 1", "0x10", "١", "1" * 10, "9999999999999999999999"])
def test_max_age_that_is_wrong(calm: Stage, value: str):
    """AZ-12, HP-11, HP-16: plain decimal digits in range."""
    with calm.unchanged():
        assert sent_to(calm.authorize(max_age=value))[1]["error"] == "invalid_request"


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("007", 7), ("999999999", 999_999_999)])
def test_max_age(calm: Stage, value: str, seconds: int):
    """HP-46: seconds."""
    assert read(calm, max_age=value).max_age == seconds


@pytest.mark.parametrize("value", ["eyJhbGciOiJub25lIn0.e30.", "x", "eyJhbGciOiJSUzI1NiJ9.eyJjbGllbnRfaWQiOiJ0cmF2ZWwifQ.x"])
def test_request_object(calm: Stage, value: str):
    """AZ-09, HP-14: of any kind."""
    with calm.unchanged():
        assert sent_to(calm.authorize(request=value))[1]["error"] == "request_not_supported"


@pytest.mark.parametrize(
    "value", ["http://169.254.169.254/", "https://payroll.contoso.example/r", "urn:ietf:params:oauth:other:x"]
)
def test_request_uri(calm: Stage, value: str):
    """AZ-10, HP-14: refused; the test's sockets would show a packet."""
    with calm.unchanged():
        assert sent_to(calm.authorize(request_uri=value))[1]["error"] == "request_uri_not_supported"


def test_hints_and_locales(calm: Stage):
    """HP-48: taken without error; what means nothing is dropped."""
    request = read(
        calm, login_hint="ada@fabrikam.example", domain_hint="fabrikam.example", ui_locales="nl-BE x! en", claims_locales="nl"
    )
    assert request.login_hint == "ada@fabrikam.example"
    assert request.domain_hint == "fabrikam.example"
    assert request.ui_locales == ("nl-BE", "en")
    long = read(calm, login_hint="x" * 321, domain_hint="x" * 254, ui_locales=" ".join(["en"] * 40))
    assert (long.login_hint, long.domain_hint) == (None, None)
    assert len(long.ui_locales) == 10


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (SFA, (SFA,)),
        (f"{MFA} {PHISHING_RESISTANT}", (MFA, PHISHING_RESISTANT)),
        ("urn:other", ()),
        (f"urn:other {MFA}", (MFA,)),
    ],
)
def test_acr_values(calm: Stage, value: str, known: tuple[str, ...]):
    """HP-62: the three values; others are wishes that nobody meets."""
    request = read(calm, acr_values=value)
    assert request.acr_values == known
    assert not request.acr_essential


# --- the claims parameter


def claims(value: Any) -> str:
    """As JSON text."""
    return json.dumps(value)


def test_claims(calm: Stage):
    """AZ-08, HP-19: known names and those of the application's file; null members are legal, columns cannot be named."""
    asked = {
        "id_token": {"email": None, "auth_time": {"essential": True}, "person_id": None, "profile_json": None},
        "userinfo": {"department": {"essential": True}, "name": {"value": "x"}, "sid": None, "iss": None, "unknown": 7},
        "other": {"x": 1},
    }
    assert read(calm, claims=claims(asked)).claims == {
        "id_token": {"email": None},
        "userinfo": {"department": None, "name": None},
    }
    assert read(calm, claims='{"id_token": null, "userinfo": {}}').claims == {}
    assert read(calm, claims="{}").claims == {}


@pytest.mark.parametrize(
    "value",
    [
        "[]",
        "null",
        "7",
        "{",
        "x",
        '{"id_token": []}',
        '{"userinfo": "email"}',
        '{"userinfo": {"email": true}}',
        '{"userinfo": {"email": []}}',
        '{"id_token": {"acr": {"essential": "yes", "value": "phr"}}}',
        '{"id_token": {"acr": {"values": "phr"}}}',
        '{"id_token": {"acr": {"value": 7}}}',
        '{"id_token": {"sub": {"value": 7}}}',
        '{"id_token": {"sub": {"values": [null]}}}',
        '{"id_token": {}, "id_token": {}}',
        '{"a":' * 9 + "1" + "}" * 9,
        "[" * 2000 + "]" * 2000,
        '{"userinfo": {"x": NaN}}',
        '{"userinfo": {"x": 1e999}}',
        '{"userinfo": {"x": "\\u0000"}}',
        '{"userinfo": {"x": "\\ud800"}}',
        '{"userinfo": {"x": ' + "9" * 400 + "}}",
    ],
)
def test_claims_that_are_wrong(calm: Stage, value: str):
    """AZ-08, RX-04, HP-10, HP-11: bad JSON, wrong types, too deep: invalid_request, never 5xx."""
    with calm.unchanged():
        assert sent_to(calm.authorize(claims=value))[1]["error"] == "invalid_request"


def test_deep_claims_over_http(calm: Stage):
    """AZ-08: 20 000 levels are over the cap of all requests."""
    assert calm.authorize(claims="[" * 20_000).status_code == 414


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ({"id_token": {"sub": {"value": "a"}}}, ("a",)),
        ({"userinfo": {"sub": {"values": ["a", "b"]}}}, ("a", "b")),
        ({"id_token": {"sub": {"value": "b"}}, "userinfo": {"sub": {"values": ["a", "b"]}}}, ("b",)),
        ({"id_token": {"sub": None}}, ()),
        ({"id_token": {"sub": {"essential": True}}}, ()),
    ],
)
def test_requested_subject(calm: Stage, asked: dict[str, Any], subjects: tuple[str, ...]):
    """HP-20: both forms."""
    assert read(calm, claims=claims(asked)).requested_subject == subjects


def test_requested_subjects_that_exclude_each_other(calm: Stage):
    """HP-20: nobody can be both: login_required."""
    asked = {"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}}
    assert refusal(calm, claims=claims(asked)) == ("login_required", "subject_impossible")


def test_acr_as_a_claim(calm: Stage):
    """HP-62, Core 5.5.1.1: essential or not; an essential one that does not exist here cannot be met."""
    essential = read(
        calm, claims=claims({"id_token": {"acr": {"essential": True, "values": [MFA, "urn:other"]}}}), acr_values=SFA
    )
    assert (essential.acr_values, essential.acr_essential) == ((MFA,), True)
    voluntary = read(calm, claims=claims({"id_token": {"acr": {"value": MFA}}}))
    assert (voluntary.acr_values, voluntary.acr_essential) == ((MFA,), False)
    assert not read(calm, claims=claims({"id_token": {"acr": {"essential": True}}})).acr_essential
    unmet = {"id_token": {"acr": {"essential": True, "value": "urn:other"}}}
    assert refusal(calm, claims=claims(unmet)) == ("unmet_authentication_requirements", "acr_unknown")


# --- id_token_hint


def test_hint(calm: Stage):
    """HP-15: an ID token of ours for this application, also an expired one."""
    who = calm.person()
    body = calm.tokens(who)
    calm.clock.advance(3600)
    request = read(calm, id_token_hint=body["id_token"])
    assert request.hint_subject == calm.claims(body["id_token"])["sub"]


@pytest.mark.parametrize(
    "kind", ["none", "foreign key", "foreign issuer", "other audience", "list", "no sid", "other typ", "future", "garbage"]
)
def test_hint_that_proves_nothing(calm: Stage, kind: str):
    """AZ-14, HP-15, HT-5: alg none, another key, issuer, audience, type of token."""
    said = calm.claims(calm.tokens()["id_token"])
    ours = calm.broker.keys.ring().signing("RS256", calm.clock())
    token = {
        "none": lambda: "eyJhbGciOiJub25lIn0." + sign(ours, said).split(".")[1] + ".",
        "foreign key": lambda: sign(generate("ES256"), said),
        "foreign issuer": lambda: sign(ours, {**said, "iss": "https://evil.example"}),
        "other audience": lambda: sign(ours, {**said, "aud": "travel"}),
        "list": lambda: sign(ours, {**said, "aud": ["payroll"]}),
        "no sid": lambda: sign(ours, {n: v for n, v in said.items() if n != "sid"}),
        "other typ": lambda: sign(ours, said, typ="logout+jwt"),
        "future": lambda: sign(ours, {**said, "iat": calm.clock() + 1000}),
        "garbage": lambda: "x.y.z",
    }[kind]()
    with calm.unchanged():
        assert sent_to(calm.authorize(id_token_hint=token))[1]["error"] == "invalid_request"


# --- prompt=none, through the dispatcher


def test_silent_without_session(calm: Stage):
    """AZ-11, HP-47: login_required, no page."""
    assert calm.silent()[1]["error"] == "login_required"


def test_silent_with_session(calm: Stage):
    """HP-46: a code, no page."""
    assert set(calm.silent(calm.person())[1]) == {"code", "iss", "state"}


def test_silent_without_consent(calm: Stage):
    """AZ-11, AZ-16, HP-61, HP-47: none yet, and for a larger scope than was agreed to: consent_required."""
    assert calm.silent(calm.person(scopes=""))[1]["error"] == "consent_required"
    who = calm.person(scopes="openid")
    assert "code" in calm.silent(who)[1]
    assert calm.silent(who, scope="openid email")[1]["error"] == "consent_required"


def test_silent_for_somebody_else(calm: Stage):
    """AZ-14, HP-15, HP-20: a hint or a requested sub of another guest: login_required."""
    ada, bo = calm.person(), calm.person()
    hint = calm.tokens(ada)["id_token"]
    subject = calm.claims(hint)["sub"]
    assert "code" in calm.silent(ada, id_token_hint=hint)[1]
    assert calm.silent(bo, id_token_hint=hint)[1]["error"] == "login_required"
    assert "code" in calm.silent(ada, claims=claims({"id_token": {"sub": {"value": subject}}}))[1]
    assert calm.silent(bo, claims=claims({"userinfo": {"sub": {"values": [subject]}}}))[1]["error"] == "login_required"


def test_silent_with_max_age(stage: Stage):
    """AZ-13, HP-17, HP-47: too long ago: login_required."""
    who = stage.person()
    stage.clock.advance(100)
    assert "code" in stage.silent(who, max_age="100")[1]
    assert stage.silent(who, max_age="99")[1]["error"] == "login_required"
    assert stage.silent(who, max_age="0")[1]["error"] == "login_required"


def test_silent_with_an_essential_acr(calm: Stage):
    """AZ-11, HP-62: what was not proven is not said."""
    wanted = claims({"id_token": {"acr": {"essential": True, "value": MFA}}})
    assert calm.silent(calm.person(), claims=wanted)[1]["error"] == "interaction_required"  # MF-05
    person = calm.person().person
    key = Proof(method=Method.PASSKEY, at=calm.clock(), by="key", person=person.id, verified=True)
    strong = calm.sign_in(person, acr=PHISHING_RESISTANT, proofs=(key,))
    assert "code" in calm.silent(strong, claims=wanted)[1]
