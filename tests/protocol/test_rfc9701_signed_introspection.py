"""RFC 9701: an introspection response that its caller can keep as evidence (TK-20)."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys
from broker.jose.verify import verify
from tests.protocol.stage import ISSUER, Stage, oauth_error

TYP = "token-introspection+jwt"
JWT = f"application/{TYP}"


def ask(stage: Stage, token: str, caller: str | None = "payroll", accept: str = JWT) -> TestResponse:
    """A request for the state of a token."""
    return stage.post("/introspect", {"token": token}, caller, headers={"Accept": accept})


def read(stage: Stage, answer: TestResponse) -> dict[str, Any]:
    """As the caller reads it, by the JWKS."""
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, JWT, "no-store")
    return dict(verify(answer.text, public_keys(stage.get("/jwks").get_json()), OUR_ALGORITHMS, typ=(TYP,)).claims)


@pytest.mark.parametrize("caller", ["payroll", "travel"])
def test_claims(calm: Stage, caller: str):
    """RFC 9701 5: iss, aud (the caller), iat, and in token_introspection what RFC 7662 says; no sub and exp beside it (8.1)."""
    token = calm.tokens()["access_token"]
    plain = calm.post("/introspect", {"token": token}, caller).get_json()
    said = read(calm, ask(calm, token, caller))
    assert said == {"iss": ISSUER, "aud": caller, "iat": calm.clock(), "token_introspection": plain}
    assert plain["active"] is True


def test_not_active(calm: Stage):
    """RFC 9701 5, UI-05: for everybody else, and for every other text, exactly {"active": false} - signed, too."""
    of_travel = calm.tokens(calm.person(application="travel"), "travel")["access_token"]
    for token in ("x", of_travel):
        assert read(calm, ask(calm, token))["token_introspection"] == {"active": False}


@pytest.mark.parametrize(
    ("accept", "signed"),
    [(JWT, True), (f"{JWT}, application/json;q=0.5", True), (f"application/json, {JWT};q=0.5", False), ("*/*", False),
     ("application/json", False), ("text/html", False), ("application/jwt", False), ("", False), (";;;", False)],
)  # fmt: skip
def test_accept(calm: Stage, accept: str, signed: bool):
    """RFC 9701 4: the caller asks for it by the media type; every other request gets JSON, as before."""
    answer = ask(calm, "x", accept=accept)
    assert (answer.status_code, answer.mimetype) == (200, JWT if signed else "application/json")


def test_caller_is_authenticated(calm: Stage):
    """HP-38, RFC 9701 4: errors are JSON; a public or unknown caller learns nothing."""
    assert oauth_error(ask(calm, "x", None)) == (401, "invalid_client")
    assert ask(calm, "x", None).mimetype == "application/json"


def test_it_passes_as_nothing_else(calm: Stage):
    """RFC 9701 8.1, HT-5: no hint, no access token."""
    signed = ask(calm, calm.tokens()["access_token"]).text
    with pytest.raises(JoseError):
        calm.broker.oauth.grants.hint(signed)
    assert oauth_error(calm.userinfo(signed)) == (401, "invalid_token")


@pytest.mark.parametrize(("client_id", "alg"), [("payroll", "RS256"), ("travel", "ES256")])
def test_algorithm(calm: Stage, client_id: str, alg: str):
    """RFC 9701 6: the caller's algorithm is that of its ID tokens; discovery lists those that exist."""
    answer = ask(calm, "x", client_id)
    keys = public_keys(calm.get("/jwks").get_json())
    assert verify(answer.text, keys, [alg], typ=(TYP,)).alg == alg
    listed = calm.get("/.well-known/openid-configuration").get_json()["introspection_signing_alg_values_supported"]
    assert alg in listed
