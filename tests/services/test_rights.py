"""Who may do what: one table of rights, roles from broker.yaml by address or group, owners by file and by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.app import Broker, build
from broker.domain.audit import Actor
from broker.domain.errors import Forbidden
from broker.domain.guest import GuestState, PersonKind
from broker.keyring.root import create_root
from broker.services.authorization import MAY, Right, Rights, Role, require, rights_of
from broker.storage.directory import people
from tests import factories
from tests.clock import Clock
from tests.journeys.world import ACTOR, SECRET, write_files

ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
ROLES = """administrators: [alice@contoso.example]
roles:
  guest_inviters: [gil@contoso.example, "group:Inviters"]
  help_desk: [hal@contoso.example]
  auditors: ["group:Auditors"]
"""
STAFF = ("alice", "bob", "gus", "gil", "hal", "ivy", "una", "zoe")


@pytest.fixture
def broker(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Broker]:
    """Alice administers; Bob owns Payroll, Gus the group Finance; Una is in Auditors, Ivy in Inviters; Zoe is nobody."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", database_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write(ROLES)
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write("owners: [bob@contoso.example]\n")
    built = build(home, environ={"SECRET": SECRET}, clock=clock)
    with built.core.db.write() as tx:
        for name in STAFF:
            factories.saved_person(tx, id=f"id-{name}", kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id="id-ada", email="ada@fabrikam.example")
    built.access.groups.create(ACTOR, "Finance", owners=["gus@contoso.example"])
    for group, member in (("Auditors", "una"), ("INVITERS", "ivy")):
        built.access.groups.create(ACTOR, group)
        built.access.groups.add_members(ACTOR, group, [f"{member}@contoso.example", "ada@fabrikam.example"])
    yield built
    built.close()


def rights(broker: Broker, name: str) -> Rights:
    """What a person may do now."""
    with broker.core.db.read() as tx:
        return rights_of(tx, broker.core.settings(), Actor.person(f"id-{name}"), broker.core.clock())


def test_each_role_has_what_the_table_says(broker: Broker) -> None:
    """By address and by group; a guest who is in a role's group is no member of staff, so they have nothing."""
    roles = {name: rights(broker, name).roles for name in (*STAFF, "ada")}
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
            assert rights(broker, name).may(right) == any(right in MAY[role] for role in found), (name, right)


def test_an_auditor_only_reads() -> None:
    """Read only: what an auditor may is to see, and to take what they see along."""
    assert {right for right in MAY[Role.AUDITOR] if not right.startswith("see_")} == {Right.EXPORT_GUESTS}
    assert {right for right in Right if right.startswith("see_")} <= MAY[Role.AUDITOR]


def test_help_desk_and_inviter_do_little() -> None:
    """The help desk resends and resets factors, an inviter invites; neither blocks, deletes, assigns or decides."""
    acts = {role: {right for right in MAY[role] if not right.startswith("see_")} for role in Role}
    assert acts[Role.HELP_DESK] == {Right.RESEND, Right.RESET_FACTORS}
    assert acts[Role.GUEST_INVITER] == {Right.INVITE, Right.RESEND}


def test_owners_have_rights_over_what_they_own_only(broker: Broker) -> None:
    """AD-01: an owner's right ends at the edge of what they own."""
    bob, gus = rights(broker, "bob"), rights(broker, "gus")
    assert bob.over_application(Right.ASSIGN, "payroll")
    assert not bob.over_application(Right.ASSIGN, "travel")
    assert not bob.over_application(Right.ASSIGN, None)
    assert not bob.over_application(Right.KEEP_PARTNERS, "payroll")
    finance = broker.access.groups.show(ACTOR, "Finance").group.id
    assert gus.over_group(Right.FILL_GROUPS, finance)
    assert not gus.over_group(Right.FILL_GROUPS, broker.access.groups.show(ACTOR, "Auditors").group.id)
    assert not gus.over_group(Right.KEEP_GROUPS, finance)
    assert not bob.may_everywhere(Right.SEE_GUESTS)
    assert not gus.over_application(Right.INVITE, "payroll")


@pytest.mark.parametrize("values", [{"state": GuestState.BLOCKED}, {"email_verified": False}, {"kind": "guest"}])
def test_a_right_ends_at_once(broker: Broker, values: dict[str, object]) -> None:
    """SC-06: who is blocked, whose address is not verified, who is no member any more: nothing."""
    assert rights(broker, "alice").may(Right.DELETE)
    with broker.core.db.write() as tx:
        for name in ("alice", "bob", "gus", "hal"):
            people.change(tx, f"id-{name}", values)
    for name in ("alice", "bob", "gus", "hal"):
        assert rights(broker, name) == Rights()


def test_leaving_the_group_ends_the_role(broker: Broker) -> None:
    """SC-06: the next question is answered from the rows of that moment."""
    assert rights(broker, "una").may(Right.SEE_AUDIT)
    broker.access.groups.remove_members(ACTOR, "Auditors", ["una@contoso.example"])
    assert not rights(broker, "una").may(Right.SEE_AUDIT)


def test_require_refuses_with_the_right_that_is_missing(broker: Broker) -> None:
    """The reason in the log names the right; the command line may everything, a program nothing."""
    settings, now = broker.core.settings(), broker.core.clock()
    with broker.core.db.read() as tx:
        with pytest.raises(Forbidden) as error:
            require(tx, settings, Actor.person("id-hal"), Right.BLOCK, now)
        assert error.value.reason == "no_right_block"
        assert require(tx, settings, ACTOR, Right.DELETE, now).may_everywhere(Right.DELETE)
        for nobody in (Actor.application("payroll"), Actor.person(), Actor.person("no")):
            with pytest.raises(Forbidden):
                require(tx, settings, nobody, Right.SEE_HOME, now)
