"""HT-18, LP-06: the audit's chain: made by maintain, over late commits, keys and nodes; what is old goes; what is big fits."""

from __future__ import annotations

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from broker.domain.audit import Actor, Event
from broker.domain.ids import new_id
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.services.history import audit
from broker.services.history.audit_chain import AuditChain, VerifiedChain
from broker.storage.engine import Database
from broker.storage.tables import audit as events
from broker.storage.tables import audit_personal
from tests.clock import Clock
from tests.services.audit_chain_scene import DAY, KEPT, C, allow_writes, chain, database, keys, refuse_writes, verified, write

__all__ = ["chain", "database", "keys"]  # the fixtures


def test_chained_by_maintain(database: Database, clock: Clock, chain: AuditChain) -> None:
    """HT-18: events go in unchained; what is committed gets numbers in the order of its time, and the anchor counts."""
    assert verified(chain) == VerifiedChain(checked=0, first=1, last=0, head="", waiting=0)
    write(database, clock, 5)
    assert verified(chain).waiting == 5
    assert chain.chain() == 5
    assert chain.chain() == 0
    found = verified(chain)
    assert (found.checked, found.first, found.last, found.waiting) == (5, 1, 5, 0)
    with database.read() as tx:
        assert [row[0] for row in tx.execute(select(events.c.seq).order_by(events.c.at))] == [1, 2, 3, 4, 5]
    write(database, clock, 1)
    assert chain.chain() == 1
    assert verified(chain).last == 6


def test_late_commits(database: Database, clock: Clock, chain: AuditChain) -> None:
    """HT-18: an event that is committed after later ones were chained comes behind them, and nothing is lost."""
    write(database, clock, 3)
    chain.chain()
    with database.write() as tx:
        audit.record(tx, Event(name="late.one", actor=Actor.system()), clock() - 2)
    assert chain.chain() == 1
    assert verified(chain).last == 4


def test_personal_values_go(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-05, HT-18: a deletion empties or removes a person's values; the chain still verifies."""
    write(database, clock, 6)
    chain.chain()
    with database.write() as tx:
        tx.execute(update(audit_personal).where(audit_personal.c.name == "email").values(value=""))
    assert verified(chain).checked == 6
    with database.write() as tx:
        tx.execute(delete(audit_personal).where(audit_personal.c.subject == "p1"))
    assert verified(chain).checked == 6


def test_what_is_old_goes(database: Database, clock: Clock, chain: AuditChain) -> None:
    """`retention.audit`: the oldest stretch goes with its personal values, once a day; the rest verifies, and the audit says so."""
    write(database, clock, 1200)
    with database.write() as tx:
        audit.record(tx, Event(name="late.one", actor=Actor.system()), clock() + 2 * DAY)  # keeps what is chained behind it, too
    chain.chain()
    write(database, clock, 5)
    chain.chain()
    assert chain.remove_old() == 0
    clock.now += KEPT - 600
    assert chain.remove_old() == 604
    verified(chain)
    clock.advance(DAY - 1)
    assert chain.remove_old() == 0  # once a day
    clock.advance(1)
    assert chain.remove_old() == 596
    assert chain.remove_old() == 0
    assert chain.chain() == 2
    found = verified(chain)
    assert (found.first, found.last, found.checked) == (1201, 1208, 8)
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(audit_personal)).scalar_one() == 10
        told = tx.execute(select(C.data, C.reason).where(C.name == "audit.removed").order_by(C.seq)).all()
    assert [tuple(row) for row in told] == [({"first": 1, "last": 604}, "retention"), ({"first": 605, "last": 1200}, "retention")]
    with database.write() as tx:
        tx.execute(delete(events).where(C.seq == 1201))
    assert chain.verify().record == 1201  # who removes more than the anchor says is found


def test_two_nodes_at_once(database: Database, clock: Clock, chain: AuditChain) -> None:
    """HT-18: `maintain` on two nodes at the same moment: each event has one number, and the chain holds."""
    write(database, clock, 60)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: chain.chain(), range(4))) == 60
    assert verified(chain).checked == 60


def test_root_keys_change(database: Database, clock: Clock, chain: AuditChain, keys: Path) -> None:
    """HT-15: a new root key seals the anchor at the next event; the old file may then go."""
    write(database, clock, 2)
    chain.chain()
    old = set(keys.iterdir())
    create_root(keys)
    both = Sealer(load_roots(keys))
    write(database, clock, 1)
    assert AuditChain(database, clock, both, lambda: KEPT).chain() == 1
    for path in old:
        path.unlink()
    newest = Sealer(load_roots(keys))
    assert verified(AuditChain(database, clock, newest, lambda: KEPT)).checked == 3


def many(database: Database, number: int) -> None:
    """So many events in one statement each thousand."""
    row = {"name": "sign_in.allowed", "actor_kind": "person", "actor_id": "x" * 36, "request_id": "R" * 14, "subject": "s" * 36,
           "target": "payroll", "reason": "", "data": {"acr": "https://refeds.org/profile/sfa"}}  # fmt: skip
    for start in range(0, number, 1000):
        with database.write() as tx:
            tx.execute(insert(events), [{**row, "id": new_id(), "at": start + n} for n in range(1000)])


def test_constant_memory(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-06: verifying 20,000 events takes no more memory than 5,000."""

    def peak() -> int:
        tracemalloc.start()
        found = verified(chain)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.checked == found.last
        return top

    many(database, 5_000)
    chain.chain()
    small = peak()
    many(database, 15_000)
    assert chain.chain() == 15_000
    assert peak() < 1.2 * small


def test_one_run_is_bounded(database: Database, clock: Clock, chain: AuditChain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backlog is worked off in several runs."""
    monkeypatch.setattr("broker.services.history.audit_chain.ROUNDS", 2)
    many(database, 5_000)
    assert [chain.chain() for _ in range(4)] == [2000, 2000, 1000, 0]
    assert verified(chain).checked == 5_000


def test_any_text_survives_the_database(database: Database, clock: Clock, chain: AuditChain) -> None:
    """HT-18: what both databases give back is what was chained: all of Unicode, nested data, big numbers, times before 1970."""
    data = {"é\u2028": ["\U0001f600", None, True, 1.5, 2**53, {"b": 1, "a": -1}], "empty": {}, "quote": "\"\\'"}
    with database.write() as tx:
        event = Event(name="x.y", actor=Actor.person("Ünïcode"), reason="line\nbreak\x1b[31m", data=data)
        audit.record(tx, event, -5)
    chain.chain()
    assert verified(chain).checked == 1
    with database.read() as tx:
        assert json.loads(json.dumps(tx.execute(select(C.data)).scalar_one())) == data


def test_not_while_the_table_is_locked_out(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-08: if the anchor cannot be written, no event is numbered either: both or neither."""
    write(database, clock, 3)
    chain.chain()
    write(database, clock, 2)
    with database.write() as tx:
        refuse_writes(tx, "audit_anchor", "UPDATE")
    with pytest.raises(Exception, match="disk is full"):
        chain.chain()
    found = verified(chain)
    assert (found.last, found.waiting) == (3, 2)
    with database.write() as tx:
        allow_writes(tx, "audit_anchor")
