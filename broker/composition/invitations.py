"""Constructs the services of invitations."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.invitations.additions import GuestAdditions
from broker.services.invitations.identity_mismatch import Mismatches
from broker.services.invitations.invitations import Invitations
from broker.services.invitations.links import Tickets
from broker.services.invitations.rebinding import GuestRebinding
from broker.services.invitations.resend import Fresh
from broker.services.invitations.sent import SentInvitations
from broker.services.messages.outbox import Outbox
from broker.services.rate_limits import RateLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationServices:
    """Invitations, from the request to the link that a guest uses."""

    additions: GuestAdditions
    identity_mismatch: Mismatches
    invitations: Invitations
    rebinding: GuestRebinding
    resend: Fresh
    sent: SentInvitations


def wire_invitations(core: Core, outbox: Outbox, rate_limits: RateLimits) -> InvitationServices:
    """rate_limits: count new mails for expired links."""
    links = Tickets(core.settings, outbox)
    made = Invitations(core, links)
    return InvitationServices(
        additions=GuestAdditions(core, made),
        identity_mismatch=Mismatches(core.settings, outbox, links),
        invitations=made,
        rebinding=GuestRebinding(core, links),
        resend=Fresh(core, rate_limits, links),
        sent=SentInvitations(core, links),
    )
