"""The parts of the facts, each from the rows it needs: invitation, request, person, policies. `context.py` puts them together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.domain.address import in_domains
from broker.domain.assertion import Assertion
from broker.domain.facts import Facts
from broker.domain.guest import GuestState, Person
from broker.domain.invitation import Invitation, Status
from broker.domain.login import Login, Session
from broker.domain.policy import Circumstances, Rulebook
from broker.domain.policy_decision import judge
from broker.services.invitations import email_proof
from broker.services.invitations.validity import invitation_over, inviter_is_gone
from broker.services.sessions import homes
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile, PartnerFile
from broker.storage.directory import consents, people, subjects
from broker.storage.engine import Connection
from broker.storage.login import invitations


def judged(facts: Facts, person: Person, home: str | None, policies: Rulebook, address: str) -> Facts:
    """What the policies say of it; their reasons name no person and no address (HT-19)."""
    verdict = judge(
        policies,
        Circumstances(
            kind=person.kind,
            guest=person.email,
            groups=facts.groups,
            partner=home,
            application=facts.application,
            address=address,
            partner_mfa=facts.partner_mfa,
        ),
    )
    if not verdict.results:
        return facts
    return replace(
        facts,
        policy_refusal=verdict.refusal,
        required=verdict.require,
        frequency=verdict.sign_in_frequency,
        policies=tuple(result._asdict() for result in verdict.results),
    )


def is_live(settings: Settings, vouched: Assertion | Session | None) -> bool:
    """Whoever vouched is still in the files."""
    return vouched is None or homes.is_live(settings, vouched.partner, vouched.issuer)


def is_staff(said: Assertion | None, partner: PartnerFile | None) -> bool:
    return bool(
        said and partner and partner.members and said.email and said.email_verified and in_domains(said.email, partner.domains)
    )


def invitation_of(
    tx: Connection, login: Login, said: Assertion | None, person: Person | None, settings: Settings, now: int
) -> tuple[Invitation | None, tuple[str, str] | None]:
    """The invitation that may be redeemed now, or (page code, reason) why the one in hand may not."""
    if login.invitation_id is None:
        return _unasked(tx, said, person, settings, now), None
    invitation = invitations.by_id(tx, login.invitation_id)
    binds = said is not None and person is None  # then the guest is who may get a session here (SC-06)
    guest = people.by_id(tx, invitation.person_id, lock=binds) if invitation else None
    if invitation is None or guest is None:
        return None, ("invitation_expired", "invitation_unknown")
    if said is None:
        return invitation, None
    stopped = _stopped(guest, now)
    if stopped is not None:
        return invitation, stopped
    if invitation.status is Status.REDEEMED and person is not None and person.id == invitation.person_id:
        return invitation, None  # redeemed by this very login: go on
    over = invitation_over(tx, invitation, guest, now)
    if over is not None:
        return invitation, over
    if inviter_is_gone(tx, settings, invitation, now):
        return invitation, ("invitation_expired", "invitation_inviter")
    if person is not None and person.id != invitation.person_id:
        return invitation, ("invitation_mismatch", "identity_taken")
    if person is None and not (said.email_verified and said.email == invitation.email) and not _is_accepted(tx, invitation, said):
        return invitation, email_proof.MISMATCH
    return invitation, None


def _is_accepted(tx: Connection, invitation: Invitation, said: Assertion) -> bool:
    """Whether a sponsor said that this very identity is the person who was invited (AL-04)."""
    return invitations.accepts(tx, invitation.id, said.partner, said.issuer, said.subject)


def _unasked(tx: Connection, said: Assertion | None, person: Person | None, settings: Settings, now: int) -> Invitation | None:
    """The invitation of somebody who comes without its link.

    Bound already and invited anew after an end: it is his. Else the authority for the address says that it is.
    """
    if said is None:
        return None
    if person is not None:
        invitation = invitations.latest_of(tx, person.id) if person.state is GuestState.INVITED else None
        if invitation is None or invitation_over(tx, invitation, person, now) is not None or person.is_expired(now):
            return None
    else:
        found = people.pending_invitation(tx, said.email, now) if said.email_verified and said.email else None
        invitation = invitations.by_id(tx, found) if found else None
    return None if invitation is None or inviter_is_gone(tx, settings, invitation, now) else invitation


def _stopped(guest: Person, now: int) -> tuple[str, str] | None:
    """A guest who was stopped after the invitation redeems nothing, bound already or not."""
    if guest.state is GuestState.BLOCKED:
        return "guest_blocked", "guest_blocked"
    if guest.state is GuestState.DELETED:
        return "invitation_expired", "guest_deleted"
    return ("guest_expired", "guest_expired") if guest.is_expired(now) else None


def subject_differs(tx: Connection, login: Login, application: ApplicationFile | None, person: Person | None) -> bool:
    """Whether id_token_hint or a requested `sub` names somebody else (HP-15, HP-20)."""
    request = login.request
    if request is None or application is None or person is None:
        return False
    wanted = set(request.requested_subject)
    if not wanted and request.hint_subject is None:
        return False
    sub = subjects.find(tx, application.client_id if application.subject_type == "pairwise" else "", person.id)
    return (bool(wanted) and sub not in wanted) or (request.hint_subject is not None and sub != request.hint_subject)


def asked(login: Login) -> dict[str, Any]:
    """What the application asked for in this request."""
    request = login.request
    if request is None:
        return {}
    return {
        "silent": "none" in request.prompt,
        "force": "login" in request.prompt or request.max_age == 0,  # Core 3.1.2.1: max_age=0 is prompt=login
        "choose": "select_account" in request.prompt and not login.chosen,
        "ask_consent": "consent" in request.prompt,
        "max_age": request.max_age,
        "acr_values": request.acr_values,
        "acr_essential": request.acr_essential,
        "scopes": frozenset(request.scopes),
        "consented_now": login.consented,
    }


def vouched(said: Assertion | None, vouching: Session | None, session: Session | None) -> dict[str, Any]:
    """Who vouched, and when: in this login, else in the live session."""
    if said is not None:
        return {
            "asserted": True,
            "asserted_now": True,
            "auth_time": said.auth_time,
            "session_auth_time": session.auth_time if session and session.auth_time_known else None,
        }
    if vouching is None:
        return {}
    known = vouching.auth_time if vouching.auth_time_known else None
    return {"asserted": True, "auth_time": known, "session_auth_time": known}


def of_person(tx: Connection, person: Person | None, client_id: str | None, now: int) -> dict[str, Any]:
    """The person's state, assignments and consent."""
    if person is None:
        return {"state": GuestState.ACTIVE}
    facts: dict[str, Any] = {"kind": person.kind, "state": person.state, "expired": person.is_expired(now)}
    if client_id is not None:
        facts["consented"] = consents.given(tx, person.id, client_id)
    return facts
