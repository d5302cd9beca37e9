"""What nodes share in addition to the directory: leases and attempts. Each is one statement, so nodes never race."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Executable, bindparam, case, delete, literal, select, update

from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import attempts, leases

_NODE = "node:"
_A, _L = attempts.c, leases.c


def _take(row: Any) -> Executable:
    said = row.excluded
    stepped = _L.until > bindparam("too_far")  # taken before the clock was set back: nobody would hold it so long
    free = (_L.until <= bindparam("now")) | (_L.holder == said.holder) | stepped
    statement: Executable = row.on_conflict_do_update(
        index_elements=["name"], set_={"holder": said.holder, "until": said.until}, where=free
    )
    return statement


def _count(row: Any) -> Executable:
    start = row.excluded.window
    count = case((_A.window == start, _A.count + 1), else_=literal(1))
    upsert = row.on_conflict_do_update(index_elements=["key"], set_={"window": start, "count": count})
    statement: Executable = upsert.returning(_A.count)
    return statement


_TAKE_LEASE = for_both(leases, _take)
_NOTE = for_both(
    leases,
    lambda row: row.on_conflict_do_update(
        index_elements=["name"], set_={"holder": row.excluded.holder, "until": row.excluded.until}
    ),
)
_COUNT = for_both(attempts, _count)
_COUNTED = select(_A.count).where(_A.key == bindparam("of_key"), _A.window == bindparam("start"))

_UNCOUNT = (
    update(attempts)
    .where(_A.key == bindparam("of_key"), _A.window == bindparam("start"), _A.count > 0)
    .values(count=_A.count - 1)
)


def take_lease(tx: Connection, name: str, holder: str, now: int, seconds: int) -> bool:
    """Hold a lease: if it is free, over, ours already, or ends so far ahead that the clock was set back since; clocks may differ by `seconds`."""
    values = {"name": name, "holder": holder, "until": now + seconds, "now": now, "too_far": now + 2 * seconds}
    return run(tx, _TAKE_LEASE, values).rowcount == 1


def count_attempt(tx: Connection, key: str, now: int, window: int) -> int:
    """Count one attempt under a key; the number within the current window of so many seconds, this one included."""
    return int(run(tx, _COUNT, {"key": key, "window": now - now % window, "count": 1}).scalar_one())


def attempts_in(tx: Connection, key: str, now: int, window: int) -> int:
    """How many attempts the current window of so many seconds has seen."""
    return int(tx.execute(_COUNTED, {"of_key": key, "start": now - now % window}).scalar_one_or_none() or 0)


def uncount_attempt(tx: Connection, key: str, now: int, window: int) -> None:
    """Take back an attempt that was counted in this transaction: it succeeded, and only failures are to be limited."""
    tx.execute(_UNCOUNT, {"of_key": key, "start": now - now % window})


def purge_attempts(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget windows that began before a time."""
    return delete_some(tx, attempts, attempts.c.window < before, attempts.c.window, limit)


def note_node(tx: Connection, node: str, digest: str, until: int) -> None:
    """A serving process says which config it uses, for as long as it lives (HT-20)."""
    run(tx, _NOTE, {"name": _NODE + node, "holder": digest, "until": until})


def nodes(tx: Connection, now: int) -> dict[str, str]:
    """Every serving process and the digest of its config."""
    statement = select(leases.c.name, leases.c.holder).where(
        leases.c.name.startswith(_NODE, autoescape=True), leases.c.until > now
    )
    return {row[0].removeprefix(_NODE): row[1] for row in tx.execute(statement.order_by(leases.c.name))}


def purge_leases(tx: Connection, before: int) -> int:
    """Forget leases that were over before a time: processes that are gone."""
    return tx.execute(delete(leases).where(leases.c.until < before)).rowcount
