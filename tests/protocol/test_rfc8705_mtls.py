"""RFC 8705: applications that prove themselves by a TLS certificate, and tokens that are bound to one, behind a proxy."""

from __future__ import annotations

import base64
import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from werkzeug.test import TestResponse

from broker.jose.certificates import read_certificate
from broker.jose.encoding import b64url_encode
from broker.jose.keys import public_keys
from broker.jose.verify import verify
from tests.clock import START
from tests.protocol.certificates import DAY, HEADER, Authority, escaped, rfc9440, x5c
from tests.protocol.stage import ALL_SCOPES, CALLBACK, CHALLENGE, ISSUER, VERIFIER, Stage, oauth_error, sent_to

UNKNOWN, NO_TOKEN = (401, "invalid_client"), (401, "invalid_token")
BATCH = "CN=batch,O=Bank,C=NL"
FAR = 2_840_140_800  # 2060: from 2050 on a certificate's years have four digits (RFC 5280 4.1.2.5)
GOLDEN = json.loads((Path(__file__).parent / "discovery.json").read_text())


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The one that the application's file names."""
    return Authority()


@pytest.fixture
def proxied(stage: Stage, authority: Authority) -> Stage:
    """The broker behind a proxy at 127.0.0.1 that passes certificates on; `bank` is authenticated by one."""
    (stage.home / "config" / "ca.pem").write_text(authority.pem)
    path = stage.home / "config" / "broker.yaml"
    path.write_text(path.read_text() + f"network: {{trusted_proxies: [127.0.0.1], client_certificate_header: {HEADER}}}\n")
    bank(stage)
    return stage


def bank(
    stage: Stage, proves: str = f"tls_client_auth: {{authorities: config/ca.pem, subject_dn: '{BATCH}'}}", more: str = ""
) -> None:
    """The file of the application."""
    stage.write(
        "applications/bank.yaml",
        f"name: Bank\n{proves}\nredirect_uris: ['{CALLBACK['bank']}']\nscopes: [{ALL_SCOPES.replace(' ', ', ')}]\n"
        f"tls_client_certificate_bound_access_tokens: true\naccess_tokens: jwt\nid_token_signed_response_alg: PS256\n{more}",
    )


def ask(stage: Stage, headers: dict[str, str], path: str = "/introspect", **more: Any) -> TestResponse:
    """A request of the bank whose answer shows whether it is authenticated."""
    return stage.post(path, {"client_id": "bank", "token": "x"}, None, headers=headers, **more)


def redeem(stage: Stage, code: str, headers: dict[str, str]) -> TestResponse:
    """A code at the token endpoint."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    return stage.post("/token", {**form, "client_id": "bank"}, None, headers=headers)


def tokens(stage: Stage, headers: dict[str, str]) -> dict[str, Any]:
    """The tokens of a whole sign-in."""
    answer = redeem(stage, stage.grant(stage.person(application="bank"), "bank")[1], headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_by_an_authority(proxied: Stage, authority: Authority):
    """2.1: the certificate of the file's authority with the file's name, in both forms of the header."""
    good = authority.issue()
    for headers in (rfc9440(good), escaped(good)):
        assert ask(proxied, headers).get_json() == {"active": False}
    assert oauth_error(ask(proxied, {})) == UNKNOWN
    assert oauth_error(ask(proxied, {HEADER: ""})) == UNKNOWN
    assert (
        oauth_error(
            proxied.post("/introspect", {"client_id": "bank", "client_secret": "x", "token": "x"}, None, headers=rfc9440(good))
        )
        == UNKNOWN
    )
    assert (
        oauth_error(proxied.post("/introspect", {"token": "x"}, None, headers=rfc9440(good))) == UNKNOWN
    )  # 2: client_id is required


def test_wrong_certificates(proxied: Stage, authority: Authority):
    """MT-02: another authority of the same name, another subject, expired, not valid yet, for servers, an authority's own."""
    stranger = Authority()
    wrong = [
        stranger.issue(),
        authority.issue("CN=batch,O=Bank,C=BE"),
        authority.issue("C=NL,O=Bank,CN=batch"),
        authority.issue(BATCH, begin=START - 2 * DAY, end=START),
        authority.issue(BATCH, begin=START + 1),
        authority.issue(BATCH, use=ExtendedKeyUsageOID.SERVER_AUTH),
        authority.certificate,
        stranger.certificate,
    ]
    assert {oauth_error(ask(proxied, rfc9440(one))) for one in wrong} == {UNKNOWN}
    far = base64.b64decode(x5c(authority.issue(BATCH, begin=FAR, end=FAR + DAY))).replace(b"20600101000000Z", b"00000101000000Z")
    assert oauth_error(ask(proxied, {HEADER: f":{base64.b64encode(far).decode()}:"})) == UNKNOWN  # no calendar has a year 0
    good = rfc9440(authority.issue())
    proxied.clock.advance(DAY - 1)
    assert ask(proxied, good).status_code == 200
    proxied.clock.advance(1)
    assert oauth_error(ask(proxied, good)) == UNKNOWN


ALTERNATIVE = (
    ("san_dns", "batch.bank.example", x509.DNSName("batch.bank.example")),
    ("san_uri", "urn:bank:batch", x509.UniformResourceIdentifier("urn:bank:batch")),
    ("san_ip", "192.0.2.7", x509.IPAddress(ipaddress.ip_address("192.0.2.7"))),
    ("san_email", "batch@bank.example", x509.RFC822Name("batch@bank.example")),
)


def test_alternative_names(proxied: Stage, authority: Authority):
    """2.1.2: exactly that name; the same text as a name of another kind, or as the subject, is none."""
    for kind, value, name in ALTERNATIVE:
        bank(proxied, f"tls_client_auth: {{authorities: config/ca.pem, {kind}: '{value}'}}")
        assert ask(proxied, rfc9440(authority.issue(BATCH, x509.DNSName("other.example"), name))).status_code == 200
        other = x509.DNSName(value) if kind != "san_dns" else x509.UniformResourceIdentifier(value)
        for wrong in (authority.issue(BATCH, other), authority.issue(f"CN={value}")):
            assert oauth_error(ask(proxied, rfc9440(wrong))) == UNKNOWN


def test_registered_certificates(proxied: Stage, authority: Authority):
    """2.2: any issuer, but exactly a registered certificate, and only while it is valid; its key alone is not enough."""
    own, other = Authority("CN=bank"), Authority("CN=bank")
    jwk = {**proxied.bank_key.public_jwk(), "x5c": [x5c(own.certificate), x5c(other.certificate)]}
    bank(proxied, f"self_signed_tls_client_auth: true\njwks: {json.dumps({'keys': [jwk]})}")
    assert ask(proxied, rfc9440(own.certificate)).status_code == 200
    again = Authority("CN=bank", own.key)
    for wrong in (other.certificate, again.certificate, authority.issue()):
        assert oauth_error(ask(proxied, rfc9440(wrong))) == UNKNOWN
    assert oauth_error(proxied.post("/introspect", {**proxied.assertion(), "token": "x"}, None)) == UNKNOWN  # HP-22: one method
    proxied.clock.advance(99 * DAY)
    assert oauth_error(ask(proxied, rfc9440(own.certificate))) == UNKNOWN


def test_only_from_a_trusted_proxy(proxied: Stage, authority: Authority):
    """MT-01: from every other sender the header is not there; neither is it under another name."""
    good = rfc9440(authority.issue())
    body = tokens(proxied, good)
    elsewhere: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert oauth_error(ask(proxied, good, **elsewhere)) == UNKNOWN
    assert proxied.userinfo(body["access_token"], headers=good, **elsewhere).status_code == 401
    assert oauth_error(ask(proxied, {"X-Client-Cert": good[HEADER]})) == UNKNOWN


def test_closed_without_the_header_name(proxied: Stage, authority: Authority):
    """MT-01: until the file names the header, it is nothing, and no application's file may rely on it."""
    path = proxied.home / "config" / "broker.yaml"
    path.write_text(path.read_text().replace(f", client_certificate_header: {HEADER}", ""))
    assert len(proxied.broker.files.refresh()) == 2
    proxied.write(
        "applications/bank.yaml", f"name: Bank\nclient_secret: bank-secret-0123456789\nredirect_uris: ['{CALLBACK['bank']}']\n"
    )
    assert oauth_error(ask(proxied, rfc9440(authority.issue()))) == UNKNOWN
    assert proxied.get("/.well-known/openid-configuration").get_json() == GOLDEN


UNREADABLE = (
    "{0}, {0}",
    "{0},{0}",
    "{0}{0}",
    "x",
    ":",
    "::",
    ":eA==:",
    "-----BEGIN CERTIFICATE-----",
    "%ff",
    "{1}{1}",
    "{1}, {0}",
)


def test_unreadable_headers(proxied: Stage, authority: Authority):
    """MT-01: twice, cut off, or no certificate: an error, also for an application that needs none."""
    one = authority.issue()
    second_version = base64.b64encode(
        base64.b64decode(x5c(one)).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01")
    ).decode()
    for text in (*UNREADABLE, f":{second_version}:"):
        headers = {HEADER: text.format(rfc9440(one)[HEADER], escaped(one)[HEADER])}
        assert oauth_error(ask(proxied, headers)) == (400, "invalid_request")
        assert oauth_error(proxied.userinfo("x", headers=headers)) == (400, "invalid_request")
        assert proxied.get("/v1.0/users", headers={**headers, "Authorization": "Bearer x"}).status_code == 401


def test_bound_tokens(proxied: Stage, authority: Authority):
    """3, 3.1, 3.2: cnf in the JWT and in introspection; userinfo over the same certificate only."""
    mine, other = authority.issue(), authority.issue()
    body = tokens(proxied, rfc9440(mine))
    assert body["token_type"] == "Bearer"
    cnf = {"x5t#S256": b64url_encode(mine.fingerprint(hashes.SHA256()))}
    assert read_certificate(rfc9440(mine)[HEADER]).thumbprint == cnf["x5t#S256"]
    keys = public_keys(proxied.get("/jwks").get_json())
    assert verify(body["access_token"], keys, ["PS256"], typ=("at+jwt",)).claims["cnf"] == cnf
    said = proxied.post(
        "/introspect", {"client_id": "bank", "token": body["access_token"]}, None, headers=rfc9440(mine)
    ).get_json()
    assert (said["active"], said["cnf"]) == (True, cnf)
    assert proxied.userinfo(body["access_token"], headers=escaped(mine)).status_code == 200
    refreshed = proxied.post(
        "/token",
        {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], "client_id": "bank"},
        None,
        headers=rfc9440(other),
    ).get_json()
    assert proxied.userinfo(refreshed["access_token"], headers=rfc9440(other)).status_code == 200
    assert oauth_error(proxied.userinfo(refreshed["access_token"], headers=rfc9440(mine))) == NO_TOKEN


def test_a_stolen_token(proxied: Stage, authority: Authority):
    """MT-03: without a certificate, with another one of the same application, with an expired one: no answer."""
    mine = authority.issue()
    token = tokens(proxied, rfc9440(mine))["access_token"]
    stolen: list[dict[str, str]] = [{}, rfc9440(authority.issue()), rfc9440(Authority().issue())]
    assert {oauth_error(proxied.userinfo(token, headers=headers)) for headers in stolen} == {NO_TOKEN}
    assert proxied.userinfo(token, headers=rfc9440(mine)).status_code == 200
    short = authority.issue(end=START + 60)
    token = tokens(proxied, rfc9440(short))["access_token"]
    proxied.clock.advance(60)
    assert oauth_error(proxied.userinfo(token, headers=rfc9440(short))) == NO_TOKEN


def test_a_secret_and_a_bound_token(proxied: Stage, authority: Authority):
    """3: the binding is apart from the authentication; without a certificate nothing is issued, and the code is not used up."""
    bank(proxied, "client_secret: payroll-secret-0123456789")
    code = proxied.grant(proxied.person(application="bank"), "bank")[1]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK["bank"], "code_verifier": VERIFIER}
    form |= {"client_id": "bank", "client_secret": "payroll-secret-0123456789"}
    assert oauth_error(proxied.post("/token", form, None)) == (400, "invalid_request")
    over = rfc9440(authority.issue(end=START))
    assert oauth_error(proxied.post("/token", form, None, headers=over)) == (400, "invalid_request")
    mine = rfc9440(Authority("CN=anybody").certificate)
    token = proxied.post("/token", form, None, headers=mine).get_json()["access_token"]
    assert proxied.userinfo(token, headers=mine).status_code == 200
    assert oauth_error(proxied.userinfo(token)) == NO_TOKEN


def test_the_management_api(proxied: Stage, authority: Authority):
    """MT-03: a program's own token opens `/v1.0` over its certificate only; tests/web/graph/test_delegated.py has those of people."""
    bank(proxied, more="api_permissions: [User.Read.All]\n")
    mine, form = (
        rfc9440(authority.issue()),
        {"grant_type": "client_credentials", "scope": f"{ISSUER}/.default", "client_id": "bank"},
    )
    token = proxied.post("/token", form, None, headers=mine).get_json()["access_token"]
    by = {"Authorization": f"Bearer {token}"}
    assert proxied.get("/v1.0/users", headers={**by, **mine}).status_code == 200
    for headers in ({}, rfc9440(authority.issue())):
        assert proxied.get("/v1.0/users", headers={**by, **headers}).status_code == 401
    other = {"id": "1", "method": "GET", "url": "/users", "headers": rfc9440(authority.issue())}
    batch: dict[str, Any] = {"path": "/v1.0/$batch", "json": {"requests": [other]}, "base_url": ISSUER}
    assert proxied.web.post(**batch, headers=by).status_code == 401
    [answer] = proxied.web.post(**batch, headers={**by, **mine}).get_json()["responses"]
    assert answer["status"] == 200, "the connection is that of the batch, whatever its requests name"


def test_an_unbound_token_needs_none(proxied: Stage, authority: Authority):
    """An application whose file does not ask for it: whatever the connection has, nothing changes."""
    mine = rfc9440(authority.issue())
    token = proxied.tokens()["access_token"]
    for headers in (mine, {}):
        assert proxied.userinfo(token, headers=headers).status_code == 200


def test_fapi_by_certificate(proxied: Stage, authority: Authority):
    """HP-57, HP-59: FAPI 2.0 5.3.2.1: authentication and binding by certificate in place of a key and DPoP; the rest stays required."""
    bank(proxied, more="fapi: true\n")
    mine = rfc9440(authority.issue())
    request = {"redirect_uri": CALLBACK["bank"], "response_type": "code", "scope": "openid", "client_id": "bank", "state": "s-1"}
    request |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert oauth_error(proxied.post("/par", request, None)) == UNKNOWN
    pushed = proxied.post("/par", request, None, headers=mine)
    assert pushed.status_code == 201
    assert sent_to(proxied.authorize("bank"))[1]["error"] == "invalid_request"
    token = tokens(proxied, mine)["access_token"]
    assert oauth_error(proxied.userinfo(token)) == NO_TOKEN


def test_discovery(proxied: Stage):
    """HP-52: what is said more, only where the proxy passes certificates on: two methods at three endpoints, and the binding."""
    said = proxied.get("/.well-known/openid-configuration").get_json()
    added = {name: value for name, value in said.items() if GOLDEN.get(name) != value}
    methods = {f"{name}_endpoint_auth_methods_supported" for name in ("token", "introspection", "revocation")}
    assert added.keys() == methods | {"tls_client_certificate_bound_access_tokens"}
    assert added["tls_client_certificate_bound_access_tokens"] is True
    for name in methods:
        assert added[name] == [*GOLDEN[name], "tls_client_auth", "self_signed_tls_client_auth"]


def test_each_endpoint_authenticates(proxied: Stage, authority: Authority):
    """HP-52: the advertised methods work at each of the three endpoints, and at the push."""
    mine = rfc9440(authority.issue())
    assert ask(proxied, mine, "/revoke").status_code == 200
    assert oauth_error(ask(proxied, mine, "/token"))[0] == 400
    assert oauth_error(ask(proxied, mine, "/par"))[0] == 400
    assert {oauth_error(ask(proxied, {}, path)) for path in ("/token", "/par", "/introspect", "/revoke")} == {UNKNOWN}
