"""Which mailbox a login must prove by a code: decided from the files and the rows."""

from __future__ import annotations

from broker.domain.address import domain_of
from broker.domain.assertion import Assertion
from broker.domain.guest import Person
from broker.domain.identity_change import Change, change_of
from broker.domain.invitation import Invitation, Status
from broker.domain.login import Login, Session
from broker.domain.mailbox import PARTNER, Mailbox, Why
from broker.services.sessions import homes
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection

Refusal = tuple[str, str]  # (code of the page, reason)
MISMATCH = ("invitation_mismatch", "invitation_identity")
CHANGED = ("not_invited", "identity_changed")


def is_open_to(settings: Settings, email: str | None) -> bool:
    """Whether a code by e-mail signs this address in: no partner, not even the members' one, is authoritative for it."""
    return (
        settings.broker.guests.email_one_time_code and email is not None and settings.partner_of_domain(domain_of(email)) is None
    )


def still_vouches(settings: Settings, session: Session, person: Person | None) -> bool:
    """Whether a session that began with a code is still valid: it ends when a partner becomes authoritative for the address."""
    return person is None or not homes.has_another(settings, session.partner, person.email)


def is_home(login: Login, vouching: Session | None, settings: Settings) -> bool:
    """Whether this person signs in by a code, now or before."""
    vouched = login.assertion or vouching
    if vouched is not None:
        return vouched.partner == PARTNER
    return login.partner == PARTNER and is_open_to(settings, login.login_hint)


def home(
    login: Login, vouching: Session | None, person: Person | None, invitation: Invitation | None, now: int
) -> Mailbox | None:
    """The mailbox of a sign-in by code: of the session's person, of the invited guest, or the typed address."""
    if login.assertion is not None or vouching is not None:  # an earlier code signed them in, and a new proof is required
        return Mailbox(why=Why.HOME, address=person.email, person=person.id) if person else None
    if login.login_hint is None:
        return None
    invited = invitation is not None and invitation.email == login.login_hint and invitation.status_at(now) is Status.PENDING
    return Mailbox(
        why=Why.HOME, address=login.login_hint, person=invitation.person_id if invitation is not None and invited else None
    )


def additional_proof(
    tx: Connection,
    settings: Settings,
    login: Login,
    person: Person | None,
    invitation: Invitation | None,
    refusal: Refusal | None,
) -> tuple[Refusal | None, Mailbox | None]:
    """The refusal after this check, and the mailbox that an unknown person must prove in addition to their sign-in.

    A mailbox that was proven in this login removes the refusal; one that they cannot read keeps it.
    """
    if login.assertion is not None and person is not None and change_of(person, login.assertion) is Change.BOTH:
        return _is_it_still(login, login.assertion, person, refusal)
    if login.assertion is None or person is not None or (invitation is not None and refusal is None):
        return refusal, None
    mailbox = _additional_mailbox(tx, settings, login.assertion, invitation, refusal)
    if mailbox is None or login.mailbox_declined == (mark := mailbox.mark(login.id)):
        return refusal, None
    return None, None if login.mailbox_proven == mark else mailbox


def _is_it_still(login: Login, said: Assertion, person: Person, refusal: Refusal | None) -> tuple[Refusal | None, Mailbox | None]:
    """If name and address both changed, the recorded mailbox must be proven, or the sponsor confirms the person (FA-18)."""
    identity = (said.partner, said.issuer, said.subject)
    mailbox = Mailbox(why=Why.IDENTITY, address=person.email, person=person.id, identity=identity)
    mark = mailbox.mark(login.id)
    if login.mailbox_declined == mark:
        return refusal or CHANGED, None
    return refusal, None if login.mailbox_proven == mark else mailbox


def _additional_mailbox(
    tx: Connection, settings: Settings, said: Assertion, invitation: Invitation | None, refusal: Refusal | None
) -> Mailbox | None:
    """The invited mailbox, or the one of a guest who signed in by code before; one statement without an invitation."""
    identity = (said.partner, said.issuer, said.subject)
    if invitation is not None:
        authority = settings.partner_of_domain(domain_of(invitation.email))
        if refusal != MISMATCH or (
            authority is not None and authority.members
        ):  # members sign in at their identity provider, never by a code
            return None
        return Mailbox(why=Why.INVITED, address=invitation.email, person=invitation.person_id, identity=identity)
    if refusal is not None or said.partner == PARTNER or not said.email_verified or not said.email:
        return None
    partner = settings.partners.get(said.partner)
    guest = people.by_code(tx, said.email, PARTNER, settings.issuer, lock=True) if partner and not partner.members else None
    return Mailbox(why=Why.RECORDED, address=said.email, person=guest.id, identity=identity) if guest else None
