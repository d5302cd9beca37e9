"""`/account`: what a person has, withdrawn, ended, taken along, left; by nobody else, and by no half of a sign-in."""

from __future__ import annotations

import json

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.domain.ids import new_id
from broker.storage.directory import assignments
from broker.storage.oauth import sessions
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

DAY = 86_400
ALICE = "alice@contoso.example"


def at_home(world: World, who: DemoPerson) -> BrowserPage:
    """The page, as somebody who is signed in sees it."""
    page = who.open(f"{world.url}/account")
    assert page.name == "account"
    return page


@pytest.fixture
def ada(world: World) -> DemoPerson:
    """A guest until a day, signed in at Payroll."""
    who = world.visitor()
    world.redeem(who, world.invite(sponsor=ALICE, until=world.clock() + 30 * DAY))
    world.sign_in(who, scope="openid profile email offline_access")
    return who


def test_what_it_shows(world: World, ada: DemoPerson) -> None:
    """Name, address, home, end, who answers, each application with why and until when, where one is signed in; not stored."""
    person = world.broker.guests.directory.show(ADA.email).person
    with world.broker.core.db.write() as tx:
        assignments.open_for(tx, new_id(), person.id, "travel", "", world.clock())
    page = at_home(world, ada)
    for words in ("Ada Fabrik", ADA.email, "Fabrikam", "February 14, 2027", ALICE, "Payroll", "Travel", "This browser"):
        assert words in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "Another browser" not in page.text
    panel = ada.open(f"{world.url}/apps")
    assert ada.browser.follow(panel, "Account").name == "account"


def test_nobody_sees_it(world: World) -> None:
    """SC-06: without a session a sign-in begins, and leads back here."""
    page = Browser(clock=world.clock).get(f"{world.url}/account")
    assert page.name == "home-organization"
    who = world.visitor()
    world.redeem(who)
    assert at_home(world, world.visitor()).name == "account"


def test_withdraw(world: World, ada: DemoPerson) -> None:
    """The tokens there end, and it asks again."""
    tokens = world.sign_in(ada, scope="openid profile email offline_access")
    page = ada.browser.submit(at_home(world, ada), press="Revoke Payroll's access")
    assert (page.name, "Revoke Payroll's access" in page.text) == ("account", False)
    with pytest.raises(Exception, match="invalid_grant"):
        world.party.refresh(str(tokens.refresh_token))
    ada.halt_at = ("review-permissions",)
    assert world.arrive(ada).name == "review-permissions"


def test_other_browsers(world: World, ada: DemoPerson) -> None:
    """One's own browsers are listed and can be signed out, this one too; somebody else's session cannot (AD-01)."""
    telephone = world.visitor()
    world.sign_in(telephone)
    page = ada.browser.submit(at_home(world, ada), press="Sign out there")
    assert (page.name, "Another browser" in page.text) == ("account", False)
    assert telephone.browser.get(f"{world.url}/apps").name == "home-organization"

    bo = world.visitor(BO)
    world.redeem(bo, world.invite(BO.email))
    person = world.broker.guests.directory.show(BO.email).person
    with world.broker.core.db.read() as tx:
        [foreign] = sessions.live_of(tx, person.id, world.clock())
    before = world.counts("refusals", "attempts")
    stolen = ada.browser.submit(at_home(world, ada), {"sid": foreign.sid}, press="Sign out here")
    assert (stolen.status, stolen.error) == (404, "bad_request")
    assert ada.browser.submit(at_home(world, ada), {"sid": "nonsense"}, press="Sign out here").status == 404
    assert world.counts("refusals", "attempts") == before
    assert bo.browser.get(f"{world.url}/apps").name == "apps"

    assert ada.browser.submit(at_home(world, ada), press="Sign out here").name == "signed-out"
    assert ada.browser.get(f"{world.url}/account").name == "home-organization"


def test_download(world: World, ada: DemoPerson) -> None:
    """AD-05: the whole export as a file, not stored; that it was taken is on record."""
    page = ada.browser.submit(at_home(world, ada), press="Download my data")
    assert page.headers["content-disposition"] == 'attachment; filename="account.json"'
    assert page.headers["cache-control"] == "no-store"
    found = json.loads(page.body)
    assert found["person"]["email"] == ADA.email
    assert found["audit"][-1]["name"] == "guest.exported"
    assert found["audit"][-1]["actor_id"] == found["person"]["id"]


def test_leave(both: World) -> None:
    """LP-05: a page names what ends; the button deletes; whoever comes again needs an invitation. Nothing happens before."""
    ada = both.visitor()
    both.redeem(ada)
    both.sign_in(ada)
    person_id = both.broker.guests.directory.show(ADA.email).person.id
    page = ada.browser.follow(at_home(both, ada), "/account/leave")
    assert (page.name, "Payroll" in page.text) == ("account-leave", True)
    assert both.broker.guests.directory.show(ADA.email).person.state == "active"
    left = ada.browser.submit(page)
    assert left.name == "account-left"
    assert both.broker.guests.directory.show(person_id).person.state == "deleted"
    assert both.arrive(both.visitor()).error == "not_invited"
    assert ada.browser.submit(page).error == "bad_request"  # the button once more


def test_members(world: World) -> None:
    """A member sees the page, and leaves elsewhere."""
    cleo = world.visitor(CLEO)
    world.sign_in(cleo)
    page = at_home(world, cleo)
    assert "/account/leave" not in page.text
    assert cleo.browser.get(f"{world.url}/account/leave").status == 404


def test_forged_buttons(world: World, ada: DemoPerson) -> None:
    """SC-04: without the page's token, from another site, or with another session's token nothing happens."""
    at_home(world, ada)
    bo = world.visitor(BO)
    world.redeem(bo, world.invite(BO.email))
    foreign = at_home(world, bo).document.forms[1].data(None, {})
    before = world.counts("refusals", "attempts")
    for path in ("consents", "sessions", "export", "leave"):
        address = f"{world.url}/account/{path}"
        assert ada.browser.post(address, {"application": "payroll"}).status == 403
        own = at_home(world, ada)
        assert ada.browser.post(address, {**dict(foreign), "application": "payroll"}, opener=own).status == 403
    assert world.counts("refusals", "attempts") == before


@pytest.mark.parametrize("stop", ["block", "expire"])
def test_stopped_meanwhile(world: World, ada: DemoPerson, stop: str) -> None:
    """SC-06, MF-06: a page that is still open does nothing once its session ended."""
    page = at_home(world, ada)
    getattr(world.broker.guests.lifecycle, stop)(ACTOR, ADA.email)
    before = world.counts("refusals", "attempts", "logins", "receipts", "audit", "audit_personal")
    assert ada.browser.submit(page, press="Download my data").headers.get("content-disposition") is None
    assert world.counts("refusals", "attempts", "logins", "receipts", "audit", "audit_personal") == before
