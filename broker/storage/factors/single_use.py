"""What may come once only: the jti of a client assertion, an assertion's id, a time step (HT-3)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, bindparam, delete, exists, insert, select

from broker.domain.ids import digest
from broker.domain.times import DAY
from broker.storage.batches import BATCH, delete_some
from broker.storage.dialects import for_both, run
from broker.storage.tables import used

_RESTORED = "restored"  # the kind of the one row that a restore leaves; it expires a day later
_BEFORE_A_RESTORE = exists().where(
    used.c.kind == _RESTORED, used.c.value == digest(""), used.c.expires_at >= bindparam("made_at", type_=BigInteger) + DAY
)
_OF_TODAY = select(*(bindparam(name, type_=used.c[name].type) for name in ("kind", "value", "expires_at"))).where(
    ~_BEFORE_A_RESTORE
)
_KEY = ["kind", "value"]
_TAKE = for_both(used, lambda insert: insert.on_conflict_do_nothing(index_elements=_KEY))
_TAKE_OF_TODAY = for_both(  # one statement: what a restore leaves is looked at where the value is taken
    used, lambda insert: insert.from_select([*_KEY, "expires_at"], _OF_TODAY).on_conflict_do_nothing(index_elements=_KEY)
)


def once(tx: Connection, kind: str, value: str, expires_at: int, *, made_at: int | None = None) -> bool:
    """Take a value; False if it was taken before. expires_at: when it could not be accepted any more anyway.

    made_at: nobody could accept it earlier, by their clock. After a restore a value from before is refused, because the backup may be
    older than its first use (HT-14). None for what belongs to a login or to a cookie of ours: a restore ends those.
    """
    row = {"kind": kind, "value": digest(value), "expires_at": expires_at}
    if made_at is None:
        return run(tx, _TAKE, row).rowcount == 1
    return run(tx, _TAKE_OF_TODAY, {**row, "made_at": made_at}).rowcount == 1


def refuse_earlier(tx: Connection, now: int) -> None:
    """After a restore: what was made before counts as taken."""
    tx.execute(delete(used).where(used.c.kind == _RESTORED, used.c.value == digest("")))
    tx.execute(insert(used).values(kind=_RESTORED, value=digest(""), expires_at=now + DAY))


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Forget values that have expired before a time."""
    return delete_some(tx, used, used.c.expires_at < before, used.c.expires_at, limit)
