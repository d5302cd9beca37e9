"""RFC 9449: access tokens that are bound to a key of the client."""

from __future__ import annotations

from typing import Any

import pytest

from broker.jose.algorithms import ALGORITHMS, OUR_ALGORITHMS
from broker.jose.encoding import b64url_encode, dump_json
from broker.jose.keys import generate
from tests.protocol.dpop_client import DpopClient
from tests.protocol.stage import CALLBACK, ISSUER, Stage, oauth_error
from tests.race import race


@pytest.fixture
def client(calm: Stage) -> DpopClient:
    """A client that has a nonce."""
    made = DpopClient(calm)
    made.post("/token", {})
    return made


def tokens(client: DpopClient, client_id: str = "payroll", **values: Any) -> dict[str, Any]:
    """The tokens of a whole sign-in, bound to the client's key."""
    stage = client.stage
    _, code = stage.grant(stage.person(application=client_id), client_id, **values)
    answer = client.exchange(code, client_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_a_bound_token(both: Stage):
    """5, 6, 7: token_type DPoP; userinfo with the scheme DPoP and ath; cnf in introspection."""
    client = DpopClient(both)
    body = tokens(client)
    assert body["token_type"] == "DPoP"
    assert client.userinfo(body["access_token"]).get_json()["sub"] == both.claims(body["id_token"])["sub"]
    said = both.post("/introspect", {"token": body["access_token"]}).get_json()
    assert (said["active"], said["token_type"], said["cnf"]) == (True, "DPoP", {"jkt": client.jkt})


def test_without_a_proof_nothing_changes(calm: Stage):
    """A bearer token as ever, without cnf, and without a nonce in the answer."""
    _, code = calm.grant()
    answer = calm.exchange(code)
    assert answer.get_json()["token_type"] == "Bearer"
    assert "DPoP-Nonce" not in answer.headers
    assert "cnf" not in calm.post("/introspect", {"token": answer.get_json()["access_token"]}).get_json()


def test_nonces(stage: Stage):
    """8, 9: a proof without a nonce of ours gets one; every node takes it for five minutes; a foreign or changed one is refused."""
    client = DpopClient(stage)
    _, code = stage.grant()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK["payroll"],
        "code_verifier": "verifier-" * 6,
    }
    answer = stage.post("/token", form, headers={"DPoP": client.proof("/token")})
    assert oauth_error(answer) == (400, "use_dpop_nonce")
    nonce = answer.headers["DPoP-Nonce"]
    for bad in ("x", nonce + "A", nonce[:-2] + "AA", ISSUER, "é"):
        said = stage.post("/token", form, headers={"DPoP": client.proof("/token", nonce=bad)})
        assert oauth_error(said) == (400, "use_dpop_nonce")
    client.nonce = nonce
    stage.clock.advance(299)
    assert client.exchange(stage.grant()[1]).status_code == 200
    assert client.nonce != nonce
    client.nonce = nonce
    stage.clock.advance(1)
    assert oauth_error(client.exchange(stage.grant()[1])) == (400, "use_dpop_nonce")
    answer = DpopClient(stage).userinfo("x")
    assert oauth_error(answer) == (401, "use_dpop_nonce")
    assert answer.headers["WWW-Authenticate"].startswith('DPoP realm="userinfo", error="use_dpop_nonce"')
    assert answer.headers["DPoP-Nonce"]


def test_a_missing_nonce_uses_nothing_up(calm: Stage):
    """8: the code and the client assertion are good for the second try."""
    client = DpopClient(calm)
    _, code = calm.grant(calm.person(application="bank"), "bank")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": "verifier-" * 6}
    form |= calm.assertion()
    answer = calm.post("/token", form, None, headers={"DPoP": client.proof("/token")})
    assert oauth_error(answer) == (400, "use_dpop_nonce")
    client.nonce = answer.headers["DPoP-Nonce"]
    assert client.post("/token", form, None).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"htm": None},
        {"htu": f"{ISSUER}/userinfo"},
        {"htu": "https://evil.example/token"},
        {"htu": "http://login.contoso.example/token"},
        {"htu": f"{ISSUER}:8443/token"},
        {"htu": f"{ISSUER}/token/"},
        {"htu": "/token"},
        {"htu": "https://[/token"},
        {"htu": 7},
        {"htu": None},
        {"iat": None},
        {"iat": "now"},
        {"iat": 1},
        {"iat": 4_000_000_000},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 256},
        {"jti": 7},
    ],
)
def test_claims_of_a_proof(client: DpopClient, claims: dict[str, Any]):
    """TK-16, 4.3: another request or time, or no jti; nothing is used up."""
    stage = client.stage
    _, code = stage.grant()
    proof = client.proof("/token", **{name: value for name, value in claims.items() if value is not None})
    if None in claims.values():
        proof = client.proof("/token", **claims)
    with stage.unchanged():
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK["payroll"],
            "code_verifier": "verifier-" * 6,
        }
        assert oauth_error(stage.post("/token", form, headers={"DPoP": proof})) == (400, "invalid_dpop_proof")
    assert client.exchange(code).status_code == 200


@pytest.mark.parametrize("htu", [f"{ISSUER}/token?x=y#z", "HTTPS://LOGIN.contoso.example:443/token"])
def test_the_same_address(client: DpopClient, htu: str):
    """4.3, 9: query and fragment do not count, and scheme, host and default port are normalized."""
    _, code = client.stage.grant()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK["payroll"],
        "code_verifier": "verifier-" * 6,
    }
    assert client.post("/token", form, htu=htu).status_code == 200


def test_headers_of_a_proof(client: DpopClient):
    """TK-16, 4.2, 4.3: type, algorithm, a private or foreign key, no key, a changed signature, two proofs, no JWT."""
    from broker.jose.sign import sign

    stage = client.stage
    good = client.proof("/token")
    head, payload, signature = good.split(".")
    private = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "d": "A" * 43}
    none = b64url_encode(dump_json({"alg": "none", "typ": "dpop+jwt"}))
    other = DpopClient(stage, nonce=client.nonce).proof("/token").split(".")
    for proof in (
        client.proof("/token", typ="JWT"),
        client.proof("/token", header={"jwk": private}),
        client.proof("/token", header={"jwk": None}),
        client.proof("/token", header={"jwk": {"kty": "oct", "k": "AAAA"}}),
        sign(client.key, {"htm": "POST"}, typ="dpop+jwt"),
        DpopClient(stage, generate("ES384", ""), client.nonce).proof("/token"),
        f"{none}.{payload}.",
        f"{other[0]}.{payload}.{signature}",
        f"{head}.{other[1]}.{signature}",
        f"{good},{client.proof('/token')}",
        "x",
        "",
        good[:-1],
    ):
        answer = stage.post("/token", {"grant_type": "authorization_code"}, headers={"DPoP": proof})
        assert oauth_error(answer) == (400, "invalid_dpop_proof"), proof


def test_each_algorithm_works(client: DpopClient):
    """HP-52, 5.1: each listed algorithm signs a proof; the others of the table are refused."""
    for alg in ALGORITHMS:
        other = DpopClient(client.stage, generate(alg, ""), client.nonce)
        error = other.post("/token", {"grant_type": "x"}).get_json()["error"]
        assert (error != "invalid_dpop_proof") is (alg in OUR_ALGORITHMS), alg


def test_a_proof_is_used_once(both: Stage):
    """TK-16, HP-59, 11.1: twenty requests with one proof, on both databases: one success; the jti is forgotten when the proof is over."""
    client = DpopClient(both)
    client.post("/token", {})
    proof = client.proof("/token")
    codes = [both.grant()[1] for _ in range(20)]

    def work(number: int) -> int:
        form = {
            "grant_type": "authorization_code",
            "code": codes[number],
            "redirect_uri": CALLBACK["payroll"],
            "code_verifier": "verifier-" * 6,
        }
        return both.post("/token", form, headers={"DPoP": proof}).status_code

    assert sorted(race(work)) == [200] + [400] * 19
    both.clock.advance(900)
    both.broker.operations.housekeeping.run()
    assert both.counts()["used"] == 0


def test_at_userinfo(client: DpopClient):
    """TK-16, HP-59, 7: another key, no ath, the ath of another token, no proof, a used proof, the scheme Bearer; a bearer token as DPoP."""
    stage = client.stage
    token = tokens(client)["access_token"]
    bearer = stage.tokens()["access_token"]
    thief = DpopClient(stage, nonce=client.nonce)
    once = client.proof("/userinfo", token, method="GET")
    assert client.userinfo(token, proof=once).status_code == 200
    for answer, error in (
        (client.userinfo(token, proof=once), "invalid_dpop_proof"),
        (thief.userinfo(token), "invalid_token"),
        (client.userinfo(token, proof=client.proof("/userinfo", method="GET")), "invalid_dpop_proof"),
        (client.userinfo(token, proof=client.proof("/userinfo", bearer, method="GET")), "invalid_dpop_proof"),
        (client.userinfo(token, proof=client.proof("/userinfo", token, method="POST")), "invalid_dpop_proof"),
        (client.userinfo(token, proof=client.proof("/token", token, method="GET")), "invalid_dpop_proof"),
        (stage.get("/userinfo", headers={"Authorization": f"DPoP {token}"}), "invalid_dpop_proof"),
        (client.userinfo(bearer), "invalid_token"),
    ):
        assert oauth_error(answer) == (401, error)
        assert answer.headers["WWW-Authenticate"].startswith(f'DPoP realm="userinfo", error="{error}"')
        assert answer.headers["WWW-Authenticate"].endswith('algs="RS256 ES256 PS256 EdDSA"')
    for scheme, form in (("Bearer", {}), (None, {"access_token": token})):
        headers = {"DPoP": client.proof("/userinfo", token), **({"Authorization": f"{scheme} {token}"} if scheme else {})}
        answer = stage.web.post("/userinfo", base_url=ISSUER, headers=headers, data=form)
        assert oauth_error(answer) == (401, "invalid_token")
    assert stage.userinfo(bearer).status_code == 200


def test_only_bound_tokens(stage: Stage):
    """5: `dpop_bound_access_tokens` refuses a token request without a proof, and uses nothing up."""
    path = stage.home / "config" / "applications" / "payroll.yaml"
    stage.write("applications/payroll.yaml", path.read_text() + "dpop_bound_access_tokens: true\n")
    _, code = stage.grant()
    assert oauth_error(stage.exchange(code)) == (400, "invalid_dpop_proof")
    token = DpopClient(stage).exchange(code).get_json()["refresh_token"]
    assert oauth_error(stage.refresh(token)) == (400, "invalid_dpop_proof")
    assert DpopClient(stage).refresh(token).get_json()["token_type"] == "DPoP"


def test_browsers_may_send_proofs(calm: Stage):
    """HW-12: the preflight allows the header, and a script may read the nonce."""
    origin = {"Origin": "https://payroll.contoso.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "dpop"}
    for path in ("/token", "/par", "/userinfo"):
        answer = calm.web.options(path, base_url=ISSUER, headers={**origin, **asked})
        assert "DPoP" in answer.headers["Access-Control-Allow-Headers"].split(", ")
    answer = calm.post("/token", {}, None, headers={**origin, "DPoP": DpopClient(calm).proof("/token")})
    assert "DPoP-Nonce" in answer.headers["Access-Control-Expose-Headers"].split(", ")
