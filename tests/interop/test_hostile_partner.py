"""npm oauth2-mock-server signs whatever it is told to: each answer is refused with its reason, and the next honest one works."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.serving import free_port
from tests.interop.stage import Home, peer

CALLBACK = "http://127.0.0.3:9/cb"
NOW = 1_700_000_000
UNTRUSTED, FAILED = "partner_untrusted", "partner_failed"


@dataclass
class Hostile:
    """The broker and the switch of its one partner."""

    broker: BrokerProcess
    party: RelyingParty
    control: str
    refusals: dict[str, str] = field(default_factory=dict)  # case: request id

    def mode(self, **mode: Any) -> None:
        """What the next logins get; nothing: honest answers."""
        with urllib.request.urlopen(self.control, json.dumps(mode).encode(), timeout=10) as answer:
            assert answer.status == 200

    def sign_in(self) -> BrowserPage:
        """A new browser from the application to wherever it ends."""
        return DemoPerson("moa@mock.example", "", Browser()).open(self.party.begin()[0], stop_at=CALLBACK)


@pytest.fixture(scope="module")
def hostile(node: str, folder: Path) -> Iterator[Hostile]:
    """The mock server, and a guest who has redeemed an invitation there."""
    home = Home(folder / "home")
    port, control = free_port("127.0.0.2"), free_port("127.0.0.2")
    home.write_broker()
    home.write_application("rp", CALLBACK, client_secret="application secret, long enough")
    with peer(node, "mock.mjs", folder=folder, HOST="127.0.0.2", PORT=str(port), CONTROL=str(control)) as issuer:
        home.write_partner("mock", issuer, domain="mock.example", secret="whatever, but long enough")
        with home.broker() as broker:
            party = RelyingParty(
                home.issuer, "rp", CALLBACK, client_secret="application secret, long enough", scope="openid email"
            )
            found = Hostile(broker, party, f"http://127.0.0.2:{control}/")
            link = broker.invite("moa@mock.example", "rp", CALLBACK)["redeem_url"]
            page = DemoPerson("moa@mock.example", "", Browser()).open(link, stop_at=CALLBACK)
            assert page.location is not None, str(page)
            yield found


CASES: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "OU-01 alg none": ({"forge": "alg_none"}, UNTRUSTED, {"idtoken_alg"}),
    "OU-01 alg nOnE": ({"forge": "alg_NONE"}, UNTRUSTED, {"idtoken_alg"}),
    "OU-01 alg missing": ({"forge": "no_alg"}, UNTRUSTED, {"idtoken_alg"}),
    "OU-01 signature missing": ({"forge": "no_signature"}, UNTRUSTED, {"idtoken_signature", "idtoken_format"}),
    "OU-02 HS256 with the public key": ({"forge": "hs256_public_key"}, UNTRUSTED, {"idtoken_alg"}),
    "OU-03 another issuer": ({"claims": {"iss": "https://login.example"}}, UNTRUSTED, {"idtoken_iss"}),
    "OU-04 another audience": ({"claims": {"aud": "other"}}, UNTRUSTED, {"idtoken_aud"}),
    "OU-04 foreign audience without azp": ({"claims": {"aud": ["broker", "other"]}}, UNTRUSTED, {"idtoken_aud"}),
    "OU-04 foreign azp": ({"claims": {"aud": ["broker", "other"], "azp": "other"}}, UNTRUSTED, {"idtoken_aud"}),
    "OU-05 nonce missing": ({"claims": {"nonce": None}}, UNTRUSTED, {"idtoken_nonce"}),
    "OU-05 another nonce": ({"claims": {"nonce": "x" * 43}}, UNTRUSTED, {"idtoken_nonce"}),
    "OU-06 over": ({"claims": {"exp": NOW}}, UNTRUSTED, {"idtoken_time"}),
    "OU-06 exp as text": ({"claims": {"exp": "2100-01-01"}}, UNTRUSTED, {"idtoken_time"}),
    "OU-06 iat long ago": ({"claims": {"iat": NOW}}, UNTRUSTED, {"idtoken_time"}),
    "OU-06 iat in the future": ({"claims": {"iat": 4_000_000_000}}, UNTRUSTED, {"idtoken_time"}),
    "OU-06 exp negative": ({"claims": {"exp": -1}}, UNTRUSTED, {"idtoken_time"}),
    "OU-06 exp missing": ({"claims": {"exp": None}}, UNTRUSTED, {"idtoken_time"}),
    "OU-09 kid as a path": ({"header": {"kid": "../../dev/null"}}, UNTRUSTED, {"idtoken_key", "idtoken_header"}),
    "OU-09 kid as a number": ({"header": {"kid": 7}}, UNTRUSTED, {"idtoken_key", "idtoken_header"}),
    "OU-15 iss of another": ({"redirect": {"iss": "https://login.example"}}, UNTRUSTED, {"upstream_iss"}),
    "OU-17 userinfo of another": ({"claims": {"email": None, "name": None}, "userinfo": {"sub": "eve"}}, UNTRUSTED, {"userinfo_sub"}),
    "OU-18 sub missing": ({"claims": {"sub": None}}, UNTRUSTED, {"idtoken_sub"}),
    "OU-18 sub empty": ({"claims": {"sub": ""}}, UNTRUSTED, {"idtoken_sub"}),
    "OU-18 sub too long": ({"claims": {"sub": "x" * 10240}}, UNTRUSTED, {"idtoken_sub"}),
    "OU-18 sub as a number": ({"claims": {"sub": 1}}, UNTRUSTED, {"idtoken_sub"}),
    "OU-18 another case is another person": ({"claims": {"sub": "MOCK-1"}, "userinfo": {"sub": "MOCK-1"}}, "not_invited", {"not_invited"}),
    "OU-19 error with markup": (
        {"redirect": {"code": None, "error": "access_denied", "error_description": "<script>alert(1)</script>"}}, FAILED, {"upstream_error"},
    ),
    "OU-23 no ID token": ({"response": {"id_token": None}}, FAILED, {"upstream_response"}),
    "OU-23 not Bearer": ({"response": {"token_type": "mac"}}, FAILED, {"upstream_response"}),
    "OU-24 at_hash": ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, UNTRUSTED, {"idtoken_at_hash"}),
    "token endpoint refuses": ({"status": 500}, FAILED, {"upstream_unavailable", "upstream_response", "upstream_error"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused(hostile: Hostile, case: str) -> None:
    """The page's code and nothing of the partner's text; an honest login afterwards."""
    mode, code, _ = CASES[case]
    hostile.mode(**mode)
    try:
        page = hostile.sign_in()
    finally:
        hostile.mode()
    assert page.location is None, "an application got an answer"
    assert page.error == code, str(page)
    assert "<script>alert" not in page.text
    hostile.refusals[case] = page.request_id
    assert hostile.sign_in().location is not None


def test_headers_that_name_keys_are_ignored(hostile: Hostile) -> None:
    """OU-07, FB-06: members of the header that offer a key are not read; the published key verifies, and nothing is fetched."""
    with socket.create_server(("127.0.0.2", 0)) as listener:
        listener.setblocking(False)
        offered = f"http://127.0.0.2:{listener.getsockname()[1]}/keys"
        for header in ({"jku": offered}, {"jwk": {"kty": "oct", "k": "eA"}}, {"x5u": offered}):
            hostile.mode(header=header)
            try:
                assert hostile.sign_in().location is not None, header
            finally:
                hostile.mode()
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_receipts_name_the_reason(hostile: Hostile) -> None:
    """HT-19: the reference on each of those pages leads to the check that failed."""
    receipts = {receipt["request_id"]: receipt["reason"] for receipt in hostile.broker.ask("sign-ins", "--limit", "1000")}
    reasons = {case: receipts[reference] for case, reference in hostile.refusals.items()}
    assert {case: reason for case, reason in reasons.items() if reason.partition(":")[0] not in CASES[case][2]} == {}
