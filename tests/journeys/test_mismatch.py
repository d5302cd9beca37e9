"""IN-01, AL-04: the wrong person is stopped; whoever answers for the guest is told once, and settles it with one click."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select, update

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.domain.mail import MailKind
from broker.services.invitations.invitations import InvitationRequest, IssuedInvitation
from broker.storage.tables import audit, audit_personal, identities, invitations, outbox, people
from tests.journeys.saml_world import WILL, saml_world
from tests.journeys.staff import administrators, member
from tests.journeys.world import ADA, BO, CLEO, World

BOSS = "bob@contoso.example"


def tried(world: World, who: DemoPerson, invited: IssuedInvitation) -> BrowserPage:
    """Somebody who comes with the link, and cannot read the invited mailbox."""
    return world.refuse_mailbox(who, world.redeem(who, invited))


def told(world: World) -> list[str]:
    """Whom a mail about an attempt went to."""
    with world.broker.core.db.read() as tx:
        return [row[0] for row in tx.execute(select(outbox.c.recipient).where(outbox.c.kind == MailKind.MISMATCH.value))]


def question(world: World) -> str:
    """The link of the newest mail about an attempt."""
    world.broker.messages.outbox.deliver()
    found = ""
    for path in sorted((world.home / "var/mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
        text = body.get_content() if body else ""
        found = next((word for word in text.split() if "/question/" in word), found)
    return found


def answer(world: World, press: str) -> BrowserPage:
    """Open the question, and press a button."""
    browser = Browser(clock=world.clock)
    page = browser.get(question(world))
    assert page.name == "question"
    return browser.submit(page, press=press)


YES, NO = "Yes, this is the person I invited", "No, send the invitation again"


def test_sponsor_is_told_and_says_yes(world: World) -> None:
    """IN-01, AL-04: the mail names who tried, by the partner's word; yes lets that identity redeem, and no other."""
    invited = world.invite(sponsor=BOSS)
    assert tried(world, world.visitor(BO), invited).error == "invitation_mismatch"
    assert told(world) == [BOSS]
    url = question(world)
    text = world.mails(BOSS)[0].text
    assert BO.email in text
    assert "Fabrikam" in text
    for _ in range(2):  # a scanner changes nothing
        assert BO.email in Browser(clock=world.clock).get(url).text
    assert answer(world, YES).name == "question-answered"
    for subject in ("Bo", "cy"):  # AL-04, OU-18: another subject with the very address, and one that differs in case only
        world.partners["fabrikam"].accounts[subject] = replace(BO, subject=subject)
        assert tried(world, world.visitor(replace(BO, subject=subject)), invited).error == "invitation_mismatch"
    assert world.redeem(world.visitor(BO), invited).location == f"{world.callback}/home"
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(identities.c.subject)).scalars().all() == [BO.subject]
        person = tx.execute(select(people.c.id, people.c.email, people.c.email_verified)).one()
        names = set(tx.execute(select(audit.c.name)).scalars())
    assert tuple(person) == (invited.invitation.guest_id, ADA.email, False)  # AL-09: the record's address stays
    assert {"invitation.attempted", "question.answered", "invitation.identity_accepted", "invitation.redeemed"} <= names


def test_no_sends_the_invitation_anew(world: World) -> None:
    """IN-01, IN-04: no makes the stray link void; the invited address gets another."""
    invited = world.invite(sponsor=BOSS)
    tried(world, world.visitor(BO), invited)
    assert answer(world, NO).name == "question-answered"
    assert Browser(clock=world.clock).get(invited.redeem_url).error == "invitation_expired"
    world.broker.messages.outbox.deliver()
    with world.broker.core.db.read() as tx:
        sent = tx.execute(select(outbox.c.recipient).where(outbox.c.kind == "invitation")).scalars().all()
    assert sent == [ADA.email]
    assert Browser(clock=world.clock).get(question(world)).error == "bad_request"  # answered once


def test_one_mail_an_invitation_and_day(world: World) -> None:
    """IN-15: however often they try; every attempt is on record."""
    invited = world.invite(sponsor=BOSS)
    for _ in range(3):
        assert tried(world, world.visitor(BO), invited).error == "invitation_mismatch"
    assert told(world) == [BOSS]
    world.clock.advance(86_400)
    tried(world, world.visitor(BO), invited)
    assert told(world) == [BOSS, BOSS]
    with world.broker.core.db.read() as tx:
        rows = tx.execute(select(audit.c.data).where(audit.c.name == "invitation.attempted")).scalars().all()
        asserted = tx.execute(select(audit_personal.c.value).where(audit_personal.c.name == "asserted")).scalars().all()
    assert [row["told"] for row in rows].count(True) == 2
    assert len(rows) == 4
    assert set(asserted) == {BO.email}


def test_receipt_says_that_the_sponsor_was_told(world: World) -> None:
    """IN-01: the guest's reference leads to what happened."""
    page = tried(world, world.visitor(BO), world.invite(sponsor=BOSS))
    receipt = world.receipt(page)
    assert receipt["reason"] == "invitation_identity"
    assert receipt["steps"][-1]["notified"] == "sponsor"


@pytest.mark.parametrize("sponsor", [None, ADA.email, "somebody@northwind.example"])
def test_whoever_is_no_member_is_not_asked(world: World, sponsor: str | None) -> None:
    """IN-11: neither the guest nor anybody outside settles it; in their place an administrator does, if there is one."""
    invited = world.invite(sponsor=sponsor)
    assert tried(world, world.visitor(BO), invited).error == "invitation_mismatch"
    assert told(world) == []
    world.clock.advance(86_400)
    administrators(world, CLEO.email)
    tried(world, world.visitor(BO), invited)
    assert told(world) == [CLEO.email]


def test_member_who_invited_is_asked(world: World) -> None:
    """The member who invited answers; one who left in the meantime does not (IN-10)."""
    administrators(world, CLEO.email)
    invited = world.broker.invitations.invitations.invite(member(world), InvitationRequest(email=ADA.email))
    tried(world, world.visitor(BO), invited)
    assert told(world) == [CLEO.email]
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == CLEO.email).values(state="blocked"))
    page = Browser(clock=world.clock).get(question(world))  # FA-03: the question is over where it is opened already
    assert (page.status, page.error) == (400, "bad_request")
    assert world.counts()["accepted_identities"] == 0


def test_too_late(world: World) -> None:
    """The invitation was redeemed by the right person meanwhile: the answer does nothing."""
    invited = world.invite(sponsor=BOSS)
    tried(world, world.visitor(BO), invited)
    assert world.redeem(world.visitor(ADA), invited).location is not None
    assert answer(world, YES).error == "bad_request"
    assert world.counts()["accepted_identities"] == 0


def test_identity_that_is_somebody_else_by_now(world: World) -> None:
    """AL-07: an identity that was bound meanwhile is not accepted for another guest."""
    invited = world.invite(sponsor=BOSS)
    tried(world, world.visitor(BO), invited)
    world.redeem(world.visitor(BO), world.invite(BO.email))
    assert answer(world, YES).error == "bad_request"
    assert world.redeem(world.visitor(BO), invited).error == "invitation_mismatch"


def test_accepted_for_one_invitation_only(world: World) -> None:
    """AL-04: a new invitation of the same guest knows nothing of it."""
    tried(world, world.visitor(BO), world.invite(sponsor=BOSS))
    answer(world, YES)
    again = world.invite(sponsor=BOSS)
    assert tried(world, world.visitor(BO), again).error == "invitation_mismatch"


def test_parallel_answers(both: World) -> None:
    """HT-3: yes and no at once: one counts."""
    tried(both, both.visitor(BO), both.invite(sponsor=BOSS))
    url = question(both)
    pages = []
    for press in (YES, NO):
        browser = Browser(clock=both.clock)
        pages.append((browser, browser.get(url), press))
    ends = [browser.submit(page, press=press) for browser, page, press in pages]
    assert sorted(page.name for page in ends) == ["error", "question-answered"]
    with both.broker.core.db.read() as tx:
        assert len(tx.execute(select(invitations.c.id)).all()) == 1


def test_over_saml(world: World) -> None:
    """The same for a partner over SAML, whose subject is a NameID."""
    with saml_world(world) as scene:
        scene.file()
        invited = world.invite("wanda@woodgrove.example", sponsor=BOSS)
        assert tried(world, scene.visitor(WILL), invited).error == "invitation_mismatch"
        answer(world, YES)
        assert world.redeem(scene.visitor(WILL), invited).location == f"{world.callback}/home"
