"""Whether what a grant gave still holds: asked at every use of a code or token, away from the browser (HP-36)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from broker.domain import assurance
from broker.domain.factor import Method, Proof
from broker.domain.guest import GuestState, PersonKind
from broker.domain.login import Grant
from broker.domain.policy import Circumstances, Rulebook, unmet
from broker.domain.policy_decision import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A grant and the state, now, of everything it stands on.

    session_ended: the session was ended; one that merely expired, or is purged, was not (HP-63). assigned, roles: at the
    grant's application, by the person's own assignments and those of his groups. groups: their names. consented: the
    scopes of the consent record, None where there is none or it was withdrawn. email: canonical. factors: the ids of the
    person's own methods. terms: the versions that the person accepted. issuer: who vouched, None where nobody wrote it down.
    """

    grant: Grant
    kind: PersonKind
    state: GuestState
    expires_at: int | None
    session_ended: bool
    assigned: bool
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    consented: frozenset[str] | None = None
    email: str = ""
    factors: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()

    @property
    def issuer(self) -> str | None:
        """Who vouched for the person at the sign-in; None where that was not written down."""
        found = self.grant.proof.get("issuer")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the files of this moment say of a grant's home organization.

    live: it is still there, under the issuer that vouched. trusted, mfa_max_age: its `trust`. terms: the version of the terms
    of use that is in force, None where there are none.
    """

    live: bool = True
    trusted: Collection[str] = ()
    mfa_max_age: int = 0
    terms: str | None = None


def as_of_now(standing: Standing, home: Home) -> Standing:
    """What was proven at the sign-in, judged by the files and the methods of this moment. Never more than it was then.

    A partner's proof was young enough at the sign-in or it was not: how old it is since then is `sign_in_frequency`'s to say.
    """
    grant = standing.grant
    word = next((proof for proof in grant.proofs if proof.method is Method.PARTNER), None)
    ours = [proof for proof in grant.proofs if proof.method is not Method.PARTNER]
    did_mfa = grant.proof.get("partner_mfa") is True
    does = did_mfa and assurance.partner_did_mfa(word, home.trusted, home.mfa_max_age, grant.created_at)
    held = [proof for proof in ours if _is_held(proof, standing.factors)]
    accepted = home.terms is not None and home.terms in standing.terms
    proof = {
        **grant.proof,
        "partner_mfa": does,
        "terms": accepted,
        "by": [one.to_json() for one in ([word] if word else []) + held],
    }
    grant = replace(grant, proof=proof)
    if does != did_mfa or len(held) < len(ours):
        acr, amr = assurance.reached(word, does, held)
        grant = replace(grant, acr=acr, amr=amr)
    return replace(standing, grant=grant)


HOME = Home()


def _is_held(proof: Proof, factors: frozenset[str]) -> bool:
    """The method is still the person's; a recovery code stands in for any."""
    return bool(factors) if proof.method is Method.RECOVERY else proof.by in factors


def objection(standing: Standing, *, assignment_required: bool, now: int, home: Home = HOME) -> str | None:
    """Why it does not hold any more, as a reason for the log; None if it does. standing: `as_of_now`."""
    if standing.grant.ended_at is not None:
        return "grant_ended"
    if standing.session_ended:
        return "session_ended"
    if standing.state is not GuestState.ACTIVE:
        return f"guest_{standing.state}"
    if standing.expires_at is not None and now >= standing.expires_at:  # HT-12
        return "guest_expired"
    if not home.live:
        return "partner_removed"
    if standing.kind is PersonKind.MEMBER:  # as in the gates: members need no assignment, their consent counts as given
        return None
    if assignment_required and not standing.assigned:
        return "not_assigned"
    if home.terms is not None and standing.grant.proof.get("terms") is not True:
        return "terms_of_use_missing"
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
