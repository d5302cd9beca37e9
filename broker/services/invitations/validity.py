"""Whether an invitation can still be redeemed: its own state, and the right of the member who invited (IN-04, IN-10)."""

from __future__ import annotations

from broker.domain.guest import Person
from broker.domain.invitation import Invitation, Status
from broker.services.authorization import Right, over_guest, rights_of_person
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations


def inviter_is_gone(tx: Connection, settings: Settings, invitation: Invitation, now: int) -> bool:
    """Whether the inviting member has left, is blocked, or may not invite to this any more (IN-10)."""
    if invitation.invited_by is None:
        return False
    member = people.by_id(tx, invitation.invited_by)
    if member is None:
        return True
    rights = rights_of_person(tx, settings, member, now)
    if rights.over_application(Right.INVITE, invitation.application):
        return False
    return invitation.application is not None or not over_guest(tx, rights, Right.INVITE, invitation.person_id)


def invitation_over(tx: Connection, invitation: Invitation, guest: Person, now: int) -> tuple[str, str] | None:
    """(page code, reason) if an invitation is no longer pending or was for another address, else None (IN-04)."""
    status = invitation.status_at(now)
    if status is Status.PENDING:
        return None if invitation.email == guest.email else ("invitation_expired", "invitation_replaced")
    if status is Status.REDEEMED:
        return "invitation_used", "invitation_used"
    if status is Status.EXPIRED:
        return "invitation_expired", "invitation_expired"
    return "invitation_expired", "invitation_replaced" if invitations.is_replaced(tx, invitation) else "invitation_revoked"
