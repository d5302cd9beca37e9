"""An identity that was not invited opens an invitation: asks the sponsor by mail whether it is the guest (IN-01, AL-04).

The answer concerns the identity of that attempt (partner, issuer, subject) and this invitation only. It binds nothing: with a yes, the
identity may redeem the invitation at its next attempt with the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict
from broker.domain.guest import Person
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail, MailKind
from broker.domain.question import Question, QuestionKind
from broker.domain.times import DAY
from broker.services.history import audit
from broker.services.invitations.links import Tickets
from broker.services.invitations.request import letter
from broker.services.messages.language import language_of
from broker.services.messages.mail_questions import Handler, ask
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import who_answers
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations
from broker.storage.operations import mail_questions, rate_limits


class Mismatches:
    """Asks, and carries out the answer. Every method runs in the transaction of its caller."""

    def __init__(self, settings: Callable[[], Settings], outbox: Outbox, tickets: Tickets) -> None:
        self._settings = settings
        self._outbox = outbox
        self._tickets = tickets

    def note(self, tx: Connection, invitation: Invitation, said: Assertion, actor: Actor, now: int) -> bool:
        """Records an attempt by an identity that was not invited, and asks at most once a day for an invitation. True if it asked."""
        guest = people.by_id(tx, invitation.person_id)
        asked = self._asked(tx, invitation, guest, now) if guest else None
        told = guest is not None and asked is not None
        if told and rate_limits.count_attempt(tx, f"mismatch:{invitation.id}", now, DAY) > 1:
            told = False
        if told and guest is not None and asked is not None:
            self._tell(tx, invitation, guest, said, asked, now)
        event = Event(
            name="invitation.attempted",
            actor=actor,
            subject=invitation.person_id,
            target=invitation.id,
            reason="invitation_identity",
            data={"partner": said.partner, "told": told},
            personal={"asserted": said.email or said.name or said.subject},
        )
        audit.record(tx, event, now)
        return told

    def answers(self) -> Mapping[str, Handler]:
        """The answers to the question whether the identity belongs to the invited person."""
        return {"yes": self._accept, "no": self._send_anew}

    def _asked(self, tx: Connection, invitation: Invitation, guest: Person, now: int) -> str | None:
        """The member who invited, else the guest's sponsor, else an administrator: the first who is an active member now."""
        return next(iter(who_answers(tx, self._settings(), QuestionKind.MISMATCH, guest, invitation, now)), None)

    def _tell(self, tx: Connection, invitation: Invitation, guest: Person, said: Assertion, asked: str, now: int) -> None:
        settings = self._settings()
        partner = settings.partners.get(said.partner)
        tried, at = said.email or said.name or said.subject, partner.name if partner else said.partner
        data = {
            "invitation": invitation.id,
            "partner_id": said.partner,
            "issuer": said.issuer,
            "subject": said.subject,
            "tried": tried,
            "at": at,
        }
        until = invitation.expires_at
        ticket = ask(tx, QuestionKind.MISMATCH, guest.id, asked, data, max(until - now, DAY), now)
        member = people.by_email(tx, asked)
        values = {
            "guest": guest.name or guest.email,
            "email": guest.email,
            "tried": tried,
            "at": at,
            "url": f"{settings.issuer}/question/{ticket}",
        }
        mail = Mail(
            kind=MailKind.MISMATCH,
            recipient=asked,
            language=language_of(member, settings),
            person=guest.id,
            values=values,
        )
        self._outbox.add(tx, mail, now)

    def _accept(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Lets exactly this identity redeem this invitation (AL-04)."""
        invitation, said = self._open(tx, question, now), question.data
        partner, issuer, subject = (str(said[name]) for name in ("partner_id", "issuer", "subject"))
        if people.by_identity(tx, partner, issuer, subject) is not None:  # AL-07
            raise Conflict("this identity belongs to somebody by now", "identity_taken")
        invitations.accept_identity(tx, invitation.id, partner, issuer, subject, now)
        mail_questions.close(tx, question.person_id, QuestionKind.MISMATCH, now)
        data = {"partner": partner, "question": question.id}
        audit.record(
            tx,
            Event(name="invitation.identity_accepted", actor=actor, subject=question.person_id, target=invitation.id, data=data),
            now,
        )

    def _send_anew(self, tx: Connection, question: Question, actor: Actor, now: int) -> None:
        """Revokes the link, which somebody else has, and sends another one to the invited address."""
        invitation, guest = self._open(tx, question, now), people.by_id(tx, question.person_id)
        if guest is None:
            raise Conflict("there is no such guest any more", "guest_unknown")
        mail_questions.close(tx, guest.id, QuestionKind.MISMATCH, now)
        self._tickets.issue(
            tx,
            actor,
            invitation,
            lambda url, until: [letter(self._settings(), invitation, guest, url, until)],
            now,
            event="invitation.sent_again",
            data={"question": question.id},
        )

    def _open(self, tx: Connection, question: Question, now: int) -> Invitation:
        """The invitation, if it is still pending. Raises Conflict, and then the question stays open."""
        invitation = invitations.by_id(tx, str(question.data["invitation"]))
        if invitation is None or invitation.status_at(now) is not Status.PENDING:
            raise Conflict("the invitation does not wait any more", "invitation_over")
        return invitation
