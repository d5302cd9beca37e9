"""Requests of devices that wait for a person (RFC 8628). All codes are stored by their hashes (HT-4)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from broker.domain.ids import digest
from broker.domain.token import DeviceRequest
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import device_codes

_C = device_codes.c
_INSERT = insert(device_codes)
_COLUMNS = (_C.client_id, _C.scopes, _C.expires_at, _C.polled_at, _C.pause, _C.grant_id, _C.denied_at, _C.spent_at)
_OPEN = (_C.expires_at > bindparam("now"), _C.grant_id.is_(None), _C.denied_at.is_(None))
_BY_USER_CODE = select(*_COLUMNS).where(_C.user_code == bindparam("hash"), *_OPEN)
_BY_DEVICE_CODE = select(*_COLUMNS).where(_C.device_code == bindparam("hash"), _C.client_id == bindparam("client"))


def add(
    tx: Connection,
    *,
    device_code: str,
    user_code: str,
    client_id: str,
    scopes: Sequence[str],
    pause: int,
    now: int,
    expires_at: int,
) -> None:
    """Insert a request. pause: seconds between two questions of the device."""
    row = {"device_code": digest(device_code), "user_code": digest(user_code), "client_id": client_id, "scopes": list(scopes)}
    tx.execute(_INSERT, {**row, "pause": pause, "created_at": now, "expires_at": expires_at})


def of_user_code(tx: Connection, user_code: str, now: int) -> DeviceRequest | None:
    """The request that waits for a person; None if the code is unknown, over or answered."""
    row = tx.execute(_BY_USER_CODE, {"hash": digest(user_code), "now": now}).mappings().first()
    return _request(row) if row else None


def of_device_code(tx: Connection, device_code: str, client_id: str) -> DeviceRequest | None:
    """The request of a device code of this client, one that is over, too."""
    row = tx.execute(_BY_DEVICE_CODE, {"hash": digest(device_code), "client": client_id}).mappings().first()
    return _request(row) if row else None


def begin(tx: Connection, user_code: str, handle: str, now: int) -> bool:
    """A sign-in for this request begins, and is known by `handle`: the newest one counts. False if the request is answered or over."""
    statement = update(device_codes).where(_C.user_code == digest(user_code), *_OPEN)
    return tx.execute(statement.values(handle=digest(handle)), {"now": now}).rowcount == 1


def allow(tx: Connection, handle: str, grant_id: str, client_id: str, now: int) -> bool:
    """The sign-in of this handle ended in a grant, once. False if the request is answered or over."""
    statement = update(device_codes).where(_C.handle == digest(handle), _C.client_id == client_id, *_OPEN)
    return tx.execute(statement.values(grant_id=grant_id), {"now": now}).rowcount == 1


def deny(tx: Connection, now: int, *, user_code: str | None = None, handle: str | None = None) -> bool:
    """The person refused, or may not. Named by the user code, or by the handle of their sign-in."""
    which = _C.user_code == digest(user_code) if user_code is not None else _C.handle == digest(handle or "")
    return tx.execute(update(device_codes).where(which, *_OPEN).values(denied_at=now), {"now": now}).rowcount == 1


def note(tx: Connection, device_code: str, now: int, pause: int) -> None:
    """The device asked. pause: seconds until it may ask again."""
    tx.execute(update(device_codes).where(_C.device_code == digest(device_code)).values(polled_at=now, pause=pause))


def take(tx: Connection, device_code: str, client_id: str, now: int) -> str | None:
    """Spend an allowed request, once (HT-3): its grant's id; None if there is nothing to spend."""
    mine = (_C.device_code == digest(device_code), _C.client_id == client_id, _C.grant_id.is_not(None))
    statement = update(device_codes).where(*mine, _C.spent_at.is_(None), _C.expires_at > now).values(spent_at=now)
    return tx.execute(statement.returning(_C.grant_id)).scalar_one_or_none()


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete requests that were over before a time."""
    return delete_some(tx, device_codes, _C.expires_at < before, _C.expires_at, limit)


def _request(m: RowMapping) -> DeviceRequest:
    return DeviceRequest(
        client_id=m["client_id"],
        scopes=tuple(m["scopes"]),
        expires_at=m["expires_at"],
        polled_at=m["polled_at"],
        pause=m["pause"],
        grant_id=m["grant_id"],
        denied=m["denied_at"] is not None,
        spent=m["spent_at"] is not None,
    )
