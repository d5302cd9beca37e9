"""One act of a guest's life, in the transaction of whoever causes it: state, ends, schedule and audit event together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.expiry_rules import Rules, plan
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.guest_states import Act, move
from broker.domain.question import QuestionKind
from broker.services.history import audit
from broker.services.messages.withdrawals import withdraw
from broker.services.sessions.revocation import end_access
from broker.settings.load import Settings
from broker.storage.directory import erasure, guest_schedule, people
from broker.storage.engine import Connection

_NAMES = {  # of the events; the others name theirs
    Act.BLOCK: "guest.blocked",
    Act.UNBLOCK: "guest.unblocked",
    Act.RENEW: "guest.renewed",
    Act.EXPIRE: "guest.expired",
    Act.DELETE: "guest.deleted",
}
_STOPS = (Act.BLOCK, Act.EXPIRE, Act.DELETE)


def rules_of(settings: Settings) -> Rules:
    """What the files say about the ends of access."""
    guests = settings.broker.guests
    return Rules(
        lifetime=guests.lifetime, inactive=guests.inactive, sponsor_required=guests.sponsor_required, restore=guests.restore
    )


def schedule(person: Person, rules: Rules, now: int) -> dict[str, Any]:
    """The columns that say when housekeeping looks at this person next; to be set with every change of state or end."""
    found = plan(person, rules, now)
    return {"due_at": now if found.step is not None else found.due_at}


def begin(person: Person, rules: Rules, now: int) -> dict[str, Any]:
    """The columns of a guest who accepts the invitation now: access has an end from here on, where the rules know one."""
    end = person.expires_at if person.expires_at is not None else now + rules.lifetime if rules.lifetime else None
    began = replace(person, state=GuestState.ACTIVE, redeemed_at=now, last_sign_in=now, expires_at=end, notices=0)
    return {
        "redeemed_at": now,
        "last_sign_in": now,
        "answered_at": now,
        "expires_at": end,
        "notices": 0,
        **schedule(began, rules, now),
    }


def invited_again(person: Person, until: int | None, rules: Rules, now: int) -> dict[str, Any]:
    """The columns of a guest who is invited once more: one whose access ended waits for the acceptance, as a new one does.

    until: the end that the invitation names, if it does. Raises Conflict where no invitation helps (blocked, deleted).
    """
    over = person.is_expired(now)
    state = move(GuestState.EXPIRED if over else person.state, Act.INVITE)
    values: dict[str, Any] = {"state": state.value, "expires_at": until, "redeemed_at": None} if over else {}
    if until is not None:
        values["expires_at"] = until
    if not values:
        return {}
    after = replace(person, state=state, expires_at=values["expires_at"], notices=0)
    return values | {"notices": 0} | schedule(after, rules, now)


def carry_out(
    tx: Connection,
    actor: Actor,
    person: Person,
    act: Act,
    now: int,
    rules: Rules,
    *,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
    data: Mapping[str, object] | None = None,
    but: QuestionKind | None = None,
) -> Person:
    """The person after a legal move; what stops access ends it with this transaction (SC-06). Raises Conflict (domain/guest_states.py).

    values: other columns that change with it. reason: why, in the words of a person; they may name somebody, so they stand
    where a deletion empties them (HT-18). but: a kind of question that stays open although access stops (FA-03).
    """
    state = move(person.state, act, redeemed=person.redeemed_at is not None)
    changed, told = dict(values or {}), dict(data or {})
    if act in _STOPS:
        ended = end_access(tx, person.id, now)
        closed = withdraw(tx, actor, person, now, reason=f"guest_{state}", but=but)
        changed = closed.values | changed
        told |= {"sessions": ended.sessions, "applications": list(ended.clients)} | closed.to_data()
        if person.kind is PersonKind.MEMBER:
            guest_schedule.ask_others(tx, person.email, now)
    after = replace(person, state=state, **changed)
    people.change(tx, person.id, {"state": state.value, **changed, **schedule(after, rules, now)})
    personal = {"reason": reason} if reason else {}
    audit.record(tx, Event(name=_NAMES[act], actor=actor, subject=person.id, data=told, personal=personal), now)
    return after


def remove(tx: Connection, actor: Actor, person: Person, now: int, *, reason: str) -> dict[str, int]:
    """Delete: access ends, personal data leaves, the audit keeps its pseudonyms (LP-05). How many rows went.

    reason: stays in the audit for ever, so it names nobody. Raises Conflict for somebody who is deleted already.
    """
    move(person.state, Act.DELETE)
    erasure.forget_tokens(tx, person.id)
    ended = end_access(tx, person.id, now)
    if person.kind is PersonKind.MEMBER:
        guest_schedule.ask_others(tx, person.email, now)
        guest_schedule.release(tx, person.email, now)
    gone = erasure.forget(tx, person, people.identities_of(tx, person.id))
    data = {"sessions": ended.sessions, "applications": list(ended.clients), "rows": gone}
    event = Event(name="guest.deleted", actor=replace(actor, address=""), subject=person.id, reason=reason, data=data)
    audit.record(tx, event, now)
    return gone
