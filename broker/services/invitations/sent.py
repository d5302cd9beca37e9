"""Sent invitations: staff lists, shows, revokes and resends them (FC-11)."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, NotFound
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.invitation import Invitation, Status
from broker.services import authorization
from broker.services.addresses import canonical
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.invitations.links import Tickets, nothing
from broker.services.invitations.request import letter, may_be_invited
from broker.services.invitations.views import InvitationDetail, InvitationView, IssuedInvitation
from broker.services.lookup import guest_for
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations
from broker.storage.operations import outbox


class SentInvitations:
    """For the command line and administrators. The name of an invitation is its id; an address names the newest one of its guest."""

    def __init__(self, core: Core, tickets: Tickets) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._tickets = tickets

    def listed(
        self, actor: Actor, *, status: Status | None = None, email: str | None = None, after: str = "", limit: int = 100
    ) -> tuple[InvitationView, ...]:
        """A page of invitations after the id `after`, the newest first. email: canonical; of this guest only. Raises Forbidden."""
        now = self._clock()
        with self._db.read() as tx:
            authorization.administer(tx, self._settings(), actor, now)
            person = people.by_email(tx, email) if email else None
            if email and person is None:
                return ()
            found = invitations.page(tx, now, status=status, person_id=person.id if person else None, after=after, limit=limit)
            return tuple(InvitationView.of(one, now) for one in found)

    def show(self, actor: Actor, name: str) -> InvitationDetail:
        """One invitation with its mails. Raises NotFound, Forbidden."""
        now = self._clock()
        with self._db.read() as tx:
            authorization.administer(tx, self._settings(), actor, now)
            found = _named(tx, name)
            return InvitationDetail(invitation=InvitationView.of(found, now), mails=tuple(outbox.of_person(tx, found.person_id)))

    def revoke(self, actor: Actor, name: str, *, reason: str = "") -> InvitationView:
        """Revokes an invitation: its link stops working. Raises NotFound, Conflict (redeemed, revoked, expired), Forbidden."""
        now = self._clock()
        with self._db.write() as tx:
            found = self._of_actor(tx, actor, Right.REVOKE, name, now)
            if found.status_at(now) is not Status.PENDING or not invitations.revoke(tx, found.id):
                raise Conflict(f"the invitation of {found.email} is {found.status_at(now)}", "invitation_over")
            personal = {"email": found.email} | ({"reason": reason} if reason else {})
            event = Event(name="invitation.revoked", actor=actor, subject=found.person_id, target=found.id, personal=personal)
            audit.record(tx, event, now)
            return InvitationView.of(replace(found, status=Status.REVOKED), now)

    def resend(self, actor: Actor, name: str, *, mail: bool = True) -> IssuedInvitation:
        """Sends the same invitation with a new link, which replaces the old one; `Outbox.deliver` sends its mail.

        Raises NotFound, Conflict (redeemed or revoked, a guest who is not waiting, a domain that is denied now), Forbidden.
        """
        now = self._clock()
        with self._db.write() as tx:
            found = self._of_actor(tx, actor, Right.RESEND, name, now)
            guest = people.by_id(tx, found.person_id, lock=True)
            if guest is None:
                raise NotFound(f"there is no invitation {name!r}", "invitation_unknown")
            return self.send_again(tx, actor, found, guest, now, mail=mail)

    def send_again(
        self, tx: Connection, actor: Actor, found: Invitation, guest: Person, now: int, *, mail: bool = True, reason: str = ""
    ) -> IssuedInvitation:
        """The same in the transaction of its cause; guest: locked. Raises Conflict."""
        self._resendable(tx, found, guest, now)
        settings = self._settings()
        mails = (lambda url, until: [letter(settings, found, guest, url, until)]) if mail else nothing
        data = {"instead_of": found.id}
        return self._tickets.issue(
            tx,
            actor,
            found,
            mails,
            now,
            event="invitation.sent_again",
            data=data,
            personal={"reason": reason} if reason else None,
        )

    def _of_actor(self, tx: Connection, actor: Actor, right: Right, name: str, now: int) -> Invitation:
        """The invitation, if the actor may do this to its guest. Raises NotFound, Forbidden."""
        require(tx, self._settings(), actor, right, now)
        found = _named(tx, name)
        try:
            guest_for(tx, self._settings(), actor, right, found.person_id, now)
        except NotFound:
            raise NotFound(f"there is no invitation {name!r}", "invitation_unknown") from None
        return found

    def _resendable(self, tx: Connection, found: Invitation, guest: Person, now: int) -> None:
        status = found.status_at(now)
        if status not in (Status.PENDING, Status.EXPIRED):
            raise Conflict(f"the invitation of {found.email} is {status}; invite them again: broker invite", "invitation_over")
        newest = invitations.latest_of(tx, guest.id)
        if newest is not None and newest.id != found.id and newest.created_at >= found.created_at:
            raise Conflict(f"{found.email} has a newer invitation: {newest.id}", "invitation_replaced")
        if guest.kind is PersonKind.MEMBER or guest.state is not GuestState.INVITED or guest.email != found.email:
            raise Conflict(f"{found.email} is not waiting for an invitation: {guest.state}", "guest_state")
        if not may_be_invited(self._settings(), guest.email):
            raise Conflict(f"{guest.email} may not be invited: see invitations: in config/broker.yaml", "domain_denied")


def _named(tx: Connection, name: str) -> Invitation:
    """By id, or the newest of an address. Raises NotFound."""
    found = invitations.by_id(tx, name)
    if found is None and (email := canonical(name)) and (person := people.by_email(tx, email)) is not None:
        found = invitations.latest_of(tx, person.id)
    if found is None:
        raise NotFound(f"there is no invitation {name!r}", "invitation_unknown")
    return found
