"""Constructs the services of mails: the outbox, and questions by mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.composition.factors import FactorServices
from broker.composition.guests import GuestServices
from broker.composition.invitations import InvitationServices
from broker.composition.login import LoginServices
from broker.domain.question import QuestionKind
from broker.keyring.seal import Sealer
from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.messages.mail_questions import Questions
from broker.services.messages.outbox import Outbox, Write
from broker.settings.load import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageServices:
    """Mails that leave, and the answers to questions in them."""

    mail_questions: Questions
    outbox: Outbox


class MailWriter:
    """Writes mails with the templates and catalogues of the web floor. It imports them for the first mail only."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._write: Write | None = None

    def __call__(self) -> Write:
        """The function that renders a mail."""
        if self._write is None:
            from broker.web.mails import Mails

            self._write = Mails(self._settings).write
        return self._write


def wire_outbox(core: Core, sealer: Sealer) -> Outbox:
    """The outbox: other subjects queue their mails in it."""
    return Outbox(core, sealer, MailWriter(core.settings))


def wire_messages(
    core: Core,
    outbox: Outbox,
    guests: GuestServices,
    invitations: InvitationServices,
    login: LoginServices,
    factors: FactorServices,
    requests: AccessRequests,
) -> MessageServices:
    """Each kind of question is answered by the service that asks it."""
    handlers = {
        QuestionKind.RENEW: guests.lifecycle.answers(),
        QuestionKind.MISMATCH: invitations.identity_mismatch.answers(),
        QuestionKind.IDENTITY: login.identity_changes.answers(),
        QuestionKind.FACTOR_RESET: factors.reset.answers(),
        QuestionKind.FIRST_METHOD: factors.reset.answers(),
        QuestionKind.ACCESS: requests.answers(),
    }
    return MessageServices(mail_questions=Questions(core, handlers), outbox=outbox)
