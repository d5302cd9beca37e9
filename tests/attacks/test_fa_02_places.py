"""FA-02: a partner whose token endpoint hangs takes some threads, never all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.demo.browser import Browser, BrowserPage
from broker.demo.identity import Client, IdentityProvider
from broker.demo.partner import create_partner
from broker.demo.relying import RelyingParty
from broker.demo.serving import LoopbackServer, free_port
from broker.keyring.root import create_root
from tests.attacks.wire import get, lives
from tests.cli.conftest import Serving, serve
from tests.journeys.world import PEOPLE, SECRET, write_files


def now() -> int:
    """The real clock."""
    return int(time.time())


class Hanging:
    """A partner whose token endpoint answers when the test lets it."""

    def __init__(self, issuer: str) -> None:
        self.server = LoopbackServer("127.0.0.2")
        client = Client(client_id="contoso", client_secret=SECRET, redirect_uris=(f"{issuer}/oidc/fabrikam/callback",))
        provider = IdentityProvider(
            self.server.address, name="Fabrikam", accounts=PEOPLE["fabrikam"], clients=[client], alg="ES256", clock=now
        )
        self._app = create_partner(provider)
        self.held = 0
        self.release = threading.Event()
        self.server.start(self.answer)

    def answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Everything at once but tokens."""
        if environ["PATH_INFO"].endswith("/token"):
            self.held += 1
            self.release.wait(40)
        return self._app(environ, start)


@contextmanager
def open_world(tmp_path: Path, database: str) -> Iterator[tuple[Serving, Hanging, RelyingParty]]:
    """A server of one process and four threads, the hanging partner, and an application."""
    issuer = f"http://localhost:{free_port()}"
    partner = Hanging(issuer)
    home = tmp_path / "home"
    write_files(home, issuer, database, "http://127.0.0.5:9", {"fabrikam": partner.server.address})
    create_root(home / "keys")
    party = RelyingParty(issuer, "travel", "http://127.0.0.5:9/callback", scope="openid", clock=now)
    try:
        with serve(home, "--workers", "1", "--threads", "4") as serving:
            yield serving, partner, party
    finally:
        partner.release.set()
        partner.server.close()


def callback(party: RelyingParty) -> tuple[Browser, str]:
    """A login of a browser that comes back from the partner with a made-up code."""
    browser = Browser()
    url, _ = party.begin(login_hint="ada@fabrikam.example")
    page = browser.get(url, stop_at="http://127.0.0.2")
    if page.name == "home-organization":
        page = browser.proceed(page, {"email": "ada@fabrikam.example"}, stop_at="http://127.0.0.2")
    query = page.query
    issuer = (page.location or "").partition("/authorize")[0]
    return browser, f"{query['redirect_uri']}?code=made-up&state={query['state']}&iss={issuer}"


def test_fa_02_a_hanging_partner_holds_few_threads(tmp_path: Path, sqlite_url: str) -> None:
    """FA-02: eight callbacks with made-up codes: some wait, the rest are `partner_failed` at once, and everybody else is served."""
    with open_world(tmp_path, sqlite_url) as (serving, partner, party):
        logins = [callback(party) for _ in range(8)]
        pages: list[BrowserPage] = []

        def come(browser: Browser, url: str) -> None:
            pages.append(browser.get(url))

        threads = [threading.Thread(target=come, args=login) for login in logins]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 8  # of the ten seconds that a call may take
        while len(pages) < 7 and time.monotonic() < end:
            time.sleep(0.05)
        assert [(page.status, page.error) for page in pages] == [(503, "partner_failed")] * 7
        assert all(page.headers["retry-after"] for page in pages)
        assert partner.held == 1
        assert lives(serving.port)
        assert get(serving.port, "/.well-known/openid-configuration").status == 200
        found = serving.command("sign-ins", "--request", pages[0].request_id)
        assert "upstream_busy" in found.stdout, found.stderr
        partner.release.set()
        for thread in threads:
            thread.join(20)
        assert len(pages) == 8
