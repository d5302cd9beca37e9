"""Whether what a grant gave still holds: asked at every use of a code or token, away from the browser (HP-36)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.guest import Kind, State
from broker.domain.login import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A grant and the state, now, of everything it stands on.

    session_ended: the session was ended; one that merely expired, or is purged, was not (HP-63). consented: the scopes
    of the consent record, None where there is none or it was withdrawn.
    """

    grant: Grant
    kind: Kind
    state: State
    expires_at: int | None
    session_ended: bool
    assigned: bool
    consented: frozenset[str] | None


def objection(standing: Standing, *, assignment_required: bool, now: int) -> str | None:
    """Why it does not hold any more, as a reason for the log; None if it does."""
    if standing.grant.ended_at is not None:
        return "grant_ended"
    if standing.session_ended:
        return "session_ended"
    if standing.state is not State.ACTIVE:
        return f"guest_{standing.state}"
    if standing.expires_at is not None and now >= standing.expires_at:  # HT-12
        return "guest_expired"
    if standing.kind is Kind.MEMBER:  # as in the gates: members need no assignment, their consent counts as given
        return None
    if assignment_required and not standing.assigned:
        return "not_assigned"
    if standing.consented is None or not standing.consented.issuperset(standing.grant.scopes):
        return "consent_withdrawn"
    return None
