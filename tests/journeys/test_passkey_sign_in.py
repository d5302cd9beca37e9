"""A passkey in place of the code by e-mail: offered after a code, used alone, refused where it proves nothing (LP-04, MF-07, HT-3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.domain.visitor import Visitor
from broker.jose.encoding import b64url_encode
from tests.journeys.email_code import GWEN, asked, events, guest
from tests.journeys.passkey import SoftPasskey, options
from tests.journeys.second_factor import PHR, SFA, essential
from tests.journeys.staff import administrators
from tests.journeys.test_administrator_link import ROOT, enrol, link, press
from tests.journeys.world import ACTOR, CLEO, World

ADD = "Continue, and add a passkey"
OTHER = "hugo@mailbox.example"


def token(page: BrowserPage) -> str:
    """The form token of the page."""
    return next(field.value for form in page.document.forms for field in form.fields if field.name == "csrf")


def answer(browser: Browser, page: BrowserPage, credential: str, **more: Any) -> BrowserPage:
    """Sends what the browser's authenticator gave to the page that asked for it."""
    login = page.url.split("?")[0].removesuffix("/address").removesuffix("/passkey-sign-in")
    return browser.post(f"{login}/passkey-sign-in", {"csrf": token(page), "credential": credential}, opener=page, **more)


def enrolled(world: World, address: str = GWEN) -> SoftPasskey:
    """A guest by code who added a passkey, in a browser that is gone."""
    guest(world, address)
    world.clock.advance(60)
    return added(world, address)


def added(world: World, address: str = GWEN) -> SoftPasskey:
    """The passkey of a guest, added after a code."""
    browser, page = asked(world, address)
    page = browser.submit(page, {"code": world.code(address)}, press=ADD)
    assert page.name == "mfa-enroll", page
    wanted = options(page)
    assert wanted["authenticatorSelection"] == {"residentKey": "required", "userVerification": "required"}
    passkey = SoftPasskey(world.url)
    shown = browser.post(f"{page.url}/enroll-passkey", {"csrf": token(page), "credential": passkey.made(wanted)}, opener=page)
    assert shown.name == "recovery-codes", shown
    assert browser.submit(shown, stop_at=world.callback).location is not None
    world.clock.advance(60)
    return passkey


def test_a_passkey_in_place_of_a_code(both: World) -> None:
    """One mail less: the identity is the one of the code, the proof is phishing-resistant, and each step is in the audit."""
    passkey = enrolled(both)
    before = both.broker.guests.directory.show(GWEN).person
    url, pending = both.request(**essential(PHR))
    browser = Browser(clock=both.clock)
    page = browser.submit(browser.get(url), {"email": GWEN}, press="Continue")
    wanted = options(page)
    assert (wanted["allowCredentials"], wanted["userVerification"]) == ([], "required")
    done = answer(browser, page, passkey.used(wanted), stop_at=both.callback)
    claims = both.party.complete(done.query, pending).claims
    assert (claims["acr"], claims["amr"], claims["idp"]) == (PHR, ["hwk", "user", "mfa"], "email")
    assert (claims["email"], claims["email_verified"]) == (GWEN, True)
    assert both.broker.guests.directory.show(GWEN).person.id == before.id
    [accepted] = events(both, "passkey_sign_in.accepted")
    assert (accepted["subject"], accepted["actor_id"]) == (before.id, before.id)


def test_the_offer_can_be_left(world: World) -> None:
    """Nothing requires a passkey: "Continue without it" signs in, and a person with a method is not asked."""
    guest(world)
    world.clock.advance(60)
    url, pending = world.request()
    browser = Browser(clock=world.clock)
    page = browser.submit(browser.get(url), {"email": GWEN}, press="Continue")
    page = browser.submit(page, {"code": world.code(GWEN)}, press=ADD)
    assert page.name == "mfa-enroll", page
    done = browser.submit(page, press="Continue without it", stop_at=world.callback)
    assert world.party.complete(done.query, pending).claims["acr"] == SFA
    world.clock.advance(60)
    added(world)
    browser, page = asked(world)
    assert browser.submit(page, {"code": world.code(GWEN)}, press=ADD, stop_at=world.callback).location is not None


def test_no_page_tells_who_has_one(world: World) -> None:
    """LP-04: the page of somebody with a passkey, of a guest without one and of a stranger differ in the address and the random values."""
    enrolled(world)
    guest(world, OTHER)
    world.clock.advance(60)
    shown = []
    for address in (GWEN, OTHER, "nobody@mailbox.example"):
        browser, page = asked(world, address)
        wanted = options(page)
        text = page.text.replace(address, "X")
        refused = answer(browser, page, SoftPasskey(world.url).used(wanted))
        shown.append(
            (len(text), {name: value for name, value in wanted.items() if name != "challenge"}, refused.status, refused.name)
        )
    assert shown[0] == shown[1] == shown[2]


def strange(passkey: SoftPasskey) -> SoftPasskey:
    """A key that the broker does not know, for the same account."""
    return replace(SoftPasskey(passkey.issuer), user=passkey.user)


ATTACKS: dict[str, tuple[str, Callable[[SoftPasskey], SoftPasskey]]] = {
    "unknown": ("passkey_unknown", strange),
    "no_user_verification": ("passkey_answer", lambda one: replace(one, verifies=False)),
    "wrong_origin": ("passkey_answer", lambda one: replace(one, origin="https://login.contoso.example.evil.example")),
    "wrong_site": ("passkey_answer", lambda one: replace(one, issuer="https://evil.example", origin=one.issuer)),
    "another_key": ("passkey_answer", lambda one: replace(SoftPasskey(one.issuer), credential=one.credential, user=one.user)),
    "another_account": ("passkey_person", lambda one: replace(one, user=b64url_encode(b"00000000-0000-4000-8000-000000000000"))),
    "no_account": ("passkey_person", lambda one: replace(one, user="")),
}


def test_answers_that_prove_nothing(world: World) -> None:
    """WebAuthn 7.2, HT-3: each of them is one page with one sentence, no session, and its reason in the audit.

    So are the passkey of another guest, an answer that was given before, and a copy whose counter does not rise (step 22).
    """
    passkey, hugo = enrolled(world), enrolled(world, OTHER)
    thief, page = asked(world)
    seen: Counter[str] = Counter()
    for attack, (reason, change) in ATTACKS.items():
        page = answer(thief, page, change(passkey).used(options(page)))
        assert (attack, page.status, page.name) == (attack, 400, "email-code")
        assert "That passkey didn" in page.text
        assert (attack, refused_since(world, seen)) == (attack, reason)
    page = answer(thief, page, hugo.used(options(page)))
    assert refused_since(world, seen) == "passkey_elsewhere"
    recorded, copy = passkey.used(options(page)), replace(passkey)
    page = answer(thief, page, strange(passkey).used(options(page)))  # uses the challenge up
    assert refused_since(world, seen) == "passkey_unknown"
    page = answer(thief, page, recorded)
    assert (page.status, refused_since(world, seen)) == (400, "passkey_answer")
    assert thief.get(f"{world.url}/apps").name == "home-organization"

    owner, fresh = asked(world)
    assert (answer(owner, fresh, recorded).status, refused_since(world, seen)) == (400, "passkey_answer")
    again = owner.get(fresh.url)
    assert answer(owner, again, passkey.used(options(again)), stop_at=world.callback).location is not None
    assert (answer(thief, page, copy.used(options(page))).status, refused_since(world, seen)) == (400, "passkey_cloned")


def refused_since(world: World, seen: Counter[str]) -> str:
    """Why the one passkey was refused that was refused since the last look."""
    [reason] = (Counter(str(event["reason"]) for event in events(world, "passkey_sign_in.refused")) - seen).elements()
    seen.update([reason])
    return reason


def test_a_second_click_completes_the_sign_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """HT-3: of two answers sent at once one is refused; where the other one signed in already, its code reaches the application."""
    passkey = enrolled(world)
    use = world.broker.login.passkey_sign_in.use

    def too_late(login_id: str, visitor: Visitor, credential: str) -> bool:
        assert use(login_id, visitor, credential)
        return False

    monkeypatch.setattr(world.broker.login.passkey_sign_in, "use", too_late)
    browser, page = asked(world)
    done = answer(browser, page, passkey.used(options(page)), stop_at=world.callback)
    assert done.location is not None


def test_who_was_stopped_stays_out(world: World) -> None:
    """SC-06: a blocked guest is refused after the proof, a removed passkey and a reset guest at once."""
    passkey = enrolled(world)
    world.broker.guests.lifecycle.block(ACTOR, GWEN)
    browser, page = asked(world)
    assert answer(browser, page, passkey.used(options(page))).error == "guest_blocked"
    world.broker.guests.lifecycle.unblock(ACTOR, GWEN)
    world.broker.factors.reset.reset(ACTOR, GWEN)
    browser, page = asked(world)
    assert answer(browser, page, passkey.used(options(page))).status == 400
    assert refused_since(world, Counter()) == "passkey_unknown"


def test_a_partner_takes_the_address_over(world: World) -> None:
    """AL-04: where a partner has become the authority for the address, no passkey signs in in its place."""
    passkey = enrolled(world)
    browser, page = asked(world)
    path = world.home / "config" / "partners" / "fabrikam.yaml"
    world.write("partners/fabrikam.yaml", path.read_text("utf-8").replace("domains: [", "domains: [mailbox.example, "))
    answer(browser, page, passkey.used(options(page)))
    assert events(world, "passkey_sign_in.accepted") == []


def without_staff_partner(world: World) -> None:
    """The company has no partner of its own yet."""
    for path in (world.home / "config" / "partners").glob("*.yaml"):
        if "members: true" in path.read_text("utf-8"):
            path.unlink()
    world.reload()


def test_the_first_administrator_by_passkey(world: World) -> None:
    """AD-12: after the link, the passkey alone opens the portal; the button is there only while such an administrator exists."""
    without_staff_partner(world)
    administrators(world, ROOT)
    assert "data-passkey" not in Browser(clock=world.clock).get(f"{world.url}/admin").text
    first = Browser(clock=world.clock)
    passkey, _ = enrol(world, first, press(first, first.get(link(world))))
    world.clock.advance(86_400)
    browser = Browser(clock=world.clock)
    page = browser.get(f"{world.url}/admin")
    assert page.name == "home-organization"
    inside = answer(browser, page, passkey.used(options(page)))
    assert (inside.name, inside.url) == ("admin-home", f"{world.url}/admin")
    [accepted] = events(world, "passkey_sign_in.accepted")
    assert accepted["data"]["partner"] == "admin-link"

    late = Browser(clock=world.clock)
    page = late.get(f"{world.url}/admin")
    administrators(world, CLEO.email)  # no administrator any more
    assert answer(late, page, passkey.used(options(page))).status == 400
    assert "data-passkey" not in Browser(clock=world.clock).get(f"{world.url}/admin").text


def test_the_administrators_passkey_ends_with_a_partner(world: World) -> None:
    """AD-12: as soon as the company has a partner of its own, its sign-in and its policies count, and no passkey passes them by."""
    administrators(world, ROOT)
    browser = Browser(clock=world.clock)
    enrol(world, browser, press(browser, browser.get(link(world))))
    assert "data-passkey" not in Browser(clock=world.clock).get(f"{world.url}/admin").text


def test_a_guests_passkey_is_no_administrators(world: World) -> None:
    """AD-12: at the question who is there, only the passkey of such an administrator is taken."""
    passkey = enrolled(world)
    without_staff_partner(world)
    administrators(world, ROOT)
    first = Browser(clock=world.clock)
    enrol(world, first, press(first, first.get(link(world))))
    browser = Browser(clock=world.clock)
    page = browser.get(f"{world.url}/admin")
    assert answer(browser, page, passkey.used(options(page))).status == 400
