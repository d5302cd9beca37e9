"""Invitations: a ticket is stored as its hash and taken once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select, update

from broker.domain.invitation import Invitation, Status
from broker.storage.dialects import for_both, run
from broker.storage.tables import accepted_identities, invitations

_FIELDS = (
    "id", "person_id", "email", "redirect_url", "application", "language", "message", "inviter", "invited_by", "created_at",
    "expires_at", "redeemed_at",
)  # fmt: skip
_ACCEPT = for_both(
    accepted_identities, lambda row: row.on_conflict_do_nothing(index_elements=["invitation_id", "partner", "issuer", "subject"])
)


def _invitation(row: Row[Any]) -> Invitation:
    m = row._mapping
    return Invitation(**{name: m[name] for name in _FIELDS}, status=Status(m["status"]))


def add(tx: Connection, invitation: Invitation, ticket: str) -> None:
    """Insert an invitation; `ticket` is the hash of its secret."""
    values = {name: getattr(invitation, name) for name in _FIELDS}
    tx.execute(insert(invitations).values(**values, status=invitation.status.value, ticket=ticket))


def revoke_pending(tx: Connection, person_id: str) -> int:
    """Take back every pending invitation of a person; the number of them."""
    c = invitations.c
    statement = update(invitations).where(c.person_id == person_id, c.status == Status.PENDING.value)
    return tx.execute(statement.values(status=Status.REVOKED.value)).rowcount


def by_ticket(tx: Connection, ticket: str) -> Invitation | None:
    """The invitation that a ticket's hash belongs to, whatever its status."""
    row = tx.execute(select(invitations).where(invitations.c.ticket == ticket)).first()
    return _invitation(row) if row else None


def by_id(tx: Connection, invitation_id: str) -> Invitation | None:
    """One invitation."""
    row = tx.execute(select(invitations).where(invitations.c.id == invitation_id)).first()
    return _invitation(row) if row else None


def hold(tx: Connection, invitation_id: str) -> bool:
    """Keep an invitation from being deleted until this transaction ends; False if there is none any more."""
    c = invitations.c
    return tx.execute(select(c.id).where(c.id == invitation_id).with_for_update(read=True, key_share=True)).first() is not None


def latest_of(tx: Connection, person_id: str) -> Invitation | None:
    """The newest invitation of a person; of several in one second the living one."""
    c = invitations.c
    order = (c.created_at.desc(), c.status == Status.PENDING.value)
    row = tx.execute(select(invitations).where(c.person_id == person_id).order_by(order[0], order[1].desc()).limit(1)).first()
    return _invitation(row) if row else None


def page(
    tx: Connection, now: int, *, status: Status | None = None, person_id: str | None = None, after: str = "", limit: int
) -> list[Invitation]:
    """Invitations, the newest first, a page behind the one with the id `after`; of one status as it is at `now`, of one person."""
    c = invitations.c
    statement = select(invitations)
    if person_id is not None:
        statement = statement.where(c.person_id == person_id)
    if status is not None:
        written = Status.PENDING if status is Status.EXPIRED else status
        statement = statement.where(c.status == written.value)
    if status in (Status.PENDING, Status.EXPIRED):
        statement = statement.where(c.expires_at > now if status is Status.PENDING else c.expires_at <= now)
    if after:
        last = by_id(tx, after)
        if last is None:
            return []
        statement = statement.where(c.created_at <= last.created_at, or_(c.created_at < last.created_at, c.id < after))
    rows = tx.execute(statement.order_by(c.created_at.desc(), c.id.desc()).limit(limit))
    return [_invitation(row) for row in rows]


def revoke(tx: Connection, invitation_id: str) -> bool:
    """Take one pending invitation back; False if it is redeemed or revoked."""
    c = invitations.c
    statement = update(invitations).where(c.id == invitation_id, c.status == Status.PENDING.value)
    return tx.execute(statement.values(status=Status.REVOKED.value)).rowcount == 1


def is_replaced(tx: Connection, invitation: Invitation) -> bool:
    """Whether a newer invitation of the same person exists."""
    c = invitations.c
    newer = exists().where(c.person_id == invitation.person_id, c.id != invitation.id, c.created_at >= invitation.created_at)
    return bool(tx.execute(select(newer)).scalar())


def take(tx: Connection, invitation_id: str, now: int) -> bool:
    """Redeem: one conditional UPDATE; False if it was redeemed, revoked or is over (HT-3, IN-03)."""
    c = invitations.c
    statement = update(invitations).where(c.id == invitation_id, c.status == Status.PENDING.value, c.expires_at > now)
    return tx.execute(statement.values(status=Status.REDEEMED.value, redeemed_at=now)).rowcount == 1


def accept_identity(tx: Connection, invitation_id: str, partner: str, issuer: str, subject: str, now: int) -> None:
    """Let an identity redeem an invitation that was not sent to its address (AL-04)."""
    names = {"invitation_id": invitation_id, "partner": partner, "issuer": issuer, "subject": subject}
    run(tx, _ACCEPT, names | {"accepted_at": now})


def accepts(tx: Connection, invitation_id: str, partner: str, issuer: str, subject: str) -> bool:
    """Whether this very identity was accepted for the invitation, in exact bytes."""
    c = accepted_identities.c
    found = (c.invitation_id == invitation_id, c.partner == partner, c.issuer == issuer, c.subject == subject)
    return tx.execute(select(c.invitation_id).where(*found)).first() is not None
