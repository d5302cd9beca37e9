"""Keys whose capability is not built: told where they are used, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import load, pending
from broker.settings.schema import schema
from tests.connectors.saml.metadata_documents import pem, rsa_key
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, PARTNER, POLICY, good, write

OFF = POLICY + "state: disabled\n"


def notes(home: Path, **bent: str) -> list[str]:
    """The notes of a home with a disabled policy, as `broker check` prints them."""
    write(home, {"config/terms.md": "x"})
    reading = load.read(good(home, **{"policy": OFF, **bent}), ENVIRON)
    assert reading.errors == []
    return [str(note) for note in pending.notes(reading)]


def test_the_least_home_has_no_notes(tmp_path: Path):
    """Defaults are no use of a key."""
    assert notes(tmp_path) == []


def test_keys_with_their_defaults_written_out_have_no_notes(tmp_path: Path):
    """Writing a default down changes nothing, so there is nothing to tell."""
    broker = BROKER + "administrators: []\nguests: {lifetime: null, email_one_time_code: false}\nretention: {receipts: 30d}\n"
    application = APPLICATION + "owners: []\nroles: []\napi_permissions: []\nself_service: {sign_up: false}\n"
    application += "backchannel_logout_uri: null\n"
    partner = PARTNER + "trust: {email: true, mfa: [], mfa_max_age: 12h, step_up: false}\n"
    assert notes(tmp_path, broker=broker, application=application, partner=partner) == []


USED = {
    ("broker", "administrators: [a@contoso.example]"): "administrators",
    ("broker", "terms_of_use: {version: 1, file: config/terms.md}"): "terms_of_use",
    ("broker", "guests:\n  email_one_time_code: true"): "guests.email_one_time_code",
    ("broker", "mail:\n  server: smtp://mail.contoso.example"): "mail.server",
    ("broker", "mail:\n  server: folder:var/mail"): "mail.server",
    ("broker", "retention: {audit: 10d}"): "retention.audit",
    ("partner", "trust:\n  mfa: [mfa]"): "trust.mfa",
    ("partner", "trust:\n  mfa_max_age: 1h"): "trust.mfa_max_age",
    ("partner", "trust:\n  step_up: true"): "trust.step_up",
    ("application", "owners: [bob@contoso.example]"): "owners",
    ("application", "api_permissions: [User.Read.All]"): "api_permissions",
    ("application", "self_service: {sign_up: true}"): "self_service.sign_up",
    ("application", "self_service: {request: true, lifetime: 90d, proof: [email_code]}"): "self_service.proof",
    ("application", "self_service: {attributes: [department]}"): "self_service.attributes",
    ("application", "require_pushed_authorization_requests: true"): "require_pushed_authorization_requests",
    ("application", "dpop_bound_access_tokens: true"): "dpop_bound_access_tokens",
    ("application", "require_pkce: true"): "require_pkce",
    ("broker", "tokens: {refresh_grace: 30s}"): "tokens.refresh_grace",
    ("broker", "roles: {help_desk: [ann@contoso.example, 'group:Help desk']}"): "roles",
}
FILES = {
    "broker": ("config/broker.yaml", BROKER),
    "partner": ("config/partners/fabrikam.yaml", PARTNER),
    "application": ("config/applications/payroll.yaml", APPLICATION),
}


@pytest.mark.parametrize(("kind", "text"), USED)
def test_each_used_key_is_told(kind, text, tmp_path: Path):
    """`FILE:LINE: key: has no effect yet: why`, as long as the table of pending keys holds it."""
    key = USED[kind, text]
    file, before = FILES[kind]
    line = before.count("\n") + text.count("\n") + 1
    entries = [entry for entry in pending.PENDING if (entry.kind, entry.path) == (kind, key)]
    found = notes(tmp_path, **{kind: f"{before}{text}\n"})
    if not entries:
        assert found == []
        return
    assert len(found) == 1
    assert found[0].startswith(f"{file}:{line}: {key}: has no effect yet: ")
    assert found[0].rpartition(": has no effect yet: ")[2] in {entry.missing for entry in entries}


def test_policies_and_saml_partners(tmp_path: Path):
    """A policy that is not disabled, written or by default, and a SAML section, as long as they are pending."""
    write(tmp_path, {"config/policies/b.yaml": POLICY + "state: report_only\n"})
    found = notes(tmp_path, policy=POLICY, partner="name: x\nsaml: {metadata: https://idp.fabrikam.example/m}\n")
    kinds = {entry.kind: entry.missing for entry in pending.PENDING if entry.path in ("state", "saml")}
    expected = {
        "partner": ["config/partners/fabrikam.yaml:2: saml: has no effect yet: "],
        "policy": [
            "config/policies/b.yaml:4: state: has no effect yet: ",
            "config/policies/mfa.yaml:1: state: has no effect yet: ",
        ],
    }
    assert found == [line + kinds[kind] for kind in ("partner", "policy") if kind in kinds for line in expected[kind]]


def test_a_federation_by_query_has_no_effect_yet(tmp_path: Path):
    """Its file is validated closed, as every other; `broker check` says that nobody comes in by it yet. An aggregate has no note."""
    certificate = pem(rsa_key(name="federation"))
    text = "metadata: {mdq: https://mdq.federation.example/}\nmetadata_certificate: config/md.pem\n"
    text += "include: {registration_authorities: [https://a.example]}\nexclude: {entity_ids: [https://b.example]}\nhidden: true\n"
    write(tmp_path, {"config/md.pem": certificate, "config/federations/edu.yaml": text})
    assert notes(tmp_path) == [
        "config/federations/edu.yaml:1: metadata: has no effect yet: asking for entities one by one is not built"
    ]
    write(
        tmp_path, {"config/federations/edu.yaml": "metadata: https://md.example/all.xml\nmetadata_certificate: config/md.pem\n"}
    )
    assert notes(tmp_path) == []
    write(tmp_path, {"config/federations/edu.yaml": "metadata: {mdq: 1}\ncolour: red\n"})
    errors = [error.key for error in load.read(tmp_path, ENVIRON).errors]
    assert sorted(set(errors)) == ["colour", "metadata", "metadata_certificate"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("id_token_encrypted_response_enc: A256GCM", "id_token_encrypted_response_enc"),
        ("self_service: {role: chief}", "self_service.role"),
        ("access_tokens: odd", "access_tokens"),
        ("require_pkce: 1", "require_pkce"),
        ("self_service: {proof: [faith]}", "self_service.proof.0"),
    ],
)
def test_new_keys_of_an_application_are_validated(tmp_path: Path, text: str, key: str):
    """Closed from the start: what a key cannot mean is refused where it is written."""
    reading = load.read(good(tmp_path, application=f"{APPLICATION}{text}\n"), ENVIRON)
    assert [error.key for error in reading.errors] == [key]


def test_files_with_errors_have_no_notes(tmp_path: Path):
    """What cannot be read is not in use."""
    reading = load.read(good(tmp_path, partner="name: x\nsaml: {}\n", policy=OFF), ENVIRON)
    assert len(reading.errors) == 1
    assert pending.notes(reading) == []


def test_the_table_names_real_keys():
    """Every entry is a key of the models, so that an entry cannot outlive its key."""
    for entry in pending.PENDING:
        node = schema(entry.kind)
        definitions = node["$defs"]
        for key in entry.path.split("."):
            value = node["properties"][key]
            reference = next((part["$ref"] for part in (value, *value.get("anyOf", ())) if "$ref" in part), "")
            node = definitions.get(reference.rpartition("/")[2], {})
