"""Issues the link of an invitation: for a new invitation, for a new mail, for a guest who is moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from broker.domain.audit import Actor, Event
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail
from broker.services.history import audit
from broker.services.invitations.views import InvitationView, IssuedInvitation
from broker.services.messages.outbox import Outbox
from broker.settings.load import Settings
from broker.storage.engine import Connection
from broker.storage.login import invitations

Mails = Callable[[str, int], Sequence[Mail]]  # (link, time until which it works) -> mails


class Tickets:
    """A person has one valid link; only its hash is stored (HT-4)."""

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
        personal: Mapping[str, str] | None = None,
        is_first: bool = False,
    ) -> IssuedInvitation:
        """Replaces the link that the person had by a new one, and queues its mails.

        wanted: the content of the invitation; its id, status and times are made here. event: its name in the audit; data, personal: what else stands there.
        is_first: the person is new, so there is nothing to revoke.
        """
        if not is_first:
            invitations.revoke_pending(tx, wanted.person_id)
        ticket = new_secret()
        until = now + self._settings().broker.invitations.lifetime
        made = replace(wanted, id=new_id(), status=Status.PENDING, created_at=now, expires_at=until, redeemed_at=None)
        invitations.add(tx, made, digest(ticket))
        said = {"application": made.application or "", "expires_at": until} | dict(data or {})
        if is_first:
            said["is_new"] = True
        audit.record(
            tx,
            Event(
                name=event,
                actor=actor,
                subject=made.person_id,
                target=made.id,
                data=said,
                personal={"email": made.email} | dict(personal or {}),
            ),
            now,
        )
        sent = tuple(self._outbox.add(tx, mail, now) for mail in mails(self.url(ticket), until))
        return IssuedInvitation(invitation=InvitationView.of(made, now), redeem_url=self.url(ticket), mails=sent)


def nothing(_url: str, _until: int) -> Sequence[Mail]:
    """No mail: staff hands out the link."""
    return ()
