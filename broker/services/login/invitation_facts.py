"""Builds the part of the facts about invitations: which one the person can redeem now, or why the one in hand cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.address import in_domains
from broker.domain.api_connector import ConnectorStep
from broker.domain.assertion import Assertion
from broker.domain.facts import InvitationFacts
from broker.domain.guest import GuestState, Person
from broker.domain.invitation import Invitation, Status
from broker.domain.login import Login
from broker.domain.mailbox import Mailbox
from broker.services.addresses import is_of_members
from broker.services.invitations import email_proof
from broker.services.invitations.email_proof import Refusal
from broker.services.invitations.validity import invitation_over, inviter_is_gone
from broker.services.sign_up.sign_up_facts import connector_refusal
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations


@dataclass(frozen=True, slots=True)
class InvitationInHand:
    """The invitation of this login, why it cannot be redeemed, and the mailbox that is to be proven first."""

    invitation: Invitation | None
    refusal: Refusal | None
    mailbox: Mailbox | None


def invitation_in_hand(
    tx: Connection, login: Login, person: Person | None, partner: PartnerFile | None, settings: Settings, now: int
) -> InvitationInHand:
    """Looks for the invitation of the login's link, else for one of the person's."""
    assertion = login.assertion
    if login.invitation_id is None:
        invitation, refusal = _without_link(tx, assertion, person, settings, now), None
    else:
        invitation, refusal = _of_link(tx, login, login.invitation_id, person, settings, now)
    refusal, mailbox = email_proof.additional_proof(tx, settings, login, person, invitation, refusal)
    if invitation is not None and in_domains(invitation.email, settings.broker.invitations.deny_domains):
        refusal = refusal or ("domain_denied", "domain_denied")  # IN-10: denied since the link was opened
    if invitation is not None and is_of_members(settings, invitation.email):  # FA-07: the company's own people are members
        return InvitationInHand(None, None if is_staff(assertion, partner) else ("domain_denied", "members_domain"), None)
    return InvitationInHand(invitation, refusal, mailbox)


def invitation_facts(in_hand: InvitationInHand, login: Login, person: Person | None, now: int) -> InvitationFacts:
    """The same as the gates read it."""
    invitation, assertion, refusal = in_hand.invitation, login.assertion, in_hand.refusal
    if invitation is not None and refusal is None and invitation.status_at(now) is Status.PENDING:
        refusal = connector_refusal(ConnectorStep.REDEMPTION, invitation.application, login, person, now)
    code, reason = refusal or (None, None)
    redeemable = invitation is not None and assertion is not None and invitation.status_at(now) is Status.PENDING
    return InvitationFacts(
        id=invitation.id if invitation is not None and redeemable else None,
        refusal=code,
        reason=reason,
        mailbox=in_hand.mailbox.why if in_hand.mailbox is not None else None,
    )


def is_staff(assertion: Assertion | None, partner: PartnerFile | None) -> bool:
    """Whether the company's own partner asserts a verified address of its own domains."""
    if assertion is None or partner is None or not partner.members or not assertion.email:
        return False
    return assertion.email_verified and in_domains(assertion.email, partner.domains)


def _of_link(
    tx: Connection, login: Login, invitation_id: str, person: Person | None, settings: Settings, now: int
) -> tuple[Invitation | None, Refusal | None]:
    """The invitation whose link was opened, and (page code, reason) where it cannot be redeemed."""
    assertion = login.assertion
    invitation = invitations.by_id(tx, invitation_id)
    binds = assertion is not None and person is None  # then the invited guest gets the session, so their row is locked (SC-06)
    guest = people.by_id(tx, invitation.person_id, lock=binds) if invitation else None
    if invitation is None or guest is None:
        return None, ("invitation_expired", "invitation_unknown")
    return invitation, _refusal(tx, invitation, guest, assertion, person, settings, now) if assertion is not None else None


def _refusal(
    tx: Connection,
    invitation: Invitation,
    guest: Person,
    assertion: Assertion,
    person: Person | None,
    settings: Settings,
    now: int,
) -> Refusal | None:
    """Why this identity cannot redeem the invitation; None if it can, or if this login has redeemed it already."""
    refusal = _refusal_of_guest(guest, now)
    if refusal is not None:
        return refusal
    is_theirs = person is not None and person.id == invitation.person_id
    if invitation.status is Status.REDEEMED and is_theirs:
        return None
    over = invitation_over(tx, invitation, guest, now)
    if over is not None:
        return over
    if inviter_is_gone(tx, settings, invitation, now):
        return "invitation_expired", "invitation_inviter"
    if person is not None:
        return None if is_theirs else ("invitation_mismatch", "identity_taken")
    is_invited = (assertion.email_verified and assertion.email == invitation.email) or invitations.accepts(
        tx,
        invitation.id,
        assertion.partner,
        assertion.issuer,
        assertion.subject,  # AL-04: a sponsor accepted this identity
    )
    return None if is_invited else email_proof.MISMATCH


def _without_link(
    tx: Connection, assertion: Assertion | None, person: Person | None, settings: Settings, now: int
) -> Invitation | None:
    """The invitation of a person who comes without its link.

    For a person who is bound already and was invited again: their newest one. Else the one of the verified address.
    """
    if assertion is None:
        return None
    if person is not None:
        invitation = invitations.latest_of(tx, person.id) if person.state is GuestState.INVITED else None
        if invitation is None or invitation_over(tx, invitation, person, now) is not None or person.is_expired(now):
            return None
    else:
        verified = assertion.email if assertion.email_verified else None
        pending = people.pending_invitation(tx, verified, now) if verified else None
        invitation = invitations.by_id(tx, pending) if pending else None
    return None if invitation is None or inviter_is_gone(tx, settings, invitation, now) else invitation


def _refusal_of_guest(guest: Person, now: int) -> Refusal | None:
    """A guest who was blocked or deleted, or whose access ended, after the invitation redeems nothing, bound already or not."""
    if guest.state is GuestState.BLOCKED:
        return "guest_blocked", "guest_blocked"
    if guest.state is GuestState.DELETED:
        return "invitation_expired", "guest_deleted"
    return ("guest_expired", "guest_expired") if guest.is_expired(now) else None
