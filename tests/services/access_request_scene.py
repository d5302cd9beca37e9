"""A company in which a guest asks for access to Payroll."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from broker.app import Broker, build
from broker.demo.mailbox import read_mails
from broker.domain.access_request import AccessRequest
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.guest import PersonKind
from broker.keyring.root import create_root
from broker.storage.directory import assignments
from broker.storage.tables import audit
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import SECRET, write_files

DAY = 86_400

ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}

GUEST = "ada@fabrikam.example"

OPEN = "assignment_required: true\nroles: [viewer]\nowners: [{owners}]\nself_service: {{request: true, {more}}}\n"


def id_of(name: str) -> str:
    """The id of a person of this company."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def opened(
    tmp_path: Path, database_url: str, clock: Clock, *, more: str = "approval: owners, role: viewer, lifetime: 90d"
) -> Broker:
    """Alice administers; Bob and Zoe own Payroll, which people may ask for; Travel nobody may ask for; Ada is a guest."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", database_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write(OPEN.format(owners="bob@contoso.example, zoe@contoso.example", more=more))
    with (home / "config" / "applications" / "travel.yaml").open("a") as stream:
        stream.write("assignment_required: true\nowners: [yves@contoso.example]\n")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write("administrators: [alice@contoso.example]\n")
    built = build(home, environ={"SECRET": SECRET}, clock=clock)
    with built.core.db.write() as tx:
        for name in ("alice", "bob", "zoe", "yves"):
            factories.saved_person(tx, id=id_of(name), kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id=id_of("ada"), email=GUEST, name="Ada Fabrik")
        factories.saved_person(tx, id=id_of("bo"), email="bo@fabrikam.example")
    return built


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


def who(name: str) -> Actor:
    """A person at a browser."""
    return Actor.person(id_of(name))


def ask(broker: Broker, name: str = "ada", until: int | None = START + 30 * DAY) -> AccessRequest:
    """A request for Payroll."""
    return broker.access_requests.ask(who(name), "payroll", reason="I check the hours of my team.", until=until)


def held(broker: Broker, name: str = "ada") -> list[tuple[str, int, int | None]]:
    """The person's own assignments: (role, start, end)."""
    with broker.core.db.read() as tx:
        return [(one.role, one.starts_at, one.ends_at) for one in assignments.of(tx, Principal.PERSON, id_of(name))]


def events(broker: Broker) -> list[tuple[str, str, str]]:
    """The audit of requests: (name, kind of actor, actor)."""
    with broker.core.db.read() as tx:
        rows = tx.execute(select(audit.c.name, audit.c.actor_kind, audit.c.actor_id).order_by(audit.c.at, audit.c.id))
        return sorted(tuple(row) for row in rows if row[0].startswith("access_request"))


def mails(broker: Broker, tmp_path: Path) -> list[tuple[str, str]]:
    """What was sent: (to, subject)."""
    broker.messages.outbox.deliver()
    return sorted((mail.to, mail.subject) for mail in read_mails(tmp_path / "home" / "var" / "mail"))
