"""Debian's SimpleSAMLphp as partner, npm openid-client as application, the broker between them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from broker.demo.browser import Browser, Page
from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port
from tests.interop import simplesamlphp
from tests.interop.simplesamlphp import EMAIL, GCM, SamlVisitor, ServiceProvider, entity_id, identity_provider
from tests.interop.stage import Home, peer

RP_SECRET = "application secret: 32 characters, more"
PEOPLE = {
    "ada": {"uid": "ada", "mail": "ada@partner.example", "displayName": "Ada Partner", "givenName": "Ada", "sn": "Partner"},
    "bob": {"uid": "bob", "mail": "bob@partner.example", "displayName": "Bob Bouwer", "givenName": "Bob", "sn": "Bouwer"},
}
SEALED = {"cleo": {"uid": "cleo", "mail": "cleo@sealed.example", "displayName": "Cleo Sealed", "sn": "Sealed"}}
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass
class Pair:
    """Everybody's address."""

    broker: BrokerProcess
    application: str
    partner: Path

    def login(self, who: SamlVisitor, query: str = "") -> Page:
        """Begin at the application, walk to the end."""
        return who.open(f"{self.application}/login{query}")

    def invite(self, email: str) -> str:
        """The link."""
        return str(self.broker.invite(email, "rp", f"{self.application}/login")["redeem_url"])


def visitor(name: str) -> SamlVisitor:
    """One of the partners' people with a new browser."""
    return SamlVisitor({**PEOPLE, **SEALED}[name]["mail"], name)


def certificates(broker: BrokerProcess, path: str) -> dict[str, str]:
    """Certificates of the metadata that we publish, by use."""
    root = etree.fromstring(Browser().get(f"{broker.issuer}{path}").body)
    found = root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor")
    return {node.get("use"): next(node.iter(_DS + "X509Certificate")).text for node in found}


@pytest.fixture(scope="module")
def pair(node: str, folder: Path) -> Iterator[Pair]:
    """Two partners: one with persistent subjects, one with mail subjects and encrypted assertions; both check our signatures."""
    simplesamlphp.install()
    home = Home(folder / "home")
    first, second, rp = free_port("127.0.0.2"), free_port("127.0.0.4"), free_port("127.0.0.3")
    application = f"http://127.0.0.3:{rp}"
    home.write_broker()
    home.write_saml_partner("peer", entity_id("127.0.0.2", first))
    home.write_saml_partner(
        "sealed",
        entity_id("127.0.0.4", second),
        domain="sealed.example",
        entity_id=entity_id("127.0.0.4", second),
        want_encrypted=True,
        signed="both",
    )
    home.write_application("rp", f"{application}/cb", client_secret=RP_SECRET, post_logout_redirect_uris=[f"{application}/bye"])
    client = {"client_id": "rp", "client_secret": RP_SECRET}
    with home.broker() as broker:
        ours, theirs = certificates(broker, "/saml/metadata"), certificates(broker, "/saml/sealed/metadata")
        us, acs = f"{home.issuer}/saml/metadata", f"{home.issuer}/saml/acs"
        plain = ServiceProvider(us, acs, ours["signing"])
        encrypted = ServiceProvider(us, acs, theirs["signing"], theirs["encryption"], GCM, EMAIL)
        with (
            identity_provider(folder / "first", "127.0.0.2", first, PEOPLE, plain),
            identity_provider(folder / "second", "127.0.0.4", second, SEALED, encrypted),
            peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(rp), ISSUER=home.issuer, CLIENT_JSON=json.dumps(client),
                 METHOD="client_secret_post"),
        ):  # fmt: skip
            yield Pair(broker, application, folder / "first")


@pytest.fixture(scope="module")
def ada(pair: Pair) -> SamlVisitor:
    """Ada, who has redeemed her invitation in this browser."""
    who = visitor("ada")
    page = who.open(pair.invite("ada@partner.example"))
    assert page.url.startswith(f"{pair.application}/cb"), f"{page}\n{page.text[:2000]}"
    assert page.json()["ok"], page.json()
    assert "peer-login" in who.seen
    assert who.seen.count("review-permissions") == 1
    return who


def test_redeem_and_sign_in(pair: Pair, ada: SamlVisitor) -> None:
    """Signed requests are accepted, persistent NameID and urn:oid attributes are read, single sign-on from then on."""
    found = pair.login(ada).json()
    assert found["ok"], found
    assert "peer-login" not in ada.seen
    claims = found["claims"]
    assert (claims["email"], claims["email_verified"], claims["idp"]) == ("ada@partner.example", True, "peer")
    assert claims["name"] == "Ada Partner"


def test_new_browser_same_subject(pair: Pair, ada: SamlVisitor) -> None:
    """A persistent NameID finds the same guest."""
    sub = pair.login(ada).json()["claims"]["sub"]
    who = visitor("ada")
    found = pair.login(who).json()
    assert found["ok"], found
    assert found["claims"]["sub"] == sub


def test_prompt_login_moves_auth_time(pair: Pair, ada: SamlVisitor) -> None:
    """HP-17, HS-30: ForceAuthn makes the partner ask, and AuthnInstant says so."""
    before = pair.login(ada).json()["claims"]["auth_time"]
    time.sleep(1.1)
    found = pair.login(ada, "?prompt=login").json()
    assert found["ok"], found
    assert "peer-login" in ada.seen
    assert found["claims"]["auth_time"] > before


def test_uninvited(pair: Pair) -> None:
    """The partner vouches, nobody invited."""
    page = pair.login(visitor("bob"))
    assert page.error == "not_invited", str(page)
    assert pair.broker.ask("sign-ins", "--request", page.request_id)["partner"] == "peer"


def test_mail_subject_and_encrypted_assertion(pair: Pair) -> None:
    """HS-20, HS-28: AES-256-GCM for the key of /saml/sealed/metadata, an emailAddress NameID as subject."""
    who = visitor("cleo")
    page = who.open(pair.invite("cleo@sealed.example"))
    assert page.url.startswith(f"{pair.application}/cb"), f"{page}\n{page.text[:2000]}"
    claims = page.json()["claims"]
    assert (claims["email"], claims["idp"], claims["name"]) == ("cleo@sealed.example", "sealed", "Cleo Sealed")
