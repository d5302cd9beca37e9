"""A mail: what it says to whom, before anybody wrote it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class MailKind(StrEnum):
    """What a mail is about, the most urgent first: the order in which they leave."""

    CODE = "code"
    INVITATION = "invitation"
    MOVE = "move"  # to a guest whose binding ended: connect the account once more
    MISMATCH = "mismatch"  # to whoever answers for a guest: somebody else came with the invitation
    FACTOR_RESET = "factor_reset"  # to whoever answers for a guest: is the phone lost?
    IDENTITY = "identity"  # to whoever answers for a guest: is that still the same person?
    FIRST_METHOD = "first_method"  # to whoever answers for a guest: may a first method be added?
    FACTORS = "factors"  # a person's methods changed, or were used in an unusual way
    RENEWAL = "renewal"  # to whoever answers for a guest: may the access go on?
    ACCESS_REQUEST = "access_request"  # to the owners of an application: somebody asks for it
    ACCESS_ANSWER = "access_answer"  # to the person who asked
    ENDING = "ending"  # to a guest: it will end


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address. values: what its text is filled with; they may hold a link or a code (HT-4).

    recipient, reply_to: canonical addresses. person: the id of the guest that it concerns, None for nobody known.
    """

    kind: MailKind
    recipient: str
    language: str
    reply_to: str | None = None
    person: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail in words: the subject on one line, the text complete by itself, the same as HTML. logo: PNG, shown as cid:logo."""

    subject: str
    text: str
    html: str
    logo: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How far a mail came. Times: seconds since 1970, UTC. problem: what the mail server said last, one line."""

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
