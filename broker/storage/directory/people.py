"""People and their identities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, Update, bindparam, delete, select, update

from broker.domain.group import folded
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.storage.dialects import for_both, run
from broker.storage.tables import identities, invitations, people, sessions


def person_of(row: Row[Any]) -> Person:
    """The record of a row of `people`."""
    m = row._mapping
    return Person(
        **{name: m[name] for name in _PLAIN},
        kind=PersonKind(m["kind"]),
        state=GuestState(m["state"]),
        email=m["email"] or "",
        profile=m["profile"] or {},
        details=m["details"] or {},
    )


_PLAIN = (
    "id",
    "email_verified",
    "name",
    "language",
    "partner",
    "sponsor",
    "created_at",
    "signed_up_at",
    "redeemed_at",
    "expires_at",
    "last_sign_in",
    "answered_at",
    "orphaned_at",
    "due_at",
    "notices",
    "mfa_at",
    "vouched_until",
)
_SHOWN = frozenset(  # columns of what programs are shown
    {"kind", "state", "email", "name", "language", "profile", "details", "signed_up_at", "redeemed_at"}
)
_P, _I = people.c, identities.c
_IDENTITY = ("partner", "issuer", "subject", "person_id", "bound_at", "asserted_email", "asserted_name")

_ADD = for_both(people, lambda row: row.on_conflict_do_nothing(index_elements=["email"]))
_BIND = for_both(identities, lambda row: row.on_conflict_do_nothing(index_elements=["partner", "issuer", "subject"]))
_BY_ID = select(people).where(_P.id == bindparam("person"))
_BY_EMAIL = select(people).where(_P.email == bindparam("address"))
_BY_IDENTITY = (
    select(people, _I.asserted_email, _I.asserted_name)
    .join(identities, _I.person_id == _P.id)
    .where(_I.partner == bindparam("partner"), _I.issuer == bindparam("issuer"), _I.subject == bindparam("subject"))
)
_OF_SESSION = (
    select(people)
    .join(sessions, sessions.c.person_id == _P.id)
    .where(sessions.c.sid == bindparam("session"), sessions.c.ended_at.is_(None))
)
_BY_CODE = (
    select(people)
    .join(identities, _I.subject == _P.id)
    .where(
        _P.email == bindparam("address"),
        _P.kind == PersonKind.GUEST.value,
        _I.person_id == _P.id,
        _I.partner == bindparam("partner"),
        _I.issuer == bindparam("issuer"),
    )
)
_UNBIND = delete(identities).where(
    _I.partner == bindparam("partner"), _I.issuer == bindparam("issuer"), _I.subject == bindparam("subject")
)
_PENDING = (
    select(invitations.c.id)
    .join(people, _P.id == invitations.c.person_id)
    .where(
        _P.email == bindparam("address"),
        _P.state == GuestState.INVITED.value,
        invitations.c.status == "pending",
        invitations.c.expires_at > bindparam("now"),
    )
    .with_for_update(key_share=True, of=people)
)


def _held(statement: Select[Any]) -> Select[Any]:
    """The same with a lock on its rows that leaves foreign keys alone (SQLite has one writer anyway)."""
    return statement.with_for_update(key_share=True)


@cache  # a handful of sets of columns
def _change(*columns: str) -> Update:
    return update(people).where(_P.id == bindparam("person")).values({_P[name]: bindparam(f"new_{name}") for name in columns})


def folded_name(name: str) -> str:
    """What a search by name compares: no case, no compatibility forms, as long as its column."""
    return folded(name)[:256]


def add(tx: Connection, person: Person) -> bool:
    """Insert a person; False if the address belongs to somebody already (never two persons for one address)."""
    row = {name: getattr(person, name) for name in _PLAIN} | {
        "kind": person.kind.value,
        "state": person.state.value,
        "email": person.email,
        "email_reversed": person.email[::-1],
        "folded_name": folded_name(person.name),
        "orphaned_at": person.created_at if person.kind is PersonKind.GUEST and person.sponsor is None else person.orphaned_at,
        "profile": dict(person.profile),
        "details": dict(person.details),
    }
    return run(tx, _ADD, row).rowcount == 1


def by_id(tx: Connection, person_id: str, *, lock: bool = False) -> Person | None:
    """The person with this id, deleted ones too. lock: as `by_email`."""
    row = tx.execute(_BY_ID.with_for_update() if lock else _BY_ID, {"person": person_id}).first()
    return person_of(row) if row else None


def by_ids(tx: Connection, ids: Collection[str]) -> dict[str, Person]:
    """The people with these ids, by id; deleted ones too."""
    wanted, found = sorted(ids), dict[str, Person]()
    for start in range(0, len(wanted), 500):
        rows = tx.execute(select(people).where(_P.id.in_(wanted[start : start + 500])))
        found |= {row.id: person_of(row) for row in rows}
    return found


def by_emails(tx: Connection, emails: Collection[str]) -> list[Person]:
    """The people with these canonical addresses, in the order of the addresses."""
    rows = tx.execute(select(people).where(_P.email.in_(sorted(emails))).order_by(_P.email)) if emails else ()
    return [person_of(row) for row in rows]


def by_email(tx: Connection, email: str, *, lock: bool = False) -> Person | None:
    """The person with this canonical address. For staff and invitations only: a sign-in never finds anybody by it.

    lock: nobody else changes the person until this transaction ends (SQLite has one writer anyway).
    """
    row = tx.execute(_BY_EMAIL.with_for_update() if lock else _BY_EMAIL, {"address": email}).first()
    return person_of(row) if row else None


def by_identity(tx: Connection, partner: str, issuer: str, subject: str, *, lock: bool = False) -> Person | None:
    """The person bound to this external identity, compared in exact bytes (HO-14). lock: as `of_session`."""
    names = {"partner": partner, "issuer": issuer, "subject": subject}
    row = tx.execute(_held(_BY_IDENTITY) if lock else _BY_IDENTITY, names).first()
    return replace(person_of(row), asserted_email=row.asserted_email, asserted_name=row.asserted_name) if row else None


def store_asserted(tx: Connection, identity: Identity) -> None:
    """Store the address and name that were asserted with an identity this time."""
    key = (_I.partner == identity.partner, _I.issuer == identity.issuer, _I.subject == identity.subject)
    asserted = {"asserted_email": identity.asserted_email, "asserted_name": identity.asserted_name}
    tx.execute(update(identities).where(*key).values(**asserted))


def of_session(tx: Connection, sid: str, *, lock: bool = False) -> Person | None:
    """The person of a session that has not ended.

    lock: nobody changes the person or ends the session until this transaction ends. The statement waits for a transaction that was doing so, and
    the answer is the one after it: a person, an identity or a session that is gone by then is not found.
    """
    row = tx.execute(_held(_OF_SESSION) if lock else _OF_SESSION, {"session": sid}).first()
    return person_of(row) if row else None


def bind(tx: Connection, identity: Identity) -> bool:
    """Bind an external identity to a person; False if it is bound to anybody already (AL-07)."""
    row = {name: getattr(identity, name) for name in _IDENTITY}
    return run(tx, _BIND, row).rowcount == 1


def identities_of(tx: Connection, person_id: str) -> list[Identity]:
    """The external identities of a person, oldest first."""
    rows = tx.execute(select(identities).where(identities.c.person_id == person_id).order_by(identities.c.bound_at))
    return [Identity(**row._mapping) for row in rows]


def identities_of_all(tx: Connection, person_ids: Collection[str]) -> dict[str, list[Identity]]:
    """The external identities of some people, by their ids, oldest first."""
    found: dict[str, list[Identity]] = {}
    rows = tx.execute(select(identities).where(_I.person_id.in_(sorted(person_ids))).order_by(_I.bound_at))
    for row in rows:
        found.setdefault(row.person_id, []).append(Identity(**row._mapping))
    return found


def by_code(tx: Connection, email: str, partner: str, issuer: str, *, lock: bool = False) -> Person | None:
    """The guest with this address whose identity at `partner` (the code by mail) is their own id. lock: as `of_session`."""
    row = tx.execute(_held(_BY_CODE) if lock else _BY_CODE, {"address": email, "partner": partner, "issuer": issuer}).first()
    return person_of(row) if row else None


def unbind(tx: Connection, partner: str, issuer: str, subject: str) -> bool:
    """End the binding of an external identity; False if it was not bound."""
    return tx.execute(_UNBIND, {"partner": partner, "issuer": issuer, "subject": subject}).rowcount == 1


def change(tx: Connection, person_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a person. A change that programs see gets a number later (storage/directory/changes.py)."""
    if not _SHOWN.isdisjoint(values):
        values = {**values, "changed": 0}
    if "name" in values:
        values = {**values, "folded_name": folded_name(values["name"])}
    if "email" in values:
        values = {**values, "email_reversed": values["email"] and values["email"][::-1]}  # a deleted person has none
    tx.execute(_change(*values), {"person": person_id} | {f"new_{name}": value for name, value in values.items()})


def pending_invitation(tx: Connection, email: str, now: int) -> str | None:
    """The id of the living invitation of an address, for a person who comes without its link; the guest is locked."""
    row = tx.execute(_PENDING, {"address": email, "now": now}).first()
    return str(row[0]) if row else None
