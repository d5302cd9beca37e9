"""The relying parties of samples/, each as its README starts it: a guest of the testing kit's cast signs in."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from broker.demo.browser import Browser
from broker.demo.serving import free_port
from broker.testing.guest_broker import GuestBroker, open_guest_broker
from tests.interop import apache
from tests.interop.installed import go_program, java_program, node_packages
from tests.interop.stage import SAMPLES, peer

SECRET = "application-secret-that-needs-no-encoding"  # Authlib 1 sends Basic without the encoding of RFC 6749 2.3.1
LARGEST = 60  # lines of a sample
STARTING_SECONDS = 90
PLACES = {  # by sample: where a browser begins, and the redirect URI
    "python": ("/login", "/cb"),
    "node": ("/login", "/cb"),
    "go": ("/login", "/cb"),
    "java": ("/", "/login/oauth2/code/broker"),
    "apache": ("/app/", "/app/cb"),
}
WITHOUT = {"java"} if shutil.which("mvn") is None else set()  # Debian 12 has no Maven until somebody installs it
STARTED = [name for name in PLACES if name not in WITHOUT]


def application(site: str, begin: str, callback: str) -> Mapping[str, Any]:
    """The file of a sample."""
    return {
        "name": "Sample",
        "client_secret": SECRET,
        "redirect_uris": [site + callback],
        "post_logout_redirect_uris": [f"{site}/", f"{site}/index.html"],
        "launch_url": site + begin,
        "backchannel_logout_uri": f"{site}/app/cb?logout=backchannel",
        "scopes": ["openid", "profile", "email", "offline_access"],
    }


def command(name: str) -> list[str]:
    """What a person types to start a sample."""
    if name == "python":
        return [sys.executable, str(SAMPLES / "python_authlib" / "app.py")]
    if name == "node":
        return [node_packages(SAMPLES / "node_openid_client"), str(SAMPLES / "node_openid_client" / "app.mjs")]
    if name == "go":
        return [go_program("go_oidc", below=SAMPLES)]
    return ["java", "-jar", java_program(SAMPLES / "java_spring")]


def started(name: str, folder: Path, site: str, issuer: str) -> AbstractContextManager[str]:
    """The sample as a process."""
    host, port = site.removeprefix("http://").split(":")
    if name == "apache":
        apache.install()
        return apache.protected_site(folder, host, int(port), issuer, name, SECRET)
    environ = {"HOST": host, "PORT": port, "ISSUER": issuer, "CLIENT_ID": name, "CLIENT_SECRET": SECRET}
    return peer("sh", "-c", f'echo READY {site}; exec "$0" "$@"', *command(name), folder=folder, **environ)


def answering(site: str) -> None:
    """Wait until the sample answers."""
    until = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            Browser().get(f"{site}/", stop_at="http")
        except OSError:
            assert time.monotonic() < until, f"{site} did not come up"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def sites() -> Mapping[str, str]:
    """An address for each sample."""
    hosts = {name: f"127.0.0.{number}" for number, name in enumerate(STARTED, 21)}
    return {name: f"http://{host}:{free_port(host)}" for name, host in hosts.items()}


@pytest.fixture(scope="module")
def broker(folder: Path, sites: Mapping[str, str]) -> Iterator[GuestBroker]:
    """The cast, and every sample beside it."""
    files = {name: application(site, *PLACES[name]) for name, site in sites.items()}
    with ExitStack() as stack:
        found = stack.enter_context(open_guest_broker(folder / "cast", files))
        for name, site in sites.items():
            stack.enter_context(started(name, folder, site, found.issuer))
        for site in sites.values():
            answering(site)
        yield found


@pytest.mark.parametrize("name", STARTED)
def test_a_guest_signs_in(broker: GuestBroker, sites: Mapping[str, str], name: str) -> None:
    """The link of the invitation leads to the sample, which verifies the ID token and shows the claims; later it works without the link."""
    email = f"{name}@fabrikam.example"
    invited = broker.person(email)
    page = invited.open(broker.invite(email, name))
    assert "review-permissions" in invited.seen
    for found in (page, broker.person(email).open(sites[name] + PLACES[name][0])):
        assert (found.status, email in found.text, "fabrikam" in found.text) == (200, True, True), f"{found}: {found.text[:500]}"


@pytest.mark.parametrize("name", [name for name in STARTED if name in {"python", "node", "go"}])
def test_an_answer_to_another_browser(broker: GuestBroker, sites: Mapping[str, str], name: str) -> None:
    """A response that this browser did not ask for is an error, and no sign-in."""
    page = Browser().get(f"{sites[name]}/cb?code=stolen&state=foreign&iss={quote(broker.issuer, safe='')}")
    assert page.status == 400, page.text
    assert "@" not in page.text


def test_authlib_refreshes_and_signs_out(broker: GuestBroker, sites: Mapping[str, str]) -> None:
    """Each refresh token works once, so that the second refresh shows that the first one's token was kept; sign-out ends both sessions."""
    who = broker.guest("rea@fabrikam.example", "python")
    for _ in range(2):
        assert who.browser.get(f"{sites['python']}/refresh").json()["expires_at"] > 0
    assert who.browser.get(f"{sites['python']}/logout").name == "home-organization"  # its first page, which asks to sign in again


def test_mod_auth_openidc_signs_out(broker: GuestBroker, sites: Mapping[str, str]) -> None:
    """A protected page of Apache: single sign-on, refresh and userinfo at each request, logout by the broker."""
    site, who = sites["apache"], broker.guest("rob@fabrikam.example", "apache")
    assert who.open(f"{site}/app/").text.startswith("user=rob@fabrikam.example")
    assert "OIDC_CLAIM_email_verified=1" in who.open(f"{site}/app/").text
    out = who.browser.get(f"{site}/app/cb?logout={quote(site + '/index.html', safe='')}")
    assert out.text == "public", str(out)
    assert who.browser.get(f"{site}/app/").name == "home-organization"


def test_mod_auth_openidc_hears_of_logout(broker: GuestBroker, sites: Mapping[str, str]) -> None:
    """HP-56: Apache accepts our logout token and ends its own session, when staff sign the person out."""
    site, who = sites["apache"], broker.guest("rosa@fabrikam.example", "apache")
    assert who.browser.get(f"{site}/app/").status == 200
    broker.cast.broker.run("guests", "sign-out", who.address)
    until = time.monotonic() + 20
    while who.browser.get(f"{site}/app/").name != "home-organization":
        assert time.monotonic() < until
        time.sleep(0.2)


def test_samples_are_short() -> None:
    """A newcomer reads one at a glance."""
    sizes = {
        str(path.relative_to(SAMPLES)): path.read_text("utf-8").count("\n")
        for kind in ("app.py", "app.mjs", "main.go", "Application.java", "site.conf")
        for path in SAMPLES.rglob(kind)
        if "node_modules" not in path.parts
    }
    assert len(sizes) == len(PLACES)
    assert {name: size for name, size in sizes.items() if size >= LARGEST} == {}
