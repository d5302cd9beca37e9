"""What nodes share beside the directory: leases and attempts. Each is one statement, so nodes never race."""

from __future__ import annotations

from sqlalchemy import Connection, case, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import attempts, leases

_NODE = "node:"


def take_lease(tx: Connection, name: str, holder: str, now: int, seconds: int) -> bool:
    """Hold a lease: if it is free, over, or ours already."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(leases).values(name=name, holder=holder, until=now + seconds)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until": now + seconds},
        where=(leases.c.until <= now) | (leases.c.holder == holder),
    )
    return tx.execute(statement).rowcount == 1


def count_attempt(tx: Connection, key: str, now: int, window: int) -> int:
    """Count one attempt under a key; the number within the current window of so many seconds, this one included."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    start = now - now % window
    c = attempts.c
    statement = dialect.insert(attempts).values(key=key, window=start, count=1)
    upsert = statement.on_conflict_do_update(
        index_elements=["key"], set_={"window": start, "count": case((c.window == start, c.count + 1), else_=literal(1))}
    ).returning(c.count)
    return int(tx.execute(upsert).scalar_one())


def attempts_in(tx: Connection, key: str, now: int, window: int) -> int:
    """How many attempts the current window of so many seconds has seen."""
    c = attempts.c
    statement = select(c.count).where(c.key == key, c.window == now - now % window)
    return int(tx.execute(statement).scalar_one_or_none() or 0)


def purge_attempts(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget windows that began before a time."""
    return delete_some(tx, attempts, attempts.c.window < before, attempts.c.window, limit)


def note_node(tx: Connection, node: str, digest: str, until: int) -> None:
    """A serving process says which config it uses, for as long as it lives (HT-20)."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(leases).values(name=_NODE + node, holder=digest, until=until)
    tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"holder": digest, "until": until}))


def nodes(tx: Connection, now: int) -> dict[str, str]:
    """Every serving process and the digest of its config."""
    statement = select(leases.c.name, leases.c.holder).where(
        leases.c.name.startswith(_NODE, autoescape=True), leases.c.until > now
    )
    return {row[0].removeprefix(_NODE): row[1] for row in tx.execute(statement.order_by(leases.c.name))}


def purge_leases(tx: Connection, before: int) -> int:
    """Forget leases that were over before a time: processes that are gone."""
    return tx.execute(delete(leases).where(leases.c.until < before)).rowcount
