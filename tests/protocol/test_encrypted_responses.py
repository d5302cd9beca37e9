"""OpenID Connect Core 2, 5.3.2, 16.14, RFC 7516: ID tokens and userinfo for the eyes of the application alone (TK-21)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwe, jwk
from werkzeug.test import TestResponse

from broker.jose.encoding import b64url_decode
from broker.jose.keys import public_members
from tests.protocol.stage import CALLBACK, VERIFIER, Stage, oauth_error

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "RSA": {"use": "enc", "kid": "rsa", **public_members(RSA.public_key())},
    "EC": {"use": "enc", "kid": "ec", **public_members(CURVE.public_key())},
}


def configured(stage: Stage, lines: str, *keys: str) -> Stage:
    """The application bank with its signing key, these keys for encryption, and these lines in its file."""
    jwks = {"keys": [stage.bank_key.public_jwk(), *(KEYS[name] for name in keys)]}
    stage.write(
        "applications/bank.yaml",
        f"name: Bank\njwks: {json.dumps(jwks)}\nredirect_uris: ['{CALLBACK['bank']}']\nscopes: [openid, email, offline_access]\n{lines}",
    )
    return stage


def exchanged(stage: Stage) -> TestResponse:
    """The token response of a sign-in at the bank."""
    _, code = stage.grant(stage.person(application="bank"), "bank", scopes=("openid", "email", "offline_access"))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    return stage.post("/token", {**form, **stage.assertion()}, None)


def opened(token: str, alg: str, enc: str) -> bytes:
    """As the application opens it, by another library; its header names algorithm and key."""
    header = json.loads(b64url_decode(token.split(".", maxsplit=1)[0]))
    assert (header["alg"], header["enc"], header["kid"]) == (alg, enc, "rsa" if alg.startswith("RSA") else "ec")
    private: Any = RSA if alg.startswith("RSA") else CURVE
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = (jwk.RSAKey if alg.startswith("RSA") else jwk.ECKey).import_key(pem)
    plain = jwe.decrypt_compact(token, key, algorithms=[alg, enc]).plaintext
    assert plain is not None
    return plain


@pytest.mark.parametrize(
    ("alg", "enc"),
    [("RSA-OAEP-256", "A128CBC-HS256"), ("RSA-OAEP-256", "A256GCM"), ("ECDH-ES", "A128GCM"), ("ECDH-ES+A128KW", "A256CBC-HS512"), ("ECDH-ES+A256KW", "A256GCM")],
)  # fmt: skip
def test_both_responses(stage: Stage, alg: str, enc: str):
    """Core 2: the signed ID token inside a JWE, at code exchange and refresh. Core 5.3.2: userinfo as application/jwt."""
    configured(
        stage,
        f"id_token_encrypted_response_alg: {alg}\nid_token_encrypted_response_enc: {enc}\n"
        f"userinfo_encrypted_response_alg: {alg}\nuserinfo_encrypted_response_enc: {enc}\n",
        "RSA",
        "EC",
    )
    body = exchanged(stage).get_json()
    assert json.loads(b64url_decode(body["id_token"].split(".")[0]))["cty"] == "JWT"  # RFC 7519 5.2
    said = stage.claims(opened(body["id_token"], alg, enc).decode())
    assert said["aud"] == "bank"
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], **stage.assertion()}
    again = stage.post("/token", form, None).get_json()
    assert stage.claims(opened(again["id_token"], alg, enc).decode())["sub"] == said["sub"]
    answer = stage.userinfo(body["access_token"])
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "application/jwt", "no-store")
    assert json.loads(opened(answer.text, alg, enc))["sub"] == said["sub"]


def test_default_of_enc(stage: Stage):
    """Dynamic Client Registration 2: A128CBC-HS256 where only alg is given; the other response stays as it was."""
    configured(stage, "id_token_encrypted_response_alg: RSA-OAEP-256\n", "RSA")
    body = exchanged(stage).get_json()
    assert stage.claims(opened(body["id_token"], "RSA-OAEP-256", "A128CBC-HS256").decode())["aud"] == "bank"
    assert stage.userinfo(body["access_token"]).get_json()["sub"]


def test_the_token_inside_is_the_hint(stage: Stage):
    """Core 3.1.2.1: the application decrypts an ID token before it sends it as id_token_hint; a JWE is none."""
    configured(stage, "id_token_encrypted_response_alg: RSA-OAEP-256\n", "RSA")
    token = exchanged(stage).get_json()["id_token"]
    inside = opened(token, "RSA-OAEP-256", "A128CBC-HS256").decode()
    assert stage.broker.oauth.grants.hint(inside).client_id == "bank"
    with pytest.raises(Exception, match="idtoken_format"):
        stage.broker.oauth.grants.hint(token)


def test_nothing_is_sent_in_clear(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """TK-21: with no usable key at jwks_uri, no token and no claim is sent, and the code is not used up."""
    configured(stage, "")
    _, code = stage.grant(stage.person(application="bank"), "bank", scopes=("openid",))
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    keys = {"keys": [stage.bank_key.public_jwk()]}
    monkeypatch.setattr("broker.services.oauth.client_jwks.fetch_jwks", lambda _client, _url: (keys, 3600))
    text = f"name: Bank\njwks_uri: https://bank.contoso.example/jwks\nredirect_uris: ['{CALLBACK['bank']}']\n"
    stage.write(
        "applications/bank.yaml", text + "id_token_encrypted_response_alg: ECDH-ES\nuserinfo_encrypted_response_alg: ECDH-ES\n"
    )
    assert oauth_error(stage.post("/token", {**form, **stage.assertion()}, None)) == (503, "temporarily_unavailable")
    stage.write("applications/bank.yaml", text + "userinfo_encrypted_response_alg: ECDH-ES\n")
    body = stage.post("/token", {**form, **stage.assertion()}, None).get_json()
    assert oauth_error(stage.userinfo(body["access_token"])) == (503, "temporarily_unavailable")
    keys["keys"].append(KEYS["EC"])
    stage.clock.advance(61)
    assert json.loads(opened(stage.userinfo(body["access_token"]).text, "ECDH-ES", "A128CBC-HS256"))["sub"]


def test_discovery(calm: Stage):
    """Discovery 3: what works is listed; the tests of broker/jose show each pair (tests/jose/test_encrypt.py)."""
    from broker.jose.encrypt import CONTENT_ALGORITHMS, ENCRYPTION_ALGORITHMS

    document = calm.get("/.well-known/openid-configuration").get_json()
    for response in ("id_token", "userinfo"):
        assert document[f"{response}_encryption_alg_values_supported"] == list(ENCRYPTION_ALGORITHMS)
        assert document[f"{response}_encryption_enc_values_supported"] == list(CONTENT_ALGORITHMS)
