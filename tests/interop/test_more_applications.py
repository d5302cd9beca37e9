"""Applications that companies run: oauth2-proxy, JupyterHub, Synapse, mozilla-django-oidc, django-allauth (docs/applications/)."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Account, Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.serving import LoopbackServer, free_port
from tests.interop.installed import go_program, python_programs
from tests.interop.matrix import synapse
from tests.interop.stage import HERE, Home, peer

SECRET = "0123456789abcdef" * 4  # as `openssl rand -hex 32` writes one
PARTNER_SECRET = "partner-secret-0123456789"
EMAIL = "ada@fabrikam.example"
CALLBACKS = {
    "proxy": "/oauth2/callback",
    "hub": "/hub/oauth_callback",
    "django": "/oidc/callback/",
    "allauth": "/accounts/oidc/broker/login/callback/",
    "chat": "/_synapse/client/oidc/callback",
}
MATRIX_CLIENT = "http://127.0.0.8:9/element"
STARTING_SECONDS = 60


@dataclass
class Stage:
    """The broker and the applications' addresses."""

    broker: BrokerProcess
    sites: dict[str, str]

    def ada(self) -> DemoPerson:
        """Ada with a new browser, invited and redeemed before."""
        return DemoPerson(EMAIL, "ada")

    def invite(self, who: DemoPerson) -> None:
        """Invited to the site behind the proxy, and redeemed."""
        page = who.open(self.broker.invite(who.address, "proxy", f"{self.sites['proxy']}/")["redeem_url"])
        assert page.url.startswith(self.sites["proxy"]), str(page)


@pytest.fixture(scope="module")
def stage(node: str, folder: Path) -> Iterator[Stage]:
    """One partner of our own, one broker, all applications."""
    binaries, proxy = python_programs(), go_program("oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")
    home, partner = Home(folder / "home"), LoopbackServer("127.0.0.2")
    client = Client(client_id="broker", client_secret=PARTNER_SECRET, redirect_uris=(home.callback("fabrikam"),))
    accounts = [Account(subject=name, name=f"{name.title()} Fabrik", email=f"{name}@fabrikam.example") for name in ("ada", "bo")]
    partner.start(create_partner(IdentityProvider(partner.address, name="Fabrikam", accounts=accounts, clients=[client])))
    hosts = {"proxy": "127.0.0.3", "hub": "127.0.0.5", "django": "127.0.0.6", "chat": "127.0.0.7"}
    ports = {name: free_port(host) for name, host in hosts.items()}
    sites = {name: f"http://{hosts[name]}:{port}" for name, port in ports.items()}
    home.write_broker()
    home.write_partner("fabrikam", partner.address, domain="fabrikam.example", secret=PARTNER_SECRET)
    for name, site in sites.items():
        more = {"redirect_uris": [site + CALLBACKS["django"], site + CALLBACKS["allauth"]]} if name == "django" else {}
        home.write_application(name, site + CALLBACKS[name], client_secret=SECRET, post_logout_redirect_uris=[f"{site}/"], **more)

    def settings(name: str) -> dict[str, str]:
        return {
            "HOST": hosts[name], "PORT": str(ports[name]), "ISSUER": home.issuer, "CLIENT_ID": name, "CLIENT_SECRET": SECRET,
            "FOLDER": str(folder),
        }  # fmt: skip

    try:
        with ExitStack() as stack:
            broker = stack.enter_context(home.broker())
            stack.enter_context(peer(str(binaries / "python"), str(HERE / "django_site.py"), folder=folder, **settings("django")))
            stack.enter_context(_oauth2_proxy(proxy, folder, home, hosts["proxy"], ports["proxy"]))
            stack.enter_context(_jupyterhub(binaries, folder, settings("hub")))
            chat = (hosts["chat"], ports["chat"], home.issuer, "chat", SECRET, MATRIX_CLIENT)
            stack.enter_context(synapse(binaries, folder / "chat", *chat))
            for name in ("proxy", "hub", "chat"):
                _wait(sites[name])
            found = Stage(broker, sites)
            found.invite(found.ada())
            yield found
    finally:
        partner.close()


def _oauth2_proxy(program: str, folder: Path, home: Home, host: str, port: int):
    site = f"http://{host}:{port}"
    flags = [
        "--provider=oidc", f"--oidc-issuer-url={home.issuer}", "--client-id=proxy", f"--client-secret={SECRET}",
        f"--redirect-url={site}/oauth2/callback", f"--http-address={host}:{port}", "--upstream=static://200", "--email-domain=*",
        "--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false", "--cookie-refresh=1s", "--code-challenge-method=S256",
        "--scope=openid email profile offline_access", "--skip-provider-button=true", f"--whitelist-domain=localhost:{home.port}",
    ]  # fmt: skip
    return peer("sh", "-c", f'echo READY {site}; exec "$0" "$@"', program, *flags, folder=folder)


def _jupyterhub(binaries: Path, folder: Path, settings: dict[str, str]):
    run = folder / "hub"
    run.mkdir()
    more = {
        "PROXY": str(HERE / "node_modules/.bin/configurable-http-proxy"), "HUB_PORT": str(free_port(settings["HOST"])),
        "API_PORT": str(free_port(settings["HOST"])),
    }  # fmt: skip
    line = f'cd "$1"; echo READY http://{settings["HOST"]}:{settings["PORT"]}; exec "$2" -f "$3"'
    program, config = str(binaries / "jupyterhub"), str(HERE / "jupyterhub_config.py")
    return peer("sh", "-c", line, "sh", str(run), program, config, folder=folder, **settings, **more)


def _wait(site: str) -> None:
    """Until the application answers with less than a server's error."""
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        try:
            if Browser().get(f"{site}/", stop_at="http").status < 500:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{site} did not come up")


def test_oauth2_proxy(stage: Stage) -> None:
    """A site behind oauth2-proxy: sign-in, refresh by offline_access, sign-out that ends at our /logout."""
    site, who = stage.sites["proxy"], stage.ada()
    page = who.open(f"{site}/")
    assert (page.status, page.text) == (200, "Authenticated"), str(page)
    assert who.browser.get(f"{site}/oauth2/userinfo").json()["email"] == EMAIL
    time.sleep(1.1)  # the proxy's clock: its cookie wants a refresh after a second
    assert who.browser.get(f"{site}/").status == 200
    logout = json.loads(who.browser.get(f"{stage.broker.issuer}/.well-known/openid-configuration").text)["end_session_endpoint"]
    page = who.browser.get(f"{site}/oauth2/sign_out?rd={quote(logout, safe='')}")
    assert page.url.startswith(stage.broker.issuer), str(page)
    out = who.browser.submit(page)
    assert out.name == "signed-out", str(out)
    assert who.browser.get(f"{site}/").name == "home-organization"


def test_jupyterhub(stage: Stage) -> None:
    """JupyterHub's generic OAuth authenticator names the person by the address."""
    site, who = stage.sites["hub"], stage.ada()
    page = who.open(f"{site}/hub/oauth_login")
    assert page.status == 200, str(page)
    assert EMAIL in who.browser.get(f"{site}/hub/home").text


@pytest.mark.parametrize(("name", "begin"), [("ada", "/oidc/authenticate/"), ("bo", "/accounts/oidc/broker/login/")])
def test_django(stage: Stage, name: str, begin: str) -> None:
    """mozilla-django-oidc and django-allauth create the user and sign them in; one site has one user for an address."""
    site, who = stage.sites["django"], DemoPerson(f"{name}@fabrikam.example", name)
    stage.invite(who)
    page: BrowserPage = who.open(site + begin)
    assert page.status == 200, page.text[:2000]
    found = who.browser.get(f"{site}/").json()
    assert (found["signed_in"], found["email"]) == (True, who.address)


def test_synapse(stage: Stage) -> None:
    """Synapse makes an account of the address and hands its client a login token."""
    site, who = stage.sites["chat"], stage.ada()
    begin = f"{site}/_matrix/client/v3/login/sso/redirect/oidc-broker?redirectUrl={quote(MATRIX_CLIENT, safe='')}"
    page = who.open(begin, stop_at=MATRIX_CLIENT)
    assert page.location is not None, page.text[:1500]
    body = {"type": "m.login.token", "token": page.query["loginToken"]}
    request = urllib.request.Request(
        f"{site}/_matrix/client/v3/login", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer)["user_id"] == "@ada:contoso.example"
