"""Words of the pages of guests: states, feedback, history, and why an act was refused."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain.guest import GuestState
from broker.services.guests.views import GuestRow
from broker.web.i18n import _

SAID: Mapping[str, str] = {
    "blocked": _("Blocked. Their sessions and access to applications ended at once."),
    "unblocked": _("Unblocked. They can sign in again."),
    "renewed": _("Renewed. Their access has its new end."),
    "signed_out": _("Signed out everywhere. They can sign in again."),
    "resent": _("The invitation is on its way again. Its old link no longer works."),
    "revoked": _("The invitation was taken back. Its link no longer works."),
    "identity_reset": _("The link to their organization's account has ended. An invitation is on its way."),
    "factors_reset": _("Their sign-in methods were removed. They get an e-mail about it."),
    "deleted": _("Deleted. Their personal data is gone."),
    "invited": _("Added. The invitation is on its way."),
    "added": _("Added. They had access here already, so no invitation was sent."),
    "none_chosen": _("Nothing was changed: choose guests first."),
    "too_many": _("Nothing was changed: these are more than 100,000 guests. Narrow the filter."),
    "not_done": _("Nothing was changed: this is not possible for this guest any more. Look at their state below."),
}

HISTORY: Mapping[str, str] = {
    "invitation.created": _("Invited"),
    "invitation.sent_again": _("Invitation sent again"),
    "invitation.revoked": _("Invitation taken back"),
    "invitation.redeemed": _("Invitation accepted"),
    "guest.blocked": _("Blocked"),
    "guest.unblocked": _("Unblocked"),
    "guest.renewed": _("Renewed"),
    "guest.renewal_declined": _("The sponsor let the access end"),
    "guest.expired": _("Access ended"),
    "guest.changed": _("Details changed"),
    "guest.signed_out": _("Signed out everywhere"),
    "guest.reset": _("Link to their organization's account ended"),
    "guest.exported": _("Data exported"),
    "sign_in.allowed": _("Signed in"),
    "sign_in.refused": _("Sign-in refused"),
    "session.ended": _("Signed out"),
    "factor.added": _("Sign-in method added"),
    "factor.removed": _("Sign-in method removed"),
    "factor.reset": _("Sign-in methods reset"),
    "factor.refused": _("Wrong code or passkey"),
    "consent.given": _("Agreed to share data"),
    "consent.withdrawn": _("Withdrew consent"),
    "assignment.given": _("Application assigned"),
    "assignment.taken_back": _("Assignment removed"),
    "group.member_added": _("Added to a group"),
    "group.member_removed": _("Removed from a group"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "allowed": ("passed", _("Allowed")),
    "blocked": ("stopped", _("Blocked")),
    "failed": ("stopped", _("Failed")),
    "abandoned": ("warned", _("Abandoned")),
}


def state_of(guest: GuestRow, now: int) -> tuple[str, str]:
    """(kind of the macro `state`, word)."""
    if guest.state is GuestState.ACTIVE and guest.expires_at is not None and guest.expires_at <= now:
        return "ended", _("Ended")
    return {
        GuestState.INVITED: ("sent", _("Invited")),
        GuestState.ACTIVE: ("well", _("Active")),
        GuestState.BLOCKED: ("stopped", _("Blocked")),
        GuestState.EXPIRED: ("ended", _("Ended")),
        GuestState.DELETED: ("ended", _("Deleted")),
    }[guest.state]
