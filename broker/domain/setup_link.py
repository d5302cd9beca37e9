"""A set-up link: a partner's IT enters how its people sign in, without an account here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.domain.ids import digest

LONGEST = 60  # days that a link is good for
USUAL = 14  # days, where nobody says otherwise
HEALTH_PAGE = 366  # days, the longest that an accepted link stays open as a health page
RECORD = "_guest-broker"  # the label below a domain where the record of its proof stands (RFC 8552 2)


class SetupState(StrEnum):
    """Open: nothing was entered. Used: something was. Finished: it was handed over. Revoked and expired links open nothing."""

    OPEN = "open"
    USED = "used"
    FINISHED = "finished"
    EXPIRED = "expired"
    REVOKED = "revoked"


class SetupDecision(StrEnum):
    """What an administrator made of what was handed over. It changes no file."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ProofState(StrEnum):
    """What the DNS says of a domain. Absent: there is no record. Other: there are some, and none is this link's. Unknown: nobody answered."""

    PROVEN = "proven"
    ABSENT = "absent"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainProof:
    """A domain behind a link. name, value: of the TXT record that proves it. state, at: what was found last and when; None before."""

    domain: str
    name: str
    value: str
    state: ProofState | None
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupAnswer:
    """What a partner's IT entered, checked. section: of the partner's file; keys: of that section, without the secret.

    metadata: the document that was pasted, None where an address was given. secret: sealed, None where there is none.
    findings: of doctor, when it was entered.
    """

    section: str
    keys: Mapping[str, str]
    domains: tuple[str, ...]
    metadata: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    findings: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupTrial:
    """What came of the last trial sign-in. at: seconds since 1970, UTC. findings: of doctor; names alone, no values."""

    at: int
    findings: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLink:
    """One row; its ticket is stored as a hash only. Times: seconds since 1970, UTC.

    partner: the id that the file will have. name, domains: as the administrator expects them. email: where the link was sent, "" if
    nowhere. private: addresses of `network.allow_private_addresses` may be read for this link. finished_at: when the answer was
    handed over, until it changes.
    """

    id: str
    partner: str
    name: str
    domains: tuple[str, ...]
    language: str
    email: str
    private: bool
    created_at: int
    expires_at: int
    revoked_at: int | None = None
    answered_at: int | None = None
    finished_at: int | None = None
    decided_at: int | None = None
    decision: SetupDecision | None = None

    def opens(self, now: int) -> bool:
        """Whether its ticket opens the page."""
        return self.revoked_at is None and now < self.expires_at

    def state(self, now: int) -> SetupState:
        """What the link is at this moment. An answer that was handed over outlives the link."""
        if self.revoked_at is not None:
            return SetupState.REVOKED
        if self.finished_at is not None:
            return SetupState.FINISHED
        if not self.opens(now):
            return SetupState.EXPIRED
        return SetupState.USED if self.answered_at is not None else SetupState.OPEN


def proof_name(domain: str) -> str:
    """Where the record of a domain stands."""
    return f"{RECORD}.{domain}"


def proof_value(link_id: str, domain: str) -> str:
    """What the record says. It belongs to this link and domain: a record that another link asked for proves nothing here."""
    return f"guest-broker-domain={digest(f'setup_link:{link_id}:{domain}')}"
