"""Whether what a grant gave still holds: asked at every use of a code or token, away from the browser (HP-36)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.guest import Kind, State
from broker.domain.judgement import judge
from broker.domain.login import Grant
from broker.domain.policy import Circumstances, Rulebook, unmet


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A grant and the state, now, of everything it stands on.

    session_ended: the session was ended; one that merely expired, or is purged, was not (HP-63). assigned, roles: at the
    grant's application, by the person's own assignments and those of his groups. groups: their names. consented: the
    scopes of the consent record, None where there is none or it was withdrawn. email: canonical.
    """

    grant: Grant
    kind: Kind
    state: State
    expires_at: int | None
    session_ended: bool
    assigned: bool
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    consented: frozenset[str] | None = None
    email: str = ""


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


def policy_objection(standing: Standing, book: Rulebook, now: int, *, just_judged: bool = False) -> str | None:
    """Why the policies as they are now do not let this grant go on; None if they do.

    Judged over the network and the proof that were saved with the grant, and the groups of now (HP-36, PO-03). There is
    nobody who could be asked: what is not met is a no. just_judged: the gates looked at the proof's age a minute ago.
    """
    grant = standing.grant
    circumstances = Circumstances(
        kind=standing.kind,
        guest=standing.email,
        groups=standing.groups,
        partner=grant.idp,
        application=grant.client_id,
        address=grant.address,
        partner_mfa=grant.proof.get("partner_mfa") is True,
    )
    verdict = judge(book, circumstances)
    if verdict.refusal is not None:
        return verdict.refusal
    missing = unmet(verdict.require, acr=grant.acr, terms_accepted=grant.proof.get("terms") is True)
    if missing:
        return f"{missing[0]}_missing"
    frequency = None if just_judged else verdict.sign_in_frequency
    if frequency is None:
        return None
    if grant.proof.get("auth_time_known") is not True:
        return "auth_time_missing"
    return "auth_time_too_old" if grant.auth_time <= now - frequency else None
