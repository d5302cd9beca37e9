"""RFC 9068: access tokens as JWTs, where an application's file says so; the grant still decides wherever we are asked (TK-18)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from broker.domain.audit import Actor
from broker.jose.errors import JoseError
from broker.jose.keys import public_keys
from broker.jose.verify import verify
from tests.protocol.stage import ALL_SCOPES, CALLBACK, ISSUER, SECRETS, Stage, oauth_error

LEDGER = "https://ledger.contoso.example/v1"
FILE = (
    f"name: Travel\nclient_secret: '{SECRETS['travel']}'\nredirect_uris: ['{CALLBACK['travel']}']\n"
    f"scopes: [{ALL_SCOPES.replace(' ', ', ')}]\nid_token_signed_response_alg: ES256\naccess_tokens: jwt\n"
    f"resources: ['{LEDGER}', 'https://mail.contoso.example/']\naudiences: [payroll]\n"
)


@pytest.fixture
def apis(stage: Stage) -> Stage:
    """The application travel gets JWTs, and may ask for two resources."""
    stage.write("applications/travel.yaml", FILE)
    return stage


def issued(stage: Stage, **values: Any) -> dict[str, Any]:
    """The token response of a sign-in at travel."""
    return stage.tokens(stage.person(application="travel"), "travel", **values)


def read(stage: Stage, token: str) -> dict[str, Any]:
    """As a resource server reads it: by the JWKS, with its `typ` (RFC 9068 4)."""
    return dict(verify(token, public_keys(stage.get("/jwks").get_json()), ["ES256"], typ=("at+jwt",)).claims)


def test_claims(apis: Stage):
    """RFC 9068 2.2: each required claim; auth_time, acr and amr of 2.2.1; the subject of the application and its sid."""
    body = issued(apis, scopes=("openid", "email"), resources=(LEDGER,))
    said, id_token = read(apis, body["access_token"]), apis.claims(body["id_token"])
    jti = said.pop("jti")
    assert str(UUID(jti)) == jti
    assert said == {
        "iss": ISSUER,
        "aud": LEDGER,
        "client_id": "travel",
        "sub": id_token["sub"],
        "sid": id_token["sid"],
        "iat": apis.clock(),
        "exp": apis.clock() + body["expires_in"],
        "scope": "openid email",
        "auth_time": id_token["auth_time"],
        "acr": id_token["acr"],
        "amr": id_token["amr"],
    }
    again = issued(apis, resources=(LEDGER,))["access_token"]
    assert read(apis, again)["jti"] != jti


def test_default_audience(apis: Stage):
    """RFC 9068 3: without a resource, the audience is a default: ourselves, where userinfo is."""
    body = issued(apis, scopes=("openid",))
    assert read(apis, body["access_token"])["aud"] == ISSUER
    assert apis.userinfo(body["access_token"]).status_code == 200


def test_it_is_no_id_token(apis: Stage):
    """RFC 9068 5, HT-5: another `typ`: it is no hint, and an ID token is no access token."""
    body = issued(apis, resources=(LEDGER,))
    with pytest.raises(JoseError):
        apis.broker.oauth.grants.hint(body["access_token"])
    assert apis.userinfo(body["id_token"]).status_code == 401
    with pytest.raises(JoseError):
        read(apis, body["id_token"])


def test_introspection_and_at_hash(apis: Stage):
    """RFC 7662 2.2: the same values for a resource that asks; at_hash of the ID token is that of the JWT (Core 3.1.3.6)."""
    body = issued(apis, scopes=("openid",), resources=(LEDGER,))
    token = read(apis, body["access_token"])
    for caller in ("travel", "payroll"):
        said = apis.post("/introspect", {"token": body["access_token"]}, caller).get_json()
        assert said.pop("active") is True
        assert said.pop("token_type") == "Bearer"
        assert said.pop("aud") == [LEDGER]
        assert said == {name: token[name] for name in said}


@pytest.mark.parametrize("end", ["session", "revocation", "guest"])
def test_what_a_jwt_cannot_know(apis: Stage, end: str):
    """HP-36, HP-63: an ended grant is over for userinfo, introspection and refresh at once; only the signature stays right."""
    who = apis.person(application="travel")
    body = apis.tokens(who, "travel", resources=(LEDGER,))
    assert apis.userinfo(body["access_token"]).status_code == 200
    if end == "session":
        apis.broker.sessions.end(who.session.sid, Actor.system(), "logout")
    elif end == "revocation":
        assert apis.post("/revoke", {"token": body["access_token"]}, "travel").status_code == 200
    else:
        apis.broker.guests.lifecycle.block(Actor.system(), who.person.email)
    assert read(apis, body["access_token"])["exp"] == apis.clock() + 600
    assert oauth_error(apis.userinfo(body["access_token"])) == (401, "invalid_token")
    assert apis.post("/introspect", {"token": body["access_token"]}, "travel").get_json() == {"active": False}
    if end != "revocation":
        assert oauth_error(apis.refresh(body["refresh_token"], "travel")) == (400, "invalid_grant")


def test_a_forged_one_is_nothing(apis: Stage):
    """UI-01: a JWT that we did not issue is unknown, whatever it says; so is one of ours with a changed character."""
    token = issued(apis, resources=(LEDGER,))["access_token"]
    head, payload, signature = token.split(".")
    for forged in (f"{head}.{payload}.{signature[:-2]}AA", f"{head}.{payload}.", token + "a"):
        assert oauth_error(apis.userinfo(forged)) == (401, "invalid_token")


def test_opaque_is_the_default(stage: Stage):
    """Closed by default: an application whose file does not say jwt gets a token that says nothing."""
    assert "." not in stage.tokens()["access_token"]
