"""/account as a guest's passport: who invited them and why, what each application was given, more time, giving up, other browsers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed
from broker.storage.tables import audit
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

DAY = 86_400
WORDS = "So that you can enter the hours of the Lisbon project."
LEDGER = "name: Ledger\nredirect_uris: ['{0}/callback']\nlaunch_url: {0}/ledger\nassignment_required: true\n"


def account(world: World, who: DemoPerson) -> BrowserPage:
    """The page as the person sees it."""
    page = who.browser.get(f"{world.url}/account")
    assert page.name == "account"
    return page


def words(page: BrowserPage) -> str:
    """What the page says."""
    return " ".join(page.document.text.split())


def events(world: World, name: str) -> list[dict[str, Any]]:
    """The data of the audit events of this name."""
    with world.broker.core.db.read() as tx:
        return [dict(row[0]) for row in tx.execute(select(audit.c.data).where(audit.c.name == name))]


def guest(world: World, **more: Any) -> DemoPerson:
    """Ada, a guest until 40 days from now, signed in at Payroll."""
    world.sign_in(world.visitor(CLEO))
    ada = world.visitor(ADA)
    world.redeem(ada, world.invite(sponsor=CLEO.email, until=world.clock() + 40 * DAY, **more))
    world.sign_in(ada, scope="openid profile email offline_access")
    return ada


def test_passport_says_who_why_and_what(world: World) -> None:
    """The invitation's words, the claims of the last sign-in by name, when it was, and who answers for the guest."""
    ada = guest(world, message=WORDS)
    world.clock.advance(2 * 3600)
    world.sign_in(ada, scope="openid profile email offline_access")
    world.clock.advance(3600 - 60)
    page = account(world, ada)
    said = words(page)
    assert WORDS in said
    assert "invited you on" in said
    assert "command" not in said  # an invitation by a command is the company's
    assert "your user name, your e-mail address, your language" in said
    assert "Last used59 minutes ago" in said
    assert "Your contactCleo" in said
    assert "Guest from Fabrikam" in said
    assert said.count("Payroll: opened") == 2
    assert 'datetime="20' in page.text


def test_refused_sign_ins_are_told_without_what_only_staff_reads(world: World) -> None:
    """The guest reads the sentence and the reference of their own page; no policy, no reason."""
    ada = guest(world)
    world.write(
        "policies/secret-name.yaml",
        "name: Secret\nusers: {include: {guests: all}}\ngrant: {block: true}\napplications: {include: [travel]}\n",
    )
    refused = world.arrive(ada, world.travel)
    page = account(world, ada)
    assert "Travel: did not open" in words(page)
    assert refused.request_id in words(page)
    assert "secret-name" not in page.text
    assert "policy_blocked" not in page.text


def test_ask_for_more_time(both: World) -> None:
    """The sponsor gets the question of a renewal and the guest a line; again only after a week; the answer sets the end."""
    ada = guest(both)
    end = both.person(ADA.email).expires_at or 0
    page = ada.browser.submit(account(both, ada), press="Ask for more time")
    assert "We asked whether your access continues." in words(page)
    assert "We asked whether" not in words(
        ada.browser.get(f"{both.url}/account?said=asked")
    )  # a link cannot make the page say it
    [mail] = [one for one in both.mails(CLEO.email) if "still need access" in one.subject]
    assert "They ask for more time." in mail.text
    again = account(both, ada)
    assert "Ask for more time" not in words(again)
    assert "Asked on" in words(again)
    twice = ada.browser.post(f"{both.url}/account/more-time", {"csrf": _token(again)}, opener=again)
    assert twice.name == "account"
    assert len([one for one in both.mails(CLEO.email) if "still need access" in one.subject]) == 1
    assert [event["asked"] for event in events(both, "guest.asked_for_time")] == [1]
    both.clock.advance(7 * DAY)
    both.sign_in(ada)
    assert "Ask for more time" in words(account(both, ada))
    sponsor = both.visitor(CLEO)
    link = next(line for line in mail.text.splitlines() if "/question/" in line).strip()
    answered = sponsor.browser.submit(sponsor.browser.get(link), press="Extend")
    assert answered.name == "question-answered"
    after = both.person(ADA.email).expires_at or 0
    assert after > end
    assert "Asked on" not in words(account(both, ada))


def test_nobody_to_ask(world: World) -> None:
    """Without an end, or without a member who can answer, there is no button, and pressing it anyway asks nobody."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    page = account(world, ada)
    assert "Ask for more time" not in words(page)
    assert ada.browser.post(f"{world.url}/account/more-time", {"csrf": _token(page)}, opener=page).name == "account"
    assert events(world, "guest.asked_for_time") == []


def _token(page: BrowserPage) -> str:
    """The token of the page's own buttons."""
    return next(
        item.value for form in page.document.forms if "/account/" in form.action for item in form.fields if item.name == "csrf"
    )


def test_give_up_one_application(both: World) -> None:
    """Assignment, hand-filled group, consent and tokens end; a group by rule stays, and so do other applications."""
    both.write("applications/ledger.yaml", LEDGER.format(both.callback))
    ada = guest(both)
    both.broker.access.groups.create(ACTOR, "Auditors")
    both.broker.access.assignments.assign(ACTOR, "ledger", "Auditors")
    both.broker.access.groups.add_members(ACTOR, "Auditors", [ADA.email])
    tokens = both.sign_in(ada, scope="openid profile email offline_access")
    question = ada.browser.follow(account(both, ada), "/account/give-up/ledger")
    assert question.name == "account-give-up"
    assert "You leave the group Auditors" in words(question)
    page = ada.browser.submit(question)
    assert "You gave up the application." in words(page)
    assert "Ledger" not in words(page).replace("Give up Ledger", "")
    assert "You are in these groups" not in words(ada.browser.get(f"{both.url}/apps"))
    assert both.party.refresh(tokens.refresh_token or "").access_token
    [event] = events(both, "access.given_up")
    assert (event["assignments"], len(event["groups"])) == (0, 1)

    page = ada.browser.submit(ada.browser.follow(account(both, ada), "/account/give-up/payroll"))
    assert "Payroll" not in [href for _, href in page.document.links]
    with pytest.raises(SignInFailed, match="invalid_grant"):
        both.party.refresh(tokens.refresh_token or "")
    assert "/account/give-up/payroll" not in page.text
    ada.halt_at = ("review-permissions",)
    assert both.arrive(ada).name == "review-permissions"


def test_only_ones_own_is_given_up(world: World) -> None:
    """AD-01: an application that is none of theirs does not exist; nothing happens without the page's token (SC-04); staff stays."""
    world.write("applications/ledger.yaml", LEDGER.format(world.callback))
    ada, bo = guest(world), world.visitor(BO)
    world.redeem(bo, world.invite(BO.email))
    world.broker.access.assignments.assign(ACTOR, "ledger", BO.email)
    assert ada.browser.get(f"{world.url}/account/give-up/ledger").status == 404
    page = account(world, ada)
    assert ada.browser.post(f"{world.url}/account/give-up/ledger", {"csrf": _token(page)}, opener=page).status == 404
    for path in ("give-up/payroll", "more-time", "sessions/others"):
        assert ada.browser.post(f"{world.url}/account/{path}", {"csrf": "forged"}, opener=page).status == 403
        assert ada.browser.get(f"{world.url}/account/{path}").status in (200, 405)
    assert "Ledger" in words(bo.browser.get(f"{world.url}/apps"))
    cleo = world.visitor(CLEO)
    world.sign_in(cleo)
    staff = account(world, cleo)
    assert cleo.browser.post(f"{world.url}/account/give-up/payroll", {"csrf": _token(staff)}, opener=staff).status == 404
    assert events(world, "access.given_up") == []


def test_sign_out_everywhere_else(both: World) -> None:
    """Every other browser of the person is signed out, this one stays, and other people are not concerned."""
    ada, telephone, bo = guest(both), both.visitor(ADA), both.visitor(BO)
    both.sign_in(telephone)
    both.redeem(bo, both.invite(BO.email))
    page = ada.browser.submit(account(both, ada), press="Sign out everywhere else")
    assert "signed out in every other browser" in words(page)
    assert "Sign out everywhere else" not in words(page)
    assert telephone.browser.get(f"{both.url}/apps").name == "home-organization"
    assert bo.browser.get(f"{both.url}/apps").name == "apps"
    assert ada.browser.get(f"{both.url}/apps").name == "apps"
