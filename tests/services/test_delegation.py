"""Who may keep groups and assignments: the command line and administrators all, owners what is theirs, nobody else anything."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from broker.composition.access import AccessServices, wire_access
from broker.composition.invitations import InvitationServices, wire_invitations
from broker.composition.outbox import wire_outbox
from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.domain.guest import GuestState, PersonKind
from broker.services.core import Core
from broker.services.guests.directory import Guests
from broker.services.invitations.rebinding import RebindingTerms
from broker.services.invitations.request import InvitationRequest
from broker.services.rate_limits import RateLimits
from broker.storage.directory import groups, people
from broker.storage.history import audit
from tests import factories, first_ring
from tests.core import MakeCore

CHANGES = {
    "broker": {"administrators": ["alice@contoso.example"]},
    "applications/payroll": {"owners": ["bob@contoso.example"], "roles": ["viewer"]},
    "applications/travel": {"owners": ["zoe@contoso.example"], "roles": ["viewer"]},
}
ACTOR = Actor.command()
STAFF = ("alice", "bob", "zoe")
GUEST = "ada@fabrikam.example"


@dataclass(frozen=True)
class Company:
    """The services under test."""

    core: Core
    access: AccessServices
    invitations: InvitationServices
    guests: Guests


@pytest.fixture
def company(make_core: MakeCore, database_url: str) -> Company:
    """Alice administers; Bob owns Payroll and the group Finance; Zoe owns Travel and the group Sales; Ada is a guest."""
    core = make_core(database_url, CHANGES)
    with core.db.write() as tx:
        for name in STAFF:
            factories.saved_person(tx, id=f"id-{name}", kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id="id-ada", email=GUEST)
    invitations = wire_invitations(core, wire_outbox(core, first_ring.sealer()), RateLimits(core))
    made = Company(core, wire_access(core), invitations, Guests(core))
    made.access.groups.create(ACTOR, "Finance", owners=["bob@contoso.example"])
    made.access.groups.create(ACTOR, "Sales", owners=["zoe@contoso.example"])
    return made


def who(name: str) -> Actor:
    """A person who acts in a browser."""
    return Actor.person(f"id-{name}")


def test_an_owner_keeps_his_own_group(company: Company) -> None:
    """Members come and go by his hand; the audit names him, and the guest by id only."""
    assert company.access.groups.add_members(who("bob"), "finance", [GUEST]) == 1
    assert [one.email for one in company.access.groups.show(who("bob"), "Finance").members] == [GUEST]
    assert [group.name for group in company.access.groups.listed(who("bob"))] == ["Finance"]
    assert company.access.groups.remove_members(who("bob"), "Finance", [GUEST]) == 1
    with company.core.db.read() as tx:
        rows = [row for row in audit.newest(tx) if row["name"].startswith("group.member")]
    assert {(row["actor_id"], row["subject"]) for row in rows} == {("id-bob", "id-ada")}
    assert GUEST not in str(rows)


def test_anothers_group_does_not_exist(company: Company) -> None:
    """AD-01: by name or by id, to see or to change, one answer as for a group that is not there."""
    sales = company.access.groups.show(ACTOR, "Sales").group
    for name in ("Sales", sales.id):
        for act in (
            lambda: company.access.groups.show(who("bob"), name),  # noqa: B023 - called at once
            lambda: company.access.groups.add_members(who("bob"), name, [GUEST]),  # noqa: B023
            lambda: company.access.groups.remove_members(who("bob"), name, [GUEST]),  # noqa: B023
            lambda: company.access.groups.change(who("bob"), name, add_owners=["bob@contoso.example"]),  # noqa: B023
            lambda: company.access.groups.remove(who("bob"), name),  # noqa: B023
        ):
            with pytest.raises(NotFound) as error:
                act()
            assert error.value.message == f"there is no group {name!r}"


def test_anothers_application_does_not_exist(company: Company) -> None:
    """AD-01: an owner assigns to his own application and to no other one."""
    assert company.access.assignments.assign(who("bob"), "payroll", GUEST, role="viewer").name == GUEST
    assert len(company.access.assignments.of_application(who("bob"), "payroll")) == 1
    for act in (
        lambda: company.access.assignments.assign(who("bob"), "travel", GUEST),
        lambda: company.access.assignments.unassign(who("bob"), "travel", GUEST),
        lambda: company.access.assignments.of_application(who("bob"), "travel"),
    ):
        with pytest.raises(NotFound) as error:
            act()
        assert error.value.message == "there is no application 'travel'"


def test_an_owner_is_no_administrator(company: Company) -> None:
    """AD-03: no group made, renamed, given a rule or deleted; the last owner stays."""
    for act in (
        lambda: company.access.groups.create(who("bob"), "Mine", owners=["bob@contoso.example"]),
        lambda: company.access.groups.change(who("bob"), "Finance", rename="Administrators"),
        lambda: company.access.groups.remove(who("bob"), "Finance"),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(Conflict, match="without an owner"):
        company.access.groups.change(who("bob"), "Finance", remove_owners=["bob@contoso.example"])
    changed = company.access.groups.change(
        who("bob"), "Finance", add_owners=["zoe@contoso.example"], remove_owners=["bob@contoso.example"]
    )
    assert changed.owners == ("zoe@contoso.example",)
    with pytest.raises(NotFound):
        company.access.groups.show(who("bob"), "Finance")


@pytest.mark.parametrize(
    "actor", [who("ada"), who("nobody"), Actor.person(), Actor.application("payroll"), Actor.application("id-alice")]
)
def test_no_staff_no_right(company: Company, actor: Actor) -> None:
    """AD-02: a guest, a stranger, a program: nothing is seen, nothing changed."""
    for act in (
        lambda: company.access.groups.listed(actor),
        lambda: company.access.groups.create(actor, "Mine"),
        lambda: company.access.groups.add_members(actor, "Finance", [GUEST]),
        lambda: company.access.assignments.assign(actor, "payroll", GUEST),
        lambda: company.access.assignments.unassign(actor, "payroll", GUEST),
        lambda: company.invitations.invitations.invite(actor, InvitationRequest(email=GUEST, application="payroll")),
        lambda: company.invitations.invitations.preview(actor, InvitationRequest(email=GUEST)),
        lambda: company.invitations.sent.listed(actor),
        lambda: company.invitations.rebinding.reset(actor, GUEST, RebindingTerms()),
        lambda: company.invitations.rebinding.move(actor, "fabrikam", ["id-ada"], RebindingTerms()),
    ):
        with pytest.raises(Forbidden):
            act()


@pytest.mark.parametrize(
    "values",
    [{"state": GuestState.BLOCKED.value}, {"email_verified": False}, {"expires_at": 1}, {"kind": PersonKind.GUEST.value}],
)
def test_a_right_that_was_lost_is_gone_at_once(company: Company, values: dict[str, object]) -> None:
    """SC-06: an owner or administrator who is blocked, expired or no member any more has no right left."""
    with company.core.db.write() as tx:
        for name in ("alice", "bob"):
            people.change(tx, f"id-{name}", values)
    for name in ("alice", "bob"):
        with pytest.raises(Forbidden):
            company.access.groups.add_members(who(name), "Finance", [GUEST])


def test_administrators_do_everything(company: Company) -> None:
    """Any group, any application."""
    company.access.groups.create(who("alice"), "Night shift")
    assert [group.name for group in company.access.groups.listed(who("alice"))] == ["Finance", "Night shift", "Sales"]
    assert company.access.assignments.assign(who("alice"), "travel", "night SHIFT").name == "Night shift"
    assert company.access.groups.remove(who("alice"), "Night shift", force=True).group.name == "Night shift"


def test_a_group_with_a_rule_takes_nobody_by_hand(company: Company) -> None:
    """One way in: the rule; its partners exist; another rule empties the group."""
    group = company.access.groups.create(ACTOR, "Fabrikam", partner="fabrikam", rule='groups contains "a" or groups contains "b"')
    for act in (company.access.groups.add_members, company.access.groups.remove_members):
        with pytest.raises(Conflict, match="said by its rule alone"):
            act(ACTOR, "Fabrikam", [GUEST])
    assert group.rule == 'partner = fabrikam and (groups contains "a" or groups contains "b")'
    for wrong in ({"partner": "nope"}, {"rule": "partner = nope"}, {"partner": "fabrikam", "rule": "not a"}):
        with pytest.raises(Invalid):
            company.access.groups.create(ACTOR, "Wrong", **wrong)
    with company.core.db.write() as tx:
        groups.add_member(tx, group.id, "id-ada", 0)
    assert company.access.groups.change(ACTOR, "Fabrikam", rename="All of Fabrikam").rule == group.rule
    assert company.access.groups.show(ACTOR, group.id).group.member_count == 1
    company.access.groups.change(ACTOR, group.id, rule="partner = fabrikam")
    assert company.access.groups.show(ACTOR, group.id).group.member_count == 0
    with pytest.raises(Conflict, match="kept by hand"):
        company.access.groups.change(ACTOR, "Finance", rule="partner = fabrikam")
    assert company.access.groups.unmapped(
        company.access.groups.create(ACTOR, "X", rule="shoe_size = 44 and partner = fabrikam")
    ) == ("shoe_size",)
    assert company.access.groups.unmapped(company.access.groups.show(ACTOR, "Finance").group) == ()
    by_mail = company.access.groups.create(ACTOR, "By mail", partner="email", rule='locale = "nl"')
    assert (by_mail.partner, company.access.groups.unmapped(by_mail)) == (
        "email",
        ("locale",),
    )  # a code by mail says nothing but the address


def test_what_is_refused(company: Company) -> None:
    """Names that are taken, guests and groups that are not there, roles and times that cannot be."""
    for act, kind in (
        (lambda: company.access.groups.create(ACTOR, "FINANCE"), Conflict),
        (lambda: company.access.groups.change(ACTOR, "Sales", rename="finance"), Conflict),
        (lambda: company.access.groups.change(ACTOR, "Sales", remove_owners=["nobody@contoso.example"]), NotFound),
        (lambda: company.access.groups.create(ACTOR, "X", owners=["no address"]), Invalid),
        (lambda: company.access.groups.add_members(ACTOR, "Finance", [GUEST, "nobody@fabrikam.example"]), NotFound),
        (lambda: company.access.groups.remove_members(ACTOR, "Finance", [GUEST]), NotFound),
        (lambda: company.access.assignments.assign(ACTOR, "nope", GUEST), NotFound),
        (lambda: company.access.assignments.assign(ACTOR, "payroll", "Nobody"), NotFound),
        (lambda: company.access.assignments.assign(ACTOR, "payroll", GUEST, role="owner"), Invalid),
        (lambda: company.access.assignments.assign(ACTOR, "payroll", GUEST, ends_at=1), Invalid),
        (lambda: company.access.assignments.assign(ACTOR, "payroll", GUEST, starts_at=2**40, ends_at=2**40), Invalid),
        (lambda: company.access.assignments.unassign(ACTOR, "payroll", GUEST), NotFound),
    ):
        with pytest.raises(kind):
            act()
    assert company.access.groups.show(ACTOR, "Finance").group.member_count == 0  # all or none
    assert company.access.assignments.of_application(ACTOR, "payroll") == ()


def test_names_and_ids_mean_the_same(company: Company) -> None:
    """A guest by address or id, a group by name or id; what was assigned is listed with its holder."""
    group = company.access.groups.show(ACTOR, "Finance").group
    with company.core.db.read() as tx:
        ada = people.by_email(tx, GUEST)
    assert ada is not None
    made = company.access.assignments.assign(ACTOR, "payroll", group.id, role="viewer")
    assert company.access.assignments.assign(ACTOR, "payroll", "finance", role="viewer").id == made.id
    company.access.groups.add_members(ACTOR, group.id, [GUEST])
    assert [(one.name, one.role) for one in company.guests.show(GUEST).assignments] == [("Finance", "viewer")]
    assert [one.name for one in company.access.assignments.of_application(ACTOR, "payroll")] == ["Finance"]
