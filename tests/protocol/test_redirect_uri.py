"""The redirect URI of an authorization request is compared character for character (RFC 6749 3.1.2, RFC 8252 7.3)."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from broker.domain.errors import BadRequest
from broker.provider.application import ApplicationView
from broker.provider.request import read_request
from tests.protocol.stage import ISSUER, Stage, page_error
from tests.protocol.test_rfc6749_authorize import EVIL, PLAIN

REDIRECTS = [
    "https://payroll.contoso.example/callback/",
    "https://payroll.contoso.example/callback?x=1",
    "https://payroll.contoso.example/callback#f",
    "https://payroll.contoso.example/callback/../callback",
    "https://payroll.contoso.example/Callback",
    "https://PAYROLL.contoso.example/callback",
    "https://payroll.contoso.example:443/callback",
    "https://payroll.contoso.example:8443/callback",
    "http://payroll.contoso.example/callback",
    "https://payroll.contoso.example@evil.example/callback",
    "https://user@payroll.contoso.example/callback",
    "https://payroll.contoso.example.evil.example/callback",
    "https://payroll.contoso.example%2fcallback",
    "https://payroll.contoso.example/call%62ack",
    "https://payroll.contoso.example/callback%00",
    " https://payroll.contoso.example/callback",
    *EVIL,
]


@pytest.mark.parametrize("uri", REDIRECTS)
def test_redirect_uri_is_compared_character_for_character(calm: Stage, uri: str):
    """AZ-01, AZ-02, HP-8: page, no Location, nothing stored."""
    with calm.unchanged():
        response = calm.authorize(redirect_uri=uri)
    assert response.status_code == 400
    assert page_error(response) == "bad_request"
    assert uri not in response.text or not uri


@pytest.mark.parametrize(
    ("uri", "right"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:51004/cb", True),
        ("http://[::1]:51004/cb", True),
        ("com.example.app:/cb", True),
        ("http://127.0.0.1:0/cb", False),
        ("http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1:080/cb", False),
        ("http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1:51004/cb?x", False),
        ("http://127.0.0.1:80@evil.example/cb", False),
        ("http://localhost:51004/cb", False),
        ("https://127.0.0.1:51004/cb", False),
        ("com.example.app:/other", False),
        ("https://native.contoso.example:444/callback", False),
    ],
)
def test_loopback_port_of_a_public_application(calm: Stage, uri: str, right: bool):
    """HP-8, HP-45: RFC 8252 7.3, only the port of a loopback address, only for a public application."""
    response = calm.authorize("native", redirect_uri=uri)
    assert response.status_code == (303 if right else 400)


def test_loopback_port_of_a_confidential_application():
    """HP-8: for the others the port is compared."""
    view = ApplicationView(client_id="a", name="A", client_type="secret", redirect_uris=("http://127.0.0.1:80/cb",))
    pairs = [("client_id", "a"), ("redirect_uri", "http://127.0.0.1:81/cb")]
    with pytest.raises(BadRequest, match="redirect_uri"):
        read_request(pairs, applications=lambda _: view, hint=lambda _: pytest.fail("not asked"))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_repeated_client_or_redirect_uri(calm: Stage, name: str):
    """AZ-06, HP-9: page; either could be the attacker's."""
    pairs = MultiDict([*PLAIN.items(), (name, PLAIN[name])])
    with calm.unchanged():
        response = calm.web.get("/authorize", query_string=pairs, base_url=ISSUER)
    assert page_error(response) == "bad_request"
