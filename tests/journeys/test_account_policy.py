"""A person's own pages under policies: half a sign-in opens none of them, and no button of theirs does anything (MF-06, SC-06)."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urljoin

import pytest
from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.storage.tables import audit
from tests.journeys.second_factor import Phone, enrol, with_phone
from tests.journeys.world import ADA, World

MFA = "name: x\nusers: {include: {guests: all}}\ngrant: {require: [mfa]}\n"
PHR = MFA.replace("mfa", "phishing_resistant_mfa")
BLOCK = "name: x\nusers: {include: {guests: all}}\ngrant: {block: true}\n"
OWN = ("/account", "/account/leave", "/account/methods", "/apps")


def held(world: World) -> tuple[Phone, DemoPerson, dict[str, BrowserPage]]:
    """Ada with an authenticator app, signed in again by her home organization only; her pages as they are without a policy."""
    phone = with_phone(world, world.visitor(ADA))
    ada = world.visitor(ADA)
    world.sign_in(ada)
    return phone, ada, {path: ada.browser.get(world.url + path) for path in OWN}


FRAME = ("/apps/sign-out", "/language")  # may be pressed by everybody: they end this browser's session, or change its language


def press_everything(ada: DemoPerson, pages: dict[str, BrowserPage]) -> list[BrowserPage]:
    """Send every form of the account's pages that were shown before, each with its genuine token; that of leaving, shown or not."""
    token = next(
        item.value
        for form in pages["/account"].document.forms
        if form.action not in FRAME
        for item in form.fields
        if item.name == "csrf"
    )
    found = [ada.browser.post(urljoin(pages["/account"].url, "/account/leave"), {"csrf": token}, opener=pages["/account"])]
    for path, page in pages.items():
        for form in page.document.forms if path.startswith("/account") and page.name.startswith("account") else ():
            if form.action in FRAME:
                continue
            values = {item.name: item.value for item in form.fields}
            for button in form.buttons:
                named = {button.name: button.value} if button.name else {}
                found.append(ada.browser.post(urljoin(page.url, form.action), values | named, opener=page))
    return found


def names(world: World) -> Counter[str]:
    """What the audit says that was done, and how often."""
    with world.broker.core.db.read() as tx:
        return Counter(tx.execute(select(audit.c.name)).scalars())


def test_half_a_sign_in(both: World) -> None:
    """MF-06: pages lead to the challenge, buttons of before do nothing; after the code the page that was asked for is there.

    Leaving wants the code without any policy (FA-28).
    """
    phone, ada, pages = held(both)
    assert [page.name for page in pages.values()] == ["account", "mfa-challenge", "account-methods", "apps"]
    both.write("policies/mfa.yaml", MFA)
    before = names(both)
    for path in OWN:
        assert ada.browser.get(both.url + path).name == "mfa-challenge", path
    ends = press_everything(ada, pages)
    assert len(ends) > 8
    assert {page.name for page in ends} == {"mfa-challenge"}
    assert names(both) == before
    for path, name in (("/account", "account"), ("/account/methods", "account-methods")):
        who = both.visitor(ADA)
        both.clock.advance(30)
        page = who.open(both.url + path)
        assert page.name == "mfa-challenge"
        assert ADA.email not in page.text
        assert who.browser.submit(page, {"code": phone.code()}).name == name
        assert who.browser.get(both.url + path).name == name


def test_nobody_adds_a_method_for_somebody_else(world: World) -> None:
    """MF-07: without a method of hers, Ada adds one on the way, and comes out where she wanted to go."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/mfa.yaml", MFA)
    page = ada.open(f"{world.url}/account/methods")
    assert page.name == "mfa-enroll"
    _phone, page = enrol(world, ada, page, stop_at="http://nowhere")
    assert page.name == "account-methods"
    assert "Codes left: 10." in page.text


@pytest.mark.parametrize(("policy", "ends"), [(BLOCK, "error"), (PHR, "mfa-enroll")])
def test_a_fresh_proof_is_not_enough(both: World, policy: str, ends: str) -> None:
    """SC-06, PO-02: a code of just before, and then a policy that says no, or asks for more: no method is changed, no code is shown."""
    phone = with_phone(both, both.visitor(ADA))
    both.write("policies/mfa.yaml", MFA)
    ada = both.visitor(ADA)
    page = ada.open(f"{both.url}/account/methods")
    ada.browser.submit(page, {"code": phone.code()})
    pages = {path: ada.browser.get(both.url + path) for path in OWN}
    assert pages["/account/methods"].name == "account-methods"
    both.write("policies/mfa.yaml", policy)
    before = names(both)
    for page in press_everything(ada, pages):
        assert page.name == ends, page
        assert "recovery" not in page.name
    assert set(names(both) - before) <= {"sign_in.refused"}
