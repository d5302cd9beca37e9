"""Staff looks at policies: the list with its effect, and a draft over past sign-ins. Nothing is changed (PO-09)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from broker.domain.assurance import MFA, SFA
from broker.domain.audit import Actor
from broker.domain.errors import Forbidden, NotFound, TooManyAttempts
from broker.domain.guest import PersonKind
from broker.domain.receipt import Outcome
from broker.domain.replay import ReplayChange
from broker.domain.times import DAY
from broker.services.core import Core
from broker.services.policies import catalog, drafts
from broker.services.policies.catalog import PolicyCatalog, PolicyEffect
from broker.services.policies.drafts import PolicyDrafts, PolicyWish
from broker.services.policies.policies import Policies
from broker.services.rate_limits import RateLimits
from broker.storage.login import receipts
from tests import factories
from tests.core import MakeCore

PAT = "00000000-0000-4000-8000-00000000beef"
ALICE, UNA, BOB = Actor.person("id-alice"), Actor.person("id-una"), Actor.person("id-bob")
BLOCK = "name: B\nusers: {include: {guests: [bo@fabrikam.example]}}\ngrant: {block: true}\n"
ASK = "name: A\nusers: {include: {guests: all}}\ngrant: {require: [mfa]}\n"
CHANGES = {
    "broker": {"administrators": ["alice@contoso.example"], "roles": {"auditors": ["una@contoso.example"]}},
    "applications/payroll": {"owners": ["bob@contoso.example"]},
    "policies/ask": {"name": "Zebra", "users": {"include": {"guests": "all"}}, "grant": {"require": ["mfa"]}},
    "policies/deny": {"name": "Deny", "users": {"include": {"groups": ["Gone"]}}, "grant": {"block": True}},
    "policies/off": {"name": "A", "state": "disabled", "users": {"include": {"members": True}}, "grant": {"block": True}},
}


@pytest.fixture
def company(make_core: MakeCore, database_url: str) -> Core:
    """Alice administers, Una audits, Bob owns Payroll; the guests Ada and Bo."""
    core = make_core(database_url, CHANGES)
    with core.db.write() as tx:
        for name in ("alice", "una", "bob"):
            factories.saved_person(tx, id=f"id-{name}", kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id=PAT, email="pat@fabrikam.example", partner="fabrikam")
        for name in ("ada", "bo"):
            factories.saved_person(tx, id=f"id-{name}", email=f"{name}@fabrikam.example", partner="fabrikam")
    return core


def sign_in(core: Core, who: str, reference: str, *, ago: int = 0, acr: str = SFA, asked: bool = False, **more: Any) -> None:
    """A past sign-in at Payroll. asked: the policy `ask` required a second step then."""
    results = ({"id": "ask", "state": "enabled", "result": "required" if asked else "not_matched", "reason": "x"},)
    facts = {"acr": acr, "required": ["mfa"] if asked else [], "auth_time": core.clock() - ago, "now": core.clock() - ago}
    values = {"policies": results, "facts": facts, "partner": "fabrikam", "address": "192.0.2.7", **more}
    with core.db.write() as tx:
        receipts.save(tx, factories.receipt(person_id=f"id-{who}", request_id=reference, at=core.clock() - ago, **values))


def service(core: Core, ticks: Iterator[float] | None = None) -> PolicyDrafts:
    """ticks: what the watch shows at each look; else no time passes."""
    return PolicyDrafts(core, RateLimits(core), (lambda: 0.0) if ticks is None else lambda: next(ticks))


def test_the_list_and_its_effect(company: Core) -> None:
    """In force first, a block before requirements; a policy that applied counts, whatever the sign-in became; old ones do not."""
    sign_in(company, "ada", "R1", asked=True)
    sign_in(company, "ada", "R2", ago=8 * DAY, asked=True, outcome=Outcome.BLOCKED, error="policy_blocked")
    sign_in(company, "ada", "R3", ago=29 * DAY, asked=True)
    sign_in(company, "bo", "R4")
    sign_in(company, "bo", "R5", asked=True, outcome=Outcome.ABANDONED)
    found = PolicyCatalog(company).listed(UNA)
    assert [one.file.id for one in found.policies] == ["deny", "ask", "off"]
    assert (found.sign_ins, found.since) == (3, None)
    deny, ask, _off = found.policies
    assert ask.effect == PolicyEffect(required=2, week=1)
    assert ask.effect.month == 2
    assert deny.effect == PolicyEffect()
    assert deny.missing == ("names group 'Gone', which doesn't exist, so it protects nobody",)


def test_the_list_looks_at_so_many(company: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest sign-ins are counted, and the list says since when."""
    monkeypatch.setattr(catalog, "COUNTED", 2)
    for n in range(3):
        sign_in(company, "ada", f"R{n}", ago=n, asked=True)
    found = PolicyCatalog(company).listed(ALICE)
    assert (found.sign_ins, found.since) == (2, company.clock() - 1)
    assert found.policies[1].effect.month == 2


def test_one_policy_with_its_file(company: Core) -> None:
    """The text is the file's own; a file that says something else than what is in force is reported."""
    service = PolicyCatalog(company)
    found = service.one(ALICE, "ask")
    path = company.settings().path(found.seen.path)
    assert (found.text, found.in_force) == (path.read_text("utf-8"), True)
    for text in (ASK.replace("all", "[ada@fabrikam.example]"), "name: ["):
        path.write_text(text, "utf-8")
        assert (service.one(ALICE, "ask").text, service.one(ALICE, "ask").in_force) == (text, False)
    assert service.one(ALICE, "ask").seen.file.name == "Zebra"
    path.unlink()
    assert service.one(ALICE, "ask").text == ""
    with pytest.raises(NotFound):
        service.one(ALICE, "../broker")


def test_a_draft_over_past_sign_ins(company: Core) -> None:
    """Who would be denied, asked and freed by the draft alone; what the files of today change already is not counted."""
    sign_in(company, "ada", "R1", ago=3)  # before the policy `ask` was in force
    sign_in(company, "ada", "R2", ago=2, acr=MFA, asked=True)
    sign_in(company, "bo", "R3", ago=1, acr=MFA, asked=True)
    sign_in(company, "bo", "R4", ago=40 * DAY, acr=MFA, asked=True)
    found = service(company).replay(UNA, "new-one", BLOCK, 28)
    assert (found.judged, found.unchanged, found.is_cut, found.is_late) == (3, 2, False, False)
    assert found.sign_ins == {ReplayChange.NEWLY_BLOCKED: 1, ReplayChange.NEWLY_ASKED: 0, ReplayChange.FREED: 0}
    (row,) = found.rows
    assert (row.user, row.application, row.receipts) == ("bo@fabrikam.example", "payroll", ("R3",))
    assert row.reasons == ("new-one: about this guest by address: denies access",)
    freed = service(company).replay(ALICE, "ask", ASK + "state: report_only\n", 28)
    assert freed.people == {ReplayChange.NEWLY_BLOCKED: 0, ReplayChange.NEWLY_ASKED: 0, ReplayChange.FREED: 2}
    assert service(company).replay(ALICE, "ask", ASK, 28).rows == ()
    assert company.settings().policies["ask"].state == "enabled"


def test_a_replay_is_bounded(company: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest sign-ins, for some seconds, some rows and references, some times an hour: no worker is held."""
    monkeypatch.setattr(drafts, "SIGN_INS", 4)
    for n in range(6):
        sign_in(company, "bo", f"R{n}", ago=n // 2, acr=MFA, asked=True)
    found = service(company).replay(ALICE, "b", BLOCK, 28)
    assert (found.judged, found.is_cut, found.is_late) == (4, True, False)
    assert set(found.rows[0].receipts) == {"R0", "R1", "R2", "R3"}
    late = service(company, ticks=(float(n * 4) for n in count())).replay(ALICE, "b", BLOCK, 28)
    assert (late.judged, late.is_late) == (2, True)
    monkeypatch.setattr(drafts, "AN_HOUR", 2)
    with pytest.raises(TooManyAttempts):
        service(company).replay(ALICE, "b", BLOCK, 28)
    assert service(company).replay(ALICE, "b", "name: [", 28).draft.errors  # costs nothing


def test_the_difference_to_the_file(company: Core) -> None:
    """Lines that stay, go and come; a new policy has none that stay."""
    path = company.settings().path("config/policies/ask.yaml")
    path.write_text(ASK, "utf-8")
    found = service(company).replay(ALICE, "ask", ASK.replace("[mfa]", "[terms_of_use]"), 7).diff
    assert [sign for sign, _line in found] == [" ", " ", "-", "+"]
    assert {sign for sign, _line in service(company).replay(ALICE, "b", BLOCK, 7).diff} == {"+"}
    assert {sign for sign, _line in service(company).replay(ALICE, "ask", ASK, 7).diff} == {" "}


def test_only_administrators_and_auditors(company: Core) -> None:
    """Each question asks for the right of this moment; a file is written for administrators alone."""
    wish = PolicyWish(id="p", name="P", include={"guests": "all"}, block=True)
    for ask in (
        lambda who: PolicyCatalog(company).listed(who),
        lambda who: PolicyCatalog(company).one(who, "ask"),
        lambda who: Policies(company).what_if(who, "ada@fabrikam.example", "payroll"),
        lambda who: service(company).text(who, "ask"),
        lambda who: service(company).replay(who, "b", BLOCK, 7),
        lambda who: service(company).written(who, wish),
    ):
        for who in (BOB, Actor.person("id-ada"), Actor.application("payroll")):
            with pytest.raises(Forbidden):
                ask(who)
    with pytest.raises(Forbidden):
        service(company).written(UNA, wish)
    text, found = service(company).written(ALICE, wish)
    assert (found.errors, text) == (
        (), "name: P\nstate: report_only\nusers:\n  include:\n    guests: all\ngrant:\n  block: true\n",
    )  # fmt: skip


def test_what_if_elsewhere(company: Core) -> None:
    """By id, at our own pages, and as if they signed in at another partner; who does not exist is not found."""
    ask = Policies(company).what_if
    found = ask(UNA, PAT, None, partner="northwind")
    assert (found.application, found.partner, found.require) == (None, "northwind", ("mfa",))
    for partner, who in (("nobody", "ada@fabrikam.example"), (None, "00000000-0000-4000-8000-00000000dead")):
        with pytest.raises(NotFound):
            ask(UNA, who, "payroll", partner=partner)
