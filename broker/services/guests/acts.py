"""What staff does to one guest, within the transaction of its cause: a use case does it to one guest, a job to many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, Invalid
from broker.domain.expiry_rules import LAST, Rules
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.guest_states import Act
from broker.domain.question import QuestionKind
from broker.services.guests.transitions import carry_out, remove
from broker.services.history import audit
from broker.services.sessions.revocation import Ended, end_access
from broker.storage.engine import Connection
from broker.storage.operations import mail_questions


def change(
    tx: Connection,
    actor: Actor,
    person: Person,
    act: Act,
    now: int,
    rules: Rules,
    *,
    reason: str = "",
    values: Mapping[str, Any] | None = None,
) -> Person:
    """Changes the state; values: other columns, such as those of `renewal`. Raises Conflict."""
    changed = dict(values or {})
    data = {"expires_at": changed["expires_at"], "before": person.expires_at} if "expires_at" in changed else {}
    after = carry_out(tx, actor, person, act, now, rules, values=changed, reason=reason, data=data)
    if act is Act.RENEW:
        mail_questions.close(tx, person.id, QuestionKind.RENEW, now)
    return after


def renewal(person: Person, rules: Rules, now: int, *, until: int | None, forever: bool = False) -> dict[str, Any]:
    """The columns of a renewed access. Raises Conflict (a member, too late to restore), Invalid (no such time)."""
    if person.kind is PersonKind.MEMBER:
        raise Conflict(f"{person.email} is a member: members have no end to renew", "is_member")
    if person.state is GuestState.EXPIRED and now >= (person.expires_at or now) + rules.restore:
        raise Conflict("it is too late to restore this access; invite the guest again", "restore_over")
    return {"expires_at": None if forever else end_of(until, rules, now), "notices": 0, "last_sign_in": seen(person, now)}


def sign_out(tx: Connection, actor: Actor, person: Person, now: int, *, reason: str = "") -> Ended:
    """Ends every session and token, also of applications."""
    ended = end_access(tx, person.id, now)
    data = {"sessions": ended.sessions, "applications": list(ended.clients)}
    personal = {"reason": reason} if reason else {}
    audit.record(tx, Event(name="guest.signed_out", actor=actor, subject=person.id, data=data, personal=personal), now)
    return ended


def delete(tx: Connection, actor: Actor, person: Person, now: int, *, reason: str = "") -> Mapping[str, int]:
    """Deletes a person for good; table -> deleted rows. Raises Conflict, Invalid (the reason names them)."""
    _names_nobody(person, reason)
    return remove(tx, actor, person, now, reason=reason)


def seen(person: Person, now: int) -> int | None:
    """The renewal of an ended access counts as a sign-in; otherwise inactivity would end it again."""
    return now if person.state is GuestState.EXPIRED else person.last_sign_in


def end_of(until: int | None, rules: Rules, now: int) -> int:
    """The new end of an access. until None: `guests.lifetime` from now on. Raises Invalid."""
    if until is None and rules.lifetime is None:
        raise Invalid("say until when: guests.lifetime is not set in config/broker.yaml", "until_missing")
    end = until if until is not None else now + (rules.lifetime or 0)
    if not now < end <= LAST:
        raise Invalid("the end must lie in the future, and before the year 2100", "until_invalid")
    return end


def _names_nobody(person: Person, reason: str) -> None:
    """The reason of a deletion stays when the guest's data is gone (LP-05). Raises Invalid."""
    words = [person.email, person.email.partition("@")[0], person.name, *person.name.split()]
    said = reason.casefold()
    if any(len(word) > 2 and word.casefold() in said for word in words):
        raise Invalid("the reason of a deletion stays in the audit: it must not name the guest", "reason_names")
