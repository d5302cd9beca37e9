"""Builds the part of the facts about a sign-up: whether this person can sign up, and how far the request is."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.address import domain_of
from broker.domain.api_connector import ConnectorOutcome, ConnectorStep
from broker.domain.assertion import Assertion
from broker.domain.facts import SignUpFacts
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.login import Login
from broker.domain.mailbox import PARTNER
from broker.domain.sign_up import SignUpState
from broker.services.access_requests import offers
from broker.services.access_requests.making import ANSWERED_WITHIN
from broker.services.addresses import is_of_members
from broker.services.invitations.email_proof import Refusal, is_open_to
from broker.services.invitations.request import may_be_invited
from broker.services.sign_up.connector import mark_of
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import access_requests, people
from broker.storage.engine import Connection

TAKEN = ("not_invited", "sign_up_address")
_CONNECTOR: dict[str, Refusal] = {
    ConnectorOutcome.BLOCK: ("policy_blocked", "connector_blocked"),
    ConnectorOutcome.FAILED: ("server_error", "connector_failed"),
}
_OF_REQUEST = {
    RequestState.APPROVED: SignUpState.SETTLED,
    RequestState.REFUSED: SignUpState.REFUSED,
    RequestState.EXPIRED: SignUpState.EXPIRED,
    RequestState.WITHDRAWN: SignUpState.EXPIRED,
}


def sign_up_facts(tx: Connection, login: Login, person: Person | None, settings: Settings, now: int) -> SignUpFacts:
    """person: to whom the proven identity is bound, or who is signed in. Nothing is looked up before the address is proven (LP-04)."""
    if login.sign_up is None:
        return SignUpFacts()
    known, said = SignUpFacts(application=login.sign_up.application), login.assertion
    file = open_file(settings, login.sign_up.application)
    if file is None:
        return replace(known, refusal="not_invited", reason="sign_up_closed")
    if person is None and said is None:
        return known
    if person is None and said is not None:
        refusal = refusal_of(tx, settings, file, said, now)
        if refusal is not None:
            return replace(known, refusal=refusal[0], reason=refusal[1])
        return _by_connector(replace(known, state=SignUpState.DUE.value), login, person, now)
    return _by_connector(replace(known, state=_state(tx, login, file, person, now).value if person else ""), login, person, now)


def connector_refusal(
    step: ConnectorStep, client_id: str | None, login: Login, person: Person | None, now: int
) -> Refusal | None:
    """Why the application's connector lets this identity not go on; None if it does, was not asked yet, or wants a correction."""
    said = login.progress.connector.answer_for(mark_of(step, client_id, login, person), now)
    return _CONNECTOR.get(said)


def _by_connector(known: SignUpFacts, login: Login, person: Person | None, now: int) -> SignUpFacts:
    """A sign-up that is due, as the connector's answer leaves it."""
    if known.state != SignUpState.DUE:
        return known
    refusal = connector_refusal(ConnectorStep.SIGN_UP, known.application, login, person, now)
    if refusal is not None:
        return replace(known, state="", refusal=refusal[0], reason=refusal[1])
    said = login.progress.connector.answer_for(mark_of(ConnectorStep.SIGN_UP, known.application, login, person), now)
    return replace(known, state=SignUpState.INVALID.value) if said == ConnectorOutcome.INVALID else known


def open_file(settings: Settings, client_id: str) -> ApplicationFile | None:
    """The application, if people may sign up for it."""
    file = settings.applications.get(client_id)
    return file if file is not None and file.self_service.sign_up else None


def proof_of(settings: Settings, client_id: str, email: str) -> str | None:
    """Where this address can be proven: at the partner of its domain, or by a code, as the file allows; None: nowhere by itself."""
    file, partner = open_file(settings, client_id), settings.partner_of_domain(domain_of(email))
    if file is None:
        return None
    if partner is not None:
        return partner.id if "partner" in file.self_service.proof else None
    return PARTNER if "email_code" in file.self_service.proof and is_open_to(settings, email) else None


def refusal_of(tx: Connection, settings: Settings, file: ApplicationFile, said: Assertion, now: int) -> Refusal | None:
    """Why the person of an identity that is bound to nobody cannot sign up."""
    if not said.email or not said.email_verified:
        return "not_invited", "sign_up_unverified"
    if ("email_code" if said.partner == PARTNER else "partner") not in file.self_service.proof:
        return "not_invited", "sign_up_proof"
    if not may_be_invited(settings, said.email):
        return "domain_denied", "members_domain" if is_of_members(settings, said.email) else "domain_denied"
    held = people.by_email(tx, said.email)
    return refusal_of_holder(tx, settings, held, said, now) if held is not None else None


def refusal_of_holder(tx: Connection, settings: Settings, held: Person, said: Assertion, now: int) -> Refusal | None:
    """Why an identity is not that of the person who has its address already; None if it is, or if nobody ever signed in as them."""
    if held.state is GuestState.BLOCKED:
        return "guest_blocked", "guest_blocked"
    if held.is_expired(now):
        return "guest_expired", "guest_expired"
    if held.kind is PersonKind.MEMBER:
        return TAKEN
    bound = people.identities_of(tx, held.id)
    if not bound:
        return None if held.state is GuestState.INVITED else TAKEN
    by_code = said.partner == PARTNER and any(
        (one.partner, one.issuer, one.subject) == (PARTNER, settings.issuer, held.id) for one in bound
    )
    same = any((one.partner, one.issuer, one.subject) == (said.partner, said.issuer, said.subject) for one in bound)
    return None if by_code or same else TAKEN


def _state(tx: Connection, login: Login, file: ApplicationFile, person: Person, now: int) -> SignUpState:
    """Of a person who is known: their request, if this login made one or found one; else whether there is anything to ask for."""
    if person.state not in (GuestState.ACTIVE, GuestState.INVITED) or person.is_expired(now):
        return SignUpState.SETTLED  # the gates refuse
    made = access_requests.by_id(tx, login.progress.requested) if login.progress.requested else None
    if made is not None and made.person_id == person.id:
        return _of(made, now)
    if person.state is GuestState.ACTIVE and not offers.is_closed(tx, file, person, now):
        return SignUpState.SETTLED
    earlier = earlier_request(tx, file, person, now)
    return _of(earlier, now) if earlier is not None else SignUpState.DUE


def earlier_request(tx: Connection, file: ApplicationFile, person: Person, now: int) -> AccessRequest | None:
    """The request that stands for this person: an open one; for a person without access also a refused one, until it would have expired."""
    for one in access_requests.of_person(tx, person.id, since=now - ANSWERED_WITHIN):
        refused = one.state is RequestState.REFUSED and person.waits and now < one.expires_at
        if one.application == file.client_id and (one.is_open(now) or refused):
            return one
    return None


def _of(request: AccessRequest, now: int) -> SignUpState:
    if request.state is RequestState.OPEN:
        return SignUpState.WAITING if request.is_open(now) else SignUpState.EXPIRED
    return _OF_REQUEST[request.state]
