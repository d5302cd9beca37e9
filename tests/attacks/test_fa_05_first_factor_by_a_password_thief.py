"""FA-05: whoever knows only the password adds no first method where more than a password is expected of this person."""

from __future__ import annotations

import re

from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.storage.tables import audit, factors, people
from tests.journeys.second_factor import MFA, enrol, essential, with_phone
from tests.journeys.step_up import ALL_MFA, trust
from tests.journeys.world import ACTOR, ADA, World

DAY = 86_400
ALICE = "alice@contoso.example"
LINK = re.compile(r"http://\S+/question/[A-Za-z0-9_-]{43}")


def cancelled(world: World) -> tuple[DemoPerson, BrowserPage]:
    """Somebody with Ada's password who presses Cancel at Fabrikam's own second step."""
    world.partners["fabrikam"].second_factor = False
    who = world.visitor()
    return who, world.arrive(who, login_hint=ADA.email)


def trusted(world: World) -> None:
    """Ada is here, Fabrikam is trusted for multi-factor authentication, and a policy asks for it."""
    trust(world)
    world.redeem(world.visitor(), world.invite(sponsor=ALICE))
    world.write("policies/mfa.yaml", ALL_MFA)


def methods(world: World) -> int:
    """How many methods there are."""
    with world.broker.core.db.read() as tx:
        return len(tx.execute(select(factors.c.id)).all())


def events(world: World) -> list[str]:
    """The audit's names."""
    with world.broker.core.db.read() as tx:
        return list(tx.execute(select(audit.c.name)).scalars())


def test_fa_05_cancel_at_the_partners_second_step(both: World) -> None:
    """The attack: straight to an own app, acr=mfa. Now a code to the recorded mailbox stands before it, and says what is done."""
    trusted(both)
    thief, page = cancelled(both)
    assert (page.name, ADA.email in page.text) == ("email-code", True)
    before = both.counts()
    enroll = re.sub(r"/signin/([0-9a-f-]{36}).*", r"/signin/\1/enroll", page.document.forms[0].action)
    token = next(field.value for field in page.document.forms[0].fields if field.name == "csrf")
    forged = thief.browser.post(
        both.url + enroll if enroll.startswith("/") else enroll, {"csrf": token, "code": "123456"}, opener=page
    )
    assert forged.error == "bad_request"
    assert methods(both) == 0
    assert both.counts("refusals", "attempts", "receipts")["factors"] == before["factors"]
    told = both.mails(ADA.email)[0]
    assert "adding a second step" in told.text  # before it counts
    assert thief.browser.submit(page, {"code": "00000000"}).name == "email-code"


def test_fa_05_the_owner_reads_the_code(both: World) -> None:
    """The person themselves: the code, then the app, then in; receipt and audit say that the mailbox was proven."""
    trusted(both)
    both.partners["fabrikam"].second_factor = False
    who = both.visitor()
    url, pending = both.request(login_hint=ADA.email)
    page = who.open(url, stop_at=both.callback)
    page = who.browser.submit(page, {"code": both.code(ADA.email)})
    _phone, page = enrol(both, who, page)
    assert both.party.complete(page.query, pending).claims["acr"] == MFA
    steps = [step for one in both.broker.history.receipts.newest(limit=5) for step in one.steps]
    assert [(step["step"], step["result"]) for step in steps if step.get("why") == "method"] == [
        ("code", "sent"),
        ("code", "proven"),
    ]
    assert "mail_code.accepted" in events(both)


def vouch(world: World, address: str = ALICE) -> BrowserPage:
    """The sponsor's yes."""
    found = (LINK.search(mail.text) for mail in world.mails(address))
    url = next(match[0] for match in found if match)
    browser = Browser(clock=world.clock)
    page = browser.get(url)
    assert "May Ada Fabrik add a second step?" in page.text
    return browser.submit(page)


def test_fa_05_the_sponsor_vouches_as_for_a_lost_phone(both: World) -> None:
    """Who cannot read the mailbox asks the sponsor: three days, mails before, then a week in which one method can be added."""
    trusted(both)
    who, page = cancelled(both)
    page = who.browser.submit(page, press="I can't read e-mail there")
    assert page.name == "mfa-vouch"
    page = who.browser.submit(page)
    assert "We have asked your contact" in page.text
    assert vouch(both).name == "question-answered"
    subjects = [mail.subject for mail in both.mails(ADA.email)]
    assert any("can soon be added" in subject for subject in subjects)
    both.clock.advance(3 * DAY - 1)
    both.broker.operations.housekeeping.run()
    assert cancelled(both)[1].name == "email-code"
    both.clock.advance(1)
    assert both.broker.operations.housekeeping.run()["factor_resets"] == 1
    who, page = cancelled(both)
    assert page.name == "mfa-enroll"
    enrol(both, who, page)
    assert {"factor.first_asked", "factor.first_due", "factor.first_vouched", "factor.added"} <= set(events(both))
    with both.broker.core.db.read() as tx:
        assert tx.execute(select(people.c.vouched_until).where(people.c.email == ADA.email)).scalar_one() is None


def test_fa_05_who_ever_reached_mfa(both: World) -> None:
    """No partner is trusted; the person had a method once: after it is gone, a password alone adds none."""
    with_phone(both, both.visitor())
    both.broker.factors.reset.reset(ACTOR, ADA.email, reason="phone lost")
    both.clock.advance(7 * DAY - 1)
    page = both.arrive(both.visitor(), login_hint=ADA.email, **essential())
    assert page.name == "mfa-enroll"  # staff vouched, for a week
    both.clock.advance(1)
    page = both.arrive(both.visitor(), login_hint=ADA.email, **essential())
    assert page.name == "email-code"


def test_fa_05_a_code_by_mail_is_no_second_channel_to_itself(world: World) -> None:
    """A guest whose sign-in is the code: the same mailbox once more proves nothing, so somebody vouches."""
    address = "gil@nowhere.example"
    who = world.mailbox(address)
    world.redeem(who, world.invite(address))
    phone_page = world.arrive(who, **essential())
    enrol(world, who, phone_page)
    with world.broker.core.db.write() as tx:
        tx.execute(factors.delete())
    who = world.mailbox(address)
    assert world.arrive(who, login_hint=address, **essential()).name == "mfa-vouch"


def test_fa_05_the_account_page_is_no_way_round(world: World) -> None:
    """The same where a method is added without an application: from the page of one's own methods."""
    trusted(world)
    (world.home / "config" / "policies" / "mfa.yaml").unlink()
    world.reload()
    world.partners["fabrikam"].second_factor = False
    who = world.visitor()
    world.sign_in(who, login_hint=ADA.email)
    page = who.browser.submit(who.browser.get(f"{world.url}/account/methods"), press="totp")
    assert who.walk(page).name == "email-code"
    assert methods(world) == 0
