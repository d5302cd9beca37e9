"""Builds the facts that the gates read, one function a part, each from the rows and files that it needs.

The invitation's part is in invitation_facts.py, the one about proofs in factor_facts.py; context.py joins them.
"""

from __future__ import annotations

from broker.domain import administrator_link
from broker.domain.assertion import Assertion
from broker.domain.factor import Proof
from broker.domain.facts import ApplicationFacts, PartnerFacts, PersonFacts, PolicyFacts, RequestFacts, SessionFacts
from broker.domain.guest import Person
from broker.domain.identity_change import change_of
from broker.domain.login import Login, Session
from broker.domain.policy import Circumstances, Rulebook
from broker.domain.policy_decision import judge
from broker.domain.request import AuthorizationRequest
from broker.services.access.group_membership import Memberships
from broker.services.sessions import assurance, homes
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile, PartnerFile
from broker.storage.directory import consents, subjects, terms
from broker.storage.engine import Connection


def request_facts(tx: Connection, login: Login, application: ApplicationFile | None, person: Person | None) -> RequestFacts:
    """What the application asks for; the defaults for a login of our own pages or an invitation."""
    request = login.request
    if request is None:
        return RequestFacts(started_at=login.created_at)
    return RequestFacts(
        started_at=login.created_at,
        silent="none" in request.prompt,
        force="login" in request.prompt or request.max_age == 0,  # Core 3.1.2.1: max_age=0 is prompt=login
        choose="select_account" in request.prompt and not login.chosen,
        max_age=request.max_age,
        acr_values=request.acr_values,
        acr_essential=request.acr_essential,
        subject_differs=_subject_differs(tx, request, application, person),
    )


def _subject_differs(
    tx: Connection, request: AuthorizationRequest, application: ApplicationFile | None, person: Person | None
) -> bool:
    """Whether id_token_hint or a requested `sub` names another person (HP-15, HP-20)."""
    wanted, hint = set(request.requested_subject), request.hint_subject
    if application is None or person is None or (not wanted and hint is None):
        return False
    sub = subjects.find(tx, application.client_id if application.subject_type == "pairwise" else "", person.id)
    return (bool(wanted) and sub not in wanted) or (hint is not None and sub != hint)


def session_facts(login: Login, session: Session | None, vouching: Session | None) -> SessionFacts:
    """Who vouched, and when: in this login, else in the live session. session: of this browser. vouching: for this person."""
    assertion, fresh_answered = login.assertion, login.progress.fresh_answered
    if assertion is not None:
        return SessionFacts(
            asserted=True,
            asserted_now=True,
            fresh_answered=fresh_answered,
            auth_time=assertion.auth_time,
            session_auth_time=_auth_time(session),
            freshness_asked=login.fresh_within is not None,
        )
    if vouching is None:
        return SessionFacts(fresh_answered=fresh_answered)
    known = _auth_time(vouching)
    return SessionFacts(asserted=True, fresh_answered=fresh_answered, auth_time=known, session_auth_time=known)


def _auth_time(session: Session | None) -> int | None:
    return session.auth_time if session is not None and session.auth_time_known else None


def partner_facts(
    settings: Settings,
    login: Login,
    vouched: Assertion | Session | None,
    partner: PartnerFile | None,
    proof: Proof | None,
    now: int,
    *,
    by_mail: bool,
) -> PartnerFacts:
    """The home organization. vouched: the assertion, else the session that vouches. proof: the home organization's."""
    trust = partner.trust if partner is not None else None
    return PartnerFacts(
        id=login.partner if login.partner in settings.partners or by_mail else None,
        live=vouched is None or homes.is_live(settings, vouched.partner, vouched.issuer),
        by_mail=by_mail,
        by_link=vouched is not None and vouched.partner == administrator_link.PARTNER,
        mfa=assurance.partner_mfa(proof, partner, now),
        may_step_up=trust is not None and trust.step_up and bool(trust.mfa) and not login.step_up_asked,
    )


def person_facts(person: Person | None, assertion: Assertion | None, memberships: Memberships, now: int) -> PersonFacts:
    """The person's state and groups, and whether the identity asserts another address or name than last time."""
    if person is None:
        return PersonFacts()
    return PersonFacts(
        id=person.id,
        kind=person.kind,
        state=person.state,
        expired=person.is_expired(now),
        identity_changed=change_of(person, assertion) if assertion is not None else "",
        groups=memberships.groups,
    )


def application_facts(
    tx: Connection, login: Login, application: ApplicationFile | None, person: Person | None, memberships: Memberships
) -> ApplicationFacts:
    """Assignments and consent of the person at the application."""
    assignments, request = memberships.assignments, login.request
    if request is None:
        return ApplicationFacts(assigned=bool(assignments), assignments=assignments)
    return ApplicationFacts(
        id=request.client_id,
        scopes=frozenset(request.scopes),
        ask_consent="consent" in request.prompt,
        consented=consents.given(tx, person.id, request.client_id) if person is not None else None,
        consented_now=login.consented,
        assignment_required=application is not None and application.assignment_required,
        assigned=bool(assignments),
        assignments=assignments,
    )


def circumstances(
    person: Person, memberships: Memberships, home: str | None, client_id: str | None, address: str, *, partner_mfa: bool
) -> Circumstances:
    """What the policies can read of this sign-in. home: the partner's id, or `email`. address: of the browser."""
    return Circumstances(
        kind=person.kind,
        guest=person.email,
        groups=memberships.groups,
        partner=home,
        application=client_id,
        address=address,
        partner_mfa=partner_mfa,
    )


def policy_facts(
    tx: Connection, person: Person | None, about: Circumstances | None, rulebook: Rulebook, settings: Settings
) -> PolicyFacts:
    """The policies' verdict, whose reasons name no person and no address (HT-19), and the terms of use in force."""
    in_force = settings.broker.terms_of_use.version if settings.broker.terms_of_use else None
    if person is None or about is None:
        return PolicyFacts(terms=in_force)
    verdict = judge(rulebook, about)
    return PolicyFacts(
        refusal=verdict.refusal,
        required=verdict.require,
        frequency=verdict.sign_in_frequency,
        results=tuple(result._asdict() for result in verdict.results),
        terms=in_force,
        terms_accepted=in_force is not None and terms.accepted_at(tx, person.id, in_force) is not None,
    )
