"""Set-up links: a ticket is stored as its hash; what changes a link is one conditional statement."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from broker.domain.setup_link import SetupLink
from broker.storage.batches import BATCH, delete_some
from broker.storage.tables import setup_links

_C = setup_links.c
_PLAIN = ("id", "partner", "name", "language", "email", "private", "created_at", "expires_at", "revoked_at")


def _link(row: Row[Any]) -> SetupLink:
    m = row._mapping
    return SetupLink(**{name: m[name] for name in _PLAIN}, domains=tuple(json.loads(m["domains"])))


def add(tx: Connection, link: SetupLink, ticket: str) -> None:
    """Insert a link; `ticket` is the hash of its secret."""
    row = {name: getattr(link, name) for name in _PLAIN} | {"domains": json.dumps(link.domains)}
    tx.execute(insert(setup_links).values(**row, ticket=ticket))


def by_id(tx: Connection, link_id: str) -> SetupLink | None:
    """The link with this id."""
    row = tx.execute(select(setup_links).where(_C.id == link_id)).first()
    return _link(row) if row else None


def living(tx: Connection, ticket: str, now: int) -> SetupLink | None:
    """The link of a ticket's hash, if it opens something."""
    free = (_C.ticket == ticket, _C.revoked_at.is_(None), _C.expires_at > now)
    row = tx.execute(select(setup_links).where(*free)).first()
    return _link(row) if row else None


def page(tx: Connection, *, before: tuple[int, str] | None = None, limit: int) -> list[SetupLink]:
    """Links, the newest first, behind the (created_at, id) `before`."""
    statement = select(setup_links)
    if before is not None:
        statement = statement.where(_C.created_at <= before[0], or_(_C.created_at < before[0], _C.id < before[1]))
    return [_link(row) for row in tx.execute(statement.order_by(_C.created_at.desc(), _C.id.desc()).limit(limit))]


def revoke(tx: Connection, link_id: str, now: int) -> bool:
    """The link opens nothing any more; False if it opened nothing before."""
    free = (_C.id == link_id, _C.revoked_at.is_(None), _C.expires_at > now)
    return tx.execute(update(setup_links).where(*free).values(revoked_at=now)).rowcount == 1


def purge(tx: Connection, before: int, limit: int = BATCH) -> int:
    """Delete links that were over before a time."""
    return delete_some(tx, setup_links, _C.expires_at < before, _C.expires_at, limit)
