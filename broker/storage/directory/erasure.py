"""Personal data leaves: whatever hangs off a person, and what was said about them elsewhere (LP-05, HT-18, HT-19).

Two things stay: the row of the person, emptied, so that the audit's pseudonymous id keeps its meaning; and the subjects, so
that a `sub` is never given again (HT-6).
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Table, delete, or_, select, update

from broker.domain.guest import GuestState, Identity, Person
from broker.storage.tables import (
    access_tokens,
    audit_personal,
    codes,
    grants,
    invitations,
    job_rows,
    logins,
    metadata,
    people,
    questions,
    receipts,
    refresh_families,
    refresh_tokens,
    review_items,
)

_EMPTY: dict[str, object] = {
    "state": GuestState.DELETED.value,
    "email": None,
    "email_reversed": None,
    "email_verified": False,
    "name": "",
    "folded_name": "",
    "language": "",
    "partner": None,
    "sponsor": None,
    "profile": {},
    "details": {},
    "expires_at": None,
    "last_sign_in": None,
    "answered_at": None,
    "orphaned_at": None,
    "due_at": None,
    "notices": 0,
    "mfa_at": None,
    "vouched_until": None,
    "changed": 0,
}


def belongings() -> list[Column[str]]:
    """Every column that says to whom a row belongs: a table that is added is in this list by its foreign key."""
    return [
        key.parent
        for table in reversed(metadata.sorted_tables)
        if table is not people
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column is people.c.id
    ]


def forget(tx: Connection, person: Person, known: list[Identity]) -> dict[str, int]:
    """Delete what belongs to a person, and empty the row; how many rows of each table went. known: the bound identities."""
    gone = {"logins": _logins(tx, person, known), "receipts": _claims(tx, person)}
    for column in belongings():
        table: Table = column.table
        gone[table.name] = gone.get(table.name, 0) + tx.execute(delete(table).where(column == person.id)).rowcount
    gone["questions"] = gone.get("questions", 0) + tx.execute(delete(questions).where(questions.c.asked == person.email)).rowcount
    gone["job_rows"] = gone.get("job_rows", 0) + tx.execute(delete(job_rows).where(job_rows.c.email == person.email)).rowcount
    tx.execute(update(review_items).where(review_items.c.reviewer == person.email).values(reviewer=None))
    gone["audit_personal"] = tx.execute(delete(audit_personal).where(audit_personal.c.subject == person.id)).rowcount
    tx.execute(update(people).where(people.c.id == person.id).values(**_EMPTY))
    return {name: count for name, count in gone.items() if count}


def forget_tokens(tx: Connection, person_id: str) -> None:
    """Codes and tokens go first, in the order in which a request that uses one takes its rows: it is waited for, never met halfway."""
    mine = select(grants.c.id).where(grants.c.person_id == person_id)
    families = select(refresh_families.c.id).where(refresh_families.c.grant_id.in_(mine))
    for column, held in (
        (codes.c.grant_id, mine),
        (refresh_tokens.c.family_id, families),
        (refresh_families.c.grant_id, mine),
        (access_tokens.c.grant_id, mine),
    ):
        tx.execute(delete(column.table).where(column.in_(held)))


def _logins(tx: Connection, person: Person, known: list[Identity]) -> int:
    """Logins under way, or not purged yet, that hold the person's address or what a partner said of them: hours at most."""
    c = logins.c
    said = [
        (c.assertion["partner"].as_string() == one.partner) & (c.assertion["subject"].as_string() == one.subject) for one in known
    ]
    mine = [c.login_hint == person.email, c.assertion["email"].as_string() == person.email] if person.email else []
    return tx.execute(delete(logins).where(or_(*said, *mine))).rowcount if said or mine else 0


def _claims(tx: Connection, person: Person) -> int:
    """Receipts of refused sign-ins in which somebody claimed an address of this person, an earlier one too: it goes, they stay (FC-01)."""
    if not person.email:
        return 0
    earlier = tx.execute(select(invitations.c.email).where(invitations.c.person_id == person.id)).scalars()
    addresses = sorted({person.email, *earlier})
    return tx.execute(update(receipts).where(receipts.c.claimed.in_(addresses)).values(claimed=None)).rowcount
