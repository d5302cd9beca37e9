"""Partners that nobody here wrote, beside oidc-provider and SimpleSAMLphp: LemonLDAP, Glewlwyd, zitadel/oidc, crewjam/saml, samlp."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.serving import free_port
from tests.interop import glewlwyd, lemonldap
from tests.interop.glewlwyd import GlewlwydVisitor
from tests.interop.installed import go_program
from tests.interop.lemonldap import LemonVisitor
from tests.interop.stage import Home, PeerVisitor, peer

SECRET = "zitadel-secret-0123456789-0123456789"
RP_SECRET = "application-secret-0123456789"
CALLBACK = "http://127.0.0.9:9/cb"
HOSTS = {"lemon": "127.0.0.2", "glewlwyd": "127.0.0.3", "zitadel": "127.0.0.4", "crewjam": "127.0.0.5", "samlp": "127.0.0.6"}
PASSWORD = "verysecure"


class FormVisitor(PeerVisitor):
    """Somebody who fills in a form of name and password, whatever its fields are called, and whose browser posts what a script would."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        names = {item.name for form in page.document.forms for item in form.fields}
        if "password" in names and not page.name:
            self.seen.append("peer-login")
            user = "username" if "username" in names else "user"
            return self.browser.submit(page, {user: self.subject, "password": PASSWORD}, stop_at=stop_at)
        if "SAMLResponse" in names:
            self.seen.append("peer-return")
            return self.browser.submit(page, stop_at=stop_at)
        return super()._step(page, stop_at)


@dataclass
class Stage:
    """The broker with five partners over six connections."""

    broker: BrokerProcess
    party: RelyingParty

    def sign_in(self, who: PeerVisitor) -> dict[str, object]:
        """Invited, redeemed, and signed in at the application once more with a new session; the ID token's claims."""
        page = who.open(self.broker.invite(who.address, "rp", CALLBACK)["redeem_url"], stop_at=CALLBACK)
        assert page.location is not None, f"{page} {page.error} {page.text[:1500]}"
        url, pending = self.party.begin()
        page = who.open(url, stop_at=CALLBACK)
        assert page.location is not None, f"{page} {page.error} {page.text[:1500]}"
        return dict(self.party.complete(page.query, pending).claims)


@pytest.fixture(scope="module")
def stage(node: str, folder: Path) -> Iterator[Stage]:
    """All peers; those over SAML read our metadata once we serve it."""
    lemonldap.install()
    glewlwyd.install()
    go, home = go_program("go"), Home(folder / "home")
    ports = {name: free_port(host) for name, host in HOSTS.items()}
    sites = {name: f"http://{HOSTS[name]}:{ports[name]}" for name in HOSTS}
    users = {"id1": {"ID": "id1", "Username": "zoe", "Password": PASSWORD, "FirstName": "Zoe", "LastName": "Zita",
                     "Email": "zoe@zitadel.example", "EmailVerified": True}}  # fmt: skip
    (folder / "users.json").write_text(json.dumps(users), "utf-8")
    key, certificate = folder / "samlp.key", folder / "samlp.crt"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=samlp"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    home.write_broker()
    home.write_application("rp", CALLBACK, client_secret=RP_SECRET)
    home.write_partner("lemon", f"{sites['lemon']}/", domain="badwolf.org", secret=lemonldap.SECRET)
    home.write_saml_partner("lemonsaml", f"{sites['lemon']}/saml/metadata", domain="lemon.example", name_id_format=_PERSISTENT)
    home.write_partner("glewlwyd", f"{sites['glewlwyd']}/api/oidc", secret=glewlwyd.SECRET)
    home.write_partner("zitadel", sites["zitadel"], domain="zitadel.example", secret=SECRET)
    home.write_saml_partner("crewjam", f"{sites['crewjam']}/metadata", domain="crewjam.example", sign_requests=False)
    home.write_saml_partner("samlp", f"{sites['samlp']}/metadata", domain="samlp.example", sign_requests=False)
    with ExitStack() as stack:
        start = stack.enter_context
        start(peer(go, "zitadel", folder=folder, HOST=HOSTS["zitadel"], PORT=str(ports["zitadel"]), CLIENT_ID="broker",
                   CLIENT_SECRET=SECRET, REDIRECT_URI=home.callback("zitadel"), USERS_FILE=str(folder / "users.json")))  # fmt: skip
        start(peer(go, "crewjam", folder=folder, HOST=HOSTS["crewjam"], PORT=str(ports["crewjam"])))
        start(peer(node, "idp_samlp.mjs", folder=folder, HOST=HOSTS["samlp"], PORT=str(ports["samlp"]), ACS=f"{home.issuer}/saml/acs",
                   KEY=str(key), CERTIFICATE=str(certificate), USER_JSON=json.dumps(_SAM)))  # fmt: skip
        start(glewlwyd.glewlwyd(folder / "glewlwyd", HOSTS["glewlwyd"], ports["glewlwyd"], home.callback("glewlwyd")))
        broker = start(home.broker())
        metadata = Browser().get(f"{home.issuer}/saml/lemonsaml/metadata").text
        start(lemonldap.lemonldap(folder / "lemon", HOSTS["lemon"], ports["lemon"], home.callback("lemon"), metadata))
        _put(f"{sites['crewjam']}/services/broker", Browser().get(f"{home.issuer}/saml/crewjam/metadata").body)
        cora = {"name": "cora", "password": PASSWORD, "email": "cora@crewjam.example", "common_name": "Cora Crew"}
        _put(f"{sites['crewjam']}/users/cora", json.dumps(cora).encode())
        yield Stage(broker, RelyingParty(home.issuer, "rp", CALLBACK, client_secret=RP_SECRET, scope="openid profile email"))


_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_SAM = {
    "id": "sam-1", "displayName": "Sam Auth", "name": {"givenName": "Sam", "familyName": "Auth"},
    "emails": [{"value": "sam@samlp.example"}],
}  # fmt: skip


def _put(url: str, body: bytes) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, body, method="PUT"), timeout=20) as answer:
        assert answer.status < 300


def test_lemonldap_oidc(stage: Stage) -> None:
    """LemonLDAP over OIDC: an issuer with an end slash, an audience list, no email_verified."""
    claims = stage.sign_in(LemonVisitor("dwho@badwolf.org", "dwho"))
    assert (claims["idp"], claims["email"]) == ("lemon", "dwho@badwolf.org")


def test_lemonldap_saml(stage: Stage) -> None:
    """LemonLDAP over SAML: it checks our signature, and sends a NameID because the file asks for a persistent one (FB-14)."""
    claims = stage.sign_in(LemonVisitor("msmith@lemon.example", "msmith"))
    assert (claims["idp"], claims["email"]) == ("lemonsaml", "msmith@lemon.example")


def test_lemonldap_single_logout(stage: Stage) -> None:
    """HS-35: LemonLDAP verifies our LogoutRequest, ends its session and answers; the next sign-in there asks for the password."""
    who = LemonVisitor("rtyler@lemon.example", "rtyler")
    stage.sign_in(who)
    page = who.browser.submit(who.browser.get(f"{stage.broker.issuer}/logout"))
    page = who.walk(who.browser.submit(page))
    assert "has ended, too." in page.text, f"{page} {page.text[:2000]}"
    url, _ = stage.party.begin()
    assert who.open(url, stop_at=CALLBACK).location is not None
    assert "peer-login" in who.seen


def test_glewlwyd(stage: Stage) -> None:
    """Glewlwyd: a random subject, no name."""
    claims = stage.sign_in(GlewlwydVisitor("ada@partner.example", "ada"))
    assert (claims["idp"], claims["email"]) == ("glewlwyd", "ada@partner.example")


def test_zitadel(stage: Stage) -> None:
    """zitadel/oidc as partner."""
    claims = stage.sign_in(FormVisitor("zoe@zitadel.example", "zoe"))
    assert (claims["idp"], claims["email"]) == ("zitadel", "zoe@zitadel.example")


def test_crewjam(stage: Stage) -> None:
    """crewjam/saml's identity provider, which takes unsigned requests and reads our metadata."""
    claims = stage.sign_in(FormVisitor("cora@crewjam.example", "cora"))
    assert (claims["idp"], claims["email"]) == ("crewjam", "cora@crewjam.example")


def test_samlp(stage: Stage) -> None:
    """Auth0's samlp with its own choice of attribute names."""
    claims = stage.sign_in(FormVisitor("sam@samlp.example", "sam"))
    assert (claims["idp"], claims["email"]) == ("samlp", "sam@samlp.example")
