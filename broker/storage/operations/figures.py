"""How many rows there are of what operators watch."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Select, func, select

from broker.domain.times import DAY, HOUR, MINUTE
from broker.storage.tables import (
    access_requests,
    event_deliveries,
    invitations,
    logins,
    logout_notices,
    outbox,
    people,
    receipts,
    reviews,
    sessions,
)


def figures(tx: Connection, now: int) -> dict[str, tuple[str, float]]:
    """Metric name -> (help text, value)."""
    recent = receipts.c.at > now - HOUR
    wanted: dict[str, tuple[str, Select[int]]] = {
        "guests": ("People in the directory, deleted ones left out", select(func.count()).where(people.c.email.is_not(None))),
        "sessions": ("Live sessions", select(func.count()).where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now)),
        "logins_open": ("Logins under way", select(func.count()).where(logins.c.stage != "closed", logins.c.expires_at > now)),
        "invitations_pending": (
            "Invitations that can be accepted",
            select(func.count()).where(invitations.c.status == "pending"),
        ),
        "access_requests_open": (
            "Requests for access that wait for an answer",
            select(func.count()).where(access_requests.c.state == "open", access_requests.c.expires_at > now),
        ),
        "reviews_open": ("Reviews of access that run", select(func.count()).where(reviews.c.state != "closed")),
        "event_deliveries_waiting": (
            "Notices of guest events that wait for delivery",
            select(func.count()).where(event_deliveries.c.next_try_at.is_not(None)),
        ),
        "event_deliveries_given_up_24h": (
            "Notices of guest events that were given up in the last day",
            select(func.count()).where(event_deliveries.c.failed_at > now - DAY),
        ),
        "logout_notices_waiting": (
            "Notices of logout that wait for an application",
            select(func.count()).where(logout_notices.c.next_try_at >= 0),
        ),
        "logout_notices_late": (
            "Notices of logout that have waited for more than five minutes",
            select(func.count()).where(logout_notices.c.next_try_at >= 0, logout_notices.c.created_at < now - 5 * MINUTE),
        ),
        "outbox_waiting": ("E-mails that wait", select(func.count()).where(outbox.c.next_try_at.is_not(None))),
        "outbox_given_up_24h": (
            "E-mails that were given up in the last day",
            select(func.count()).where(outbox.c.failed_at.is_not(None), outbox.c.failed_at > now - DAY),
        ),
        "sign_ins_allowed_1h": ("Sign-ins of the last hour that ended in the application", _receipts(recent, "allowed")),
        "sign_ins_blocked_1h": ("Sign-ins of the last hour that were refused by rule", _receipts(recent, "blocked")),
        "sign_ins_failed_1h": ("Sign-ins of the last hour that failed", _receipts(recent, "failed")),
    }
    found = {name: (text, float(tx.execute(query).scalar() or 0)) for name, (text, query) in wanted.items()}
    return found | outbox_age(tx, now)


def outbox_age(tx: Connection, now: int) -> dict[str, tuple[str, float]]:
    """The same for the time that e-mails have waited."""
    waits = outbox.c.next_try_at.is_not(None)
    due = tx.execute(select(func.min(outbox.c.next_try_at)).where(waits)).scalar()
    oldest = tx.execute(select(func.min(outbox.c.created_at)).where(waits)).scalar()
    return {
        "outbox_late_seconds": ("How long an e-mail has waited since it was due", max(0.0, float(now - due)) if due else 0.0),
        "outbox_oldest_seconds": ("Age of the oldest e-mail that waits", max(0.0, float(now - oldest)) if oldest else 0.0),
    }


def _receipts(recent: ColumnElement[bool], outcome: str) -> Select[int]:
    return select(func.count()).where(recent, receipts.c.outcome == outcome)
