"""Attacks of a provider, part two: mix-up, userinfo, and answers of its endpoints (OU-15 to OU-26)."""

from __future__ import annotations

import gzip
import logging
import time
from typing import Any

import pytest

from broker.domain.errors import PartnerFailed, PartnerUntrusted
from tests.connectors.provider import OMIT, Journey, as_json
from tests.connectors.refusals import refused


def test_ou_15_mix_up(journey: Journey):
    """OU-15, HO-9: iss of another partner, or no iss though it is announced; the code stays here."""
    params = {"code": "c", "iss": "https://partner-b.example"}
    assert refused(journey, PartnerUntrusted, params).reason == "upstream_iss"
    journey.provider.document["authorization_response_iss_parameter_supported"] = True
    assert refused(journey, PartnerUntrusted, {"code": "c"}).reason == "upstream_iss"
    assert journey.provider.requests == []
    assert journey.sign_in({"code": "c", "iss": journey.provider.issuer}).subject


@pytest.mark.parametrize("sub", ["somebody-else", "248289761001 ", 248289761001, None, OMIT])
def test_ou_17_userinfo_of_somebody_else(journey: Journey, sub: object):
    """OU-17, HO-13: sub of userinfo equals the ID token's; a missing one is not equal."""
    journey.provider.claims["name"] = OMIT
    journey.provider.userinfo = {"sub": sub, "name": "Ann"}
    if sub is OMIT:
        del journey.provider.userinfo["sub"]
    assert refused(journey, PartnerUntrusted).reason == "userinfo_sub"


@pytest.mark.parametrize("sub", [OMIT, "", "x" * 10_240, "x" * 256, 7, None, ["a"], "Ä", "a\x00b", "a\nb"])
def test_ou_18_sub(journey: Journey, sub: object):
    """OU-18, HO-7: 1 to 255 ASCII characters."""
    journey.provider.claims["sub"] = sub
    assert refused(journey, PartnerUntrusted).reason in {"idtoken_sub", "idtoken_header"}


def test_ou_18_case_makes_another_identity(journey: Journey):
    """OU-18, HO-14: exact bytes."""
    subjects = []
    for sub in ("AbC", "abc"):
        journey.provider.claims["sub"] = sub
        subjects.append(journey.sign_in().subject)
    assert subjects == ["AbC", "abc"]


@pytest.mark.parametrize("error", ["access_denied", "<script>alert(1)</script>", "", "x" * 5000])
def test_ou_19_upstream_error(journey: Journey, error: str):
    """OU-19, HO-17: none of their text goes anywhere; only a word that a standard names may be shown to staff."""
    params = {"error": error, "error_description": "<script>", "error_uri": "https://evil.example", "code": "c"}
    refusal = refused(journey, PartnerFailed, params)
    assert refusal.reason == "upstream_error"
    assert "script" not in str(refusal)
    assert "evil" not in str(refusal)
    assert len(str(refusal)) < 200
    assert journey.provider.requests == []


def test_ou_19_upstream_error_of_the_token_endpoint(journey: Journey):
    """OU-19, HO-17: the standard's word and our own advice, nothing of theirs."""
    journey.provider.routes["/token"] = lambda _r: as_json({"error": "invalid_client", "error_description": "<b>no</b>"}, 401)
    refusal = refused(journey, PartnerFailed)
    assert refusal.reason == "upstream_error"
    assert "401, invalid_client: client_id" in refusal.detail
    journey.provider.routes["/token"] = lambda _r: as_json({"error": {"<script>": 1}}, 400)
    assert "no standard names" in refused(journey, PartnerFailed).detail


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/token", "https://10.0.0.1/token", "https://[::1]/token", "https://[::ffff:10.0.0.1]/t"],
)
def test_ou_21_internal_addresses(journey: Journey, url: str):
    """OU-21, HO-16: no packet to an address that is not public; http: there is no endpoint at all."""
    journey.provider.document["token_endpoint"] = url
    refusal = refused(journey, PartnerFailed)
    assert refusal.reason == ("discovery_endpoint" if url.startswith("http:") else "url_not_allowed")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_ou_21_redirects(journey: Journey, status: int):
    """OU-21, SM-07: a redirect is not followed."""
    journey.provider.routes["/inside"] = lambda _r: as_json({})
    journey.provider.routes["/token"] = lambda _r: (status, {"Location": f"{journey.provider.issuer}/inside"}, b"")
    assert refused(journey, PartnerFailed).reason == "url_not_allowed"
    assert [r.path for r in journey.provider.requests] == ["/token"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b'{"a":"' + b"x" * 5_000_000 + b'"}'),
        ({"Content-Type": "text/html"}, b"<html><body>please sign in</body></html>"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"0" * 1_000_000)),
        ({"Content-Encoding": "x-unknown"}, b"{}"),
        ({}, b'{"id_token":"\xff\xfe"}'),
        ({}, b"[]"),
        ({}, b""),
        ({}, b'{"id_token":"a","id_token":"b","token_type":"Bearer"}'),
        ({}, b"[" * 100_000),
        ({}, b'{"a":' * 50 + b"1" + b"}" * 50),
    ],
)
def test_ou_22_answers_that_are_none(journey: Journey, headers: dict[str, str], body: bytes, caplog: pytest.LogCaptureFixture):
    """OU-22: too large, HTML, compressed, not UTF-8, not an object, twice the same, deep: upstream_unavailable, nothing logged."""
    journey.provider.routes["/token"] = lambda _r: (200, headers, body)
    caplog.set_level(logging.DEBUG)
    assert refused(journey, PartnerFailed).reason == "upstream_unavailable"
    assert "please sign in" not in caplog.text


def test_ou_22_delay(journey: Journey):
    """OU-22: an answer that comes too late is none, and the deadline is kept."""
    journey.provider.routes["/token"] = journey.provider.never
    started = time.monotonic()
    assert refused(journey, PartnerFailed).reason == "upstream_unavailable"
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("status", [404, 500, 503])
def test_ou_22_error_pages(journey: Journey, status: int):
    """OU-22, HO-17: an error page of the provider."""
    journey.provider.routes["/token"] = lambda _r: (status, {}, b"<h1>sorry</h1>")
    refusal = refused(journey, PartnerFailed)
    assert refusal.reason == "upstream_unavailable"
    assert str(status) in refusal.detail


@pytest.mark.parametrize(
    "answer",
    [
        {"id_token": OMIT},
        {"id_token": None},
        {"id_token": 7},
        {"token_type": "DPoP"},
        {"token_type": OMIT},
        {"token_type": None},
        {"token_type": ["Bearer"]},
    ],
)
def test_ou_23_incomplete_answers(journey: Journey, answer: dict[str, Any]):
    """OU-23: id_token missing, or a token_type that is not Bearer."""
    journey.provider.answer |= answer
    assert refused(journey, PartnerFailed).reason == "upstream_response"


def test_ou_23_token_type_in_any_case(journey: Journey):
    """RFC 6749 5.1: token_type is compared without case."""
    journey.provider.answer["token_type"] = "bearer"
    assert journey.sign_in().subject


@pytest.mark.parametrize("params", [{}, {"state": "s"}, {"code": ""}, {"code": "x" * 10_000}])
def test_ou_23_an_answer_without_code(journey: Journey, params: dict[str, str]):
    """HO-17: neither code nor error is an incomplete answer."""
    assert refused(journey, PartnerFailed, params).reason == "upstream_response"
    assert journey.provider.requests == []


def test_ou_20_ou_26_a_refused_document_ends_the_login(journey: Journey):
    """OU-20, OU-26: the partner is not used, neither half of the login."""
    outbound, query = journey.begin()
    for change, reason in (
        ({"issuer": "https://other.example"}, "discovery_issuer"),
        ({"token_endpoint": "http://login.fabrikam.example/token"}, "discovery_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "discovery_pkce"),
    ):
        honest = dict(journey.provider.document)
        journey.provider.document |= change
        with pytest.raises(PartnerFailed) as begun:
            journey.begin()
        assert begun.value.reason == reason
        assert refused(journey, PartnerFailed).reason == reason
        journey.provider.document = honest
    assert outbound.url.startswith(journey.provider.issuer)
    assert query
