"""Links for administrators: a ticket is stored as its hash and taken once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from broker.domain.administrator_link import AdministratorLink
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import administrator_links

_C = administrator_links.c
_PLAIN = ("id", "email", "created_at", "expires_at", "spent_at")


def _link(row: Row[Any]) -> AdministratorLink:
    return AdministratorLink(**{name: row._mapping[name] for name in _PLAIN})


def add(tx: Connection, link: AdministratorLink, ticket: str) -> None:
    """Insert a link; `ticket` is the hash of its secret."""
    tx.execute(insert(administrator_links).values(**{name: getattr(link, name) for name in _PLAIN}, ticket=ticket))


def living(tx: Connection, ticket: str, now: int) -> AdministratorLink | None:
    """The link of a ticket's hash, if it can still be used."""
    free = (_C.ticket == ticket, _C.spent_at.is_(None), _C.expires_at > now)
    row = tx.execute(select(administrator_links).where(*free)).first()
    return _link(row) if row else None


def take(tx: Connection, ticket: str, now: int) -> AdministratorLink | None:
    """Spend it: one conditional UPDATE; None if the ticket is unknown, over or was used (HT-3)."""
    free = (_C.ticket == ticket, _C.spent_at.is_(None), _C.expires_at > now)
    row = tx.execute(update(administrator_links).where(*free).values(spent_at=now).returning(administrator_links)).first()
    return _link(row) if row else None


def end_of(tx: Connection, email: str, now: int) -> int:
    """Earlier links of this address open nothing any more; the number of them."""
    free = (_C.email == email, _C.spent_at.is_(None), _C.expires_at > now)
    return tx.execute(update(administrator_links).where(*free).values(spent_at=now)).rowcount


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete links that were over before a time."""
    return delete_some(tx, administrator_links, _C.expires_at < before, _C.expires_at, limit)
