"""An audit chain on both databases, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.domain.audit import Actor, Event
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.services.history import audit
from broker.services.history.audit_chain import AuditChain, VerifiedChain
from broker.storage.engine import Connection, Database
from broker.storage.tables import audit as events
from tests.clock import Clock

DAY = 86_400

KEPT = 400 * DAY


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """On SQLite and on PostgreSQL."""
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a root key."""
    (tmp_path / "keys").mkdir()
    create_root(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def chain(database: Database, clock: Clock, keys: Path) -> AuditChain:
    """The chain of a node."""
    sealer = Sealer(load_roots(keys))
    return AuditChain(database, clock, sealer, lambda: KEPT)


def write(database: Database, clock: Clock, number: int, *, name: str = "guest.blocked") -> None:
    """So many events, a second apart."""
    actor = Actor.person("alice", address="203.0.113.7", request_id="7KQ4-M2XT-9RZB")
    for count in range(number):
        with database.write() as tx:
            event = Event(name=name, actor=actor, target=f"guest-{count}", subject="p1", reason="left", data={"number": count},
                          personal={"email": "ada@fabrikam.example"})  # fmt: skip
            audit.record(tx, event, clock.advance(1))


def verified(chain: AuditChain, *told: tuple[int, str]) -> VerifiedChain:
    """A chain that holds. told: ends of earlier runs."""
    found = chain.verify(*told)
    assert found.problem is None, found
    return found


C = events.c


def refuse_writes(tx: Connection, table: str, what: str) -> None:
    """From now on the database refuses to write to a table, as it does when the disk is full."""
    if tx.dialect.name == "sqlite":
        tx.execute(text(f"CREATE TRIGGER refused BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'disk is full'); END"))
        return
    tx.execute(
        text("CREATE OR REPLACE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk is full'; END $$")
    )
    tx.execute(text(f"CREATE TRIGGER refused BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION refused()"))


def allow_writes(tx: Connection, table: str) -> None:
    """There is room again."""
    tx.execute(text("DROP TRIGGER refused" if tx.dialect.name == "sqlite" else f"DROP TRIGGER refused ON {table}"))
