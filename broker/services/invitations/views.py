"""What staff, the portal and programs see of invitations, and of guests who are moved to another identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Posted
from broker.services.guests.views import GuestRow
from broker.storage.directory.identity_bindings import BoundIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """One invitation. It has no link: only the hash of the ticket is stored (HT-4). Times: seconds since 1970, UTC.

    status: at the moment of the view. inviter: named to the guest. redirect_url: where the guest arrives after the redemption.
    """

    id: str
    email: str
    status: Status
    guest_id: str
    application: str | None
    redirect_url: str
    language: str
    message: str
    inviter: str
    created_at: int
    expires_at: int
    redeemed_at: int | None

    @classmethod
    def of(cls, one: Invitation, now: int) -> Self:
        """The view at a time."""
        return cls(
            id=one.id,
            email=one.email,
            status=one.status_at(now),
            guest_id=one.person_id,
            application=one.application,
            redirect_url=one.redirect_url,
            language=one.language,
            message=one.message,
            inviter=one.inviter,
            created_at=one.created_at,
            expires_at=one.expires_at,
            redeemed_at=one.redeemed_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationDetail:
    """One invitation with the newest mails about its guest."""

    invitation: InvitationView
    mails: tuple[Posted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationForecast:
    """What an invitation would do: invite, again (a new link for a guest), or keep (the guest has the same one).

    lookalike: the domain that the domain of the address resembles (IN-13).
    """

    result: str
    lookalike: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestHoldings:
    """How many of each thing a guest has. identities: of the partner in question. sign_ins: at applications."""

    identities: int
    sessions: int
    sign_ins: int
    groups: int
    assignments: int
    consents: int

    @classmethod
    def of(cls, held: BoundIdentity) -> Self:
        """The view of the counts."""
        return cls(
            identities=held.identities,
            sessions=held.sessions,
            sign_ins=held.grants,
            groups=held.groups,
            assignments=held.assignments,
            consents=held.consents,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvitation:
    """A new invitation and its link, which exists outside its mail only here. redeem_url "": the link sent before stays valid.

    mails: their ids in the outbox, the guest's first. lookalike: as in `InvitationForecast`.
    """

    invitation: InvitationView
    redeem_url: str
    mails: tuple[str, ...] = ()
    lookalike: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReboundGuest:
    """A guest whose identities were removed, or would be: as they are now, what they had, and their new link.

    email: the address from now on. problem: why nothing was done, or would be.
    """

    guest: GuestRow
    email: str
    held: GuestHoldings
    issued: IssuedInvitation | None = None
    problem: str = ""
