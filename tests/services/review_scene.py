"""A company whose access is reviewed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.app import Broker, build
from broker.demo.mailbox import read_mails
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.guest import PersonKind
from broker.domain.review import Asked, Verdict
from broker.keyring.root import create_root
from broker.services.reviews.views import ReviewItemView, ReviewRow
from broker.storage.directory import assignments, groups
from broker.storage.oauth import grants, tokens
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import ACTOR, SECRET, write_files

DAY = 86_400

DUE = START + 7 * DAY

ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}

KEEP, END = Verdict.KEEP, Verdict.END


def id_of(name: str) -> str:
    """The id of a person of this company."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def opened(tmp_path: Path, database_url: str, clock: Clock) -> Broker:
    """Alice administers, Bob owns Payroll, Zoe sponsors Ada and Bo, nobody sponsors Cy; Ada and Bo have Payroll, Cy by a group."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", database_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write("assignment_required: true\nroles: [viewer]\nowners: [bob@contoso.example]\n")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write("administrators: [alice@contoso.example]\n")
    built = build(home, environ={"SECRET": SECRET}, clock=clock)
    with built.core.db.write() as tx:
        for name in ("alice", "bob", "zoe", "yves"):
            factories.saved_person(tx, id=id_of(name), kind=PersonKind.MEMBER, email=mail_of(name), partner="staff", sponsor=None)
        for name, sponsor in (("ada", mail_of("zoe")), ("bo", mail_of("zoe")), ("cy", None)):
            factories.saved_person(tx, id=id_of(name), email=f"{name}@fabrikam.example", sponsor=sponsor)
        grant = factories.grant(id_of("ada"), created_at=START - 5)
        grants.add(tx, grant)
        tokens.add_access(tx, "token", grant.id, ["openid"], now=START, expires_at=DUE + DAY)
    for name in ("ada", "bo"):
        built.access.assignments.assign(ACTOR, "payroll", f"{name}@fabrikam.example", role="viewer")
    built.access.groups.create(ACTOR, "Auditors", owners=[mail_of("yves")])
    built.access.groups.create(ACTOR, "All of Fabrikam", partner="fabrikam")
    built.access.assignments.assign(ACTOR, "payroll", "Auditors")
    built.access.assignments.assign(ACTOR, "payroll", "All of Fabrikam")
    built.access.groups.add_members(ACTOR, "Auditors", ["cy@fabrikam.example"])
    with built.core.db.write() as tx:
        ruled = groups.by_name(tx, "All of Fabrikam")
        assert ruled is not None
        groups.add_member(tx, ruled.id, id_of("bo"), START)
    return built


def mail_of(name: str) -> str:
    """The address of a member."""
    return f"{name}@contoso.example"


def who(name: str) -> Actor:
    """A person at a browser."""
    return Actor.person(id_of(name))


@pytest.fixture
def broker(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on both databases."""
    built = opened(tmp_path, database_url, clock)
    yield built
    built.close()


@pytest.fixture
def crowded(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on PostgreSQL, where two transactions meet."""
    built = opened(tmp_path, postgresql_url, clock)
    yield built
    built.close()


def started(broker: Broker, asks: Asked = Asked.SPONSORS) -> ReviewRow:
    """A review of Payroll."""
    return broker.reviews.campaigns.start(ACTOR, "payroll", due_at=DUE, asks=asks)


def rows(broker: Broker, review: ReviewRow, actor: Actor = ACTOR) -> dict[str, ReviewItemView]:
    """The rows that somebody sees, by the guest's name."""
    return {one.email.partition("@")[0]: one for one in broker.reviews.campaigns.show(actor, review.id).items}


def over(broker: Broker, clock: Clock) -> int:
    """The due date comes."""
    clock.now = DUE
    return broker.operations.housekeeping.run()["reviews_settled"]


def held(broker: Broker) -> set[str]:
    """Who has Payroll by an own assignment or by the group that is kept by hand."""
    with broker.core.db.read() as tx:
        own = {one for one in ("ada", "bo", "cy") if assignments.of(tx, Principal.PERSON, id_of(one), "payroll")}
        group = groups.by_name(tx, "Auditors")
        assert group is not None
        inside = {row[0] for row in groups.members(tx, group.id, after="", limit=10)}
        return own | {one for one in ("ada", "bo", "cy") if id_of(one) in inside}


def asked(broker: Broker, tmp_path: Path) -> list[str]:
    """Who got an e-mail about a review."""
    broker.messages.outbox.deliver()
    return sorted(mail.to for mail in read_mails(tmp_path / "home" / "var" / "mail") if "who still needs" in mail.subject)
