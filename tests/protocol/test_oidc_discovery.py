"""OpenID Connect Discovery, RFC 8414, RFC 9207: the document is a golden file; each value works, each other is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from broker.domain.audit import Actor
from broker.jose.algorithms import ALGORITHMS, OUR_ALGORITHMS
from broker.jose.claims import check_at_hash
from broker.jose.keys import generate, public_keys
from broker.jose.verify import verify
from tests.protocol.caching_client import sign_ins_over_a_rotation
from tests.protocol.stage import ISSUER, Stage, sent_to

GOLDEN = json.loads((Path(__file__).parent / "discovery.json").read_text())
PUBLIC_MEMBERS = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}, "OKP": {"crv", "x"}}


def test_golden_file(calm: Stage):
    """HP-52: byte for byte what was agreed to say; any origin may read it, caches keep it for an hour."""
    answer = calm.get("/.well-known/openid-configuration")
    assert answer.get_json() == GOLDEN
    assert list(answer.get_json()) == list(GOLDEN)
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.mimetype == "application/json"


@pytest.mark.parametrize("name", [name for name in GOLDEN if name.endswith("_endpoint") or name == "jwks_uri"])
def test_endpoints_are_there(calm: Stage, name: str):
    """HP-52: each named address answers, none with 404 or 5xx."""
    assert GOLDEN[name].startswith(ISSUER)
    assert calm.get(urlsplit(GOLDEN[name]).path).status_code in {200, 303, 400, 401, 405}


@pytest.mark.parametrize("scope", GOLDEN["scopes_supported"])
def test_each_scope_works(calm: Stage, scope: str):
    """HP-49, HP-52: granted as it was asked for."""
    assert scope in calm.tokens(scopes=tuple(dict.fromkeys(("openid", scope))))["scope"].split()


@pytest.mark.parametrize("value", GOLDEN["prompt_values_supported"])
def test_each_prompt_works(calm: Stage, value: str):
    """HP-46: taken without error."""
    assert calm.authorize(prompt=value).headers["Location"].startswith("/signin/")


@pytest.mark.parametrize("value", [*GOLDEN["display_values_supported"], "hologram"])
def test_each_display_works(calm: Stage, value: str):
    """HP-48: taken without error, also one that nobody knows."""
    assert calm.authorize(display=value).headers["Location"].startswith("/signin/")


@pytest.mark.parametrize("value", [*GOLDEN["acr_values_supported"], "urn:unknown"])
def test_each_acr_value_works(calm: Stage, value: str):
    """HP-48, HP-62: taken without error; an unknown one is a wish that cannot be met."""
    assert calm.authorize(acr_values=value).headers["Location"].startswith("/signin/")


@pytest.mark.parametrize("value", GOLDEN["response_modes_supported"])
def test_each_response_mode_works(calm: Stage, value: str):
    """HP-12: taken without error."""
    assert calm.authorize(response_mode=value).headers["Location"].startswith("/signin/")


@pytest.mark.parametrize(
    ("client_id", "alg"), [("payroll", "RS256"), ("travel", "ES256"), ("bank", "PS256"), ("native", "EdDSA")]
)
def test_each_algorithm_works(calm: Stage, client_id: str, alg: str):
    """HP-39, HP-51: as the application's file says; kid in the header, the key in the JWKS, at_hash by the table."""
    who = calm.person(application=client_id)
    _, code = calm.grant(who, client_id, scopes=("openid",))
    answer = calm.exchange(code, client_id) if client_id != "bank" else calm.post(
        "/token",
        {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://bank.contoso.example/callback",
         "code_verifier": "verifier-" * 6, **calm.assertion()},
        None,
    )  # fmt: skip
    token = answer.get_json()["id_token"]
    verified = verify(token, public_keys(calm.get("/jwks").get_json()), {alg})
    assert verified.alg == alg
    assert verified.header["kid"]
    assert verified.header["typ"] == "JWT"
    check_at_hash(verified.claims, alg, answer.get_json()["access_token"])
    assert "at_hash" in verified.claims


SHOWN_ELSEWHERE = {  # list of the document -> where each of its values is shown to work, and another one to be refused
    "response_types_supported": "test_not_supported.py",
    "grant_types_supported": "test_not_supported.py",
    "subject_types_supported": "test_oidc_core_tokens.py",
    "claims_supported": "test_oidc_core_tokens.py",
    "claim_types_supported": "test_not_supported.py",
    "code_challenge_methods_supported": "test_rfc7636_pkce.py",
    "dpop_signing_alg_values_supported": "test_rfc9449_dpop.py",
    "introspection_signing_alg_values_supported": "test_rfc9701_signed_introspection.py",
    "request_object_signing_alg_values_supported": "test_rfc9101_jar.py",
    "ui_locales_supported": "test_oidc_core_request.py",
    **{
        f"{response}_encryption_{member}_values_supported": "test_encrypted_responses.py"
        for response in ("id_token", "userinfo")
        for member in ("alg", "enc")
    },
    **{
        f"{endpoint}_endpoint_auth_{member}_supported": test
        for endpoint in ("token", "introspection", "revocation")
        for member, test in (("methods", "test_rfc6749_clients.py"), ("signing_alg_values", "test_rfc7523_client_assertion.py"))
    },
}
SHOWN_HERE = {"scopes", "prompt_values", "display_values", "acr_values", "response_modes", "id_token_signing_alg_values"}


def test_every_list_is_shown_to_work():
    """HP-52: no value is listed of which no test shows that it works; a new list joins one of the two tables."""
    lists = {name for name, value in GOLDEN.items() if isinstance(value, list)}
    here = {f"{name}_supported" for name in SHOWN_HERE}
    assert lists == here | set(SHOWN_ELSEWHERE)
    assert all((Path(__file__).parent / name).exists() for name in SHOWN_ELSEWHERE.values())


@pytest.mark.parametrize("name", [name for name in GOLDEN if name.endswith("_endpoint_auth_signing_alg_values_supported")])
def test_each_assertion_algorithm_works(stage: Stage, name: str):
    """HP-50, HP-52: a client assertion with each listed algorithm is accepted at that endpoint; the others of the table are not."""
    path = {"token": "/token", "introspection": "/introspect", "revocation": "/revoke"}[name.split("_", 1)[0]]
    for alg in ALGORITHMS:
        key = generate(alg, f"bank-{alg}")
        jwks = json.dumps({"keys": [stage.bank_key.public_jwk(), key.public_jwk()]})
        stage.write(
            "applications/bank.yaml", f"name: Bank\njwks: {jwks}\nredirect_uris: ['https://bank.contoso.example/callback']\n"
        )
        form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x", **stage.assertion(key)}
        error = (stage.post(path, form, None).get_json(silent=True) or {}).get("error")
        assert (error != "invalid_client") is (alg in GOLDEN[name]), (alg, error)


def test_what_is_not_advertised_is_refused(calm: Stage):
    """HP-52: request, request_uri and registration; other response types, modes and challenge methods."""
    for params, error in (
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://payroll.contoso.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
    ):
        assert sent_to(calm.authorize(**params))[1]["error"] == error


def test_issuer_is_exact(calm: Stage):
    """HP-52, HP-21: the document's issuer, the ID token's iss and the response's iss are one string."""
    assert GOLDEN["issuer"] == ISSUER == calm.claims(calm.tokens()["id_token"])["iss"]
    assert sent_to(calm.authorize(prompt="none login"))[1]["iss"] == ISSUER


def test_jwks_holds_public_members_only(calm: Stage):
    """HP-42, CF-05: a schema over every key type: kid, use, alg and the public members, nothing else."""
    answer = calm.get("/jwks")
    keys: list[dict[str, Any]] = answer.get_json()["keys"]
    assert {key["alg"] for key in keys} == set(OUR_ALGORITHMS)
    for key in keys:
        assert set(key) == {"kty", "kid", "use", "alg"} | PUBLIC_MEMBERS[key["kty"]]
        assert key["use"] == "sig"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_rotation_never_breaks_a_client_that_caches(stage: Stage):
    """HP-51: sign-ins over a rotation, by a client that keeps the JWKS for the 300 seconds that the headers allow (500: tests/deep)."""
    assert len(sign_ins_over_a_rotation(stage, 60, seconds=41)) == 2


def test_rotation_at_once(stage: Stage):
    """HP-51: `--now` signs with the new key at once; the old one stays published, and a hint that it signed still counts."""
    old = stage.tokens()["id_token"]
    stage.broker.keys.rotate(Actor.system(), now_active=True)
    stage.clock.advance(6)
    new = stage.tokens()["id_token"]
    assert stage.claims(old)
    assert stage.claims(new)
    assert old.split(".")[0] != new.split(".")[0]
    assert stage.broker.oauth.grants.hint(old).client_id == "payroll"
