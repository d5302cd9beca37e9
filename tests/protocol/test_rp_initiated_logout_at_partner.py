"""OpenID Connect RP-Initiated Logout 1.0, as a relying party: the button of the page after a sign-out (2, 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.protocol import Client
from broker.storage.tables import sessions
from tests.clock import Clock
from tests.journeys.world import ADA, BO, SECRET, World, open_world

LINES = "  post_logout_redirect: true\n"


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners."""
    yield from open_world(tmp_path / "home", database_url, clock)


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """The same on SQLite."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


def registered(world: World) -> None:
    """Our address to come back to is registered at Fabrikam, and its file says so."""
    urls = tuple(f"{world.url}/oidc/fabrikam/{name}" for name in ("callback", "signed-out"))
    client = Client(client_id="contoso", client_secret=SECRET, redirect_uris=urls[:1], post_logout_redirect_uris=urls[1:])
    world.partners["fabrikam"].add_client(client)
    text = (world.home / "config/partners/fabrikam.yaml").read_text("utf-8")
    world.write("partners/fabrikam.yaml", text.replace("trust:", f"{LINES}trust:"))


def signed_out(world: World, account: object = ADA) -> tuple[DemoPerson, BrowserPage]:
    """A guest who signed in, and out again on our pages."""
    who = world.visitor(account)  # type: ignore[arg-type]  # ADA or BO
    world.redeem(who, world.invite(who.address))
    page = who.browser.submit(who.browser.get(f"{world.url}/logout"))
    assert page.name == "signed-out", str(page)
    return who, page


def test_there_and_back(both: World) -> None:
    """2, 3: client_id, id_token_hint of this sign-in, our address and a state; the partner asks nothing, and the page says what ended."""
    registered(both)
    who, page = signed_out(both)
    assert "You're still signed in at Fabrikam." in page.text
    there = both.partners["fabrikam"].issuer
    sent = who.browser.submit(page, stop_at=there)
    assert (sent.location or "").startswith(f"{there}/end-session?")
    assert set(sent.query) == {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
    back = who.browser.get(sent.location or "", stop_at=both.url)
    assert back.query["state"] == sent.query["state"]
    end = who.browser.get(back.location or "")
    assert "Your sign-in at Fabrikam has ended, too." in end.text
    assert "nobody" in who.browser.get(f"{there}/").text  # is signed in there
    assert who.browser.get(back.location or "").status == 400  # once
    with both.broker.core.db.read() as tx:
        assert set(tx.execute(select(sessions.c.home_logout)).scalars()) == {""}


def test_returns_that_are_not_for_this_browser(world: World) -> None:
    """3: the state is of this browser's visit, at this partner; any other return is 400."""
    registered(world)
    who, page = signed_out(world)
    there = world.partners["fabrikam"].issuer
    state = who.browser.submit(page, stop_at=there).query["state"]
    other, _ = signed_out(world, BO)
    at = f"{world.url}/oidc/fabrikam/signed-out"
    for browser, url in (
        (who.browser, at),
        (who.browser, f"{at}?state=x"),
        (who.browser, f"{world.url}/oidc/northwind/signed-out?state={state}"),
        (who.browser, f"{world.url}/saml/signed-out?answer={state}"),
        (other.browser, f"{at}?state={state}"),
    ):
        page = browser.get(url)
        assert (page.status, page.error) == (400, "bad_request"), url
    assert who.browser.get(f"{at}?state={state}").name == "signed-out"
    world.clock.advance(1)


def test_an_address_that_is_not_registered(world: World) -> None:
    """2: without the key in the partner's file no address is sent, because providers refuse one that they do not know."""
    who, page = signed_out(world)
    sent = who.browser.submit(page, stop_at=world.partners["fabrikam"].issuer)
    assert set(sent.query) == {"client_id", "id_token_hint"}
    assert "nobody" in who.browser.get(sent.location or "").text


def test_a_long_id_token_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """2: id_token_hint is recommended, not required; without one the provider asks the person."""
    monkeypatch.setattr("broker.connectors.oidc.connector.MAX_HINT", 10)
    who, page = signed_out(world)
    sent = who.browser.submit(page, stop_at=world.partners["fabrikam"].issuer)
    assert set(sent.query) == {"client_id"}
    assert who.browser.get(sent.location or "").name == "partner-sign-out"
