"""RFC 9449 5: refresh tokens and codes that are bound to a key."""

from __future__ import annotations

from tests.protocol.dpop_client import DpopClient
from tests.protocol.stage import CALLBACK, CHALLENGE, Stage, oauth_error, sent_to
from tests.protocol.test_rfc9449_dpop import client, tokens

__all__ = ["client"]  # the fixture


def test_a_bound_code(calm: Stage):
    """10: dpop_jkt of the authorization request: only a proof by that key redeems the code; a wrong one burns it."""
    client, thief = DpopClient(calm), DpopClient(calm)
    for other in (None, thief):
        _, code = calm.grant(dpop_jkt=client.jkt)
        answer = calm.exchange(code) if other is None else other.exchange(code)
        assert oauth_error(answer) == (400, "invalid_grant")
        assert oauth_error(client.exchange(code)) == (400, "invalid_grant")
    assert client.exchange(calm.grant(dpop_jkt=client.jkt)[1]).status_code == 200
    assert calm.authorize(dpop_jkt=client.jkt).headers["Location"].startswith("/signin/")
    for bad in ("x", "A" * 44, "A" * 42 + "="):
        assert sent_to(calm.authorize(dpop_jkt=bad))[1]["error"] == "invalid_request"


def test_a_pushed_request_binds_the_code(both: Stage):
    """10.1: the proof of the push is the dpop_jkt; one that contradicts it is refused; the proof is used up."""
    client = DpopClient(both)
    request = {
        "redirect_uri": CALLBACK["payroll"], "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    assert client.post("/par", request).status_code == 201
    assert client.post("/par", {**request, "dpop_jkt": client.jkt}).status_code == 201
    assert oauth_error(client.post("/par", {**request, "dpop_jkt": "A" * 43})) == (400, "invalid_dpop_proof")
    proof = client.proof("/par")
    answers = [both.post("/par", request, headers={"DPoP": proof}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 400]
    with both.broker.core.db.read() as tx:
        from sqlalchemy import select

        from broker.storage.tables import pushed_requests

        assert {dict(row)["dpop_jkt"] for row in tx.execute(select(pushed_requests.c.parameters)).scalars()} == {client.jkt}


def test_refresh_of_a_public_client(both: Stage):
    """5: its refresh tokens are bound to the key; a request without it is refused and uses nothing up; the grace is there with it."""
    client = DpopClient(both)
    who = both.person("openid offline_access", "spa")
    _, code = both.grant(who, "spa", scopes=("openid", "offline_access"))
    token = client.exchange(code, "spa").get_json()["refresh_token"]
    assert oauth_error(both.refresh(token, "spa")) == (400, "invalid_grant")
    assert oauth_error(DpopClient(both).refresh(token, "spa")) == (400, "invalid_grant")
    first = client.refresh(token, "spa").get_json()
    assert first["token_type"] == "DPoP"
    assert client.refresh(token, "spa").get_json() == first
    assert oauth_error(both.refresh(token, "spa")) == (400, "invalid_grant")
    assert client.refresh(first["refresh_token"], "spa").status_code == 200


def test_a_proof_gives_a_public_family_without_a_key_no_grace(both: Stage):
    """RFC 9700 4.14.2: a thief of a bearer refresh token who adds a proof does not switch the detection of reuse off."""
    who = both.person("openid offline_access", "spa")
    token = both.tokens(who, "spa", scopes=("openid", "offline_access"))["refresh_token"]
    stolen = DpopClient(both).refresh(token, "spa").get_json()
    assert oauth_error(both.refresh(token, "spa")) == (400, "invalid_grant")
    assert both.audited().count("refresh_token.reused") == 1
    assert oauth_error(both.refresh(stolen["refresh_token"], "spa")) == (400, "invalid_grant")


def test_refresh_of_a_confidential_client(client: DpopClient):
    """5: bound by its authentication: another key gets a token of its own, but never the response of the first one's request."""
    token = tokens(client)["refresh_token"]
    other = DpopClient(client.stage)
    first = other.refresh(token).get_json()
    assert client.stage.post("/introspect", {"token": first["access_token"]}).get_json()["cnf"] == {"jkt": other.jkt}
    assert oauth_error(client.refresh(token)) == (400, "invalid_grant")
    assert oauth_error(client.stage.refresh(token)) == (400, "invalid_grant")
    assert other.refresh(token).get_json() == first
