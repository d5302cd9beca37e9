"""TK-22: what other standards offer and this provider does not is refused with its own error; discovery does not name it."""

from __future__ import annotations

import json

import pytest

from tests.protocol.stage import CALLBACK, Stage, oauth_error, sent_to

DETAILS = json.dumps([{"type": "payment_initiation", "actions": ["initiate"]}])
GRANTS = (
    "urn:ietf:params:oauth:grant-type:token-exchange",  # RFC 8693 2.1
    "urn:ietf:params:oauth:grant-type:jwt-bearer",  # RFC 7523 2.1
    "urn:ietf:params:oauth:grant-type:saml2-bearer",  # RFC 7522 2.1
    "urn:openid:params:grant-type:ciba",  # CIBA 4
    "password",  # RFC 9700 2.4
)


@pytest.mark.parametrize("details", [DETAILS, "[]", "x"])
def test_authorization_details(calm: Stage, details: str):
    """RFC 9396 5, 6: refused at authorize and at the token endpoint; a code that was sent with them stays good."""
    assert sent_to(calm.authorize(authorization_details=details))[1]["error"] == "invalid_authorization_details"
    _, code = calm.grant()
    refused = calm.exchange(code, "payroll", authorization_details=details)
    assert oauth_error(refused) == (400, "invalid_authorization_details")
    assert calm.exchange(code).status_code == 200


@pytest.mark.parametrize("grant_type", GRANTS)
def test_grant_types(calm: Stage, grant_type: str):
    """RFC 6749 5.2: token exchange and every other grant type that is not listed."""
    token = calm.tokens()["access_token"]
    form = {
        "grant_type": grant_type,
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "assertion": token,
    }
    assert oauth_error(calm.post("/token", form)) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("path", ["/register", "/connect/register", "/clients", "/reg"])
def test_registration(calm: Stage, path: str):
    """OpenID Connect Dynamic Client Registration 3, RFC 7591 3: there is no endpoint; applications are files (HP-45)."""
    answer = calm.web.post(path, json={"redirect_uris": [CALLBACK["payroll"]]}, base_url="https://login.contoso.example")
    assert answer.status_code == 404


@pytest.mark.parametrize("value", ["id_token", "token", "code id_token", "code token", "code id_token token", "none"])
def test_other_response_types(calm: Stage, value: str):
    """RFC 9700 2.1.2: no implicit and no hybrid flow."""
    assert sent_to(calm.authorize(response_type=value))[1]["error"] == "unsupported_response_type"


def test_no_session_state(calm: Stage):
    """Session Management 2, 3.1: no session_state in a response, no iframe to ask (docs/decisions/0022-no-session-iframe.md)."""
    assert "session_state" not in calm.silent()[1]
    assert "session_state" not in calm.silent(calm.person())[1]
    for path in ("/check_session", "/check-session", "/session/iframe"):
        assert calm.get(path).status_code == 404


def test_discovery_names_none_of_it(calm: Stage):
    """Discovery 3, RFC 8414 2, RFC 9396 10, Session Management 3.3: what is not served is not listed."""
    document = calm.get("/.well-known/openid-configuration").get_json()
    absent = {
        "registration_endpoint",
        "check_session_iframe",
        "authorization_details_types_supported",
        "backchannel_authentication_endpoint",
    }
    assert not absent & document.keys()
    assert document["claim_types_supported"] == ["normal"]
    assert not set(GRANTS) & set(document["grant_types_supported"])
