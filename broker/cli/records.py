"""Records as commands print them: one function a kind, for `--json` and for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from broker.cli.output import plain, when

if TYPE_CHECKING:
    from broker.services.access.views import AssignmentView
    from broker.services.guests.views import GuestRow


def guest_record(person: GuestRow) -> dict[str, Any]:
    """A guest."""
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "state": person.state.value,
        "partner": person.partner,
        "sponsor": person.sponsor,
        "expires_at": when(person.expires_at),
        "last_sign_in": when(person.last_sign_in),
        "created_at": when(person.created_at),
    }


def assignment_record(one: AssignmentView) -> dict[str, Any]:
    """An assignment."""
    return {
        "id": one.id,
        "application": one.application,
        "principal": one.principal.value,
        "principal_id": one.principal_id,
        "name": one.name,
        "role": one.role or None,
        "starts_at": when(one.starts_at),
        "ends_at": when(one.ends_at),
        "status": one.status,
    }


def mail_record(mail: Any) -> dict[str, Any]:
    """An e-mail and how far its delivery is."""
    return {
        "kind": mail.kind.value,
        "recipient": mail.recipient,
        "status": mail.status,
        "problem": mail.problem,
        "tries": mail.tries,
        "created_at": when(mail.created_at),
        "sent_at": when(mail.sent_at),
        "next_try_at": when(mail.next_try_at),
    }


def mail_line(mail: dict[str, Any]) -> str:
    """The same in one line, for people."""
    if mail["status"] == "sent":
        return f"Mail sent to {mail['recipient']}."
    problem = plain(mail["problem"] or "not tried yet")
    again = f"; next try {mail['next_try_at']} (by broker serve, or broker maintain)" if mail["next_try_at"] else ""
    return f"Mail to {mail['recipient']} {mail['status']}: {problem}{again}"
