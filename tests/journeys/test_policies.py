"""Policies as people meet them: a block, a policy that only watches, groups, networks, and a policy that cannot be judged."""

from __future__ import annotations

from typing import Any

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.relying import SignInFailed
from broker.domain.policy import PersonSelector, Policy, Rulebook
from broker.services.policies.policies import InForce
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World

BLOCK = "name: x\nusers: {include: {guests: all}}\ngrant: {block: true}\n"

OFTEN = "name: x\nusers: {include: {guests: all}}\ngrant: {}\nsession: {sign_in_frequency: 4h}\n"

HOUR = 3600


def receipts(world: World) -> list[dict[str, Any]]:
    """The newest receipts."""
    return [one.to_json() for one in world.broker.history.receipts.newest(limit=20)]


def refused(world: World, page: BrowserPage) -> tuple[str, str]:
    """(page code, reason) of an error page, whose receipt says the same."""
    receipt = world.receipt(page)
    assert receipt["error"] == page.error
    assert page.status == 403
    return page.error, receipt["reason"]


@pytest.mark.parametrize(
    ("text", "at_payroll", "at_travel", "at_panel"),
    [
        (BLOCK, False, False, False),
        (BLOCK + "applications: {include: [payroll]}\n", False, True, True),
        (BLOCK + "applications: {exclude: [payroll]}\n", True, False, False),
        ("name: x\nusers: {include: {guests: [ADA@Fabrikam.Example]}}\ngrant: {block: true}\n", False, False, False),
        ("name: x\nusers: {include: {guests: [bo@fabrikam.example]}}\ngrant: {block: true}\n", True, True, True),
        ("name: x\nusers: {include: {partners: [fabrikam]}}\ngrant: {block: true}\n", False, False, False),
        ("name: x\nusers: {include: {members: true}}\ngrant: {block: true}\n", True, True, True),
        (BLOCK + "conditions: {networks: {exclude: [127.0.0.0/8]}}\n", True, True, True),
        (BLOCK + "conditions: {networks: {include: [127.0.0.0/8]}}\n", False, False, False),
        (BLOCK + "conditions: {partner_mfa: true}\n", True, True, True),
        (BLOCK + "state: report_only\n", True, True, True),
        (BLOCK + "state: disabled\n", True, True, True),
    ],
)
def test_who_is_kept_out_of_what(world: World, text: str, at_payroll: bool, at_travel: bool, at_panel: bool) -> None:
    """PO-02, PO-03, HP-36: whole tenant, one application, one guest; within the live session, by the very next request."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada, world.travel)
    world.write("policies/p.yaml", text)
    for expected, party in ((at_payroll, world.party), (at_travel, world.travel)):
        page = world.arrive(ada, party)
        if expected:
            assert "code" in page.query
        else:
            assert refused(world, page) == ("policy_blocked", "policy_blocked")
            assert world.receipt(page)["outcome"] == "blocked"
    fresh = world.visitor(ADA)
    page = fresh.open(f"{world.url}/apps")
    assert (page.name == "apps") is at_panel
    assert at_panel or refused(world, page) == ("policy_blocked", "policy_blocked")


def test_a_policy_that_only_watches(both: World) -> None:
    """report_only: nothing changes, and the receipt tells what would have been, with id, state, result and reason."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.write("policies/watching.yaml", BLOCK + "state: report_only\n")
    both.write("policies/a-office.yaml", BLOCK + "conditions: {networks: {exclude: [127.0.0.0/8]}}\n")
    both.write("policies/others.yaml", "name: x\nusers: {include: {members: true}}\ngrant: {block: true}\n")
    both.clock.advance(1)
    both.sign_in(ada)
    receipt = receipts(both)[0]
    assert receipt["outcome"] == "allowed"
    assert receipt["policies"] == [
        {"id": "a-office", "state": "enabled", "result": "not_matched", "reason": "leaves out the network 127.0.0.0/8"},
        {
            "id": "watching",
            "state": "report_only",
            "result": "blocked",
            "reason": "about all guests: denies access",
        },
    ]
    assert "policies" not in receipt["facts"]
    assert ADA.email not in str(receipt["facts"]) + str(receipt["policies"])


def test_back_at_the_partner_is_not_an_answer(world: World) -> None:
    """Who comes back by himself is asked again: only an answer of the partner uses the one time up."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/often.yaml", OFTEN.replace("4h", "5m"))
    world.clock.advance(600)
    url, pending = world.request()
    page = ada.browser.get(url, stop_at="http")
    dispatcher = page.location or ""
    at_partner = ada.browser.get(dispatcher, stop_at="http").location or ""
    assert "max_age=300" in at_partner
    again = ada.browser.get(dispatcher, stop_at="http").location or ""
    assert "max_age=300" in again
    page = ada.open(again, stop_at=world.callback)
    assert world.party.complete(page.query, pending).claims["auth_time"] >= world.clock() - 300


@pytest.mark.parametrize("word", ["terms_of_use"])
def test_what_cannot_be_met_is_a_no(world: World, word: str) -> None:
    """PO-02: a requirement that nothing meets keeps out; the reason says which proof is missing. No terms are written here."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/more.yaml", f"name: x\nusers: {{include: {{guests: all}}}}\ngrant: {{require: [{word}]}}\n")
    assert refused(world, world.arrive(ada)) == ("policy_blocked", f"{word}_missing")
    assert "code" in world.arrive(world.visitor(CLEO), world.travel).query


def test_our_own_pages_within_a_session(world: World) -> None:
    """HP-36: a session that an application opened does not walk around a policy for everything else; reloads ask once."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    assert ada.open(f"{world.url}/apps").name == "apps"
    world.write("policies/p.yaml", BLOCK + "applications: {exclude: [payroll]}\n")
    assert "code" in world.arrive(ada).query
    assert refused(world, ada.open(f"{world.url}/apps")) == ("policy_blocked", "policy_blocked")
    world.write("policies/p.yaml", OFTEN)
    world.clock.advance(10)
    assert ada.open(f"{world.url}/apps").name == "apps"
    assert ada.seen == ["apps"]
    for _ in range(4):
        world.clock.advance(2400)
        world.sign_in(ada)
    world.write("policies/p.yaml", OFTEN.replace("4h", "1h"))
    assert ada.open(f"{world.url}/apps").name == "apps"
    assert ada.seen == ["partner-login", "apps"]
    assert ada.open(f"{world.url}/apps").name == "apps"
    assert ada.seen == ["apps"]


def test_where_somebody_is_cannot_be_made_up(world: World) -> None:
    """SC-09: X-Forwarded-For counts from our own proxies only; what cannot be read lets nobody in."""
    world.redeem(world.visitor(ADA))
    world.write("policies/office.yaml", BLOCK + "conditions: {networks: {exclude: [192.0.2.0/24]}}\n")

    def end(header: str) -> BrowserPage:
        return world.arrive(world.visitor(ADA, headers={"X-Forwarded-For": header}))

    for made_up in ("192.0.2.7", "192.0.2.7, 192.0.2.8", "::ffff:192.0.2.7"):
        assert refused(world, end(made_up)) == ("policy_blocked", "policy_blocked")
    text = (world.home / "config/broker.yaml").read_text()
    proxies = ", trusted_proxies: [127.0.0.1, '::1']}"
    world.write(
        "broker.yaml",
        text.replace(
            "network: {allow_private_addresses: [127.0.0.0/8]}", "network: {allow_private_addresses: [127.0.0.0/8]" + proxies
        ),
    )
    assert "code" in end("192.0.2.7").query
    assert "code" in end("203.0.113.9, 192.0.2.7").query
    assert refused(world, end("192.0.2.7, 203.0.113.9")) == ("policy_blocked", "policy_blocked")
    assert end("192.0.2.7, unknown").error == "bad_request"


def test_groups(both: World) -> None:
    """PO-03: who joins or leaves a group is judged so at the next request, refresh and userinfo; names whatever their case."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    tokens = both.sign_in(ada)
    both.write("policies/p.yaml", "name: x\nusers: {include: {groups: [CONTRACTORS]}}\ngrant: {block: true}\n")
    both.broker.access.groups.create(ACTOR, "Contractors")
    assert "code" in both.arrive(ada).query
    both.broker.access.groups.add_members(ACTOR, "Contractors", [ADA.email])
    assert both.broker.policies.what_if(ACTOR, ADA.email, "payroll").groups == ("Contractors",)
    assert both.broker.policies.what_if(ACTOR, ADA.email, "payroll").outcome == "blocked"
    page = both.arrive(ada)
    assert refused(both, page) == ("policy_blocked", "policy_blocked")
    assert both.receipt(page)["policies"][0]["reason"] == "about the group Contractors: denies access"
    with pytest.raises(SignInFailed, match="invalid_grant"):
        both.party.refresh(tokens.refresh_token or "")
    both.broker.access.groups.remove_members(ACTOR, "Contractors", [ADA.email])
    assert "code" in both.arrive(ada).query


def test_guests_without_a_home_organization(world: World) -> None:
    """`partners: [email]` are those who prove their mailbox; the age of that proof counts like any other."""
    world.write("policies/p.yaml", OFTEN.replace("guests: all", "partners: [email]"))
    gwen = world.mailbox("gwen@mailbox.example")
    world.redeem(gwen, world.invite("gwen@mailbox.example"))
    first = world.sign_in(gwen).claims["auth_time"]
    for _ in range(8):
        world.clock.advance(1800)
        tokens = world.sign_in(gwen)
    assert gwen.seen == ["email-code"]
    assert tokens.claims["auth_time"] == first + 4 * HOUR
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/p.yaml", BLOCK.replace("guests: all", "partners: [email]"))
    assert refused(world, world.arrive(gwen)) == ("policy_blocked", "policy_blocked")
    assert "code" in world.arrive(ada).query
    assert world.broker.policies.what_if(ACTOR, "gwen@mailbox.example", "payroll").outcome == "blocked"


def test_another_account_after_a_refusal(world: World) -> None:
    """The page of a refusal leads on: somebody else may be let in, and is asked for what his policies want."""
    for person in (ADA, BO):
        world.redeem(world.visitor(person))
    world.write("policies/one.yaml", "name: x\nusers: {include: {guests: [ada@fabrikam.example]}}\ngrant: {block: true}\n")
    ada = world.visitor(ADA)
    page = world.arrive(ada)
    assert page.error == "policy_blocked"
    ada.address, ada.subject = BO.email, BO.subject
    page = ada.browser.submit(page, press="Use another account", stop_at=world.callback)
    assert "code" in ada.walk(page, stop_at=world.callback).query


def test_a_broken_policy_never_replaces_a_good_one(world: World) -> None:
    """PO-01: what cannot be understood is refused as a whole; the block stays in force."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.write("policies/p.yaml", BLOCK)
    (world.home / "config/policies/p.yaml").write_text(BLOCK + "unless: {moon: full}\n", "utf-8")
    assert world.broker.files.refresh() != []
    assert refused(world, world.arrive(ada)) == ("policy_blocked", "policy_blocked")


def test_a_policy_that_cannot_be_judged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """PO-02: an error of judging is a no at the page, in silence, at refresh and at userinfo; the receipt says which policy and why."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    tokens = world.sign_in(ada)
    book = Rulebook.of([Policy(id="later", include=PersonSelector(all_guests=True), require=frozenset({"retina"}))])
    monkeypatch.setattr(InForce, "__call__", lambda _self: book)  # a word of a later version, which no file of this one can hold
    page = world.arrive(ada)
    assert refused(world, page) == ("policy_blocked", "policy_error")
    assert world.receipt(page)["policies"] == [
        {
            "id": "later",
            "state": "enabled",
            "result": "error",
            "reason": "could not be judged: it has a state or a requirement that this version does not know",
        }
    ]
    assert world.arrive(ada, prompt="none").query["error"] == "access_denied"
    with pytest.raises(SignInFailed, match="invalid_grant"):
        world.party.refresh(tokens.refresh_token or "")
    page = Browser(headers={"Authorization": f"Bearer {tokens.access_token}"}).get(f"{world.url}/userinfo")
    assert (page.status, "invalid_token" in page.headers["www-authenticate"]) == (401, True)
