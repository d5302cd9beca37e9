"""Builds the part of the facts about proofs: how strongly the person was authenticated, and what could be asked for."""

from __future__ import annotations

from dataclasses import replace

from broker.domain import assurance
from broker.domain.assurance_rules import desired_rank
from broker.domain.factor import Proof
from broker.domain.facts import FactorFacts, Facts
from broker.domain.guest import Person
from broker.domain.login import Login, Session
from broker.domain.mailbox import Mailbox, Why
from broker.services.sessions.assurance import own_proofs
from broker.settings.model import PartnerFile
from broker.storage.engine import Connection
from broker.storage.factors import factors


def factor_facts(
    tx: Connection,
    facts: Facts,
    proof: Proof | None,
    *,
    login: Login,
    session: Session | None,
    partner: PartnerFile | None,
    person: Person | None,
) -> FactorFacts:
    """Reads the person's methods only where proof is missing.

    facts: the other parts. proof: the home organization's. session: of this browser, whose proofs still count.
    """
    proofs = own_proofs(login, session, facts.person.id or "")
    good = _counting(proofs, facts, login)
    acr, amr = assurance.reached(proof, facts.partner.mfa, good)
    found = FactorFacts(
        acr=acr,
        amr=amr,
        proofs=tuple(one.to_json() for one in (*((proof,) if proof else ()), *good)),
        proven_at=proofs[-1].at if proofs else None,
        second_channel=_second_channel(facts, person, login, partner) if person is not None else "",
        own_page_intent=login.own_page_intent,
        method_added=login.progress.method_added,
        went_without=login.progress.went_without,
    )
    if person is None:
        return found
    if not found.own_page_intent and assurance.rank(acr) >= desired_rank(replace(facts, factors=found)):
        return found
    return replace(found, methods=frozenset(factor.strength for factor in factors.of_person(tx, person.id)))


def _counting(proofs: tuple[Proof, ...], facts: Facts, login: Login) -> tuple[Proof, ...]:
    """The proofs that are young enough: given in this login, or allowed by prompt, max_age and the policies' frequency."""
    ages = [age for age in (facts.request.max_age, facts.policy.frequency) if age is not None]
    oldest = max((facts.request.started_at - age for age in ages), default=0)
    before = [] if facts.request.force else [proof for proof in proofs if proof.at is not None and proof.at >= oldest]
    return tuple(proof for proof in proofs if proof in login.proofs or proof in before)


def recorded_mailbox(person: Person) -> Mailbox:
    """The mailbox of the person's record, as the second channel before a first method."""
    return Mailbox(why=Why.METHOD, address=person.email, person=person.id)


def _second_channel(facts: Facts, person: Person, login: Login, partner: PartnerFile | None) -> str:
    """What is still missing before a first method may be added (FA-05).

    Nothing, where the person never signed in with more than a password, where the home organization gave more just now, or
    where somebody vouched. A person who signs in by a code has no other channel than the one who answers for them.
    """
    expects_more = bool(partner and partner.trust.mfa) or person.mfa_at is not None
    vouched_for = person.vouched_until is not None and facts.now < person.vouched_until
    if not expects_more or facts.partner.mfa or vouched_for:
        return ""
    if facts.partner.by_mail:
        return "sponsor"
    mark = recorded_mailbox(person).mark(login.id)
    if login.mailbox_proven == mark:
        return ""
    return "sponsor" if login.mailbox_declined == mark else "mailbox"
