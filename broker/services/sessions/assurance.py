"""What counts as proven: by the home organization, and with a person's own methods."""

from __future__ import annotations

from broker.domain import assurance
from broker.domain.assertion import Assertion
from broker.domain.factor import FRESH, Method, Proof, own
from broker.domain.login import Login, Session
from broker.settings.model import PartnerFile


def home_proof(assertion: Assertion | None, session: Session | None) -> Proof | None:
    """The home organization's sign-in: of this login's assertion, else the one that the live session began with."""
    if assertion is not None:
        return Proof(method=Method.PARTNER, at=assertion.auth_time, by=assertion.partner, acr=assertion.acr, amr=assertion.amr)
    if session is None:
        return None
    held = next((proof for proof in session.proofs if proof.method is Method.PARTNER), None)
    at = session.auth_time if session.auth_time_known else None
    return held or Proof(method=Method.PARTNER, at=at, by=session.partner, amr=assurance.plain(session.amr))


def partner_mfa(proof: Proof | None, partner: PartnerFile | None, now: int) -> bool:
    """Whether the partner's sign-in counts as multi-factor authentication, by its current file (HO-15)."""
    if partner is None:
        return False
    return assurance.partner_did_mfa(proof, partner.trust.mfa, partner.trust.mfa_max_age, now)


def own_proofs(login: Login, session: Session | None, person_id: str) -> tuple[Proof, ...]:
    """What this person proved with methods of their own, earlier in this session and in this login."""
    before = session.proofs if session is not None and session.person_id == person_id else ()
    return own((*before, *login.proofs), person_id)


def is_fresh(session: Session, person_id: str, *, has_method: bool, now: int) -> bool:
    """Whether the session has a proof that is fresh enough to change one's own account (MF-07).

    A person with a method of their own needs a proof with it; a person without one, a sign-in at the home organization.
    """
    oldest = now - FRESH
    mine = own(session.proofs, person_id)
    if has_method:
        return bool(mine) and (mine[-1].at or 0) >= oldest
    proof = home_proof(None, session)
    return proof is not None and max(proof.at or 0, proof.answered_at or 0) >= oldest
