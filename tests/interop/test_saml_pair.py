"""Debian's SimpleSAMLphp as partner, npm openid-client and Debian's mod_auth_openidc as applications, the broker between them."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree

from broker.demo.browser import Browser, BrowserPage
from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port
from tests.interop import apache, simplesamlphp
from tests.interop.simplesamlphp import EMAIL, GCM, SamlVisitor, ServiceProvider, entity_id, identity_provider
from tests.interop.stage import Home, peer
from tests.interop.tls_front import Front, tls_front

RP_SECRET = "application secret: 32 characters, more"
PEOPLE = {
    "ada": {"uid": "ada", "mail": "ada@partner.example", "displayName": "Ada Partner", "givenName": "Ada", "sn": "Partner"},
    "bob": {"uid": "bob", "mail": "bob@partner.example", "displayName": "Bob Bouwer", "givenName": "Bob", "sn": "Bouwer"},
}
SECURE = {"dora": {"uid": "dora", "mail": "dora@secure.example", "displayName": "Dora Secure", "sn": "Secure"}}
SEALED = {"cleo": {"uid": "cleo", "mail": "cleo@sealed.example", "displayName": "Cleo Sealed", "sn": "Sealed"}}
_DS = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass
class Pair:
    """Everybody's address."""

    broker: BrokerProcess
    application: str
    site: str
    front: Front
    partner: Path
    address: str

    def login(self, who: SamlVisitor, query: str = "") -> BrowserPage:
        """Begin at the application, walk to the end."""
        return who.open(f"{self.application}/login{query}")

    def invite(self, email: str) -> str:
        """The link."""
        return str(self.broker.invite(email, "rp", f"{self.application}/login")["redeem_url"])


def visitor(name: str, tls: ssl.SSLContext | None = None) -> SamlVisitor:
    """One of the partners' people with a new browser. tls: whom the browser trusts."""
    return SamlVisitor({**PEOPLE, **SEALED, **SECURE}[name]["mail"], name, Browser(tls=tls))


def certificates(broker: BrokerProcess, path: str) -> dict[str, str]:
    """Certificates of the metadata that we publish, by use."""
    root = etree.fromstring(Browser().get(f"{broker.issuer}{path}").body)
    found = root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor")
    return {node.get("use"): next(node.iter(_DS + "X509Certificate")).text for node in found}


@pytest.fixture(scope="module")
def pair(node: str, folder: Path) -> Iterator[Pair]:
    """Three partners, which all check our signatures: persistent subjects; mail subjects and encrypted assertions; https."""
    simplesamlphp.install()
    apache.install()
    home = Home(folder / "home")
    ports = {host: free_port(host) for host in ("127.0.0.2", "127.0.0.4", "127.0.0.6")}
    first, second = (entity_id(f"http://{host}:{ports[host]}") for host in ("127.0.0.2", "127.0.0.4"))
    rp, site = free_port("127.0.0.3"), free_port("127.0.0.5")
    application, protected = f"http://127.0.0.3:{rp}", f"http://127.0.0.5:{site}"
    home.write_broker()
    home.write_saml_partner("peer", first)
    home.write_saml_partner("sealed", second, domain="sealed.example", entity_id=second, want_encrypted=True, signed="both")
    home.write_application("rp", f"{application}/cb", client_secret=RP_SECRET, post_logout_redirect_uris=[f"{application}/bye"])
    home.write_application("site", f"{protected}/app/cb", client_secret=RP_SECRET)
    client = {"client_id": "rp", "client_secret": RP_SECRET}
    with ExitStack() as stack:
        front = stack.enter_context(tls_front(folder, "127.0.0.6", ports["127.0.0.6"]))
        home.write_saml_partner("secure", entity_id(front.address), domain="secure.example")
        broker = stack.enter_context(home.broker(SSL_CERT_FILE=str(front.authority)))
        ours, theirs = certificates(broker, "/saml/metadata"), certificates(broker, "/saml/sealed/metadata")
        us, acs, slo = (f"{home.issuer}/saml/{name}" for name in ("metadata", "acs", "slo"))
        plain = ServiceProvider(us, acs, ours["signing"], slo)
        encrypted = ServiceProvider(us, acs, theirs["signing"], slo, theirs["encryption"], GCM, EMAIL)
        for host, people, sp, address in (
            ("127.0.0.2", PEOPLE, plain, None),
            ("127.0.0.4", SEALED, encrypted, None),
            ("127.0.0.6", SECURE, plain, front.address),
        ):
            stack.enter_context(identity_provider(folder / host, host, ports[host], people, sp, front=address))
        stack.enter_context(
            peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(rp), ISSUER=home.issuer, CLIENT_JSON=json.dumps(client),
                 METHOD="client_secret_post")
        )  # fmt: skip
        stack.enter_context(apache.protected_site(folder, "127.0.0.5", site, home.issuer, "site", RP_SECRET))
        yield Pair(broker, application, protected, front, folder / "127.0.0.2", f"http://127.0.0.2:{ports['127.0.0.2']}")


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


def test_logout_at_the_partner(pair: Pair, ada: SamlVisitor) -> None:
    """HS-35: SimpleSAMLphp's signed LogoutRequest ends the session that began there, and no other; our answer satisfies it."""
    assert pair.login(ada).json()["ok"]
    who = visitor("ada")
    assert pair.login(who).json()["ok"]
    end = f"{pair.application}/bye"
    page = who.browser.get(f"{pair.address}/saml2/idp/SingleLogoutService.php?ReturnTo={quote(end, safe='')}")
    assert page.url.startswith(end), f"{page}\n{page.text[:2000]}"
    assert pair.login(who, "?prompt=none").json()["error"] == "login_required"
    assert pair.login(ada, "?prompt=none").json()["ok"]


@pytest.mark.parametrize("name", ["ada", "cleo"])
def test_logout_towards_the_partner(pair: Pair, name: str) -> None:
    """HS-35: the button of our page; SimpleSAMLphp verifies our LogoutRequest, for Cleo with an EncryptedID, and answers it."""
    who = visitor(name)
    page = who.open(pair.invite(f"{name}@{'sealed' if name == 'cleo' else 'partner'}.example"))
    assert page.json()["ok"], page.json()
    page = who.browser.submit(who.browser.get(f"{pair.broker.issuer}/logout"))
    page = who.walk(who.browser.submit(page))
    assert "has ended, too." in page.text, f"{page}\n{page.text[:2000]}"
    pair.login(who)
    assert "peer-login" in who.seen


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


def test_mod_auth_openidc(pair: Pair, ada: SamlVisitor) -> None:
    """A protected page of Apache: who SimpleSAMLphp vouches for arrives there as claims, by single sign-on and alone."""
    for who in (ada, visitor("ada")):
        page = who.open(f"{pair.site}/app/")
        assert page.status == 200, str(page)
        assert "user=ada@partner.example" in page.text
        assert "OIDC_CLAIM_email_verified=1" in page.text
        assert "OIDC_CLAIM_idp=peer" in page.text
        assert "OIDC_CLAIM_name=Ada Partner" in page.text


def test_over_https_with_an_authority_of_its_own(pair: Pair) -> None:
    """HO-16, HS-36: metadata and sign-in by https; the partner's certificate is of an authority that SSL_CERT_FILE names."""
    who = visitor("dora", pair.front.trusting())
    page = who.open(pair.invite("dora@secure.example"))
    assert page.url.startswith(f"{pair.application}/cb"), f"{page}\n{page.text[:2000]}"
    claims = page.json()["claims"]
    assert (claims["email"], claims["email_verified"], claims["idp"]) == ("dora@secure.example", True, "secure")
    report = pair.broker.ask("doctor", "secure")
    assert report["ok"], report


def test_an_authority_that_nobody_named(pair: Pair) -> None:
    """HO-16: without SSL_CERT_FILE the same partner is not believed, and doctor says why."""
    stranger = BrokerProcess(pair.broker.home, pair.broker.issuer, 0)
    done = stranger.command("doctor", "secure", "--json")
    assert done.returncode == 1
    (finding,) = [found for found in json.loads(done.stdout)["findings"] if found["check"] == "reachable"]
    assert "certificate" in finding["seen"]
