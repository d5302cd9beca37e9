"""A person of the directory: a guest, or a member of the company's own staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PersonKind(StrEnum):
    """Why this person is here."""

    GUEST = "guest"
    MEMBER = "member"


class GuestState(StrEnum):
    """A guest's life; only an active one gets in."""

    INVITED = "invited"
    ACTIVE = "active"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row of the directory.

    email: canonical form (domain/address.py), unique among those who are not deleted.
    partner: the home organization of the last sign-in, None before the first; times: seconds since 1970, UTC.
    answered_at: when a home organization's answer, no running session, let them in last. orphaned_at: since when no member answers for this guest. due_at: when housekeeping looks at the guest next; notices: how
    many of the mails before the end have left (domain/expiry_rules.py). mfa_at: when this person first reached multi-factor
    authentication here; vouched_until: until when a first method may be added without a second channel, because staff vouched.
    said_email, said_name: what the home organization said with this identity last; only where the person was found by it.
    profile: what the home organization said last (broker claim names), the source of released claims.
    """

    id: str
    kind: PersonKind
    state: GuestState
    email: str
    email_verified: bool = False
    name: str = ""
    language: str = ""
    partner: str | None = None
    sponsor: str | None = None
    created_at: int = 0
    redeemed_at: int | None = None
    expires_at: int | None = None
    last_sign_in: int | None = None
    answered_at: int | None = None
    orphaned_at: int | None = None
    due_at: int | None = None
    notices: int = 0
    mfa_at: int | None = None
    vouched_until: int | None = None
    said_email: str | None = None
    said_name: str | None = None
    profile: Mapping[str, object] = field(default_factory=dict)

    def is_expired(self, now: int) -> bool:
        """An expiry is over at its instant (HT-12)."""
        return self.state is GuestState.EXPIRED or (self.expires_at is not None and now >= self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An external identity: unique as (partner, issuer, subject), exact bytes; never found by an address.

    said_email, said_name: what came with it last, by which a subject that was given to somebody else is noticed (FA-18).
    """

    partner: str
    issuer: str
    subject: str
    person_id: str
    bound_at: int
    said_email: str | None = None
    said_name: str | None = None
