"""FA-18: a partner gives an old subject to somebody else: noticed by address and name, marked, asked about, or kept out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.domain.guest import GuestState, Person
from broker.storage.tables import audit
from tests.journeys.staff import administrators, member
from tests.journeys.world import ADA, CLEO, World

ALICE = "alice@contoso.example"
LINK = re.compile(r"http://\S+/question/[A-Za-z0-9_-]{43}")
MARRIED = replace(ADA, name="Ada Berger", email="ada.berger@fabrikam.example")
RENAMED = replace(ADA, email="ada.fabrik@fabrikam.example")
ANDY = replace(ADA, name="Andy Newman", email="andy@fabrikam.example", claims={})


def here(world: World) -> None:
    """Ada is a guest, for whom Alice answers."""
    world.redeem(world.visitor(), world.invite(sponsor=ALICE))
    world.clock.advance(1)


def becomes(world: World, account: object) -> DemoPerson:
    """The subject says somebody else from now on; a browser of theirs."""
    world.partners["fabrikam"].accounts["ada"] = account  # type: ignore[assignment]  # a dict of accounts
    who = world.visitor()
    who.halt_at = ("email-code",)
    return who


def guest(world: World) -> Person:
    """The record."""
    return world.person(ADA.email)


def changes(world: World) -> list[tuple[str, bool, bool]]:
    """(what, told, proven) of each event."""
    with world.broker.core.db.read() as tx:
        found = tx.execute(select(audit.c.data).where(audit.c.name == "identity.changed").order_by(audit.c.at)).scalars()
        return [(data["what"], data["told"], data["proven"]) for data in found]


def answer(world: World, press: str) -> BrowserPage:
    """Alice's answer."""
    found = (LINK.search(mail.text) for mail in world.mails(ALICE))
    browser = Browser(clock=world.clock)
    page = browser.get(next(match[0] for match in found if match))
    assert "Is this still Ada Fabrik?" in page.text
    return browser.submit(page, press=press)


def test_fa_18_another_name_and_address_prove_themselves(both: World) -> None:
    """The attack: in as Ada, with her verified address. Now the recorded mailbox first, and the sponsor hears of it."""
    here(both)
    andy = becomes(both, ANDY)
    page = both.arrive(andy, login_hint=ADA.email)
    assert (page.name, ADA.email in page.text) == ("email-code", True)
    page = andy.browser.submit(page, press="I can't read e-mail there")
    assert (page.status, page.error) == (403, "not_invited")
    assert both.receipt(page)["reason"] == "identity_changed"
    assert both.receipt(page)["facts"]["identity_changed"] == "both"
    assert changes(both) == [("both", True, False)]
    both.arrive(becomes(both, ANDY), login_hint=ADA.email)
    assert (guest(both).name, guest(both).email_verified) == ("Ada Fabrik", True)  # nothing of the record has changed


def test_fa_18_the_same_person_proves_it(both: World) -> None:
    """Married: a code to the recorded mailbox, once; then the new name and address are theirs."""
    here(both)
    who = becomes(both, MARRIED)
    page = both.arrive(who, login_hint=ADA.email)
    assert "code" in who.browser.submit(page, {"code": both.code(ADA.email)}, stop_at=both.callback).query
    assert changes(both) == [("both", False, True)]
    assert (guest(both).name, guest(both).email_verified) == ("Ada Berger", True)
    again = becomes(both, MARRIED)
    assert both.sign_in(again, login_hint=ADA.email).claims["email_verified"] is True
    assert len(changes(both)) == 1


def test_fa_18_the_sponsor_says_yes(both: World) -> None:
    """Who cannot read the old mailbox waits for the sponsor; the yes is about this very name and address."""
    here(both)
    who = becomes(both, MARRIED)
    who.browser.submit(both.arrive(who, login_hint=ADA.email), press="I can't read e-mail there")
    assert answer(both, "Yes, it's the same person").name == "question-answered"
    assert both.arrive(becomes(both, ANDY), login_hint=ADA.email).name == "email-code"
    assert both.sign_in(becomes(both, MARRIED), login_hint=ADA.email).claims["email"] == ADA.email


def test_fa_18_the_sponsor_says_no(both: World) -> None:
    """Somebody else has the account: the access is blocked, until staff has settled it."""
    here(both)
    both.sign_in(becomes(both, RENAMED), login_hint=ADA.email)
    assert answer(both, "No, stop this access").name == "question-answered"
    assert guest(both).state is GuestState.BLOCKED
    assert both.arrive(becomes(both, RENAMED), login_hint=ADA.email).error == "guest_blocked"


def test_fa_18_another_address_is_not_said_to_be_verified(both: World) -> None:
    """The address alone: let in, unverified in token and record, on record once, and the sponsor is asked once."""
    here(both)
    for _ in range(2):
        claims = both.sign_in(becomes(both, RENAMED), login_hint=ADA.email).claims
        assert (claims["email"], claims["email_verified"]) == (ADA.email, False)
        both.clock.advance(1)
    assert changes(both) == [("address", True, False)]
    assert len([mail for mail in both.mails(ALICE) if "is this still" in mail.subject]) == 1
    both.sign_in(becomes(both, ADA), login_hint=ADA.email)  # the recorded address, by the partner that is believed
    assert guest(both).email_verified is True


@pytest.mark.parametrize(
    "account", [replace(ADA, name="Ada F. Fabrik"), replace(ADA, email=ADA.email.upper()), replace(ADA, email="")]
)
def test_fa_18_what_is_no_change(world: World, account: object) -> None:
    """Another way of writing the name, of the address, or no address at all: nobody is asked."""
    here(world)
    assert world.sign_in(becomes(world, account), login_hint=ADA.email).claims["email_verified"] is True
    assert changes(world) == []


def test_fa_18_a_member_loses_rights_that_stand_on_the_address(both: World) -> None:
    """An administrator's subject with another address: a member still, without the rights of the old address."""
    administrators(both, CLEO.email)
    member(both)
    both.clock.advance(1)
    both.partners["staff"].accounts["cleo"] = replace(CLEO, email="new@contoso.example")
    who = both.visitor(CLEO)
    assert both.sign_in(who).claims["email_verified"] is False
    person = both.person(CLEO.email)
    assert person.email_verified is False
