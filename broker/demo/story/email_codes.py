"""The part of the story about people without a home organization: a code to the mailbox is their sign-in, or an additional proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from broker.demo.browser import Browser
from broker.demo.cast import GWEN, ZOE, ZOE_AT_HOME, login
from broker.demo.identity import Account
from broker.demo.mailbox import read_mails
from broker.demo.person import DemoPerson
from broker.demo.story.scene import NotHeld, Scene, expect, landed, refused

PATIENCE = 10.0  # seconds for a mail to arrive

Step = tuple[str, Callable[[Scene], str]]


def codes(scene: Scene, address: str) -> list[str]:
    """The codes in a mailbox, newest first."""
    mails = read_mails(scene.cast.home / "var" / "mail")
    return [mail.subject[:8] for mail in mails if mail.to == address and mail.subject[:8].isdigit()]


def following(scene: Scene, address: str, before: int) -> str:
    """The code that comes after so many others."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = codes(scene, address)
        if len(found) > before:
            return found[0]
        time.sleep(0.1)
    raise NotHeld(f"no code for {address} after {PATIENCE:g} s")


def visitor(scene: Scene, person: Account) -> DemoPerson:
    """Somebody with a new browser, who waits for the e-mail that the next page asks about."""
    who = DemoPerson(person.email, "", Browser())
    who.read_code = partial(following, scene, person.email, len(codes(scene, person.email)))
    return who


def redemption(scene: Scene) -> str:
    """Gwen has no account anywhere: link, code, one consent."""
    gwen = visitor(scene, GWEN)
    landed(gwen.open(scene.cast.invite(GWEN)["redeem_url"]), scene.cast.at.payroll)
    guest = scene.guest(GWEN)
    expect(guest is not None and guest["state"] == "active" and guest["partner"] == "email", f"the guest is {guest}")
    return " > ".join(gwen.seen)


def tokens(scene: Scene) -> str:
    """Later she signs in with a new code, in another browser."""
    gwen = visitor(scene, GWEN)
    held = scene.sign_in(gwen, scene.cast.payroll)
    expect("email-code" in gwen.seen, f"saw {gwen.seen}")
    claims = held.claims
    expect((claims.get("idp"), claims.get("amr")) == ("email", ["otp"]), f"idp {claims.get('idp')}, amr {claims.get('amr')}")
    return f"idp {claims['idp']}, amr {claims['amr'][0]}, acr {claims['acr']}"


def stranger(scene: Scene) -> str:
    """Somebody types an address that nobody has."""
    browser = Browser()
    page = browser.submit(browser.get(login(scene.cast.at.payroll)), {"email": "nobody@mailbox.example"})
    expect(page.name == "email-code", f"ended at {page}")
    page = browser.submit(page, {"code": "12345678"})
    expect((page.status, page.name) == (400, "email-code"), f"ended at {page}")
    expect(not codes(scene, "nobody@mailbox.example"), "a mail was sent")
    return "the same page, the same answer, no mail"


def wrong(scene: Scene) -> str:
    """Somebody else types wrong codes for Gwen; she signs in all the same."""
    other, before = Browser(), len(codes(scene, GWEN.email))
    page = other.submit(other.get(login(scene.cast.at.payroll)), {"email": GWEN.email})
    for _ in range(5):
        page = other.submit(page, {"code": "00000000"})
    refused(page, "too_many_attempts")
    receipt = scene.receipt(page)
    expect(receipt["reason"] == "code_tries", f"the receipt says {receipt['reason']}")
    following(scene, GWEN.email, before)  # the other browser's e-mail comes first
    landed(visitor(scene, GWEN).open(login(scene.cast.at.payroll)), scene.cast.at.payroll)
    return "too_many_attempts after five; Gwen's own code works"


def beside(scene: Scene) -> str:
    """Zoe was invited at a mailbox of hers, and signs in with her account at Northwind: a code proves that both are one person."""
    zoe = visitor(scene, ZOE_AT_HOME)
    zoe.subject = ZOE.subject
    browser = zoe.browser
    page = browser.submit(browser.get(scene.cast.invite(ZOE_AT_HOME)["redeem_url"]), press="Continue")
    following(scene, ZOE_AT_HOME.email, 0)  # the code that would do alone
    zoe.read_code = partial(following, scene, ZOE_AT_HOME.email, 1)
    page = browser.follow(page, "Use another organization")
    page = zoe.walk(browser.submit(page, press="northwind"))
    landed(page, scene.cast.at.payroll)
    expect("email-code" in zoe.seen, f"saw {zoe.seen}")
    guest = scene.guest(ZOE_AT_HOME)
    expect(guest is not None and guest["partner"] == "northwind", f"the guest is {guest}")
    return " > ".join(zoe.seen)


def code_steps() -> list[Step]:
    """Titles and steps, in order."""
    told = {"redeem": redemption, "sign in": tokens, "stranger": stranger, "wrong codes": wrong, "beside a sign-in": beside}
    return [(f"code {title}", step) for title, step in told.items()]
