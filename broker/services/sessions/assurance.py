"""What counts as proven in one login at one moment: the partner's word, our factors, and the terms that were accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.domain import assurance, assurance_rules
from broker.domain.assertion import Assertion
from broker.domain.factor import FRESH, Method, Proof, own
from broker.domain.facts import Facts
from broker.domain.guest import Person
from broker.domain.login import Login, Session
from broker.domain.mailbox import Mailbox, Why
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.directory import terms
from broker.storage.engine import Connection
from broker.storage.factors import factors


def vouched(said: Assertion | None, session: Session | None) -> Proof | None:
    """The home organization's word: of this login, else the one that the live session began with."""
    if said is not None:
        return Proof(method=Method.PARTNER, at=said.auth_time, by=said.partner, acr=said.acr, amr=said.amr)
    if session is None:
        return None
    held = next((proof for proof in session.proofs if proof.method is Method.PARTNER), None)
    at = session.auth_time if session.auth_time_known else None
    return held or Proof(method=Method.PARTNER, at=at, by=session.partner, amr=assurance.plain(session.amr))


def partner_mfa(word: Proof | None, partner: PartnerFile | None, now: int) -> bool:
    """Whether the partner's word counts as multi-factor authentication by its file as it is now (HO-15)."""
    if partner is None:
        return False
    return assurance.partner_did_mfa(word, partner.trust.mfa, partner.trust.mfa_max_age, now)


def kept(login: Login, session: Session | None, person_id: str) -> tuple[Proof, ...]:
    """What this person proved to us, in this login and before in this session; nobody else's proof is theirs."""
    before = session.proofs if session is not None and session.person_id == person_id else ()
    return own((*before, *login.proofs), person_id)


def is_fresh(session: Session, person_id: str, *, has_method: bool, now: int) -> bool:
    """Whether this session holds a proof as young as acts on one's own account want it (MF-07).

    Of a method of the person's own, for whoever has one; else the home organization's word.
    """
    oldest = now - FRESH
    mine = own(session.proofs, person_id)
    if has_method:
        return bool(mine) and (mine[-1].at or 0) >= oldest
    word = vouched(None, session)
    return word is not None and max(word.at or 0, word.answered_at or 0) >= oldest


def counting(proofs: tuple[Proof, ...], facts: Facts, login: Login) -> tuple[Proof, ...]:
    """Those that are young enough: given in this login, or allowed by prompt, max_age and the policies' frequency."""
    ages = [age for age in (facts.max_age, facts.frequency) if age is not None]
    oldest = max((facts.started_at - age for age in ages), default=0)
    before = [] if facts.force else [proof for proof in proofs if proof.at is not None and proof.at >= oldest]
    return tuple(proof for proof in proofs if proof in login.proofs or proof in before)


def weigh(
    tx: Connection,
    facts: Facts,
    word: Proof | None,
    *,
    login: Login,
    session: Session | None,
    partner: PartnerFile | None,
    person: Person | None,
    settings: Settings,
) -> Facts:
    """The facts with what was proven and agreed to. Looks up factors only where proof is missing, terms only where there are any.

    facts: after the policies' judgement. word: the home organization's. session: of this browser, whose proofs stay good.
    """
    proofs = kept(login, session, facts.person or "")
    good = counting(proofs, facts, login)
    acr, amr = assurance.reached(word, facts.partner_mfa, good)
    stands_on = (*((word,) if word else ()), *good)
    facts = replace(
        facts,
        acr=acr,
        amr=amr,
        proofs=tuple(proof.to_json() for proof in stands_on),
        may_step_up=bool(partner and partner.trust.step_up and partner.trust.mfa) and not login.stepped,
        proven_at=proofs[-1].at if proofs else None,
        wish=login.wish,
        added=login.progress.method_added,
        declined=login.progress.went_without,
        answered_anew=login.progress.fresh_answered,
        terms=settings.broker.terms_of_use.version if settings.broker.terms_of_use else None,
    )
    if person is None:
        return facts
    facts = replace(facts, second_channel=_second_channel(facts, person, login, partner))
    return replace(facts, **_looked_up(tx, facts, person.id))


def mailbox_of(person: Person) -> Mailbox:
    """The recorded mailbox, as the second channel before a first method."""
    return Mailbox(why=Why.METHOD, address=person.email, person=person.id)


def _second_channel(facts: Facts, person: Person, login: Login, partner: PartnerFile | None) -> str:
    """What is still missing beside the sign-in before a first method may be added (FA-05).

    Nothing, where nobody knows this person with more than a password, where the home organization gave more just now, or
    where somebody vouched. Whose sign-in is a code by mail has no other channel than the one who answers for them.
    """
    expects = bool(partner and partner.trust.mfa) or person.mfa_at is not None
    if not expects or facts.partner_mfa or (person.vouched_until is not None and facts.now < person.vouched_until):
        return ""
    mark = mailbox_of(person).mark(login.id)
    if facts.by_mail:
        return "sponsor"
    if login.proven == mark:
        return ""
    return "sponsor" if login.declined == mark else "mailbox"


def _looked_up(tx: Connection, facts: Facts, person_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if facts.terms is not None:
        found["terms_accepted"] = terms.accepted_at(tx, person_id, facts.terms) is not None
    if facts.wish or assurance.rank(facts.acr) < assurance_rules.desired_rank(facts):
        found["factors"] = frozenset(factor.strength for factor in factors.of_person(tx, person_id))
    return found
