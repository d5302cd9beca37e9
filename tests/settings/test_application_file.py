"""config/applications/CLIENT_ID.yaml: each kind of mistake with its exact line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from broker.jose.keys import generate
from broker.settings import load
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, good, of, write

SECRET = "name: Payroll\nclient_secret: ${env:PAYROLL_SECRET}\n"  # confidential; what is appended stands in line 3

PUBLIC = "name: Payroll\n# public\n"

LIST = "is not a list; write [ONE, TWO], or [] for none"

BOOLEAN = "is not a yes or no; write true or false, without quotes"

NO_URL = "is no URL; write plain ASCII without spaces, hosts in their xn-- form"

LOOPBACK = "is http on a host that is not loopback; write https://HOST/PATH"

SCHEME = "has a scheme that is not allowed; write https://HOST/PATH, or a public app's com.example.app:/PATH"

FRAGMENT = "has a fragment; remove it from the # on"

SCOPES = "openid, profile, email, address, phone, groups, roles, offline_access"

PERMISSIONS = (
    "User.Invite.All, User.Read.All, User.ReadWrite.All, Group.ReadWrite.All, Application.ReadWrite.All,"
    " AppRoleAssignment.ReadWrite.All, Policy.Read.All, AuditLog.Read.All"
)

WORD = "is no name; write a word of letters, digits and _ . : / # -"

OUT = "leads out of the home; write a relative path as config/logos/payroll.svg"

HTTP = "is http (url_not_allowed); write https://, or list its host in network.allow_private_addresses of broker.yaml"

PROTOCOL = "is a claim that only the protocol writes; choose another name"

CASES = {
    "redirect_uris: https://payroll.contoso.example/callback": [f"redirect_uris: {LIST}"],
    "redirect_uris: null": [f"redirect_uris: {LIST}"],
    "redirect_uris: {a: b}": [f"redirect_uris: {LIST}"],
    "post_logout_redirect_uris: [http://a.example/]": [f"post_logout_redirect_uris.0: 'http://a.example/' {LOOPBACK}"],
    "post_logout_redirect_uris: https://a.example/": [f"post_logout_redirect_uris: {LIST}"],
    "backchannel_logout_uri: http://10.0.0.1/x": [f"backchannel_logout_uri: 'http://10.0.0.1/x' {HTTP}"],
    "backchannel_logout_uri: https://a.example/x#y": [f"backchannel_logout_uri: 'https://a.example/x#y' {FRAGMENT}"],
    "backchannel_logout_uri: ftp://a": [
        "backchannel_logout_uri: 'ftp://a' is not https (url_not_allowed); write https://HOST/PATH"
    ],
    "launch_url: http://a.example/": [
        "launch_url: 'http://a.example/' is not https; write https://HOST/PATH (http only for loopback hosts)"
    ],
    "owners: [bob]": ["owners.0: 'bob' is no mail address; write one as alice@contoso.example"],
    "assignment_required: nope": [f"assignment_required: {BOOLEAN}"],
    "assignment_required:": ["assignment_required: is empty; write a value, or remove the key"],
    "roles: [viewer, a b, '']": [f"roles.1: 'a b' {WORD}", f"roles.2: '' {WORD}"],
    "subject_type: pairwize": [
        "subject_type: 'pairwize' is not known here; did you mean pairwise? Write one of pairwise, public"
    ],
    "id_token_signed_response_alg: HS256": [
        "id_token_signed_response_alg: 'HS256' is not known here; did you mean RS256? Write one of RS256, ES256, PS256, EdDSA"
    ],
    "id_token_signed_response_alg: none": [
        "id_token_signed_response_alg: 'none' is not known here; write one of RS256, ES256, PS256, EdDSA"
    ],
    "scopes: [openid, grops, 3]": [
        f"scopes.1: 'grops' is no scope we know; did you mean groups? Write some of {SCOPES}",
        f"scopes.2: '3' is no scope we know; write some of {SCOPES}",
    ],
    "scopes: [profile]": ["scopes: lacks openid; write [openid, profile, email]"],
    "claims: {sub: x, exp: y, idp: z, department: a b, dept: org_unit}": [
        f"claims.sub: {PROTOCOL}",
        f"claims.exp: {PROTOCOL}",
        f"claims.idp: {PROTOCOL}",
        f"claims.department: 'a b' {WORD}",
    ],
    "claims: {groups: memberOf, roles: roles}": [
        f"claims.{name}: is told by the scope of this name, from our directory; choose another name"
        for name in ("groups", "roles")
    ],
    "id_token_claims: [proof]": ["id_token_claims.0: 'proof' is no claim of ours; did you mean proofs?"],
    "id_token_claims: [acr]": ["id_token_claims.0: 'acr' is in every ID token where it belongs; leave it out"],
    "id_token_claims: [7]": ["id_token_claims.0: '7' is no claim of ours; write [proofs]"],
    "client_assertion_audience: []": ["client_assertion_audience: is empty, so no assertion would do; write [issuer]"],
    "client_assertion_audience: [token]": [
        "client_assertion_audience.0: 'token' is not known here; did you mean token_endpoint? Write one of issuer, token_endpoint"
    ],
    "audiences: [payrol, zzz]": [
        "audiences.0: 'payrol' is no application we have a file of; did you mean payroll?",
        "audiences.1: 'zzz' is no application we have a file of; write the name of a file of config/applications/ without .yaml",
    ],
    "api_permissions: [User.Invite, Directory.All]": [
        f"api_permissions.0: 'User.Invite' is not known here; did you mean User.Invite.All? Write one of {PERMISSIONS}",
        f"api_permissions.1: 'Directory.All' is not known here; write one of {PERMISSIONS}",
    ],
    "dpop_bound_access_tokens: true\napi_permissions: [User.Read.All]": [
        "dpop_bound_access_tokens: stands beside api_permissions, but the management API takes bearer tokens; use two applications"
    ],
    "fapi: true": [
        "fapi: needs a client that proves itself by a key or a certificate (FAPI 2.0 5.3.2.1); write jwks, jwks_uri or tls_client_auth, and no client_secret",
        "fapi: needs an algorithm of FAPI 2.0 5.4.1; write id_token_signed_response_alg with one of PS256, ES256, EdDSA",
    ],
    "device_grant: true\nrequire_pushed_authorization_requests: true": [
        (
            "device_grant: stands beside require_pushed_authorization_requests, "
            "but a device's request is not pushed (RFC 9126 6); use two applications"
        )
    ],
    "self_service: {sign_up: true, approval: anybody}": [
        "self_service.approval: 'anybody' is not known here; write one of owners, none"
    ],
    "self_service: true": ["self_service: is not a map; write key: value lines below it"],
    "owner: [x]": ["owner: is an unknown key; did you mean owners?"],
    "jwks_uri: https://x.example/jwks": ["jwks_uri: stands beside client_secret; keep one of the two"],
    "trusted_issuers: [{issuer: https://t.example, subject: a, audience: b}]": [
        "trusted_issuers: stands beside client_secret; keep one of the two",
        "trusted_issuers: needs api_permissions: it is for programs of the management API",
    ],
    "jwks:": ["jwks: is empty; write a value, or remove the key", "jwks: stands beside client_secret; keep one of the two"],
    "logo: ../x.svg": [f"logo: '../x.svg' {OUT}"],
    "logo: /etc/x.svg": [f"logo: '/etc/x.svg' {OUT}"],
    "logo: config/../../x.svg": [f"logo: 'config/../../x.svg' {OUT}"],
    "logo: config/logos/out.svg": [f"logo: 'config/logos/out.svg' {OUT}"],
    "logo: 'config\\logos\\a.svg'": [f"logo: 'config\\logos\\a.svg' {OUT}"],
    "logo: config/logos/none.svg": ["logo: 'config/logos/none.svg' is no file; write a path that exists, relative to the home"],
    "logo: config/logos/dir.svg": ["logo: 'config/logos/dir.svg' is no file; write a path that exists, relative to the home"],
    "logo: config/logos/a.gif": ["logo: 'config/logos/a.gif' is neither .svg nor .png; write a path as config/logos/payroll.svg"],
    "logo: config/broker.yaml": ["logo: 'config/broker.yaml' is neither .svg nor .png; write a path as config/logos/payroll.svg"],
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_has_its_line(case, tmp_path: Path):
    """CF-02, HP-8, HP-22, HP-39, HP-40, HP-45, AZ-19: place, what is wrong, what to write."""
    home = tmp_path / "home"
    write(tmp_path, {"home/config/logos/a.gif": "", "x.svg": "<svg/>", "home/config/logos/dir.svg/x": ""})
    (home / "config/logos/out.svg").symlink_to(tmp_path / "x.svg")
    assert of("application", home, SECRET + case + "\n") == [f"3: {line}" for line in CASES[case]]


def test_devices_beside_fapi(tmp_path: Path):
    """HP-57, TK-30: the sign-in for a device is no way around what `fapi: true` requires of the others."""
    assert of("application", tmp_path, SECRET + "device_grant: true\nfapi: true\nid_token_signed_response_alg: PS256\n") == [
        "3: device_grant: stands beside fapi, but a device's request is not pushed (RFC 9126 6); use two applications",
        "4: fapi: needs a client that proves itself by a key or a certificate (FAPI 2.0 5.3.2.1); write jwks, jwks_uri or tls_client_auth, and no client_secret",
    ]


URIS = {
    "http://a.example/cb": LOOPBACK,
    "http://127.1/cb": LOOPBACK,
    "https://a.example/cb#x": FRAGMENT,
    "https://a.example/cb#": FRAGMENT,
    "https://a.example/*": "has a wildcard; write each URI in full",
    "https://*.a.example/": "has a wildcard; write each URI in full",
    "javascript:alert(1)": SCHEME,
    "data:text/html,x": SCHEME,
    "vbscript:x": SCHEME,
    "file:///etc/passwd": SCHEME,
    "myapp:/cb": SCHEME,
    "com.example.app:cb": SCHEME,
    "javascript.x:alert": SCHEME,
    "https://a.example/a b": NO_URL,
    "https://a.example/ü": NO_URL,
    "https://a.example/\\x": NO_URL,
    "https://a.example/<x>": NO_URL,
    "": NO_URL,
    "/cb": "is no absolute URL; write https://HOST/PATH",
    "//a.example/cb": "is no absolute URL; write https://HOST/PATH",
    "https:///cb": "has no host; write https://HOST/PATH",
    "https:/cb": "has no host; write https://HOST/PATH",
    "https://a.example:x/": "is no URL; check host and port",
}


@pytest.mark.parametrize("uri", URIS)
@pytest.mark.parametrize("kind", [SECRET, PUBLIC])
def test_what_is_no_redirect_uri(uri, kind, tmp_path: Path):
    """HP-45: https, http for loopback, private schemes in reverse-domain form; no fragment, script or data."""
    found = of("application", tmp_path, f"{kind}redirect_uris: [https://ok.example/, '{uri}']\n")
    assert found == [f"3: redirect_uris.1: '{uri}' {URIS[uri]}"]


def test_a_redirect_uri_with_a_password_is_not_printed(tmp_path: Path):
    """HP-45: no userinfo."""
    found = of("application", tmp_path, SECRET + "redirect_uris: ['https://u:p@a.example/', 3]\n")
    assert found == [
        "3: redirect_uris.0: holds a user name or password; remove what stands before the @",
        f"3: redirect_uris.1: '3' {NO_URL}",
    ]


def test_private_schemes_are_for_public_clients(tmp_path: Path):
    """HP-45; RFC 8252 7.1, 8.3."""
    uris = "redirect_uris: ['com.example.app:/cb', 'com.example.app://cb', 'http://127.0.0.1/cb', 'http://[::1]:7/cb?x=1']\n"
    message = "has a private scheme, which only a public client may use; write https://HOST/PATH"
    assert of("application", tmp_path, PUBLIC + uris) == []
    assert of("application", tmp_path, SECRET + uris) == [
        f"3: redirect_uris.0: 'com.example.app:/cb' {message}",
        f"3: redirect_uris.1: 'com.example.app://cb' {message}",
    ]
    assert len(of("application", tmp_path, PUBLIC.replace("# public", "client_secret: x") + uris)) == 3


def test_redirect_uris_are_kept_as_written(tmp_path: Path):
    """HP-8: character for character, also what a browser would write otherwise."""
    uris = ("https://A.example", "https://a.example:443/x/../y", "http://127.0.0.3:1/cb?x=1&y=%7e", "http://localhost:3/")
    text = SECRET + "redirect_uris:\n" + "".join(f"  - {uri}\n" for uri in uris)
    assert load.load(good(tmp_path, application=text), ENVIRON).applications["payroll"].redirect_uris == uris


def test_the_client_type_comes_from_the_credential(tmp_path: Path):
    """HP-22: derived once, when the file is read."""
    good(tmp_path, broker=BROKER + "network: {allow_private_addresses: [127.0.0.0/8]}\n")
    write(
        tmp_path,
        {
            "config/applications/native.yaml": "name: x\n",
            "config/applications/keyed.yaml": "name: x\njwks_uri: http://127.0.0.2:1/jwks\n",
        },
    )
    applications = load.load(tmp_path, ENVIRON).applications
    kinds = {name: (application.client_id, application.client_type) for name, application in applications.items()}
    assert kinds == {
        "payroll": ("payroll", "secret"),
        "native": ("native", "public"),
        "keyed": ("keyed", "private_key_jwt"),
    }


WHOLE = {
    "client_secret: ${env:PAYROLL_SECRET}\n": ["1: name: is missing; write name: Payroll"],
    "name: x\njwks_uri:\n": ["2: jwks_uri: is empty; write a value, or remove the key"],
    "name: x\njwks_uri: http://a.example/jwks\n": [f"2: jwks_uri: 'http://a.example/jwks' {HTTP}"],
    "name: x\njwks_uri: http://a b/\n": [f"2: jwks_uri: 'http://a b/' {NO_URL}"],
    "name: x\napi_permissions: [User.Invite.All]\n": [
        "2: api_permissions: are for programs that prove themselves; write client_secret, jwks, jwks_uri or trusted_issuers too, or remove them"
    ],
}


@pytest.mark.parametrize("text", WHOLE)
def test_credentials(text, tmp_path: Path):
    """HP-22: one credential or none, and a program that uses the API has one."""
    assert of("application", tmp_path, text) == WHOLE[text]


def test_an_application_as_the_contract_writes_it(tmp_path: Path):
    """Every key of the contract's example is taken."""
    write(tmp_path, {"config/logos/payroll.svg": "<svg/>"})
    text = APPLICATION + (
        "post_logout_redirect_uris: []\nbackchannel_logout_uri: null\nlaunch_url: https://payroll.contoso.example/\n"
        "logo: config/logos/payroll.svg\nowners: [bob@contoso.example]\nassignment_required: true\nroles: [viewer, approver]\n"
        "subject_type: pairwise\nid_token_signed_response_alg: RS256\n"
        "scopes: [openid, profile, email, groups, roles, offline_access]\nclaims: {department: org_unit}\naudiences: []\n"
        "api_permissions: []\nself_service: {sign_up: false, approval: owners}\n"
    )
    application = load.load(good(tmp_path, application=text), ENVIRON).applications["payroll"]
    assert application.claims == {"department": "org_unit"}
    assert application.scopes == ("openid", "profile", "email", "groups", "roles", "offline_access")
    assert application.logo == "config/logos/payroll.svg"
    assert application.assignment_required


def test_an_encrypted_response_needs_a_key(tmp_path: Path) -> None:
    """TK-21: a public key of the application that is for encryption; a file that holds none would let nothing be sent."""
    signing, sealing = generate("ES256").public_jwk(), {**generate("ES256").public_jwk(), "use": "enc", "alg": "ECDH-ES"}
    uri = "jwks_uri: https://payroll.contoso.example/jwks\n"
    lines = "id_token_encrypted_response_alg: ECDH-ES\n"
    for credential, problem in (
        (
            "client_secret: ${env:PAYROLL_SECRET}\n",
            "needs a public key of the application; write jwks or jwks_uri with a key of `use: enc`",
        ),
        (
            f"jwks: {json.dumps({'keys': [signing]})}\n",
            "finds no key in jwks that is for encryption; add a public key of 'ECDH-ES' with `use: enc`",
        ),
        (f"jwks: {json.dumps({'keys': [signing, sealing]})}\n", ""),
        (uri, ""),
    ):
        reading = load.read(good(tmp_path, application=f"name: Payroll\n{credential}{lines}"), ENVIRON)
        assert [(error.key, error.message) for error in reading.errors] == (
            [("id_token_encrypted_response_alg", problem)] if problem else []
        )
