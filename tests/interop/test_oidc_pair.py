"""npm oidc-provider as partner, npm openid-client as application, the broker between them: both certified, neither ours."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.demo.browser import BrowserPage
from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port
from tests.interop.stage import ADA, BOB, CLEO, USERS, Home, PeerVisitor, peer, visitor

SECRET = "partner secret: 32 characters or more %+"
RP_SECRET = "application secret: 32 characters, more"


@dataclass
class Pair:
    """Everybody's address."""

    broker: BrokerProcess
    partner: str
    application: str

    def login(self, who: PeerVisitor, query: str = "") -> BrowserPage:
        """Begin at the application, walk to the end."""
        return who.open(f"{self.application}/login{query}")

    def invite(self, email: object) -> str:
        """The link."""
        return str(self.broker.invite(str(email), "rp", f"{self.application}/login")["redeem_url"])


@pytest.fixture(scope="module")
def pair(node: str, folder: Path) -> Iterator[Pair]:
    """The three of them, on addresses of their own."""
    home = Home(folder / "home")
    idp_port, rp_port = free_port("127.0.0.2"), free_port("127.0.0.3")
    partner, application = f"http://127.0.0.2:{idp_port}", f"http://127.0.0.3:{rp_port}"
    home.write_broker()
    home.write_partner("peer", partner, secret=SECRET, require_claims={"tid": "partner-1"}, post_logout_redirect=True)
    home.write_application("rp", f"{application}/cb", client_secret=RP_SECRET, post_logout_redirect_uris=[f"{application}/bye"])
    registered = {
        "client_id": "broker",
        "client_secret": SECRET,
        "redirect_uris": [home.callback("peer")],
        "post_logout_redirect_uris": [f"{home.issuer}/oidc/peer/signed-out"],
        "backchannel_logout_uri": f"{home.issuer}/backchannel/peer",
        "backchannel_logout_session_required": True,
    }
    client = {"client_id": "rp", "client_secret": RP_SECRET}
    with (
        peer(node, "idp.mjs", folder=folder, HOST="127.0.0.2", PORT=str(idp_port), CLIENT_JSON=json.dumps(registered),
             USERS_JSON=json.dumps(USERS)),
        home.broker() as broker,
        peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(rp_port), ISSUER=home.issuer, CLIENT_JSON=json.dumps(client),
             METHOD="client_secret_post"),
    ):  # fmt: skip
        yield Pair(broker, partner, application)


@pytest.fixture(scope="module")
def ada(pair: Pair) -> PeerVisitor:
    """Ada, who has redeemed her invitation in this browser."""
    who = visitor("ada")
    page = who.open(pair.invite(ADA["email"]))
    assert page.url.startswith(f"{pair.application}/cb"), str(page)
    found = page.json()
    assert found["ok"], found
    assert who.seen.count("review-permissions") == 1
    assert "peer-login" in who.seen
    return who


def test_redeem_and_sign_in(pair: Pair, ada: PeerVisitor) -> None:
    """The invited guest reaches the application, whose own checks all pass; single sign-on from then on."""
    page = pair.login(ada)
    found = page.json()
    assert found["ok"], found
    assert "peer-login" not in ada.seen
    claims = found["claims"]
    assert (claims["email"], claims["email_verified"], claims["idp"]) == (ADA["email"], True, "peer")
    assert claims["name"] == ADA["name"]
    assert found["userinfo"]["email"] == ADA["email"]
    assert found["has_refresh"] is True


def test_refresh_rotates(pair: Pair, ada: PeerVisitor) -> None:
    """openid-client refreshes twice; every refresh token is a new one."""
    pair.login(ada)
    for _ in range(2):
        found = ada.browser.get(f"{pair.application}/refresh").json()
        assert found["ok"], found
        assert found["rotated"] is True
    assert ada.browser.get(f"{pair.application}/userinfo").json()["email"] == ADA["email"]


def test_prompt_login_moves_auth_time(pair: Pair, ada: PeerVisitor) -> None:
    """HP-17: prompt=login and max_age reach the partner; openid-client checks auth_time itself."""
    before = pair.login(ada).json()["claims"]["auth_time"]
    time.sleep(1.1)
    found = pair.login(ada, "?prompt=login").json()
    assert found["ok"], found
    assert "peer-login" in ada.seen
    assert found["claims"]["auth_time"] > before
    assert pair.login(ada, "?max_age=3600").json()["ok"] is True
    assert "peer-login" not in ada.seen
    time.sleep(1.1)
    found = pair.login(ada, "?max_age=0").json()
    assert found["ok"], found
    assert "peer-login" in ada.seen


def test_prompt_none(pair: Pair, ada: PeerVisitor) -> None:
    """HP-47: silent where there is a session, login_required where there is none."""
    assert pair.login(ada, "?prompt=none").json()["ok"] is True
    assert pair.login(visitor("ada"), "?prompt=none").json()["error"] == "login_required"


def test_new_browser_without_the_link(pair: Pair, ada: PeerVisitor) -> None:
    """From the application, by the address alone; the same sub."""
    sub = pair.login(ada).json()["claims"]["sub"]
    who = visitor("ada")
    found = pair.login(who).json()
    assert found["ok"], found
    assert "home-organization" in who.seen
    assert found["claims"]["sub"] == sub


def test_requested_claims(pair: Pair, ada: PeerVisitor) -> None:
    """HP-49: the `claims` parameter, with an essential one that nobody has."""
    wanted = '{"id_token":{"given_name":null,"nickname":{"essential":true}}}'
    found = pair.login(ada, f"?claims={wanted}").json()
    assert found["ok"], found


@pytest.mark.parametrize("person", ["bob", "cleo"])
def test_uninvited(pair: Pair, person: str) -> None:
    """The partner vouches, nobody invited: not_invited, and a receipt that says so."""
    page = pair.login(visitor(person))
    assert page.error == "not_invited", str(page)
    receipt = pair.broker.ask("sign-ins", "--request", page.request_id)
    assert receipt["error"] == "not_invited"
    assert receipt["partner"] == "peer"


def test_unverified_address_binds_nothing(pair: Pair) -> None:
    """HO-14: email_verified false does not redeem an invitation."""
    page = visitor("bob").open(pair.invite(BOB["email"]))
    assert page.name in ("email-code", "error"), str(page)
    assert pair.broker.ask("guests", "show", str(BOB["email"]))["state"] == "invited"


def test_identity_of_somebody_else_binds_nothing(pair: Pair) -> None:
    """Cleo's link in Bob's hands."""
    page = visitor("bob").open(pair.invite(CLEO["email"]))
    assert page.name in ("email-code", "error"), str(page)
    assert pair.broker.ask("guests", "show", str(CLEO["email"]))["state"] == "invited"


def test_revocation(pair: Pair) -> None:
    """HP-38: openid-client revokes; the refresh token is worthless."""
    who = visitor("ada")
    assert pair.login(who).json()["ok"] is True
    assert who.browser.get(f"{pair.application}/revoke").json()["ok"] is True
    assert who.browser.get(f"{pair.application}/refresh").json()["error"] == "invalid_grant"


def test_introspection(pair: Pair) -> None:
    """HP-38: the application may look at its own access token."""
    who = visitor("ada")
    sub = pair.login(who).json()["claims"]["sub"]
    found = who.browser.get(f"{pair.application}/introspect").json()
    assert found["active"] is True
    assert found["sub"] == sub


def test_logout(pair: Pair) -> None:
    """HP-44, HP-54: RP-initiated logout returns with state, ends session and tokens."""
    who = visitor("ada")
    assert pair.login(who).json()["ok"] is True
    page = who.browser.get(f"{pair.application}/logout")
    assert page.url.startswith(f"{pair.application}/bye"), str(page)
    assert page.json()["state"] == "s-1"
    assert who.browser.get(f"{pair.application}/refresh").json()["error"] == "invalid_grant"
    assert who.browser.get(f"{pair.application}/userinfo").json()["ok"] is False
    assert who.browser.get(f"{pair.application}/login").name == "home-organization"


def test_logout_towards_the_partner(pair: Pair) -> None:
    """RP-Initiated Logout 2, 3: oidc-provider accepts our hint, asks as it always does, and sends the person back with our state."""
    who = visitor("ada")
    assert pair.login(who).json()["ok"] is True
    page = who.browser.submit(who.browser.submit(who.browser.get(f"{pair.broker.issuer}/logout")))
    action, secret = re.search(r'action="([^"]+)"', page.text), re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert action is not None, page.text
    assert secret is not None
    done = who.browser.post(action[1], {"xsrf": secret[1], "logout": "yes"}, opener=page)
    assert "has ended, too." in done.text, done.text
    pair.login(who)
    assert "peer-login" in who.seen


def test_logout_at_the_partner(pair: Pair) -> None:
    """HO-18: oidc-provider's logout token with sub and sid ends the session that began there, and no other."""
    who, other = visitor("ada"), visitor("ada")
    assert pair.login(other).json()["ok"] is True
    assert pair.login(who).json()["ok"] is True
    page = who.browser.get(f"{pair.partner}/session/end")
    action, secret = re.search(r'action="([^"]+)"', page.text), re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert action is not None
    assert secret is not None
    done = who.browser.post(action[1], {"xsrf": secret[1], "logout": "yes"}, opener=page)
    assert done.url.endswith("/session/end/success"), done.text
    assert who.browser.get(f"{pair.application}/refresh").json()["error"] == "invalid_grant"
    assert pair.login(who, "?prompt=none").json()["error"] == "login_required"
    assert pair.login(other, "?prompt=none").json()["ok"] is True
