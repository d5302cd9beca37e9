"""Applications that nobody here wrote, beside openid-client: Debian's mod_auth_openidc and PyPI's Authlib, and openid-client's other ways."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask, redirect, session, url_for

from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.serving import LoopbackServer, free_port
from tests.interop import apache
from tests.interop.stage import Home, peer

SECRET = "application secret: with %, + and space"
PLAIN_SECRET = "application-secret-that-needs-no-encoding"  # Authlib 1 sends Basic without the encoding of RFC 6749 2.3.1
PARTNER_SECRET = "partner secret: long enough"
METHODS = {
    "basic": ("client_secret_basic", {"client_secret": SECRET}, {"client_secret": SECRET}),
    "post": ("client_secret_post", {"client_secret": SECRET}, {"client_secret": SECRET}),
    "public": ("none", {}, {}),
    "key": ("private_key_jwt", {}, {}),
}
ALGORITHMS = ("ES256", "PS256", "EdDSA")


@dataclass
class Stage:
    """The broker, our own partner, and the addresses of the applications."""

    broker: BrokerProcess
    sites: dict[str, str]

    def invited(self) -> DemoPerson:
        """Ada with a new browser, invited and redeemed before."""
        return DemoPerson("ada@fabrikam.example", "ada")


@pytest.fixture(scope="module")
def stage(node: str, folder: Path) -> Iterator[Stage]:
    """One broker and all applications."""
    home = Home(folder / "home")
    partner = LoopbackServer("127.0.0.2")
    account = Account(subject="ada", name="Ada Fabrik", email="ada@fabrikam.example")
    client = Client(client_id="broker", client_secret=PARTNER_SECRET, redirect_uris=(home.callback("fabrikam"),))
    partner.start(create_partner(IdentityProvider(partner.address, name="Fabrikam", accounts=[account], clients=[client])))
    home.write_broker()
    home.write_partner("fabrikam", partner.address, domain="fabrikam.example", secret=PARTNER_SECRET)
    ports = {name: free_port("127.0.0.3") for name in (*METHODS, *ALGORITHMS)}
    sites = {name: f"http://127.0.0.3:{port}" for name, port in ports.items()}
    apache_port, authlib = free_port("127.0.0.4"), LoopbackServer("127.0.0.5")
    sites |= {"apache": f"http://127.0.0.4:{apache_port}", "authlib": authlib.address}
    for name in METHODS:
        keys = {"jwks_uri": f"{sites[name]}/jwks"} if name == "key" else {}
        home.write_application(f"rp-{name}", f"{sites[name]}/cb", **METHODS[name][2], **keys)
    for alg in ALGORITHMS:
        home.write_application(f"rp-{alg.lower()}", f"{sites[alg]}/cb", client_secret=SECRET, id_token_signed_response_alg=alg)
    home.write_application(
        "site",
        f"{sites['apache']}/app/cb",
        client_secret=SECRET,
        post_logout_redirect_uris=[f"{sites['apache']}/index.html"],
        backchannel_logout_uri=f"{sites['apache']}/app/cb?logout=backchannel",
    )
    home.write_application("flask", f"{sites['authlib']}/cb", client_secret=PLAIN_SECRET)
    try:
        with ExitStack() as stack:
            for name, (method, secret, _) in METHODS.items():
                stack.enter_context(_openid_client(node, folder, home, ports[name], f"rp-{name}", method, secret))
            for alg in ALGORITHMS:
                metadata = {"client_secret": SECRET, "id_token_signed_response_alg": alg}
                stack.enter_context(
                    _openid_client(node, folder, home, ports[alg], f"rp-{alg.lower()}", "client_secret_basic", metadata)
                )
            broker = stack.enter_context(home.broker())
            apache.install()
            stack.enter_context(apache.protected_site(folder, "127.0.0.4", apache_port, home.issuer, "site", SECRET))
            authlib.start(_authlib(home.issuer))
            found = Stage(broker, sites)
            link = broker.invite("ada@fabrikam.example", "rp-basic", f"{sites['basic']}/login")["redeem_url"]
            page = found.invited().open(link)
            assert page.url.startswith(sites["basic"]), str(page)
            yield found
    finally:
        partner.close()
        authlib.close()


def _openid_client(node: str, folder: Path, home: Home, port: int, client_id: str, method: str, metadata: dict[str, str]):
    return peer(node, "rp.mjs", folder=folder, HOST="127.0.0.3", PORT=str(port), ISSUER=home.issuer, METHOD=method,
                CLIENT_JSON=json.dumps({"client_id": client_id, **metadata}))  # fmt: skip


def _authlib(issuer: str) -> Flask:
    """A Flask application as Authlib's documentation shows it."""
    from authlib.integrations.flask_client import OAuth

    app = Flask("authlib-application")
    app.secret_key = "only-for-tests"
    app.config["SESSION_COOKIE_NAME"] = "authlib"
    client = OAuth(app).register(
        "broker",
        client_id="flask",
        client_secret=PLAIN_SECRET,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email offline_access", "code_challenge_method": "S256"},
    )

    @app.get("/login")
    def login():
        return client.authorize_redirect(url_for("callback", _external=True))

    @app.get("/cb")
    def callback():
        token = client.authorize_access_token()  # verifies signature, iss, aud, exp, nonce, at_hash
        session["refresh_token"] = token["refresh_token"]
        session["claims"] = {**token["userinfo"], "fetched": client.userinfo(token=token)["email"]}
        return redirect("/")

    @app.get("/refresh")
    def refresh():
        fresh = client.fetch_access_token(grant_type="refresh_token", refresh_token=session["refresh_token"])
        return {"rotated": fresh["refresh_token"] != session["refresh_token"], "token_type": fresh["token_type"]}

    @app.get("/")
    def home():
        return dict(session["claims"])

    return app


@pytest.mark.parametrize("name", METHODS)
def test_openid_client_by_every_method(stage: Stage, name: str) -> None:
    """HP-22, HP-50: client_secret_basic, client_secret_post, private_key_jwt, public with PKCE; refresh by the same."""
    found = stage.invited().open(f"{stage.sites[name]}/login").json()
    assert found["ok"], found
    assert found["claims"]["email"] == "ada@fabrikam.example"
    who = stage.invited()
    fresh = who.browser.get(f"{stage.sites[name]}/refresh").json()
    assert fresh["ok"], fresh
    assert fresh["rotated"] is True


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_openid_client_verifies_every_algorithm(stage: Stage, alg: str) -> None:
    """HP-39: the ID token's algorithm is the application's choice."""
    found = stage.invited().open(f"{stage.sites[alg]}/login").json()
    assert found["ok"], found


def test_mod_auth_openidc(stage: Stage) -> None:
    """A protected page of Apache: login, claims in the environment, single sign-on, logout by the broker."""
    site, who = stage.sites["apache"], stage.invited()
    page = who.open(f"{site}/app/")
    assert page.status == 200, str(page)
    assert "user=ada@fabrikam.example" in page.text
    assert "OIDC_CLAIM_email_verified=1" in page.text
    assert "OIDC_CLAIM_idp=fabrikam" in page.text
    again = who.open(f"{site}/app/")  # with a refresh and a userinfo call of its own
    assert again.text.startswith("user=ada@fabrikam.example")
    out = who.browser.get(f"{site}/app/cb?logout={quote(site + '/index.html', safe='')}")
    assert out.text == "public", str(out)
    assert who.browser.get(f"{site}/app/").name == "home-organization"


def test_mod_auth_openidc_hears_of_logout(stage: Stage) -> None:
    """HP-56: Apache accepts our logout token and ends its own session, when staff sign the person out."""
    site, who = stage.sites["apache"], stage.invited()
    assert who.open(f"{site}/app/").status == 200
    assert who.browser.get(f"{site}/app/").status == 200
    stage.broker.run("guests", "sign-out", "ada@fabrikam.example")
    until = time.monotonic() + 20
    while who.browser.get(f"{site}/app/").name != "home-organization":
        assert time.monotonic() < until
        time.sleep(0.2)


def test_authlib(stage: Stage) -> None:
    """Authlib's Flask client: login, userinfo, refresh."""
    site, who = stage.sites["authlib"], stage.invited()
    page = who.open(f"{site}/login")
    assert page.status == 200, page.text[:500]
    assert page.json()["email"] == page.json()["fetched"] == "ada@fabrikam.example"
    assert who.browser.get(f"{site}/refresh").json() == {"rotated": True, "token_type": "Bearer"}
