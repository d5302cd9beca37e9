"""Attacks on the ticket of an invitation: used twice, old, revoked, malformed, guessed, scanned."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select, update

from broker.demo.browser import Browser, BrowserPage
from broker.services.invitations.invitations import IssuedInvitation
from broker.storage.tables import audit, invitations
from tests.journeys.test_redemption_attacks import bound, status, until_consent
from tests.journeys.world import ADA, BO, World


def ticket(invited: IssuedInvitation) -> str:
    """The secret of a link."""
    return invited.redeem_url.rpartition("/")[2]


def test_ticket_used_again(world: World) -> None:
    """IN-03: the bearer of the genuine ticket learns that it was used; nothing happens."""
    invited = world.invite()
    world.redeem(world.visitor(ADA), invited)
    before = world.counts("refusals", "attempts")
    page = world.visitor(ADA).open(invited.redeem_url)
    assert (page.status, page.error) == (400, "invitation_used")
    assert world.counts("refusals", "attempts") == before


def test_parallel_redemptions(both: World) -> None:
    """IN-03, HT-3: twenty tabs press the button at once; one redeems, the guest is bound once."""
    invited = both.invite()
    tabs = [both.visitor(ADA) for _ in range(20)]
    pages = [tab.browser.get(invited.redeem_url) for tab in tabs]
    asked = [until_consent(tab, page) for tab, page in zip(tabs, pages, strict=True)]
    ends: list[BrowserPage] = []
    barrier = threading.Barrier(len(tabs))

    def press(number: int) -> None:
        barrier.wait()
        ends.append(tabs[number].browser.proceed(asked[number], stop_at=both.callback))

    threads = [threading.Thread(target=press, args=(number,)) for number in range(len(tabs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(page.location or page.error in ("invitation_used", "login_expired") for page in ends)
    with both.broker.core.db.read() as tx:
        redeemed = tx.execute(select(audit.c.id).where(audit.c.name == "invitation.redeemed")).all()
    assert len(redeemed) == 1
    assert bound(both) == [("fabrikam", ADA.email)]


def test_old_tickets(world: World) -> None:
    """IN-04, IN-06: expired, revoked and replaced ones give one page; only the receipt tells them apart."""
    expired = world.invite(BO.email)
    world.clock.advance(31 * 24 * 3600)
    replaced = world.invite()
    world.clock.advance(1)
    current = world.invite()
    pages = {}
    for name, invited in (("expired", expired), ("replaced", replaced)):
        page = Browser(clock=world.clock).get(invited.redeem_url)
        assert (page.status, page.error) == (400, "invitation_expired"), name
        pages[name] = world.receipt(page)["reason"]
    assert pages == {"expired": "invitation_expired", "replaced": "invitation_replaced"}
    assert world.redeem(world.visitor(ADA), current).location is not None


def test_revoked_ticket(world: World) -> None:
    """IN-04: an invitation that was taken back."""
    invited = world.invite()
    with world.broker.core.db.write() as tx:
        tx.execute(update(invitations).values(status="revoked"))
    page = Browser(clock=world.clock).get(invited.redeem_url)
    assert (page.error, world.receipt(page)["reason"]) == ("invitation_expired", "invitation_revoked")


@pytest.mark.parametrize("text", ["x", "null", "A" * 43, "A" * 30_000, "%00" * 43, "[]", "é" * 43, "A" * 42 + "/"])
def test_malformed_ticket(world: World, text: str) -> None:
    """IN-05: bad_request or invitation_expired, never 500."""
    page = Browser(clock=world.clock).get(f"{world.url}/invitation/{text}")
    assert page.error in ("bad_request", "invitation_expired")
    assert page.status in (400, 404, 414)


def test_guessing_tickets(world: World) -> None:
    """IN-06, HW-10: after a number of wrong tickets an address has to wait; the genuine one works elsewhere and later."""
    from broker.domain.ids import new_secret
    from broker.web.signin.mail_link import GUESSES

    for _ in range(GUESSES):
        world.broker.rate_limits.hit("ticket:127.0.0.1", limit=GUESSES, window=600)
    page = Browser(clock=world.clock).get(f"{world.url}/invitation/{new_secret()}")
    assert (page.status, page.error) == (429, "too_many_attempts")


def test_scanner_spends_nothing(world: World) -> None:
    """IN-07, IN-16, HW-5: GETs change nothing; the ticket leaves the address at once."""
    invited = world.invite()
    before = world.counts()
    for _ in range(3):
        page = Browser(clock=world.clock).get(invited.redeem_url)
        assert page.name == "invitation"
        assert ticket(invited) not in page.url
        assert ticket(invited) not in page.text
    assert world.counts() == before
    assert status(world, invited) == "pending"
