"""Groups at work: by hand, by rules over what the partner says at this sign-in, in tokens, and gone at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.relying import RelyingParty, SignInFailed, Tokens
from broker.domain.guest import Identity
from broker.storage.directory import people
from broker.storage.history import audit
from tests.journeys.world import ACTOR, ADA, BO, HOSTS, SECRET, World, partner_file

RULE = 'groups contains "finance"'


@pytest.fixture
def company(both: World) -> World:
    """Fabrikam's groups and departments come in; Ledger lets in whom it was opened for, and is told groups and roles."""
    fabrikam = both.partners["fabrikam"].issuer
    more = "claims: {groups: memberOf, department: department, level: level}\n"
    both.write("partners/fabrikam.yaml", partner_file("Fabrikam", "fabrikam.example", fabrikam, more=more))
    both.write(
        "applications/ledger.yaml",
        f"name: Ledger\nclient_secret: ${{env:SECRET}}\nredirect_uris: ['{both.callback}/callback']\n"
        f"launch_url: {both.callback}/ledger\nassignment_required: true\nroles: [viewer, approver]\n"
        f"owners: [cleo@contoso.example]\nscopes: [openid, email, groups, roles, offline_access]\n"
        f"claims: {{teams: groups}}\n",
    )
    return both


def says(world: World, **claims: Any) -> None:
    """What Fabrikam says about Ada from now on."""
    world.partners["fabrikam"].accounts["ada"] = replace(ADA, claims=claims)


def ledger(world: World) -> RelyingParty:
    """The application."""
    return RelyingParty(
        world.url,
        "ledger",
        f"{world.callback}/callback",
        client_secret=SECRET,
        scope="openid email groups roles offline_access",
        clock=world.clock,
    )


def ada_in(world: World) -> DemoPerson:
    """Ada, invited without an application, and redeemed."""
    ada = world.visitor(ADA)
    world.redeem(ada, world.invite(ADA.email, application=None))
    return ada


def anew(world: World, who: DemoPerson) -> Tokens:
    """A sign-in in a new browser, so that the partner speaks again."""
    world.clock.advance(5)
    who.browser = Browser(clock=world.clock)
    return world.sign_in(who, ledger(world))


def refused(world: World, who: DemoPerson) -> BrowserPage:
    """A sign-in in a new browser that ends on a page."""
    world.clock.advance(5)
    who.browser = Browser(clock=world.clock)
    return world.arrive(who, ledger(world))


def test_members_of_an_assigned_group_get_in(company: World) -> None:
    """A group of hand-picked guests is assigned with a role: its members get in, nobody else; adding twice is one."""
    groups, clock = company.broker.access.groups, company.clock
    groups.create(ACTOR, "Auditors")
    company.broker.access.assignments.assign(ACTOR, "ledger", "auditors", role="viewer")
    ada = ada_in(company)
    assert company.arrive(ada, ledger(company)).error == "not_assigned"
    assert groups.add_members(ACTOR, "AUDITORS", [ADA.email, ADA.email]) == 1
    assert groups.add_members(ACTOR, "auditors", [ADA.email]) == 0
    clock.advance(5)
    tokens = company.sign_in(ada, ledger(company))
    info = ledger(company).userinfo(tokens)
    assert (info["groups"], info["roles"], info["teams"]) == (["Auditors"], ["viewer"], ["Auditors"])
    assert f"{company.callback}/ledger" in [href for _, href in ada.browser.get(f"{company.url}/apps").document.links]


def test_a_removed_member_is_out_by_the_next_request(company: World) -> None:
    """SC-06, HP-36: userinfo, refresh and the open session; a group that is deleted takes its assignment with it."""
    groups = company.broker.access.groups
    groups.create(ACTOR, "Auditors")
    company.broker.access.assignments.assign(ACTOR, "ledger", "Auditors")
    ada = ada_in(company)
    for end in (
        lambda: groups.remove_members(ACTOR, "Auditors", [ADA.email]),
        lambda: groups.remove(ACTOR, "Auditors", force=True),
    ):
        groups.add_members(ACTOR, "Auditors", [ADA.email])
        tokens = anew(company, ada)
        end()
        with pytest.raises(SignInFailed, match="invalid_token"):
            ledger(company).userinfo(tokens)
        with pytest.raises(SignInFailed, match="invalid_grant"):
            ledger(company).refresh(tokens.refresh_token or "")
        assert company.arrive(ada, ledger(company)).error == "not_assigned"


def test_what_a_group_gave_is_said_as_it_is_now(company: World) -> None:
    """HP-36, HP-41: groups and roles of now at userinfo and refresh; how the person proved himself stays as it was."""
    broker = company.broker
    for name in ("Auditors", "Readers"):
        broker.access.groups.create(ACTOR, name)
        broker.access.assignments.assign(ACTOR, "ledger", name, role="approver" if name == "Auditors" else "viewer")
    ada = ada_in(company)
    for name in ("Auditors", "Readers"):
        broker.access.groups.add_members(ACTOR, name, [ADA.email])
    tokens = anew(company, ada)
    assert tokens.claims["groups"] == ["Auditors", "Readers"]
    assert tokens.claims["roles"] == ["approver", "viewer"]
    broker.access.groups.remove_members(ACTOR, "Auditors", [ADA.email])
    info = ledger(company).userinfo(tokens)
    assert (info["groups"], info["roles"], info["teams"]) == (["Readers"], ["viewer"], ["Readers"])
    company.clock.advance(60)
    again = ledger(company).refresh(tokens.refresh_token or "", tokens)
    assert (again.claims["groups"], again.claims["roles"]) == (["Readers"], ["viewer"])
    assert again.claims["auth_time"] == tokens.claims["auth_time"]
    broker.access.groups.change(ACTOR, "Readers", rename="Readers of the ledger")
    assert ledger(company).userinfo(again)["groups"] == ["Readers of the ledger"]
    company.write(
        "applications/ledger.yaml", (company.home / "config/applications/ledger.yaml").read_text().replace("viewer, ", "")
    )
    assert "roles" not in ledger(company).userinfo(again)  # the file has no such role any more


def test_a_rule_is_judged_at_each_sign_in(company: World) -> None:
    """A rule over the partner's groups lets in, its end puts out at the next sign-in, for tokens of before too."""
    broker = company.broker
    group = broker.access.groups.create(ACTOR, "Fabrikam finance", partner="fabrikam", rule=RULE)
    assert (group.partner, group.rule) == ("fabrikam", f"partner = fabrikam and ({RULE})")
    broker.access.assignments.assign(ACTOR, "ledger", group.id, role="viewer")
    says(company, groups=["staff"])
    ada = ada_in(company)
    page = refused(company, ada)
    assert page.error == "not_assigned"
    (told,) = [step for step in company.receipt(page)["steps"] if step["step"] == "groups"]
    assert told["rules"] == [{"group": group.id, "name": "Fabrikam finance", "matched": False, "because": ["groups: differs"]}]
    says(company, groups=["staff", "finance"])
    tokens = anew(company, ada)
    assert tokens.claims["groups"] == ["Fabrikam finance"]
    newest = broker.history.receipts.newest(email=ADA.email, limit=1)[0]
    (told,) = [step for step in newest.steps if step["step"] == "groups"]
    assert told["result"] == "1 of 1 rules matched"
    assert told["rules"][0]["because"] == ["partner: matched", "groups: matched"]
    assert newest.facts["groups"] == ["Fabrikam finance"]
    assert '"finance"' not in str(newest).replace(RULE, "")
    second = company.sign_in(ada, ledger(company))  # on the open session: the rows are the truth
    assert second.claims["groups"] == ["Fabrikam finance"]
    says(company, groups=["staff"])
    assert refused(company, ada).error == "not_assigned"
    with pytest.raises(SignInFailed, match="invalid_token"):
        ledger(company).userinfo(tokens)
    with pytest.raises(SignInFailed, match="invalid_grant"):
        ledger(company).refresh(second.refresh_token or "")
    with broker.core.db.read() as tx:
        events = [row for row in audit.newest(tx) if row["target"] == group.id and row["name"].startswith("group.member")]
    assert sorted((row["name"], row["reason"]) for row in events) == [
        ("group.member_added", "rule: partner: matched; groups: matched"),
        ("group.member_removed", "rule: groups: differs"),
    ]


@pytest.mark.parametrize("sent", ["finance", ["Finance"], [["finance"]], {"finance": True}, True, 3, None])
def test_only_the_very_value_counts(company: World, sent: Any) -> None:
    """PO-05: what is no list of that text is a no; a partner's one text for `groups` is a list of one."""
    company.broker.access.groups.create(ACTOR, "Finance", partner="fabrikam", rule=RULE)
    says(company, **({} if sent is None else {"groups": sent}))
    company.write(
        "applications/ledger.yaml",
        (company.home / "config/applications/ledger.yaml").read_text().replace("assignment_required: true", ""),
    )
    tokens = anew(company, ada_in(company))
    assert tokens.claims.get("groups") == (["Finance"] if sent == "finance" else None)


def test_types_of_other_attributes(company: World) -> None:
    """PO-05: a text is no number, and `contains` never looks into a text."""
    broker = company.broker
    broker.access.groups.create(ACTOR, "Level three", partner="fabrikam", rule="level = 3")
    broker.access.groups.create(ACTOR, "Sales", partner="fabrikam", rule='department contains "sales"')
    company.write(
        "applications/ledger.yaml",
        (company.home / "config/applications/ledger.yaml").read_text().replace("assignment_required: true", ""),
    )
    says(company, level="3", department="sales")
    ada = ada_in(company)
    assert "groups" not in anew(company, ada).claims
    says(company, level=3, department=["sales", "travel"])
    assert anew(company, ada).claims["groups"] == ["Level three", "Sales"]


def test_a_partners_groups_are_never_ours(company: World) -> None:
    """A partner that claims the name of one of our groups gets none: only a rule makes a member."""
    company.broker.access.groups.create(ACTOR, "Administrators of Ledger")
    company.broker.access.assignments.assign(ACTOR, "ledger", "Administrators of Ledger")
    says(company, groups=["Administrators of Ledger"], roles=["approver"])
    ada = ada_in(company)
    assert refused(company, ada).error == "not_assigned"
    company.write(
        "applications/ledger.yaml",
        (company.home / "config/applications/ledger.yaml").read_text().replace("assignment_required: true", ""),
    )
    tokens = anew(company, ada)
    assert not {"groups", "roles", "teams"} & {*tokens.claims, *ledger(company).userinfo(tokens)}


def test_another_home_ends_what_a_rule_gave(company: World) -> None:
    """A rule speaks of this sign-in: who comes by another partner is no member of the first one's groups any more."""
    broker = company.broker
    broker.access.groups.create(ACTOR, "Of Fabrikam", partner="fabrikam")
    broker.access.assignments.assign(ACTOR, "ledger", "Of Fabrikam")
    ada = ada_in(company)
    assert anew(company, ada).claims["groups"] == ["Of Fabrikam"]
    person = broker.guests.directory.show(ADA.email).person
    north = company.partners["northwind"].issuer
    with broker.core.db.write() as tx:
        people.bind(tx, Identity(partner="northwind", issuer=north, subject="mallory", person_id=person.id, bound_at=0))
    company.clock.advance(5)
    other = DemoPerson("somebody@northwind.example", "mallory", Browser(clock=company.clock))
    assert company.arrive(other, ledger(company)).error == "not_assigned"
    assert broker.guests.directory.show(ADA.email).groups == ()


def test_an_overtaken_answer_gives_nothing(company: World) -> None:
    """A login that was left open with an old answer brings no membership back after a newer sign-in took it."""
    broker = company.broker
    broker.access.groups.create(ACTOR, "Finance", partner="fabrikam", rule=RULE)
    says(company, groups=["finance"])
    ada = ada_in(company)
    old = DemoPerson(ADA.email, ADA.subject, Browser(clock=company.clock))
    page = company.arrive(old, ledger(company))
    assert page.error == "not_assigned"  # judged: a member, but the group opens nothing
    assert [group.name for group in broker.guests.directory.show(ADA.email).groups] == ["Finance"]
    says(company, groups=[])
    company.clock.advance(5)
    ada.browser = Browser(clock=company.clock)
    company.sign_in(ada, company.travel)
    assert broker.guests.directory.show(ADA.email).groups == ()
    company.clock.advance(5)
    reloaded = old.browser.get(page.url, stop_at=company.callback)
    assert "a later sign-in said otherwise" in str(company.receipt(reloaded)["steps"])
    assert broker.guests.directory.show(ADA.email).groups == ()


def test_members_of_staff_are_judged_too(company: World) -> None:
    """A rule may speak of our own staff, who get in anyway."""
    company.broker.access.groups.create(ACTOR, "Staff", partner="staff")
    cleo = DemoPerson("cleo@contoso.example", "cleo", Browser(clock=company.clock))
    assert company.sign_in(cleo, ledger(company)).claims["groups"] == ["Staff"]


def test_bo_is_another_person(company: World) -> None:
    """What is given to one guest is given to nobody else."""
    company.broker.access.groups.create(ACTOR, "Auditors")
    company.broker.access.assignments.assign(ACTOR, "ledger", "Auditors")
    ada_in(company)
    company.broker.access.groups.add_members(ACTOR, "Auditors", [ADA.email])
    bo = company.visitor(BO)
    company.redeem(bo, company.invite(BO.email, application=None))
    page = company.arrive(bo, ledger(company))
    assert page.error == "not_assigned"
    assert "cleo@contoso.example" in page.text  # whom to ask
    assert HOSTS["fabrikam"] not in page.text


def test_a_policy_knows_a_group_in_whatever_case(company: World) -> None:
    """PO-02: a policy about `night shift` is about the group Night Shift: a case that differs never means no policy."""
    company.broker.access.groups.create(ACTOR, "Night Shift")
    ada = ada_in(company)
    company.broker.access.groups.add_members(ACTOR, "Night Shift", [ADA.email])
    company.write(
        "policies/night.yaml",
        "name: x\nusers: {include: {groups: [night shift]}}\napplications: {include: all}\ngrant: {block: true}\n",
    )
    assert company.arrive(ada, company.travel).error == "policy_blocked"


def test_guests_of_the_code_by_mail_are_judged_too(company: World) -> None:
    """Their home is `email`: a rule may speak of them, and of nothing that a home organization would say."""
    broker = company.broker
    broker.access.groups.create(ACTOR, "By mail", partner="email")
    broker.access.groups.create(ACTOR, "In the finance of nobody", partner="email", rule=RULE)
    broker.access.assignments.assign(ACTOR, "ledger", "By mail")
    gwen = company.mailbox("gwen@mailbox.example")
    company.redeem(gwen, company.invite(gwen.address, application=None))
    assert anew(company, gwen).claims["groups"] == ["By mail"]
