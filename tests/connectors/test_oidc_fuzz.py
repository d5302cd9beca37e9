"""Hypothesis: whatever a provider answers, a login ends in an Assertion or a page's error, never in one of ours (OU-22, RX-04)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.connectors.oidc.connector import OidcConnector, PartnerView, Sources
from broker.connectors.oidc.discovery import check_discovery, check_jwks
from broker.connectors.outbound.client import HttpResponse
from broker.domain.assertion import Assertion
from broker.domain.connector import Inbound
from broker.domain.errors import PageError, PartnerFailed
from broker.jose.keys import PrivateKey, generate
from broker.jose.sign import half_hash, sign
from tests.connectors.provider import NOW, canonical

ISSUER = "https://login.fabrikam.example"
KEY: PrivateKey = generate("EdDSA", "key-1")
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
}
TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
NAMES = [
    "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "acr", "amr", "auth_time", "email",
    "email_verified", "name", "groups", "address", "locale", "hd",
]  # fmt: skip


class Answers:
    """The outbound client's place, answering what a strategy drew: no network in ten thousand examples."""

    def __init__(self, token: bytes, userinfo: bytes, status: int) -> None:
        self.token, self.userinfo, self.status = token, userinfo, status

    def allows_plain(self, _url: str) -> bool:
        """Nothing may be http:."""
        return False

    def post_form(self, *_args: Any, **_options: Any) -> HttpResponse:
        """The token endpoint."""
        return HttpResponse(self.status, {}, self.token)

    def get(self, *_args: Any, **_options: Any) -> HttpResponse:
        """Userinfo."""
        return HttpResponse(200, {}, self.userinfo)


def login(token: bytes, userinfo: bytes = b"{}", status: int = 200, params: Mapping[str, str] | None = None) -> Assertion | None:
    """One login; None for a page's error, everything else passes through and fails the test."""
    partner = PartnerView(id="p", issuer=ISSUER, client_id="c", client_secret="s", domains=("a.example",), trust_email=True)
    sources = Sources(lambda: DOCUMENT, lambda _refresh: {"keys": [KEY.public_jwk()]})
    http: Any = Answers(token, userinfo, status)
    connector = OidcConnector(partner, "https://b.example/cb", sources, http, lambda *_a: "", canonical_email=canonical)
    inbound = Inbound(params={"code": "c"} if params is None else params, memory={"nonce": "n", "code_verifier": "v"}, now=NOW)
    try:
        return connector.complete(inbound)
    except PageError:
        return None


QUIET = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@QUIET
@given(st.binary(max_size=200) | st.builds(lambda v: json.dumps(v).encode(), JSON), st.sampled_from([200, 201, 400, 401, 500]))
def test_any_token_answer(body: bytes, status: int):
    """Arbitrary bytes and JSON as token answers."""
    assert login(body, status=status) is None


@QUIET
@given(
    st.dictionaries(st.sampled_from(NAMES) | TEXT, JSON, max_size=6), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5)
)
def test_any_claims_in_a_signed_token(changes: dict[str, Any], userinfo: dict[str, Any]):
    """Arbitrary claims over an honest token and in userinfo: an Assertion that can be stored, or a refusal."""
    honest = {
        "iss": ISSUER,
        "aud": "c",
        "sub": "s",
        "exp": NOW + 60,
        "iat": NOW,
        "nonce": "n",
        "at_hash": half_hash("EdDSA", "a"),
    }
    token = sign(KEY, honest | changes)
    body = json.dumps({"token_type": "Bearer", "access_token": "a", "id_token": token}).encode()
    assertion = login(body, json.dumps({"sub": "s"} | userinfo).encode())
    if assertion is not None:
        assert isinstance(assertion.subject, str)
        assert isinstance(assertion.amr, tuple)
        stored = json.dumps(assertion.to_json(), allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert Assertion.from_json(json.loads(stored)) == assertion


@QUIET
@given(st.dictionaries(st.sampled_from(["code", "error", "iss", "state", "error_description"]), st.text(max_size=30), max_size=5))
def test_any_callback_parameters(params: dict[str, str]):
    """Arbitrary parameters of the browser."""
    assert login(b"{}", params=params) is None


@QUIET
@given(
    st.dictionaries(
        st.sampled_from([*DOCUMENT, "code_challenge_methods_supported", "response_types_supported"]), JSON, max_size=4
    )
)
def test_any_discovery_document(changes: dict[str, Any]):
    """Arbitrary members of discovery and key sets."""
    for found in (DOCUMENT | changes, changes, json.dumps(changes).encode()):
        with contextlib.suppress(PartnerFailed):
            check_discovery(found, ISSUER)
        with contextlib.suppress(PartnerFailed):
            check_jwks(found)


def test_the_honest_case_is_an_assertion():
    """The fuzz starts from a login that works."""
    honest = {"iss": ISSUER, "aud": "c", "sub": "s", "exp": NOW + 60, "iat": NOW, "nonce": "n"}
    body = json.dumps({"token_type": "Bearer", "access_token": "a", "id_token": sign(KEY, honest)}).encode()
    assertion = login(body, b'{"sub":"s","name":"Ann"}')
    assert assertion is not None
    assert (assertion.subject, assertion.name) == ("s", "Ann")
