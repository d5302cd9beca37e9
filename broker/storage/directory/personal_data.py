"""Everything that is held about a person, for the person: column by column, so that no secret is among it (AD-05).

Nobody else is among it either (FA-25): no identity or address of who came with an invitation, who was asked or who acted, and
no words that staff wrote to each other. Another person's data is theirs to take, not this person's (GDPR 15(4)).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table, bindparam, select

from broker.storage.tables import (
    access_requests,
    assignments,
    audit,
    audit_personal,
    consents,
    factor_resets,
    factors,
    grants,
    group_members,
    groups,
    identities,
    invitations,
    job_rows,
    outbox,
    people,
    questions,
    receipts,
    recovery_codes,
    review_items,
    sessions,
    subjects,
    terms,
)

# table -> (what it is called, the columns that are shown). What is not named is a secret, a hash of one, or the person's own id.
SHOWN: dict[Table, tuple[str, tuple[str, ...]]] = {
    identities: ("identities", ("partner", "issuer", "subject", "bound_at", "asserted_email", "asserted_name")),
    invitations: (
        "invitations",
        ("id", "email", "status", "redirect_url", "application", "language", "message", "created_at", "expires_at", "redeemed_at"),
    ),
    assignments: ("assignments", ("id", "application", "role", "starts_at", "ends_at")),
    access_requests: (
        "access_requests",
        ("application", "role", "reason", "signed_up", "attributes", "wanted_until", "state", "created_at", "decided_at", "ends_at", "answer"),
    ),
    job_rows: ("bulk_acts", ("job_id", "result", "problem")),
    review_items: ("reviews", ("source", "application", "role", "since", "last_used", "verdict", "decided_at", "outcome")),
    consents: ("consents", ("application", "scopes", "version", "given_at", "withdrawn_at")),
    sessions: (
        "sessions",
        ("sid", "partner", "acr", "amr", "claims", "auth_time", "created_at", "last_seen_at", "expires_at", "ended_at", "device"),
    ),
    grants: ("sign_ins_at_applications", ("client_id", "sub", "scopes", "claims", "acr", "amr", "auth_time", "idp", "address", "created_at", "ended_at")),
    receipts: (
        "sign_ins",
        ("request_id", "at", "outcome", "application", "partner", "error", "reason", "policies", "steps", "facts", "address"),
    ),
    outbox: ("mails", ("kind", "recipient", "language", "created_at", "sent_at", "failed_at")),
    factors: ("sign_in_methods", ("method", "name", "verified", "synced", "created_at", "last_used_at", "copied_at")),
    terms: ("terms", ("version", "language", "accepted_at")),
    recovery_codes: ("recovery_codes", ("created_at", "used_at")),
    factor_resets: ("sign_in_method_resets", ("created_at", "due_at")),
    questions: ("questions", ("kind", "created_at", "expires_at", "answered_at", "answer")),
}  # fmt: skip
_OTHERS = {"invitation.attempted": ("asserted", "address"), "question.answered": ("asked",)}  # always another person's
ELSEWHERE = {"group_members": "groups"}  # tables of which another section says it in words
_PERSON = (
    "id", "kind", "state", "email", "email_verified", "name", "language", "partner", "profile", "details", "created_at", "signed_up_at", "redeemed_at", "expires_at",
    "last_sign_in",
)  # fmt: skip

_GROUPS = (
    select(groups.c.name, group_members.c.since)
    .join(groups, groups.c.id == group_members.c.group_id)
    .where(group_members.c.person_id == bindparam("person"))
    .order_by(groups.c.folded)
)


def everything(tx: Connection, person_id: str) -> dict[str, Any]:
    """Section -> its rows; times are seconds since 1970."""
    found: dict[str, Any] = {"person": _rows(tx, people, people.c.id, person_id, _PERSON)[0]}
    for table, (name, columns) in SHOWN.items():
        found[name] = _rows(tx, table, table.c.person_id, person_id, columns)
    own = found["person"]["email"]
    found["mails"] = [mail for mail in found["mails"] if mail["recipient"] == own]  # the others went to somebody else
    found["groups"] = [dict(row._mapping) for row in tx.execute(_GROUPS, {"person": person_id})]
    found["subjects"] = _rows(tx, subjects, subjects.c.person_id, person_id, ("sector", "sub"))
    found["audit"] = _events(tx, person_id)
    return found


def _rows(tx: Connection, table: Table, key: Column[Any], person_id: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    statement = select(*(table.c[name] for name in columns)).where(key == person_id)
    order = next((name for name in ("created_at", "at", "bound_at", "given_at", "starts_at") if name in columns), None)
    if order is not None:
        statement = statement.order_by(table.c[order])
    return [dict(row._mapping) for row in tx.execute(statement)]


def _events(tx: Connection, person_id: str) -> list[dict[str, Any]]:
    """What the audit says about the person, with the personal values that stand apart; of who else acted, only the kind."""
    columns = ("id", "at", "name", "actor_kind", "actor_id", "request_id", "target", "reason", "data")
    events = _rows(tx, audit, audit.c.subject, person_id, columns)
    personal: dict[str, dict[str, str]] = {}
    for row in tx.execute(select(audit_personal).where(audit_personal.c.subject == person_id)):
        personal.setdefault(row.audit_id, {})[row.name] = row.value
    return [_own(event, personal.get(event["id"], {}), person_id) for event in events]


_SELF = ("email", "new_email")  # always the person's own


def _own(event: dict[str, Any], personal: dict[str, str], person_id: str) -> dict[str, Any]:
    """An event without what it says of other people. What a person did is theirs, address and all."""
    by_self = event["actor_kind"] == "person" and event["actor_id"] == person_id
    ours = by_self or event["actor_kind"] == "system"
    values = personal if by_self else {name: personal[name] for name in _SELF if name in personal}
    if event["name"] in _OTHERS:
        values = {name: value for name, value in values.items() if name not in _OTHERS[event["name"]]}
    return {**event, "actor_id": person_id if by_self else "", "reason": event["reason"] if ours else "", "personal": values}
