"""RFC 7523 and the OpenID Foundation's notice of 2025: private_key_jwt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from broker.demo.serving import LoopbackServer
from broker.domain.receipt import Search
from broker.jose.keys import generate
from broker.services.doctor import advice
from broker.services.oauth.client_authentication import WINDOW
from tests.protocol.stage import ISSUER, Stage, oauth_error
from tests.race import race

FORM = {"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://bank.contoso.example/callback"}
KNOWN = (400, "invalid_grant")
UNKNOWN = (401, "invalid_client")


@pytest.fixture(autouse=True)
def _fresh_limit(calm: Stage) -> None:
    """Each test has its own window of attempts."""
    calm.clock.advance(WINDOW)


def ask(stage: Stage, assertion: dict[str, str], **form: str) -> tuple[int, str]:
    """What the token endpoint says to an assertion."""
    return oauth_error(stage.post("/token", {**FORM, **assertion, **form}, None))


def test_whole_exchange(both: Stage):
    """HP-50, HP-58: the client may be named by the assertion alone, or beside it."""
    who = both.person(application="bank")
    _, code = both.grant(who, "bank")
    form = {**FORM, "code": code, "code_verifier": "verifier-" * 6, **both.assertion()}
    assert both.post("/token", form, None).status_code == 200
    assert ask(both, both.assertion(), client_id="bank") == KNOWN


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": f"{ISSUER}/token"},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": "https://other.example"},
        {"aud": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1_800_000_000 + 365 * 86_400},
        {"exp": 1_700_000_000},
        {"exp": -1},
        {"exp": 1e400},
        {"iat": 1_900_000_000},
        {"nbf": 1_900_000_000},
        {"iss": "payroll"},
        {"iss": None},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 256},
        {"jti": 7},
    ],
)
def test_claims_of_an_assertion(calm: Stage, claims: dict[str, Any]):
    """TK-15, HP-58: audience, life, names and jti."""
    if claims.get("exp") == 1e400:
        token = calm.assertion()
        head, _, tail = token["client_assertion"].split(".")
        from broker.jose.encoding import b64url_encode

        payload = b64url_encode(b'{"iss":"bank","sub":"bank","exp":1e400}')
        assert ask(calm, {**token, "client_assertion": f"{head}.{payload}.{tail}"}) == UNKNOWN
        return
    with calm.unchanged():
        assert ask(calm, calm.assertion(**claims)) == UNKNOWN


def test_sub_of_another_application(calm: Stage):
    """TK-15: signed by bank, said to be payroll."""
    assert ask(calm, calm.assertion(sub="payroll", iss="payroll")) == UNKNOWN
    assert ask(calm, calm.assertion(sub="payroll")) == UNKNOWN


def test_wrong_key_and_no_algorithm(calm: Stage):
    """TK-15, HT-1: another key under the same kid; alg none; HS256; a logout token."""
    assert ask(calm, calm.assertion(generate("ES256", "bank-1"))) == UNKNOWN
    assert ask(calm, calm.assertion(generate("ES256", "bank-2"))) == UNKNOWN
    assert ask(calm, calm.assertion(typ="logout+jwt")) == UNKNOWN
    good = calm.assertion()
    _, payload, _ = good["client_assertion"].split(".")
    for head in ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"):
        assert ask(calm, {**good, "client_assertion": f"{head}.{payload}."}) == UNKNOWN


@pytest.mark.parametrize(
    "fields",
    [{"client_assertion": ""}, {"client_assertion_type": ""}, {"client_assertion_type": "urn:x"}, {"client_assertion": "x"}],
)
def test_incomplete_assertion(calm: Stage, fields: dict[str, str]):
    """RFC 7521 4.2: both parts, the right type."""
    assert ask(calm, {**calm.assertion(), **fields}) == UNKNOWN


def test_client_id_beside_it_is_the_same(calm: Stage):
    """HP-25: RFC 7521 4.2."""
    assert ask(calm, calm.assertion(), client_id="payroll") == UNKNOWN
    assert ask(calm, calm.assertion(sub="payroll"), client_id="bank") == UNKNOWN


def test_jti_is_taken_once(both: Stage):
    """TK-15, HP-58, HT-3: of twenty at once one is let in; later none."""
    assertion = both.assertion()
    answers = race(lambda _: ask(both, assertion))
    assert sorted(answers) == [KNOWN] + [UNKNOWN] * 19
    both.clock.advance(WINDOW)
    fresh = both.assertion(jti="once")
    assert ask(both, fresh) == KNOWN
    assert ask(both, fresh) == UNKNOWN


class Sets:
    """A jwks_uri on a loopback address: gives one answer after the other; None is a failure."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __call__(self, _environ: dict[str, Any], start: Any) -> list[bytes]:
        """WSGI."""
        answer = self.answers.pop(0)
        status = "200 OK" if answer is not None else "503 Service Unavailable"
        start(status, [("Content-Type", "application/json"), ("Cache-Control", "max-age=600")])
        return [json.dumps(answer).encode()]


@contextmanager
def jwks_uri(stage: Stage, *answers: Any) -> Iterator[Sets]:
    """The application `bank` publishes its keys."""
    sets, server = Sets(*answers), LoopbackServer("127.0.0.9")
    server.start(sets)
    broker, bank = (stage.home / "config" / name for name in ("broker.yaml", "applications/bank.yaml"))
    broker.write_text(broker.read_text() + "network: {allow_private_addresses: [127.0.0.0/8]}\n")
    lines = [line for line in bank.read_text().splitlines() if not line.startswith("jwks:")]
    stage.write("applications/bank.yaml", "\n".join([*lines, f"jwks_uri: {server.address}/jwks", ""]))
    yield sets
    server.close()


def test_jwks_uri(stage: Stage):
    """RFC 7591 2: fetched once, kept; a new key of the application is found, but not looked for more than once a minute."""
    old, new = stage.bank_key, generate("ES256", "bank-2")
    with jwks_uri(stage, {"keys": [old.public_jwk()]}, {"keys": [new.public_jwk()]}) as sets:
        assert ask(stage, stage.assertion()) == KNOWN
        assert ask(stage, stage.assertion()) == KNOWN
        assert ask(stage, stage.assertion(new)) == UNKNOWN
        stage.clock.advance(61)
        assert ask(stage, stage.assertion(new)) == KNOWN
        assert sets.answers == []


def test_jwks_uri_that_fails(stage: Stage):
    """HT-20: the last good copy serves; without one it is invalid_client."""
    with jwks_uri(stage, None, {"keys": [stage.bank_key.public_jwk()]}, None) as sets:
        assert ask(stage, stage.assertion()) == UNKNOWN
        stage.clock.advance(61)
        assert ask(stage, stage.assertion()) == KNOWN
        stage.clock.advance(601)
        assert ask(stage, stage.assertion()) == KNOWN
        assert sets.answers == []


TOKEN = f"{ISSUER}/token"


@pytest.mark.parametrize(
    ("allowed", "audience", "answer"),
    [
        ("[issuer]", ISSUER, KNOWN),
        ("[issuer]", TOKEN, UNKNOWN),
        ("[issuer, token_endpoint]", ISSUER, KNOWN),
        ("[issuer, token_endpoint]", TOKEN, KNOWN),
        ("[issuer, token_endpoint]", [TOKEN], KNOWN),
        ("[issuer, token_endpoint]", [TOKEN, ISSUER], KNOWN),
        ("[issuer, token_endpoint]", [TOKEN, "https://other.example/token"], UNKNOWN),
        ("[issuer, token_endpoint]", [], UNKNOWN),
        ("[issuer, token_endpoint]", f"{TOKEN}/", UNKNOWN),
        ("[issuer, token_endpoint]", None, UNKNOWN),
        ("[token_endpoint]", TOKEN, KNOWN),
        ("[token_endpoint]", ISSUER, UNKNOWN),
        ("[token_endpoint]", f"{ISSUER}/contoso/oauth2/v2.0/token", KNOWN),  # the same endpoint, for Azure's credentials
        ("[issuer]", f"{ISSUER}/contoso/oauth2/v2.0/token", UNKNOWN),
        ("[token_endpoint]", f"{ISSUER}/a/b/oauth2/v2.0/token", UNKNOWN),
        ("[token_endpoint]", f"{ISSUER}.evil.example/oauth2/v2.0/token", UNKNOWN),
        ("[token_endpoint]", "https://other.example/contoso/oauth2/v2.0/token", UNKNOWN),
    ],
)
def test_the_audience_that_the_file_allows(stage: Stage, allowed: str, audience: Any, answer: tuple[int, str]):
    """RFC 7523bis asks for the issuer; Core 9 names the token endpoint, where the file lets older clients in. Never anybody else's."""
    path = stage.home / "config/applications/bank.yaml"
    stage.write("applications/bank.yaml", path.read_text("utf-8") + f"client_assertion_audience: {allowed}\n")
    assert ask(stage, stage.assertion(aud=audience)) == answer


def test_a_refused_audience_says_what_is_due(stage: Stage):
    """The team of the application reads in the record what to set, and which key lets an older client in."""
    assert ask(stage, stage.assertion(aud=TOKEN)) == UNKNOWN
    (row,) = stage.broker.history.receipts.newest(search=Search(application="bank"))
    said = advice.OF_APPLICATIONS[row.reason]
    assert "our issuer" in said.expected
    assert "client_assertion_audience: [issuer, token_endpoint]" in said.change
