"""One change of a guest's state, in the transaction of its cause: state, ends, schedule and audit event together."""

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

_NAMES = {  # names of events; other acts have their own
    Act.BLOCK: "guest.blocked",
    Act.UNBLOCK: "guest.unblocked",
    Act.RENEW: "guest.renewed",
    Act.EXPIRE: "guest.expired",
    Act.DELETE: "guest.deleted",
}
_STOPS = (Act.BLOCK, Act.EXPIRE, Act.DELETE)


def rules_of(settings: Settings) -> Rules:
    """The rules of the files about the ends of access."""
    guests = settings.broker.guests
    return Rules(
        lifetime=guests.lifetime, inactive=guests.inactive, sponsor_required=guests.sponsor_required, restore=guests.restore
    )


def schedule(person: Person, rules: Rules, now: int) -> dict[str, Any]:
    """The columns with the time when housekeeping processes this person next; set them with every change of state or end."""
    found = plan(person, rules, now)
    return {"due_at": now if found.step is not None else found.due_at}


def begin(person: Person, rules: Rules, now: int) -> dict[str, Any]:
    """The columns of a guest who accepts the invitation now: their access gets the end that the rules give."""
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


def admit(tx: Connection, person: Person, sponsor: str | None, now: int, rules: Rules) -> Person:
    """A person who signed up becomes a guest with access. sponsor: who answers for them."""
    values: dict[str, Any] = {
        "state": GuestState.ACTIVE.value,
        **begin(person, rules, now),
        "last_sign_in": None,
        "answered_at": None,
    }
    if sponsor is not None:
        values |= {"sponsor": sponsor, "orphaned_at": None}
    people.change(tx, person.id, values)
    return people.by_id(tx, person.id) or person


def invited_again(person: Person, until: int | None, rules: Rules, now: int) -> dict[str, Any]:
    """The columns of a guest who is invited again: if their access ended, they wait for acceptance like a new guest.

    until: the end that the invitation names, if any. Raises Conflict if an invitation cannot help (blocked, deleted).
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
    """Changes the state as domain/guest_states.py permits, else raises Conflict; returns the person. It ends access in the same
    transaction if the new state has none (SC-06).

    values: other columns to change. reason: written by a person, so it may name somebody and is stored as a personal value that a
    deletion removes (HT-18). but: a kind of question that stays open although access ends (FA-03).
    """
    state = move(person.state, act, redeemed=person.redeemed_at is not None)
    changed, told = dict(values or {}), dict(data or {}) | {"state_before": person.state.value, "state_after": state.value}
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
    """Deletes a person: access ends, personal data is deleted, the audit keeps pseudonyms (LP-05). Returns table -> deleted rows.

    reason: stays in the audit, so it must not name anybody. Raises Conflict for a person who is deleted already.
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
