"""A person's own sign-in methods: changed only after a fresh proof (MF-07), by their owner, with a mail about it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.storage.tables import audit, factors, outbox
from tests.journeys.second_factor import Phone, enrol, essential, with_phone
from tests.journeys.world import ADA, BO, World

PATH = "/account/methods"


def opened(world: World, who: DemoPerson) -> BrowserPage:
    """The page of somebody who is signed in."""
    page = who.open(world.url + PATH)
    assert page.name == "account-methods", page
    return page


def confirm(world: World, who: DemoPerson, page: BrowserPage, phone: Phone) -> BrowserPage:
    """Answer the challenge that a change leads to."""
    assert page.name == "mfa-challenge", page
    world.clock.advance(30)
    return who.browser.submit(page, {"code": phone.code()})


def events(world: World) -> list[str]:
    """Names of the audit's rows about methods."""
    with world.broker.core.db.read() as tx:
        return [row.name for row in tx.execute(select(audit).order_by(audit.c.at)) if row.name.startswith("factor.")]


def token_of(page: BrowserPage) -> str:
    """The token of the page's own forms; the frame has another."""
    return next(
        field.value
        for form in page.document.forms
        if form.action.startswith(PATH)
        for field in form.fields
        if field.name == "csrf"
    )


def test_the_first_method_by_oneself(both: World) -> None:
    """From the panel, without anybody asking for it; and a second one only with the first."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    page = ada.browser.follow(ada.open(both.url + "/apps"), "Sign-in methods")
    assert "You don't have any yet" in page.text
    page = ada.browser.submit(page, press="totp")
    phone, page = enrol(both, ada, page, stop_at="http://nowhere")
    assert page.name == "account-methods"
    assert "Codes left: 10." in page.text
    both.clock.advance(1000)
    page = confirm(both, ada, ada.browser.submit(opened(both, ada), press="totp"), phone)
    assert page.name == "mfa-enroll"
    second = Phone(both.clock)
    second.read(page)
    page = ada.browser.submit(page, {"code": second.code()})
    assert page.name == "account-methods"
    assert page.text.count("Remove") == 2
    assert events(both) == ["factor.added", "factor.added"]


def test_a_stale_session_changes_nothing(world: World) -> None:
    """MF-07: after a quarter of an hour every change leads to a challenge first; nothing happened before."""
    ada = world.visitor(ADA)
    phone = with_phone(world, ada)
    world.clock.advance(601)
    page = opened(world, ada)
    for press in ("Remove Authenticator app", "Create new codes", "Save name"):
        challenge = ada.browser.submit(page, press=press)
        assert challenge.name == "mfa-challenge", press
    assert events(world) == ["factor.added"]
    page = confirm(world, ada, challenge, phone)
    assert page.name == "account-confirm"
    page = ada.browser.submit(opened(world, ada), {"name": "  Work\u200b   phone "}, press="Save name")
    assert "Work phone" in page.text
    codes = ada.browser.submit(ada.browser.submit(page, press="Create new codes"))
    assert codes.name == "recovery-codes"
    assert not set(codes.document.codes) & set(phone.codes)
    page = ada.browser.submit(codes)
    assert page.name == "account-methods"


def test_removed(world: World) -> None:
    """A removed method proves nothing any more, also where it was used before; its recovery codes go with the last one."""
    ada = world.visitor(ADA)
    phone = with_phone(world, ada)
    other = world.visitor(ADA)
    page = world.arrive(other, login_hint=ADA.email, **essential())
    other.browser.submit(page, {"code": phone.code()}, stop_at=world.callback)
    assert "code" in world.arrive(other, **essential()).query
    page = ada.browser.submit(ada.browser.submit(opened(world, ada), press="Remove Authenticator app"))
    assert "You don't have any yet" in page.text
    assert world.arrive(other, **essential()).name == "email-code"  # FA-05: the person had more than a password
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(factors)).all() == []
        assert tx.execute(select(outbox.c.kind)).scalars().all().count("factors") == 2
    assert events(world) == ["factor.added", "factor.removed"]


def test_only_ones_own(world: World) -> None:
    """MF-12, LP-04: another person's method cannot be named or removed, whatever id is sent."""
    with_phone(world, world.visitor(ADA))
    bo = world.visitor(BO)
    with_phone(world, bo)
    with world.broker.core.db.read() as tx:
        rows = tx.execute(select(factors.c.id, factors.c.person_id).order_by(factors.c.created_at)).all()
    page = opened(world, bo)
    token = token_of(page)
    for verb in ("rename", "remove"):
        answer = bo.browser.post(
            f"{world.url}{PATH}/{rows[0].id}/{verb}", {"csrf": token, "name": "x", "confirmed": "yes"}, opener=page
        )
        assert (answer.status, answer.error) == (400, "bad_request")
    with world.broker.core.db.read() as tx:
        assert len(tx.execute(select(factors)).all()) == 2


@pytest.mark.parametrize("kind", ["", "recovery", "partner", "mail"])
def test_no_other_kind(world: World, kind: str) -> None:
    """What is no method of ours is not added."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    page = opened(world, ada)
    answer = ada.browser.post(f"{world.url}{PATH}/add", {"csrf": token_of(page), "kind": kind}, opener=page)
    assert answer.status == 400


def test_nobody_signed_in(world: World) -> None:
    """MF-06: without a session the page leads to a sign-in."""
    who = world.visitor(ADA)
    who.halt_at = ("home-organization",)
    assert who.open(world.url + PATH).name == "home-organization"


@pytest.mark.parametrize(
    ("press", "asked", "event"),
    [
        ("Remove Authenticator app", "Remove Authenticator app?", "factor.removed"),
        ("Create new codes", "Create new recovery codes?", "factor.recovery_renewed"),
        ("Save name", "Rename Authenticator app?", "factor.renamed"),
    ],
)
def test_fd_05_the_act_is_carried_through_the_proof(both: World, press: str, asked: str, event: str) -> None:
    """What was pressed is asked after the challenge, and done by one more button, once; Cancel does nothing."""
    ada = both.visitor(ADA)
    phone = with_phone(both, ada)
    both.clock.advance(601)
    challenge = ada.browser.submit(opened(both, ada), {"name": "\U0001f511" * 60} if press == "Save name" else {}, press=press)
    assert challenge.name == "mfa-challenge"
    page = confirm(both, ada, challenge, phone)
    assert page.name == "account-confirm"
    assert asked in page.text
    assert ada.browser.follow(page, "Cancel").name == "account-methods"
    assert events(both) == ["factor.added"]
    done = ada.browser.submit(page)
    assert done.name in ("account-methods", "recovery-codes")
    ada.browser.submit(page)
    assert events(both)[:2] == ["factor.added", event]


def test_fd_05_nothing_is_done_without_the_question(world: World) -> None:
    """A form that names the act alone, and an address in a mail, only ask."""
    ada = world.visitor(ADA)
    with_phone(world, ada)
    page = opened(world, ada)
    remove = next(form.action for form in page.document.forms if form.action.endswith("/remove"))
    token = token_of(page)
    assert ada.browser.post(world.url + remove, {"csrf": token}, opener=page).name == "account-confirm"
    assert ada.browser.get(world.url + remove).name == "account-confirm"
    assert events(world) == ["factor.added"]
