"""Whether a grant is still valid: asked at every use of a code or token, where no browser is present (HP-36)."""

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
    """A grant and the current state of everything that it depends on.

    session_ended: somebody ended the session; a session that expired, or was purged, was not ended (HP-63). assigned, roles: at
    the grant's application, by assignments of the person and of their groups. groups: their names. consented: the scopes of
    the consent record, None without one. email: canonical. factors: the ids of the person's own methods. terms: the versions
    that the person accepted. issuer: who vouched, None if the grant does not record it.
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
        """The issuer that vouched for the person at the sign-in; None if the grant does not record it."""
        found = self.grant.proof.get("issuer")
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A grant's home organization by the current files.

    live: it is configured, with the issuer that vouched. trusted, mfa_max_age: its `trust`. terms: the version of the terms of
    use that is in force, None without terms.
    """

    live: bool = True
    trusted: Collection[str] = ()
    mfa_max_age: int = 0
    terms: str | None = None


def as_of_now(standing: Standing, home: Home) -> Standing:
    """The proofs of the sign-in, evaluated by the current files and methods; the result is never stronger than it was then.

    `mfa_max_age` applies to the moment of the sign-in. The age of the sign-in since then is the subject of `sign_in_frequency`.
    """
    grant = standing.grant
    at_home = next((proof for proof in grant.proofs if proof.method is Method.PARTNER), None)
    ours = [proof for proof in grant.proofs if proof.method is not Method.PARTNER]
    did_mfa = grant.proof.get("partner_mfa") is True
    does = did_mfa and assurance.partner_did_mfa(at_home, home.trusted, home.mfa_max_age, grant.created_at)
    held = [proof for proof in ours if _is_held(proof, standing.factors)]
    accepted = home.terms is not None and home.terms in standing.terms
    proof = {
        **grant.proof,
        "partner_mfa": does,
        "terms": accepted,
        "by": [one.to_json() for one in ([at_home] if at_home else []) + held],
    }
    grant = replace(grant, proof=proof)
    if does != did_mfa or len(held) < len(ours):
        acr, amr = assurance.reached(at_home, does, held)
        grant = replace(grant, acr=acr, amr=amr)
    return replace(standing, grant=grant)


HOME = Home()


def _is_held(proof: Proof, factors: frozenset[str]) -> bool:
    """Whether the person still has the method; a recovery code counts as long as they have any."""
    return bool(factors) if proof.method is Method.RECOVERY else proof.by in factors


def objection(standing: Standing, *, assignment_required: bool, now: int, home: Home = HOME) -> str | None:
    """Why the grant is no longer valid, as a reason for the log; None if it is. standing: a result of `as_of_now`."""
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
    """Why the current policies deny this grant; None if they allow it.

    They are evaluated over the network and proof that the grant recorded, and the current groups (HP-36, PO-03). No browser is
    present that could be asked for more, so an unmet requirement denies. just_judged: the gates checked the sign-in's age a
    moment ago.
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
