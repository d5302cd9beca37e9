"""The keys of RFC 8705: certificates of applications, and the header in which they arrive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from broker.jose.keys import generate
from tests.protocol.certificates import Authority
from tests.settings.homes import BROKER, good, lines, of, write

NAMES = "subject_dn, san_dns, san_uri, san_ip, san_email"
NETWORK = "network: {trusted_proxies: [192.0.2.1], client_certificate_header: Client-Cert}\n"
NO_HEADER = "needs the certificate of the connection; write network.client_certificate_header in broker.yaml"
FORM = "is no name of a certificate; write it as the certificate has it, a subject as in RFC 4514: CN=batch,O=Bank,C=NL"
FAPI = "fapi: true\nid_token_signed_response_alg: PS256\n"
BOUND = "tls_client_certificate_bound_access_tokens"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the certificates of an authority and of a client."""
    authority = Authority()
    client = authority.issue().public_bytes(Encoding.PEM).decode()
    return write(tmp_path, {"config/ca.pem": authority.pem, "config/client.pem": authority.pem + client, "config/empty.pem": ""})


def application(text: str) -> str:
    return f"name: Payroll\n{text}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tls_client_auth: {authorities: config/ca.pem, subject_dn: 'CN=batch,C=NL'}", []),
        ("tls_client_auth: {authorities: config/ca.pem}", [f"2: tls_client_auth: needs exactly one name of the certificate; write one of {NAMES}"]),
        (
            "tls_client_auth: {authorities: config/ca.pem, san_dns: a.example, san_uri: 'urn:a'}",
            [f"2: tls_client_auth: needs exactly one name of the certificate; write one of {NAMES}"],
        ),
        ("tls_client_auth: {authorities: config/ca.pem, subject_dn: batch}", [f"2: tls_client_auth.subject_dn: 'batch' {FORM}"]),
        ("tls_client_auth: {authorities: config/ca.pem, san_ip: 192.0.2}", [f"2: tls_client_auth.san_ip: '192.0.2' {FORM}"]),
        (
            "tls_client_auth: {authorities: config/empty.pem, san_dns: a.example}",
            ["2: tls_client_auth.authorities: 'config/empty.pem' holds no certificate of an authority; write the path of a PEM file"],
        ),
        (
            "tls_client_auth: {authorities: config/client.pem, san_dns: a.example}",
            ["2: tls_client_auth.authorities: 'config/client.pem' holds no certificate of an authority; write the path of a PEM file"],
        ),
        ("self_signed_tls_client_auth: true", ["2: self_signed_tls_client_auth: needs its certificates; write jwks or jwks_uri with a key that has x5c"]),
        (
            f"{BOUND}: true",
            [f"2: {BOUND}: is for applications that prove themselves; write client_secret, jwks, jwks_uri or tls_client_auth"],
        ),
        (
            "jwks_uri: https://a.example/jwks\ntls_client_auth: {authorities: config/ca.pem, san_dns: a.example}",
            ["3: tls_client_auth: stands beside jwks_uri; keep one of the two"],
        ),
        (f"tls_client_auth: {{authorities: config/ca.pem, san_dns: a.example}}\n{BOUND}: true\ndpop_bound_access_tokens: false\n{FAPI}", []),
    ],
)  # fmt: skip
def test_an_applications_file(home: Path, text: str, found: list[str]):
    """HP-22, HP-57: one credential, with one name; bound tokens need one."""
    good(home, broker=BROKER + NETWORK, application=application(text))
    assert [line.partition("payroll.yaml:")[2] for line in lines(home)] == found


def test_only_with_the_header(home: Path):
    """MT-01: a file that relies on certificates is refused until a proxy passes them on."""
    text = application(f"tls_client_auth: {{authorities: config/ca.pem, san_dns: a.example}}\n{BOUND}: true")
    assert of("application", home, text) == [f"2: tls_client_auth: {NO_HEADER}", f"3: {BOUND}: {NO_HEADER}"]


def test_a_key_set_without_certificates(home: Path):
    """RFC 8705 2.2.2: nobody could prove themselves."""
    keys = json.dumps({"keys": [generate("ES256", "one").public_jwk()]})
    good(home, broker=BROKER + NETWORK, application=application(f"self_signed_tls_client_auth: true\njwks: {keys}"))
    assert [line.partition("payroll.yaml:")[2] for line in lines(home)] == [
        "2: self_signed_tls_client_auth: finds no certificate in jwks; add x5c to a key"
    ]


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ("client_certificate_header: Client-Cert", "is believed from trusted proxies only; write their addresses in network.trusted_proxies"),
        (
            "trusted_proxies: [192.0.2.1], client_certificate_header: Client_Cert",
            "'Client_Cert' is no name of a header; write one of letters, digits and -, as Client-Cert",
        ),
    ],
)  # fmt: skip
def test_the_header(home: Path, network: str, found: str):
    """MT-01: a name that a server cannot confuse with another one, and somebody who may send it."""
    assert of("broker", home, f"{BROKER}network: {{{network}}}\n") == [f"3: network.client_certificate_header: {found}"]
