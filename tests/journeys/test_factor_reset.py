"""A lost phone: the sponsor vouches, three days pass, nobody is reset in silence (MF-12)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import select

from broker.cli import broker as command
from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.domain.errors import Conflict
from broker.domain.mail import MailKind
from broker.storage.operations import outbox as rows
from broker.storage.tables import audit, factors, outbox, people
from tests.journeys.second_factor import Phone, enrol, essential, with_phone
from tests.journeys.test_passkey_attacks import with_passkey
from tests.journeys.world import ACTOR, ADA, CLEO, SECRET, World

DAY = 86_400
YES = "Yes, I've spoken to them"


def lost(world: World) -> tuple[Phone, DemoPerson, BrowserPage]:
    """Ada, whose sponsor is Cleo, at the page about a lost phone."""
    world.sign_in(world.visitor(CLEO))
    ada = world.visitor(ADA)
    world.redeem(ada, world.invite(ADA.email, sponsor=CLEO.email))
    phone = with_phone_of(world, ada)
    who = world.visitor(ADA)
    page = world.arrive(who, login_hint=ADA.email, **essential())
    return phone, who, who.browser.follow(page, "I can't use any of these now")


def with_phone_of(world: World, ada: DemoPerson) -> Phone:
    """Add an authenticator app for somebody who has redeemed."""
    phone, _page = enrol(world, ada, world.arrive(ada, **essential()))
    world.clock.advance(30)
    return phone


def question(world: World) -> str:
    """The link in the newest mail to the sponsor."""
    world.broker.messages.outbox.deliver()
    folder = world.home / "var" / "mail"
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)]
    found = [
        match[0]
        for text in texts
        for match in re.finditer(r"http://[^\s<>/]+/question/[A-Za-z0-9_-]{43}", text.replace("=\n", ""))
    ]
    return found[-1]


def answer(world: World, press: str) -> BrowserPage:
    """The sponsor opens the link and presses a button."""
    sponsor = Browser(clock=world.clock)
    page = sponsor.get(question(world))
    assert page.name == "question", page
    return sponsor.submit(page, press=press)


def names(world: World) -> list[str]:
    """The audit's rows about resets, sorted."""
    with world.broker.core.db.read() as tx:
        found = tx.execute(select(audit.c.name).order_by(audit.c.at)).scalars().all()
    return sorted(name for name in found if "reset" in name)


def kinds(world: World) -> list[str]:
    """The kinds of the mails so far."""
    with world.broker.core.db.read() as tx:
        return list(tx.execute(select(outbox.c.kind).order_by(outbox.c.created_at)).scalars())


def test_vouched_for(both: World) -> None:
    """MF-12: asked within a sign-in, agreed to by link, three days, mails to the guest, audit; then a new method can be added."""
    _phone, who, page = lost(both)
    page = who.browser.submit(page, press="Ask my contact to reset it")
    assert "We've asked your contact" in page.text
    assert names(both) == ["factor.reset_asked"]
    assert answer(both, YES).status == 200
    both.clock.advance(3 * DAY - 1)
    both.broker.operations.housekeeping.run()
    page = both.arrive(both.visitor(ADA), login_hint=ADA.email, **essential())
    assert page.name == "mfa-challenge"
    both.clock.advance(1)
    done = both.broker.operations.housekeeping.run()
    assert done["factor_resets"] == 1
    page = both.arrive(both.visitor(ADA), login_hint=ADA.email, **essential())
    assert page.name == "mfa-enroll"
    assert names(both) == ["factor.reset", "factor.reset_asked", "factor.reset_due"]
    assert kinds(both).count("factors") == 4  # added, asked, due, done
    assert kinds(both).count("factor_reset") == 1


def test_the_owner_stops_it(world: World) -> None:
    """MF-12: a thief with the password asks; the owner signs in with the phone, and all stays as it is."""
    phone, who, page = lost(world)
    who.browser.submit(page, press="Ask my contact to reset it")
    answer(world, YES)
    owner = world.visitor(ADA)
    page = world.arrive(owner, login_hint=ADA.email, **essential())
    assert "code" in owner.browser.submit(page, {"code": phone.code()}, stop_at=world.callback).query
    world.clock.advance(4 * DAY)
    assert world.broker.operations.housekeeping.run()["factor_resets"] == 0
    assert names(world) == ["factor.reset_asked", "factor.reset_due", "factor.reset_stopped"]
    assert world.arrive(world.visitor(ADA), login_hint=ADA.email, **essential()).name == "mfa-challenge"


def test_the_sponsor_says_no(world: World) -> None:
    """Nothing changes; asked once a day, however often the button is pressed."""
    _phone, who, page = lost(world)
    for _ in range(3):
        page = who.browser.submit(page, press="Ask my contact to reset it")
        page = who.browser.get(page.url)
    assert kinds(world).count("factor_reset") == 1
    answer(world, "No")
    world.clock.advance(4 * DAY)
    assert world.broker.operations.housekeeping.run()["factor_resets"] == 0
    assert names(world) == ["factor.reset_asked", "factor.reset_declined"]


ASK = "Ask my contact to reset it"


def stuck(world: World, **claims: str) -> tuple[DemoPerson, BrowserPage]:
    """Ada, for whom nobody answers, at the page about a lost phone."""
    who = world.visitor(ADA)
    page = world.arrive(who, login_hint=ADA.email, **(claims or essential()))
    return who, who.browser.follow(page, "I can't use any of these now")


def supported(world: World, url: str | None) -> None:
    """The company's file with an address for help, or without."""
    file = world.home / "config" / "broker.yaml"
    said = yaml.safe_load(file.read_text("utf-8"))
    said["organization"]["support_url"] = url
    world.write("broker.yaml", json.dumps(said))


def test_nobody_answers_for_the_guest(world: World) -> None:
    """MF-12: no button that does nothing; the page says whom to turn to, and what to say there."""
    with_phone(world, world.visitor(ADA))
    supported(world, None)
    who, page = stuck(world)
    assert ASK not in page.text
    assert "can vouch for you" not in page.text
    assert "ask the person who invited you" in page.text
    reference = world.broker.history.receipts.newest(limit=1)[0].request_id
    again = who.browser.post(page.url, {"csrf": token_of(who, page)}, opener=page)
    assert (again.status, again.name) == (200, "mfa-lost")
    assert "We've asked" not in again.text
    assert names(world) == []
    supported(world, "mailto:help@contoso.example")
    who, page = stuck(world)
    assert "ask the support of" in page.text
    shown = page.document.codes[0]
    assert page.link("Help from") == f"mailto:help@contoso.example?subject={shown}"
    assert shown != reference
    assert who.browser.proceed(page).name == "mfa-challenge"


def token_of(who: DemoPerson, page: BrowserPage) -> str:
    """The form token of this login."""
    challenge = who.browser.get(page.url.removesuffix("/lost"))
    return next(item.value for item in challenge.document.forms[0].fields if item.name == "csrf")


def test_only_passkey_lost_where_nothing_less_is_enough(both: World) -> None:
    """MF-12: a recovery code is not enough for phr, and the page says so; the sponsor can vouch all the same."""
    both.sign_in(both.visitor(CLEO))
    both.invite(ADA.email, sponsor=CLEO.email)
    with_passkey(both)
    with both.broker.core.db.write() as tx:
        tx.execute(people.update().where(people.c.email == ADA.email).values(sponsor=CLEO.email))
    both.write("policies/phr.yaml", "name: x\nusers: {include: {guests: all}}\ngrant: {require: [phishing_resistant_mfa]}\n")
    who = both.visitor(ADA)
    page = both.arrive(who, login_hint=ADA.email)
    assert page.name == "mfa-challenge"
    assert "ecovery code" not in page.text
    page = who.browser.follow(page, "I can't use any of these now")
    assert "You can't use your passkey" in page.text
    assert "A recovery code or a code from an app isn't enough here" in page.text
    assert "Use a recovery code" not in page.text
    page = who.browser.submit(page, press=ASK)
    assert "We've asked your contact" in page.text
    assert answer(both, YES).status == 200
    both.clock.advance(3 * DAY)
    assert both.broker.operations.housekeeping.run()["factor_resets"] == 1
    assert both.arrive(both.visitor(ADA), login_hint=ADA.email).name == "mfa-enroll"


def test_only_before_the_challenge(world: World) -> None:
    """MF-12: without a sign-in at home nobody can ask for it."""
    phone, who, page = lost(world)
    token = next(field.value for field in page.document.forms[0].fields if field.name == "csrf")
    stranger = Browser(clock=world.clock)
    assert stranger.post(page.url, {"csrf": token}, opener=page).status == 403
    home = page.url.removesuffix("/lost")
    challenge = who.browser.get(home)
    who.browser.submit(challenge, {"code": phone.code()}, stop_at=world.callback)
    assert who.browser.post(page.url, {"csrf": token}, opener=page).status == 400
    assert names(world) == []


def test_the_command(world: World, tmp_path: Path) -> None:
    """MF-12: an administrator at the command line: at once, with a reason, sessions end, the guest is told."""
    ada = world.visitor(ADA)
    with_phone(world, ada)
    person = world.broker.factors.reset.reset(ACTOR, ADA.email, reason="phone stolen")
    assert person.email == ADA.email
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(factors)).all() == []
        mails = rows.of_person(tx, person.id)
    assert mails[0].kind in (MailKind.FACTORS, MailKind.INVITATION)
    assert ada.browser.get(world.url + "/apps", stop_at=world.url).status == 303
    with pytest.raises(Conflict):
        world.broker.factors.reset.reset(ACTOR, ADA.email)
    done = CliRunner().invoke(command, ["guests", "mfa-reset", ADA.email, "--home", str(world.home)], env={"SECRET": SECRET})
    assert done.exit_code == 1
    assert "no sign-in method of ours" in done.output
    assert names(world) == ["factor.reset"]
