"""A link that ran out offers a fresh mail in one click, to the invited address only (IN-04, IN-06, LP-04)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from broker.demo.browser import Browser, BrowserPage
from broker.domain.ids import new_secret
from broker.services.invitations import resend
from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.storage.tables import assignments, audit, invitations, outbox, people
from tests.journeys.staff import administrators, member
from tests.journeys.world import ADA, CLEO, World

MONTH = 31 * 24 * 3600


def mails(world: World) -> list[str]:
    """Whom the outbox writes to."""
    with world.broker.core.db.read() as tx:
        return [row[0] for row in tx.execute(select(outbox.c.recipient).order_by(outbox.c.created_at))]


def link(world: World) -> str:
    """The link of the newest mail, as the guest finds it."""
    world.broker.messages.outbox.deliver()
    newest = max((world.home / "var/mail").glob("*.eml"))
    words = newest.read_text("utf-8").replace("=\n", "").replace("=3D", "=").split()
    return next(word for word in words if "/invitation/" in word)


def ask(world: World, url: str, browser: Browser | None = None) -> BrowserPage:
    """Open a link that is over, and press the button that asks for another."""
    browser = browser or Browser(clock=world.clock)
    page = browser.get(url)
    assert page.error in ("invitation_expired", "invitation_used")
    return browser.submit(page, press="Send me a new link")


def said(page: BrowserPage) -> str:
    """The page without what is random in every page."""
    return re.sub(r'nonce="[^"]+"', "", page.text)


def reasons(world: World) -> list[str]:
    """Why no mail went out."""
    with world.broker.core.db.read() as tx:
        return [row[0] for row in tx.execute(select(audit.c.reason).where(audit.c.name == "invitation.fresh_refused"))]


def test_expired_link_to_the_end(both: World) -> None:
    """IN-04, IN-06: one click on the page of an expired link; the mail's link redeems; same guest, same landing."""
    invited = both.invite(message="Welcome", sponsor="bob@contoso.example")
    both.clock.advance(MONTH)
    page = ask(both, invited.redeem_url)
    assert (page.status, page.name, mails(both)) == (200, "fresh-link", [ADA.email])
    new = link(both)
    assert new != invited.redeem_url
    assert both.visitor(ADA).open(new, stop_at=both.callback).location == f"{both.callback}/home"
    assert both.broker.guests.directory.show(ADA.email).person.id == invited.invitation.guest_id
    with both.broker.core.db.read() as tx:
        row = tx.execute(select(audit).where(audit.c.name == "invitation.sent_again")).one()
    assert row._mapping["data"]["asked_with"] == invited.invitation.id


def test_used_link_gives_nothing_back(world: World) -> None:
    """IN-03: a used link gets a mail too; an assignment that staff ended since does not return with it."""
    invited = world.invite()
    world.redeem(world.visitor(ADA), invited)
    with world.broker.core.db.write() as tx:
        tx.execute(assignments.delete())
    page = ask(world, invited.redeem_url)
    assert (page.name, mails(world)) == ("fresh-link", [ADA.email])
    assert world.visitor(ADA).open(link(world), stop_at=world.callback).location == f"{world.callback}/home"
    assert world.counts()["assignments"] == 0


def by_staff(world: World, _invited: IssuedInvitation) -> None:
    """Staff took it back."""
    with world.broker.core.db.write() as tx:
        tx.execute(update(invitations).values(status="revoked"))


def by_block(world: World, _invited: IssuedInvitation) -> None:
    """The guest was blocked."""
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).values(state="blocked"))


def by_domain(world: World, _invited: IssuedInvitation) -> None:
    """The domain came to be denied."""
    text = (world.home / "config/broker.yaml").read_text("utf-8")
    world.write("broker.yaml", text + "invitations: {deny_domains: [fabrikam.example]}\n")


def by_address(world: World, _invited: IssuedInvitation) -> None:
    """The guest has another address by now."""
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == ADA.email).values(email="other@fabrikam.example"))


CASES: dict[str, Callable[[World, IssuedInvitation], None]] = {
    "invitation_revoked": by_staff,
    "guest_blocked": by_block,
    "domain_denied": by_domain,
    "guest_reset": by_address,
}


@pytest.mark.parametrize("reason", CASES)
def test_one_answer_whatever_happened(world: World, reason: str) -> None:
    """IN-06, LP-04: who may not have a mail sees the same page as who may; no mail, and the audit knows why."""
    good = world.invite("bo@fabrikam.example")
    invited = world.invite()
    world.clock.advance(MONTH)
    expected = ask(world, good.redeem_url)
    CASES[reason](world, invited)
    page = ask(world, invited.redeem_url)
    assert (page.status, page.name, said(page)) == (expected.status, "fresh-link", said(expected))
    assert mails(world) == ["bo@fabrikam.example"]
    assert reasons(world) == [reason]


def test_unknown_ticket_looks_the_same(world: World) -> None:
    """IN-06: an unknown ticket gets the page of an expired one, its button, and the same answer; nothing is written."""
    invited = world.invite()
    world.clock.advance(MONTH)
    before = world.counts("attempts", "refusals")
    known = Browser(clock=world.clock).get(invited.redeem_url)
    browser = Browser(clock=world.clock)
    unknown = browser.get(f"{world.url}/invitation/{new_secret()}")
    assert (unknown.error, unknown.status) == (known.error, known.status)
    assert [len(form.fields) for form in unknown.document.forms] == [len(form.fields) for form in known.document.forms]
    assert browser.proceed(unknown).name == "fresh-link"
    assert world.counts("attempts", "refusals") == before


def test_a_living_link_is_not_replaced(world: World) -> None:
    """IN-07: a bearer of a link that still works cannot make it void by asking for another."""
    invited = world.invite()
    world.broker.invitations.resend.send(invited.redeem_url.rpartition("/")[2], "192.0.2.1")
    assert (mails(world), reasons(world)) == ([], ["still_valid"])
    assert world.redeem(world.visitor(ADA), invited).location is not None


def test_limits(world: World) -> None:
    """HW-10, IN-15: so many mails a guest an hour, in silence; so many requests an address, said to everybody alike."""
    invited = world.invite()
    world.clock.advance(MONTH)
    for number in range(resend.PER_GUEST + 2):
        world.broker.invitations.resend.send(invited.redeem_url.rpartition("/")[2], f"192.0.2.{number}")
        world.clock.advance(1)
    assert len(mails(world)) == resend.PER_GUEST
    assert reasons(world) == ["limit_reached"] * 2
    for _ in range(resend.PER_ADDRESS):
        world.broker.rate_limits.hit("fresh:127.0.0.1", limit=resend.PER_ADDRESS, window=3600)
    for url in (invited.redeem_url, f"{world.url}/invitation/{new_secret()}"):
        page = ask(world, url)
        assert (page.status, page.error) == (429, "too_many_attempts")


def test_form_of_another_site(world: World) -> None:
    """HW-5: the button needs our own page and the ticket of this browser."""
    invited = world.invite()
    world.clock.advance(MONTH)
    browser = Browser(clock=world.clock)
    browser.get(invited.redeem_url)
    page = browser.post(f"{world.url}/invitation/fresh", {"csrf": "x" * 43}, opener=browser.get(f"{world.url}/invitation"))
    assert (page.status, mails(world)) == (403, [])


def test_inviter_who_left(world: World) -> None:
    """IN-10: without the inviter's right there is no fresh mail, and the page offers none."""
    administrators(world, CLEO.email)
    actor = member(world)
    invited = world.broker.invitations.invitations.invite(actor, InvitationRequest(email=ADA.email))
    administrators(world)
    page = Browser(clock=world.clock).get(invited.redeem_url)
    assert (page.status, page.error, world.receipt(page)["reason"]) == (403, "invitation_expired", "invitation_inviter")
    assert [form.action for form in page.document.forms] == ["/language"]
    world.clock.advance(MONTH)
    world.broker.invitations.resend.send(invited.redeem_url.rpartition("/")[2], "192.0.2.1")
    assert (mails(world), reasons(world)) == ([], ["invitation_inviter"])
