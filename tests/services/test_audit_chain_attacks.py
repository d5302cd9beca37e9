"""What somebody who can write to the database does to the audit chain, and how it is noticed (HT-18)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from broker.domain.ids import new_id
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.services.history.audit_chain import AuditChain
from broker.storage.engine import Connection, Database
from broker.storage.tables import audit as events
from broker.storage.tables import audit_anchor
from tests.clock import Clock
from tests.services.audit_chain_scene import KEPT, C, chain, database, keys, verified, write

__all__ = ["chain", "database", "keys"]  # the fixtures


Attack = Callable[[Connection], object]

VALUES: dict[str, Any] = {
    "at": 1, "name": "guest.unblocked", "actor_kind": "system", "actor_id": "mallory", "request_id": "X", "subject": "p2",
    "target": "guest-9", "reason": "", "data": {"number": 9}, "chain": "0" * 64,
}  # fmt: skip


def alter(column: str) -> Attack:
    """Change one column of the fourth event."""
    return lambda tx: tx.execute(update(events).where(C.seq == 4).values({column: VALUES[column]}))


ALTERED: dict[str, tuple[Attack, int, str]] = {
    **{f"altered {column}": (alter(column), 4, "was altered") for column in VALUES},
    "deleted": (lambda tx: tx.execute(delete(events).where(C.seq == 4)), 4, "is missing"),
    "first deleted": (lambda tx: tx.execute(delete(events).where(C.seq == 1)), 1, "is missing"),
    "number taken away": (lambda tx: tx.execute(update(events).where(C.seq == 4).values(seq=None)), 4, "is missing"),
    "truncated": (lambda tx: tx.execute(delete(events).where(C.seq > 7)), 8, "the anchor counts 9"),
    "all gone": (lambda tx: tx.execute(delete(events)), 1, "the anchor counts 9"),
    "added behind": (lambda tx: forged(tx, 10), 10, "behind the end"),
    "anchor gone": (lambda tx: tx.execute(delete(audit_anchor)), 1, "the anchor is missing"),
}  # fmt: skip


def forged(tx: Connection, seq: int) -> None:
    """An event that nobody wrote."""
    row = tx.execute(select(events).where(C.seq == 9)).one()._mapping
    tx.execute(insert(events).values({**row, "id": new_id(), "seq": seq}))


@pytest.mark.parametrize("attack", ALTERED)
def test_first_bad_record(database: Database, clock: Clock, chain: AuditChain, attack: str) -> None:
    """LP-06: altered, deleted, taken out, truncated at the tail, added: the first bad record is named; also when more is wrong."""
    write(database, clock, 9)
    chain.chain()
    do, record, words = ALTERED[attack]
    with database.write() as tx:
        do(tx)
    found = chain.verify()
    assert (found.record, words in (found.problem or "")) == (record, True), found
    assert found.to_json()["ok"] is False
    if record < 9:
        with database.write() as tx:
            tx.execute(update(events).where(C.seq == 9).values(reason="more"))
        assert chain.verify().record == record


def test_reordered(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-06: two events that changed places, with their HMACs or without."""
    write(database, clock, 9)
    chain.chain()
    with database.write() as tx:
        for old, new in ((3, 100), (6, 3), (100, 6)):
            tx.execute(update(events).where(C.seq == old).values(seq=new))
    assert chain.verify().record == 3


def test_renumbered(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-06: one deleted, all behind it moved up and the last one doubled, so that the count is right."""
    write(database, clock, 9)
    chain.chain()
    with database.write() as tx:
        tx.execute(delete(events).where(C.seq == 4))
        for seq in range(5, 10):
            tx.execute(update(events).where(C.seq == seq).values(seq=seq - 1))
        row = tx.execute(select(events).where(C.seq == 8)).one()._mapping
        tx.execute(insert(events).values({**row, "id": new_id(), "seq": 9}))
    assert chain.verify().record == 4


def test_chained_anew_by_the_attacker(database: Database, clock: Clock, chain: AuditChain, tmp_path: Path) -> None:
    """LP-06: without the root key neither HMACs nor an anchor can be made: of another installation they do not open."""
    write(database, clock, 4)
    chain.chain()
    (tmp_path / "own").mkdir()
    create_root(tmp_path / "own")
    foreign = Sealer(load_roots(tmp_path / "own"))
    with database.write() as tx:
        tx.execute(update(events).where(C.seq == 2).values(reason="changed"))
        tx.execute(update(events).values(seq=None, chain=None))
        tx.execute(delete(audit_anchor))
    AuditChain(database, clock, foreign, lambda: KEPT).chain()
    assert "does not open (seal_root_unknown)" in (chain.verify().problem or "")
    with database.write() as tx:
        tx.execute(update(audit_anchor).values(sealed="s1.nonsense"))
    assert "does not open (seal_format)" in (chain.verify().problem or "")


def test_whole_database_put_back(database: Database, clock: Clock, chain: AuditChain) -> None:
    """LP-06: an older state with its own anchor is whole in itself; what an earlier run told (`--anchor`) finds it out."""
    write(database, clock, 3)
    chain.chain()
    with database.read() as tx:
        old = tx.execute(select(audit_anchor.c.sealed)).scalar_one()
    middle = verified(chain)
    write(database, clock, 3)
    chain.chain()
    newest = verified(chain, (middle.last, middle.head))
    with database.write() as tx:
        tx.execute(delete(events).where(C.seq > 3))
        tx.execute(update(audit_anchor).values(sealed=old))
    verified(chain)
    assert "there were 6 before" in (chain.verify((newest.last, newest.head)).problem or "")
    write(database, clock, 3, name="another.history")
    chain.chain()
    found = chain.verify((newest.last, newest.head))
    assert found.record == 6
    assert "another chain" in (found.problem or "")
