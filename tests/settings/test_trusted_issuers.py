"""`trusted_issuers` of an application's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings.homes import of

HTTP = "is http (url_not_allowed); write https://, or list its host in network.allow_private_addresses of broker.yaml"
WORKLOAD = "name: Pipeline\napi_permissions: [User.Read.All]\n"
ENTRY = "{issuer: https://t.example, subject: 'repo:x', audience: 'https://b.example'}"
WORKLOADS = {
    "trusted_issuers: []": [
        "trusted_issuers: is empty, so nothing would prove this program; write issuer, subject and audience, or remove the key"
    ],
    f"trusted_issuers: [{ENTRY}, {ENTRY}]": ["trusted_issuers.1: is the same as an entry before; remove one"],
    "trusted_issuers: [{issuer: https://t.example, subject: 'repo:x/*', audience: ''}]": [
        "trusted_issuers.0.subject: 'repo:x/*' has a wildcard, but values are compared character for character; write each in full",
        "trusted_issuers.0.audience: '' is no name; write 1 to 255 printable ASCII characters",
    ],
    "trusted_issuers: [{issuer: 'https://t.example/?a', subject: a, audience: b}]": [
        "trusted_issuers.0.issuer: 'https://t.example/?a' has a query; write the issuer as its tokens name it"
    ],
    "trusted_issuers: [{issuer: 'http://10.0.0.1', subject: a, audience: b}]": [
        f"trusted_issuers.0.issuer: 'http://10.0.0.1' {HTTP}"
    ],
    f"redirect_uris: [https://a.example/cb]\ntrusted_issuers: [{ENTRY}]": [
        "trusted_issuers: stands beside redirect_uris, but people sign in elsewhere; use two applications"
    ],
    f"jwks_uri: https://a.example/jwks\ntrusted_issuers: [{ENTRY}]": [
        "trusted_issuers: stands beside jwks_uri; keep one of the two"
    ],
    "trusted_issuers: [" + ", ".join(ENTRY.replace("repo:x", f"repo:{n}") for n in range(11)) + "]": [
        "trusted_issuers: has more than 10 entries; use several applications"
    ],
}


@pytest.mark.parametrize("case", WORKLOADS)
def test_issuers_that_prove_a_program(case: str, tmp_path: Path) -> None:
    """HP-22, HP-65, HO-16: exact values, no other credential, nothing that people sign in to."""
    text = WORKLOAD + case + "\n"
    assert [one.partition(": ")[2] for one in of("application", tmp_path / "bad", text)] == WORKLOADS[case]
    assert of("application", tmp_path / "good", f"{WORKLOAD}trusted_issuers: [{ENTRY}]\n") == []
