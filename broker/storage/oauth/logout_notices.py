"""Notices of logout to applications (HP-56). They are rows of the transaction that ended the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from broker.domain.ids import new_id
from broker.domain.login import application_sid
from broker.storage.delivery.delivery_queue import DeliveryQueue, LeasedNotice
from broker.storage.tables import logout_notices

_ADD = insert(logout_notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedLogout(LeasedNotice):
    """A notice of logout that this holder alone may send now. listener: the client_id. sid: the one that the application received."""

    sid: str
    sub: str


QUEUE = DeliveryQueue(
    name="logouts", table=logout_notices, listener=logout_notices.c.client_id, notice=LeasedLogout, emptied=("sid", "sub")
)


def add(tx: Connection, ended: Mapping[tuple[str, str], str], now: int) -> None:
    """Queue a notice for each (client_id, session) -> sub, in the transaction that ended it; no statement if there is none."""
    rows = [
        {"id": new_id(), "client_id": client_id, "sid": application_sid(sid, client_id), "sub": sub, "created_at": now, "next_try_at": now}
        for (client_id, sid), sub in ended.items()
    ]  # fmt: skip
    if rows:
        tx.execute(_ADD, rows)
