"""Factors and recovery codes of people. What may happen once is one conditional statement (HT-3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, insert, or_, select, update

from broker.domain.factor import Factor, Method
from broker.storage.tables import factors, identities, people, recovery_codes

_PLAIN = (
    "id", "person_id", "name", "created_at", "last_used_at", "sealed", "last_step", "credential", "public_key", "sign_count", "verified",
    "synced", "copied_at",
)  # fmt: skip
_F, _R = factors.c, recovery_codes.c
_BY_CREDENTIAL = select(factors).where(_F.credential == bindparam("held"))
_OF_PERSON = select(factors).where(_F.person_id == bindparam("person")).order_by(_F.created_at, _F.id)
_TAKE_STEP = (
    update(factors)
    .where(_F.id == bindparam("factor"), _F.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)
_COUNTED = (  # WebAuthn 7.2, step 22: greater than before, or both zero
    update(factors)
    .where(
        _F.id == bindparam("factor"),
        or_(_F.sign_count < bindparam("count"), and_(_F.sign_count == 0, bindparam("count") == 0)),
    )
    .values(sign_count=bindparam("count"), last_used_at=bindparam("now"), verified=or_(_F.verified, bindparam("checks")))
)
_COPIED = (
    update(factors)
    .where(_F.id == bindparam("factor"), or_(_F.copied_at.is_(None), _F.copied_at <= bindparam("before")))
    .values(copied_at=bindparam("now"))
)
_TAKE_CODE = (
    update(recovery_codes)
    .where(_R.hash == bindparam("code"), _R.person_id == bindparam("person"), _R.used_at.is_(None))
    .values(used_at=bindparam("now"))
)


def _factor(row: Row[Any]) -> Factor:
    m = row._mapping
    return Factor(**{name: m[name] for name in _PLAIN}, method=Method(m["method"]), transports=tuple(m["transports"]))


def of_person(tx: Connection, person_id: str) -> list[Factor]:
    """Every factor of a person, the oldest first."""
    return [_factor(row) for row in tx.execute(_OF_PERSON, {"person": person_id})]


def by_credential(tx: Connection, credential: str) -> Factor | None:
    """The passkey with this id."""
    row = tx.execute(_BY_CREDENTIAL, {"held": credential}).one_or_none()
    return _factor(row) if row is not None else None


def any_signs_in(tx: Connection, emails: Iterable[str], partner: str) -> bool:
    """Whether one of the people with these addresses is bound at `partner` and has a passkey that verifies its user."""
    found = (
        select(people.c.id)
        .where(
            people.c.email.in_(list(emails)),
            exists().where(identities.c.person_id == people.c.id, identities.c.partner == partner),
            exists().where(_F.person_id == people.c.id, _F.method == Method.PASSKEY.value, _F.verified),
        )
        .limit(1)
    )
    return tx.execute(found).first() is not None


def add(tx: Connection, factor: Factor) -> bool:
    """Insert a factor; False if its credential is somebody's already."""
    if factor.credential is not None:
        known = select(exists().where(_F.credential == factor.credential))
        if tx.execute(known).scalar():
            return False
    row = {name: getattr(factor, name) for name in _PLAIN}
    tx.execute(insert(factors).values(**row, method=factor.method.value, transports=list(factor.transports)))
    return True


def take_step(tx: Connection, factor_id: str, step: int, now: int) -> bool:
    """Use up a time step; False if it, or a later one, was used before (RFC 6238 5.2, MF-01)."""
    return tx.execute(_TAKE_STEP, {"factor": factor_id, "step": step, "now": now}).rowcount == 1


def counted(tx: Connection, factor_id: str, count: int, *, checks: bool, now: int) -> bool:
    """A passkey was used; False if its counter did not go up: there are two of it. checks: it verified who holds it."""
    values = {"factor": factor_id, "count": count, "checks": checks, "now": now}
    return tx.execute(_COUNTED, values).rowcount == 1


def copied(tx: Connection, factor_id: str, now: int, pause: int) -> bool:
    """Note that a passkey seems to have a copy; False if that was noted within so many seconds before."""
    return tx.execute(_COPIED, {"factor": factor_id, "now": now, "before": now - pause}).rowcount == 1


def rename(tx: Connection, factor_id: str, person_id: str, name: str) -> bool:
    """Give a factor a name; False if it is not this person's."""
    mine = (_F.id == factor_id) & (_F.person_id == person_id)
    return tx.execute(update(factors).where(mine).values(name=name)).rowcount == 1


def remove(tx: Connection, factor_id: str, person_id: str) -> bool:
    """Delete a factor; False if it is not this person's."""
    return tx.execute(delete(factors).where(_F.id == factor_id, _F.person_id == person_id)).rowcount == 1


def remove_all(tx: Connection, person_id: str) -> int:
    """Delete every factor and recovery code of a person; the number of factors."""
    tx.execute(delete(recovery_codes).where(_R.person_id == person_id))
    return tx.execute(delete(factors).where(_F.person_id == person_id)).rowcount


def set_codes(tx: Connection, person_id: str, hashes: Iterable[str], now: int) -> None:
    """A new set of recovery codes in place of the old one."""
    tx.execute(delete(recovery_codes).where(_R.person_id == person_id))
    tx.execute(insert(recovery_codes), [{"hash": value, "person_id": person_id, "created_at": now} for value in hashes])


def take_code(tx: Connection, person_id: str, code: str, now: int) -> bool:
    """Use up a recovery code by its hash; False if it is unknown, used or somebody else's (MF-08)."""
    return tx.execute(_TAKE_CODE, {"code": code, "person": person_id, "now": now}).rowcount == 1


def codes_left(tx: Connection, person_id: str) -> int:
    """How many recovery codes are unused."""
    count = select(func.count()).select_from(recovery_codes).where(_R.person_id == person_id, _R.used_at.is_(None))
    return int(tx.execute(count).scalar_one())
