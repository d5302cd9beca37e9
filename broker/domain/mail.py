"""An e-mail: its kind, recipient and values, before and after it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MailKind(StrEnum):
    """What an e-mail is about, the most urgent first: the outbox sends in this order."""

    CODE = "code"
    INVITATION = "invitation"
    MOVE = "move"  # to a guest whose identity was unlinked: connect the account again
    MISMATCH = "mismatch"  # to the person responsible for a guest: another person came with the invitation
    FACTOR_RESET = "factor_reset"  # to the person responsible for a guest: is the phone lost?
    IDENTITY = "identity"  # to the person responsible for a guest: is that still the same person?
    FIRST_METHOD = "first_method"  # to the person responsible for a guest: may a first method be added?
    FACTORS = "factors"  # a person's methods changed, or were used in an unusual way
    RENEWAL = "renewal"  # to the person responsible for a guest: may the access go on?
    ACCESS_REQUEST = "access_request"  # to the owners of an application: somebody asks for it
    ACCESS_ANSWER = "access_answer"  # to the person who asked
    REVIEW = "review"  # to a reviewer: who keeps access?
    SETUP_LINK = "setup_link"  # to the IT of a partner: set up how your people sign in
    ENDING = "ending"  # to a guest: the access will end


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail to one address. values: for its template; they can contain a link or a code (HT-4).

    recipient, reply_to: canonical addresses. person: the id of the guest that it concerns, None if unknown.
    """

    kind: MailKind
    recipient: str
    language: str
    reply_to: str | None = None
    person: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered e-mail: the subject on one line, the complete text, and the same as HTML. logo: PNG, shown as cid:logo."""

    subject: str
    text: str
    html: str
    logo: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The delivery of an e-mail. Times: seconds since 1970, UTC. problem: the mail server's last answer, one line."""

    id: str
    kind: MailKind
    recipient: str
    created_at: int
    tries: int
    next_try_at: int | None
    sent_at: int | None
    failed_at: int | None
    problem: str | None

    @property
    def status(self) -> str:
        """sent, refused, or waiting (for its first try, or for another one)."""
        return "sent" if self.sent_at is not None else "refused" if self.failed_at is not None else "waiting"
