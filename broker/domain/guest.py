"""A person of the directory: a guest, or a member of the company's own staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class PersonKind(StrEnum):
    """GUEST: invited from another organization. MEMBER: of the company's own staff."""

    GUEST = "guest"
    MEMBER = "member"


class GuestState(StrEnum):
    """The states of a guest; only an active guest can sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row of the directory.

    email: canonical form (domain/address.py), unique among those who are not deleted.
    Times: seconds since 1970, UTC. signed_up_at: when a guest signed up themselves, None for one who was invited. partner: the home organization of the last sign-in, None before the first. answered_at: the
    last sign-in by an answer of a home organization, not by a session. orphaned_at: since when no member is responsible for
    this guest. due_at: when housekeeping next has something to do for the guest. notices: how many e-mails about the end they
    have received (domain/expiry_rules.py). mfa_at: when this person first reached multi-factor authentication here.
    vouched_until: until when a first method can be added without a second channel, because somebody vouched. asserted_email,
    asserted_name: the last ones that the home organization asserted with this identity; only if the person was found by it.
    details: what programs keep about this person (domain/person_details.py); it is in no token.
    profile: the claims that the home organization asserted last (broker claim names), the source of released claims.
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
    signed_up_at: int | None = None
    redeemed_at: int | None = None
    expires_at: int | None = None
    last_sign_in: int | None = None
    answered_at: int | None = None
    orphaned_at: int | None = None
    due_at: int | None = None
    notices: int = 0
    mfa_at: int | None = None
    vouched_until: int | None = None
    asserted_email: str | None = None
    asserted_name: str | None = None
    profile: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether the person signed up, and nobody has given them access yet."""
        return self.state is GuestState.INVITED and self.signed_up_at is not None and self.redeemed_at is None

    def is_expired(self, now: int) -> bool:
        """Whether the access has ended; it has at its end (HT-12)."""
        return self.state is GuestState.EXPIRED or (self.expires_at is not None and now >= self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An external identity: unique as (partner, issuer, subject), compared byte by byte; never found by an address.

    asserted_email, asserted_name: the last ones asserted with it. By them the broker notices a subject that was given to another person
    (FA-18).
    """

    partner: str
    issuer: str
    subject: str
    person_id: str
    bound_at: int
    asserted_email: str | None = None
    asserted_name: str | None = None
