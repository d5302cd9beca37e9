"""Issuing the link of an invitation: for whoever invites, for a fresh mail, for a guest who moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from broker.domain.audit import Actor, Event
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail
from broker.services.history import audit
from broker.services.messages.outbox import Outbox
from broker.settings.load import Settings
from broker.storage.engine import Connection
from broker.storage.login import invitations


@dataclass(frozen=True, slots=True)
class Invited:
    """The invitation, and its link: the only time that the ticket exists outside its mail. "": the one sent before holds.

    mails: their ids in the outbox, the guest's first. lookalike: the domain that the address's can be taken for (IN-13).
    """

    invitation: Invitation
    redeem_url: str
    mails: tuple[str, ...] = ()
    lookalike: str | None = None


Mails = Callable[[str, int], Sequence[Mail]]  # the link, and until when it works


class Tickets:
    """One living link for one person; only its hash is kept (HT-4)."""

    def __init__(self, settings: Callable[[], Settings], outbox: Outbox) -> None:
        self._settings = settings
        self._outbox = outbox

    def url(self, ticket: str) -> str:
        """The link of a ticket."""
        return f"{self._settings().issuer}/invitation/{ticket}"

    def issue(
        self,
        tx: Connection,
        actor: Actor,
        wanted: Invitation,
        mails: Mails,
        now: int,
        *,
        event: str = "invitation.created",
        data: Mapping[str, object] | None = None,
        is_first: bool = False,
    ) -> Invited:
        """A new link in the place of whatever link the person had, its mails in the outbox.

        wanted: what the invitation says; its id, status and times are made here. event: the audit's word for it.
        is_first: the person is new, so there is nothing to revoke.
        """
        if not is_first:
            invitations.revoke_pending(tx, wanted.person_id)
        ticket = new_secret()
        until = now + self._settings().broker.invitations.lifetime
        made = replace(wanted, id=new_id(), status=Status.PENDING, created_at=now, expires_at=until, redeemed_at=None)
        invitations.add(tx, made, digest(ticket))
        said = {"application": made.application or "", "expires_at": until} | dict(data or {})
        audit.record(
            tx,
            Event(name=event, actor=actor, subject=made.person_id, target=made.id, data=said, personal={"email": made.email}),
            now,
        )
        sent = tuple(self._outbox.add(tx, mail, now) for mail in mails(self.url(ticket), until))
        return Invited(made, self.url(ticket), sent)


def nothing(_url: str, _until: int) -> Sequence[Mail]:
    """No mail: the link is handed over in another way."""
    return ()
