"""People who signed up and have no access."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select

from broker.domain.guest import GuestState
from broker.storage.tables import access_requests, invitations, people

_P, _R, _I = people.c, access_requests.c, invitations.c


def without_access(tx: Connection, before: int, limit: int, *, only: str | None = None) -> list[str]:
    """Who signed up before a time, and has neither a request that was still live at that time nor a pending invitation: their ids."""
    live = exists().where(_R.person_id == _P.id, _R.expires_at > before)
    invited = exists().where(_I.person_id == _P.id, _I.status == "pending")
    waits = (_P.state == GuestState.INVITED.value) & _P.redeemed_at.is_(None) & (_P.signed_up_at <= before)
    statement = select(_P.id).where(waits, ~live, ~invited)
    if only is not None:
        statement = statement.where(_P.id == only)
    return [str(row[0]) for row in tx.execute(statement.order_by(_P.signed_up_at).limit(limit))]
