"""Constructs the service of questions by mail; the outbox is constructed in outbox.py."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.factors import FactorServices
from broker.composition.guests import GuestServices
from broker.composition.invitations import InvitationServices
from broker.composition.login import LoginServices
from broker.domain.question import QuestionKind
from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.messages.mail_questions import Questions
from broker.services.messages.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageServices:
    """Mails that leave, and the answers to questions in them."""

    mail_questions: Questions
    outbox: Outbox


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
