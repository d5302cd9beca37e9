"""What may come once only: the jti of a client assertion, an assertion's id, a time step (HT-3)."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from broker.domain.ids import digest
from broker.domain.times import DAY
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import used

_TAKE = for_both(used, lambda insert: insert.on_conflict_do_nothing(index_elements=["kind", "value"]))
_RESTORED = "restored"  # the kind of the one row that a restore leaves; it expires a day later
_RESTORED_AT = select(used.c.expires_at - DAY).where(used.c.kind == _RESTORED, used.c.value == digest(""))


def once(tx: Connection, kind: str, value: str, expires_at: int, *, made_at: int | None = None) -> bool:
    """Take a value; False if it was taken before. expires_at: when it could not be accepted any more anyway.

    made_at: nobody could accept it earlier, by their clock. After a restore a value from before is refused, because the backup may be
    older than its first use (HT-14). None for what belongs to a login or to a cookie of ours: a restore ends those.
    """
    if made_at is not None:
        restored_at = tx.execute(_RESTORED_AT).scalar()
        if restored_at is not None and made_at <= restored_at:
            return False
    return run(tx, _TAKE, {"kind": kind, "value": digest(value), "expires_at": expires_at}).rowcount == 1


def refuse_earlier(tx: Connection, now: int) -> None:
    """After a restore: what was made before counts as taken."""
    tx.execute(delete(used).where(used.c.kind == _RESTORED, used.c.value == digest("")))
    tx.execute(insert(used).values(kind=_RESTORED, value=digest(""), expires_at=now + DAY))


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget values that have expired before a time."""
    return delete_some(tx, used, used.c.expires_at < before, used.c.expires_at, limit)
