"""Ledger is open to a group of guests only: who is turned away, whom a rule lets in, and how fast the way closes."""

from __future__ import annotations

from broker.demo.cast import ADA, BOB, NORA
from broker.demo.home import LEDGER
from broker.demo.identity import Account
from broker.demo.relying import SignInFailed
from broker.demo.story.scene import NotHeld, Scene, expect, landed, refused, visitor

_GROUP = "Fabrikam people"


def not_assigned(scene: Scene) -> str:
    """Ada is a guest, but Ledger was not opened for her."""
    page = _turned_away(scene, ADA)
    expect(BOB.email in page, "the page does not say whom to ask")
    return f"a guest in good standing, and not let in; the page names {BOB.email}"


def by_rule(scene: Scene) -> str:
    """A group that everybody of Fabrikam is in may use Ledger: from her next sign-in on Ada is in it, Nora is not."""
    broker = scene.cast.broker
    made = broker.ask("groups", "create", _GROUP, "--partner", "fabrikam")
    broker.ask("assign", LEDGER, made["id"], "--role", "viewer")
    scene.tokens_of_ledger = scene.sign_in(visitor(ADA), scene.cast.ledger)
    said = scene.tokens_of_ledger.claims
    expect(said.get("groups") == [_GROUP] and said.get("roles") == ["viewer"], f"the ID token says {dict(said)}")
    nora = visitor(NORA)
    landed(nora.open(scene.cast.invite(NORA)["redeem_url"]), scene.cast.at.payroll)
    _turned_away(scene, NORA)
    return "the rule `partner = fabrikam` lets Ada in as viewer, her token says so; Nora of Northwind stays out"


def taken_back(scene: Scene) -> str:
    """The group's assignment is taken back while Ada is signed in."""
    held, ledger = scene.tokens_of_ledger, scene.cast.ledger
    if held is None or held.refresh_token is None:
        raise NotHeld("there are no tokens of Ledger")
    ledger.userinfo(held)
    scene.cast.broker.ask("unassign", LEDGER, _GROUP)
    for name, use in (("userinfo", lambda: ledger.userinfo(held)), ("refresh", lambda: ledger.refresh(held.refresh_token or ""))):
        try:
            use()
        except SignInFailed:
            continue
        raise NotHeld(f"{name} still answers")
    return "userinfo and refresh refused by the next request"


def _turned_away(scene: Scene, person: Account) -> str:
    url, _ = scene.cast.ledger.begin()
    page = visitor(person).open(url, stop_at=scene.cast.ledger.redirect_uri)
    refused(page, "not_assigned")
    return page.text
