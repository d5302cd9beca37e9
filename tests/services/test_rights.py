"""Who may do what: one table of rights, roles from broker.yaml by address or group, owners by file and by row."""

from __future__ import annotations

import pytest

from broker.domain.audit import Actor
from broker.domain.errors import Forbidden
from broker.domain.guest import GuestState, PersonKind
from broker.services.access.groups import Groups
from broker.services.authorization import MAY, Right, Rights, Role, require, rights_of
from broker.services.core import Core
from broker.storage.directory import people
from tests import factories
from tests.core import MakeCore

CHANGES = {
    "broker": {
        "administrators": ["alice@contoso.example"],
        "roles": {
            "guest_inviters": ["gil@contoso.example", "group:Inviters"],
            "help_desk": ["hal@contoso.example"],
            "auditors": ["group:Auditors"],
        },
    },
    "applications/payroll": {"owners": ["bob@contoso.example"]},
}
ACTOR = Actor.command()
STAFF = ("alice", "bob", "gus", "gil", "hal", "ivy", "una", "zoe")


@pytest.fixture
def company(make_core: MakeCore, database_url: str) -> Core:
    """Alice administers; Bob owns Payroll, Gus the group Finance; Una is in Auditors, Ivy in Inviters; Zoe has no role."""
    core = make_core(database_url, CHANGES)
    with core.db.write() as tx:
        for name in STAFF:
            factories.saved_person(tx, id=f"id-{name}", kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id="id-ada", email="ada@fabrikam.example")
    groups = Groups(core)
    groups.create(ACTOR, "Finance", owners=["gus@contoso.example"])
    for group, member in (("Auditors", "una"), ("INVITERS", "ivy")):
        groups.create(ACTOR, group)
        groups.add_members(ACTOR, group, [f"{member}@contoso.example", "ada@fabrikam.example"])
    return core


def rights(core: Core, name: str) -> Rights:
    """The rights of a person now."""
    with core.db.read() as tx:
        return rights_of(tx, core.settings(), Actor.person(f"id-{name}"), core.clock())


def test_each_role_has_what_the_table_says(company: Core) -> None:
    """By address and by group; a guest who is in a role's group is no member of staff, so they have nothing."""
    roles = {name: rights(company, name).roles for name in (*STAFF, "ada")}
    assert roles == {
        "alice": {Role.ADMINISTRATOR},
        "bob": {Role.APPLICATION_OWNER},
        "gus": {Role.GROUP_OWNER},
        "gil": {Role.GUEST_INVITER},
        "hal": {Role.HELP_DESK},
        "ivy": {Role.GUEST_INVITER},
        "una": {Role.AUDITOR},
        "zoe": set(),
        "ada": set(),
    }
    for name, found in roles.items():
        for right in Right:
            assert rights(company, name).may(right) == any(right in MAY[role] for role in found), (name, right)


def test_an_auditor_only_reads() -> None:
    """Read only: what an auditor may is to see, and to take what they see along."""
    assert {right for right in MAY[Role.AUDITOR] if not right.startswith("see_")} == {Right.EXPORT_GUESTS}
    assert {right for right in Right if right.startswith("see_")} <= MAY[Role.AUDITOR]


def test_help_desk_and_inviter_do_little() -> None:
    """The help desk resends and resets factors, an inviter invites; neither blocks, deletes, assigns or decides."""
    acts = {role: {right for right in MAY[role] if not right.startswith("see_")} for role in Role}
    assert acts[Role.HELP_DESK] == {Right.RESEND, Right.RESET_FACTORS}
    assert acts[Role.GUEST_INVITER] == {Right.INVITE, Right.RESEND}


def test_owners_have_rights_over_what_they_own_only(company: Core) -> None:
    """AD-01: an owner's right ends at the edge of what they own."""
    bob, gus = rights(company, "bob"), rights(company, "gus")
    assert bob.over_application(Right.ASSIGN, "payroll")
    assert not bob.over_application(Right.ASSIGN, "travel")
    assert not bob.over_application(Right.ASSIGN, None)
    assert not bob.over_application(Right.KEEP_PARTNERS, "payroll")
    finance = Groups(company).show(ACTOR, "Finance").group.id
    assert gus.over_group(Right.FILL_GROUPS, finance)
    assert not gus.over_group(Right.FILL_GROUPS, Groups(company).show(ACTOR, "Auditors").group.id)
    assert not gus.over_group(Right.KEEP_GROUPS, finance)
    assert not bob.may_everywhere(Right.SEE_GUESTS)
    assert not gus.over_application(Right.INVITE, "payroll")


@pytest.mark.parametrize("values", [{"state": GuestState.BLOCKED}, {"email_verified": False}, {"kind": "guest"}])
def test_a_right_ends_at_once(company: Core, values: dict[str, object]) -> None:
    """SC-06: who is blocked, whose address is not verified, who is no member any more: nothing."""
    assert rights(company, "alice").may(Right.DELETE)
    with company.db.write() as tx:
        for name in ("alice", "bob", "gus", "hal"):
            people.change(tx, f"id-{name}", values)
    for name in ("alice", "bob", "gus", "hal"):
        assert rights(company, name) == Rights()


def test_leaving_the_group_ends_the_role(company: Core) -> None:
    """SC-06: the next question is answered from the rows of that moment."""
    assert rights(company, "una").may(Right.SEE_AUDIT)
    Groups(company).remove_members(ACTOR, "Auditors", ["una@contoso.example"])
    assert not rights(company, "una").may(Right.SEE_AUDIT)


def test_require_refuses_with_the_right_that_is_missing(company: Core) -> None:
    """The reason in the log names the right; the command line may everything, a program nothing."""
    settings, now = company.settings(), company.clock()
    with company.db.read() as tx:
        with pytest.raises(Forbidden) as error:
            require(tx, settings, Actor.person("id-hal"), Right.BLOCK, now)
        assert error.value.reason == "no_right_block"
        assert require(tx, settings, ACTOR, Right.DELETE, now).may_everywhere(Right.DELETE)
        for nobody in (Actor.application("payroll"), Actor.person(), Actor.person("no")):
            with pytest.raises(Forbidden):
                require(tx, settings, nobody, Right.SEE_HOME, now)
