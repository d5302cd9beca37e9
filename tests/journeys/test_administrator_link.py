"""`broker admin-link`: the first administrator's way in, without a password anywhere (AD-12)."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from broker.cli import broker as command
from broker.demo.browser import Browser, BrowserPage
from broker.domain.errors import Conflict, Invalid
from broker.domain.ids import digest
from broker.domain.times import HOUR
from broker.storage.tables import administrator_links, audit, people
from tests.journeys.passkey import SoftPasskey, options
from tests.journeys.staff import administrators
from tests.journeys.world import ACTOR, ADA, CLEO, SECRET, World

ROOT = "root@elsewhere.example"  # no partner of ours is the authority for this address


def run(world: World, *words: str) -> Result:
    """The command, in this home."""
    return CliRunner().invoke(command, ["admin-link", *words, "--home", str(world.home)], env={"SECRET": SECRET})


def link(world: World, email: str = ROOT) -> str:
    """A new link."""
    return world.broker.login.administrator_links.create(ACTOR, email).url


def press(browser: Browser, page: BrowserPage) -> BrowserPage:
    """Behind the link: the button."""
    assert page.name == "admin-link", page
    return browser.submit(page)


def enrol(world: World, browser: Browser, page: BrowserPage) -> tuple[SoftPasskey, BrowserPage]:
    """The first passkey, and the page after the recovery codes."""
    assert page.name == "mfa-enroll", page
    passkey = SoftPasskey(world.url)
    token = next(field.value for form in page.document.forms for field in form.fields if field.name == "csrf")
    shown = browser.post(f"{page.url}/enroll-passkey", {"csrf": token, "credential": passkey.made(options(page))}, opener=page)
    assert shown.name == "recovery-codes", shown
    return passkey, browser.submit(shown)


def test_the_first_administrator(both: World) -> None:
    """Link, button, passkey: the portal. The member is created once, and the next link asks for the passkey."""
    administrators(both, ROOT)
    browser = Browser(clock=both.clock)
    passkey, page = enrol(both, browser, press(browser, browser.get(link(both))))
    assert (page.name, page.url) == ("admin-home", f"{both.url}/admin")
    with both.broker.core.db.read() as tx:
        [root] = tx.execute(select(people).where(people.c.email == ROOT)).all()
        names = list(tx.execute(select(audit.c.name).order_by(audit.c.at, audit.c.id)).scalars())
    assert (root.kind, root.state, root.email_verified) == ("member", "active", True)
    assert {"administrator_link.created", "administrator_link.used", "member.joined", "factor.added"} <= set(names)

    both.clock.advance(60)
    again = Browser(clock=both.clock)
    asked = press(again, again.get(link(both)))
    assert asked.name == "mfa-challenge"
    assert again.get(f"{both.url}/admin", stop_at=both.url).location is not None  # half: no session yet
    token = next(field.value for form in asked.document.forms for field in form.fields if field.name == "csrf")
    inside = again.post(f"{asked.url}/passkey", {"csrf": token, "credential": passkey.used(options(asked))}, opener=asked)
    assert inside.name == "admin-home"
    with both.broker.core.db.read() as tx:
        assert len(tx.execute(select(people).where(people.c.email == ROOT)).all()) == 1


def test_a_link_is_good_once(both: World) -> None:
    """IN-07: opening it spends nothing, its button does; a second one, in another browser, opens nothing."""
    administrators(both, ROOT)
    url, first, second = link(both), Browser(clock=both.clock), Browser(clock=both.clock)
    page, other = first.get(url), second.get(url)
    assert press(first, page).name == "mfa-enroll"
    assert press(second, other).error == "bad_request"
    assert Browser(clock=both.clock).get(url).status == 400


def test_a_link_ends(world: World) -> None:
    """After an hour, with the next one, and when the address leaves `administrators:`."""
    administrators(world, ROOT)
    over, replaced = link(world), Browser(clock=world.clock)
    world.clock.advance(HOUR)
    assert Browser(clock=world.clock).get(over).status == 400
    old = link(world)
    link(world)
    assert replaced.get(old).status == 400
    last = link(world)
    administrators(world, CLEO.email)
    assert Browser(clock=world.clock).get(last).status == 400


def test_nothing_of_the_link_is_stored(world: World) -> None:
    """AD-05: the database has the hash of the ticket; the address bar of the page does not have it either."""
    administrators(world, ROOT)
    url = link(world)
    ticket = url.rpartition("/")[2]
    with world.broker.core.db.read() as tx:
        [row] = tx.execute(select(administrator_links)).all()
    assert row.ticket == digest(ticket)
    assert ticket not in str(row)
    page = Browser(clock=world.clock).get(url)
    assert page.url == f"{world.url}/admin/link"
    assert ticket not in page.text


def test_only_for_administrators(world: World) -> None:
    """AD-12: an address that the file does not name, and a guest's, get no link."""
    with pytest.raises(Invalid):
        link(world, CLEO.email)
    world.redeem(world.visitor(ADA))
    administrators(world, ADA.email)
    with pytest.raises(Conflict):
        link(world, ADA.email)
    administrators(world, ROOT)
    browser = Browser(clock=world.clock)
    enrol(world, browser, press(browser, browser.get(link(world))))
    waiting = link(world)
    world.broker.guests.lifecycle.block(ACTOR, ROOT)
    with pytest.raises(Conflict):
        link(world)
    held = Browser(clock=world.clock)
    assert press(held, held.get(waiting)).error == "bad_request"
    assert browser.get(f"{world.url}/admin").name == "home-organization"  # SC-06: their session ended with the block


def test_guesses_are_counted(world: World) -> None:
    """IN-06: an address that tries tickets is stopped."""
    browser = Browser(clock=world.clock)
    for number in range(61):
        page = browser.get(f"{world.url}/admin/link/{number:043d}")
    assert page.error == "too_many_attempts"


def test_the_company_gets_a_partner_later(world: World) -> None:
    """The member who came by a link is the one who then signs in at the company's own partner; a guest never is."""
    administrators(world, CLEO.email)
    browser = Browser(clock=world.clock)
    enrol(world, browser, press(browser, browser.get(link(world, CLEO.email))))
    world.clock.advance(60)
    cleo = world.visitor(CLEO)
    assert cleo.open(f"{world.url}/admin").name == "admin-home"
    with world.broker.core.db.read() as tx:
        assert len(tx.execute(select(people).where(people.c.email == CLEO.email)).all()) == 1


def test_the_command(world: World) -> None:
    """It prints the link, says how long it is good, and names what to do where it makes none."""
    administrators(world, ROOT)
    done = run(world, ROOT, "--json")
    made = json.loads(done.stdout)
    assert made["email"] == ROOT
    assert made["url"].startswith(f"{world.url}/admin/link/")
    assert made["expires_at"].endswith("Z")
    assert "/admin/link/" in run(world, ROOT).stdout
    refused = run(world, CLEO.email)
    assert refused.exit_code == 1
    assert "administrators: in config/broker.yaml" in refused.stderr
