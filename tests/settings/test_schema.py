"""Closed defaults: what holds where a file says nothing, as `broker schema` prints it (and the models apply it)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from broker.cli.schema import NAMES as COMMAND_NAMES
from broker.cli.schema import schema as command
from broker.settings.model import MODELS, ApplicationFile, BrokerFile, PartnerFile, PolicyFile
from broker.settings.schema import NAMES, schema

REQUIRED = "required"
DEFAULTS: dict[str, dict[str, Any]] = {
    "broker": {
        "issuer": REQUIRED,
        "organization.name": REQUIRED,
        "organization.support_url": None,
        "organization.privacy_url": None,
        "database": "sqlite:///var/broker.db",
        "administrators": [],
        "roles.guest_inviters": [],
        "roles.help_desk": [],
        "roles.auditors": [],
        "mail.from": None,
        "mail.server": "folder:var/mail",
        "invitations.lifetime": "30d",
        "invitations.allow_domains": [],
        "invitations.deny_domains": [],
        "invitations.redirect_origins": [],
        "guests.email_one_time_code": True,
        "guests.lifetime": None,
        "guests.inactive": None,
        "guests.restore": "30d",
        "guests.sponsor_required": False,
        "terms_of_use": None,
        "terms_of_use.version": REQUIRED,
        "terms_of_use.file": REQUIRED,
        "sessions.lifetime": "12h",
        "sessions.idle": "1h",
        "tokens.access": "10m",
        "tokens.id": "10m",
        "tokens.refresh": "30d",
        "tokens.refresh_idle": "7d",
        "tokens.refresh_grace": "30s",
        "languages": ["en", "nl", "de", "fr"],
        "retention.receipts": "30d",
        "retention.audit": "400d",
        "webhooks": [],
        "network.trusted_proxies": [],
        "network.client_certificate_header": None,
        "network.allow_private_addresses": [],
        "network.metrics_from": ["127.0.0.0/8", "::1"],
    },
    "partner": {
        "name": REQUIRED,
        "domains": [],
        "members": False,
        "hidden": False,
        "saml": None,
        "saml.metadata": REQUIRED,
        "saml.entity_id": None,
        "saml.metadata_certificate": None,
        "saml.sign_requests": True,
        "saml.signed": "either",
        "saml.want_encrypted": False,
        "saml.subject": "name_id",
        "saml.name_id_format": None,
        "saml.allow_idp_initiated": False,
        "oidc": None,
        "oidc.issuer": REQUIRED,
        "oidc.client_id": REQUIRED,
        "oidc.client_secret": None,
        "oidc.client_secret_jwt": None,
        "oidc.client_secret_jwt.team_id": REQUIRED,
        "oidc.client_secret_jwt.key_id": REQUIRED,
        "oidc.client_secret_jwt.key": REQUIRED,
        "oidc.client_authentication": "client_secret",
        "oidc.discovery": None,
        "oidc.response_mode": "query",
        "oidc.send_max_age": True,
        "oidc.post_logout_redirect": False,
        "oidc.scopes": ["openid", "profile", "email"],
        "oidc.client_assertion.audience": "issuer",
        "oidc.client_assertion.certificate": None,
        "trust.email": False,
        "allowed_clock_skew": "60s",
        "trust.mfa": [],
        "trust.mfa_max_age": "12h",
        "trust.step_up": False,
    },
    "application": {
        "name": REQUIRED,
        "client_secret": None,
        "jwks": None,
        "jwks_uri": None,
        "trusted_issuers": [],
        "tls_client_auth": None,
        "tls_client_auth.authorities": REQUIRED,
        "tls_client_auth.subject_dn": None,
        "tls_client_auth.san_dns": None,
        "tls_client_auth.san_uri": None,
        "tls_client_auth.san_ip": None,
        "tls_client_auth.san_email": None,
        "self_signed_tls_client_auth": False,
        "redirect_uris": [],
        "post_logout_redirect_uris": [],
        "require_pkce": False,
        "client_assertion_audience": ["issuer"],
        "id_token_claims": [],
        "fapi": False,
        "require_pushed_authorization_requests": False,
        "dpop_bound_access_tokens": False,
        "tls_client_certificate_bound_access_tokens": False,
        "access_tokens": "opaque",
        "resources": [],
        "device_grant": False,
        "userinfo_encrypted_response_alg": None,
        "userinfo_encrypted_response_enc": None,
        "id_token_encrypted_response_alg": None,
        "id_token_encrypted_response_enc": None,
        "frontchannel_logout_uri": None,
        "backchannel_logout_uri": None,
        "launch_url": None,
        "logo": None,
        "owners": [],
        "assignment_required": False,
        "roles": [],
        "subject_type": "pairwise",
        "id_token_signed_response_alg": "RS256",
        "scopes": ["openid", "profile", "email"],
        "audiences": [],
        "api_permissions": [],
        "delegated_permissions": [],
        "notification_origins": [],
        "self_service.sign_up": False,
        "self_service.request": False,
        "self_service.approval": "owners",
        "self_service.attributes": [],
        "self_service.role": None,
        "self_service.lifetime": None,
        "self_service.proof": ["partner", "email_code"],
        "self_service.connector": None,
        "self_service.connector.url": REQUIRED,
        "self_service.connector.secret": REQUIRED,
        "self_service.connector.steps": ["sign_up", "redemption"],
    },
    "federation": {
        "metadata": REQUIRED,
        "metadata_certificate": REQUIRED,
        "include.entity_ids": [],
        "include.registration_authorities": [],
        "include.entity_categories": [],
        "exclude.entity_ids": [],
        "exclude.registration_authorities": [],
        "exclude.entity_categories": [],
        "trust.email": False,
        "trust.mfa": [],
        "trust.mfa_max_age": "12h",
        "trust.step_up": False,
        "subject": "name_id",
        "hidden": False,
    },
    "policy": {
        "name": REQUIRED,
        "state": "enabled",
        "users.include.guests": [],
        "users.include.groups": [],
        "users.include.partners": [],
        "users.include.members": False,
        "users.exclude.guests": [],
        "users.exclude.groups": [],
        "users.exclude.partners": [],
        "users.exclude.members": False,
        "applications.include": "all",
        "applications.exclude": [],
        "conditions.networks.include": [],
        "conditions.networks.exclude": [],
        "conditions.partner_mfa": None,
        "grant.block": False,
        "grant.require": [],
        "session.sign_in_frequency": None,
    },
}


def defaults(node: dict[str, Any], definitions: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, default) of every key that has one or is required."""
    for name, value in node["properties"].items():
        sections = [part["$ref"] for part in (value, *value.get("anyOf", ())) if "$ref" in part]
        if "default" in value:
            yield above + name, value["default"]
        elif name in node.get("required", ()) and not sections:
            yield above + name, REQUIRED
        for reference in sections:
            yield from defaults(definitions[reference.rsplit("/", 1)[1]], definitions, f"{above}{name}.")


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_prints_closed_defaults(name):
    """What is not written is off, empty or none, but for what the contract names."""
    found = schema(name)
    assert dict(defaults(found, found["$defs"])) == DEFAULTS[name]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema that has properties."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described_and_no_other_taken(name):
    """An editor that knows the schema shows what each key does, and marks unknown ones as `broker check` does."""
    for node in objects(schema(name)):
        assert node["additionalProperties"] is False
        for key, value in node["properties"].items():
            described = value.get("description") or "$ref" in value  # then the section says the same
            assert described, f"{node['title']}.{key}"


def test_the_models_apply_the_same_defaults():
    """The schema prints what holds: durations in seconds, lists as tuples."""
    broker = BrokerFile.model_validate({"issuer": "https://login.contoso.example"})
    assert (broker.invitations.lifetime, broker.sessions.lifetime, broker.sessions.idle) == (2_592_000, 43_200, 3_600)
    assert (broker.tokens.access, broker.tokens.refresh, broker.tokens.refresh_idle) == (600, 2_592_000, 604_800)
    assert (broker.retention.receipts, broker.retention.audit) == (2_592_000, 34_560_000)
    assert broker.network.allow_private_addresses == ()
    partner = PartnerFile.model_validate({"name": "x"})
    assert partner.trust.email is False
    assert (partner.trust.mfa, partner.trust.mfa_max_age, partner.members, partner.id) == ((), 43_200, False, "")
    application = ApplicationFile.model_validate({"name": "x"})
    assert (application.client_type, application.redirect_uris, application.api_permissions) == ("public", (), ())
    assert (application.client_id, application.self_service.sign_up) == ("", False)
    policy = PolicyFile.model_validate({"name": "x", "users": {"include": {"guests": "all"}}})
    assert (policy.state, policy.applications.include, policy.id) == ("enabled", "all", "")


def test_the_command_prints_each_schema():
    """`broker schema NAME`; another name is wrong usage (2) and lists the right ones."""
    assert tuple(COMMAND_NAMES) == NAMES == tuple(MODELS)
    for name in NAMES:
        result = CliRunner().invoke(command, [name])
        assert result.exit_code == 0
        assert json.loads(result.stdout) == schema(name)
    result = CliRunner().invoke(command, ["partners"])
    assert result.exit_code == 2
    assert "'broker', 'partner', 'application', 'policy'" in result.stderr
