"""When and why a guest's access ends, and what housekeeping does about it: pure functions of the record and the rules.

Times are seconds since 1970, UTC, of our own clock, without zones and calendars (PO-08).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.times import DAY

NOTICES = (14 * DAY, 3 * DAY)  # before the end; each only if the access lasts twice as long
LAST = 4_102_444_800  # 2100-01-01: later end dates are rejected as typing errors
ORPHAN_GRACE = 30 * DAY  # a guest whose sponsor is gone, where one is required


class Cause(StrEnum):
    """Why access ends."""

    TIME = "time"  # the end that was set
    INACTIVE = "inactive"  # the guest has not signed in for too long
    NO_SPONSOR = "no_sponsor"  # the guest has no sponsor


class ExpiryStep(StrEnum):
    """What is due."""

    NOTICE = "notice"
    EXPIRE = "expire"
    FORGET = "forget"  # it can no longer be restored: the personal data is removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The company's configuration, in seconds. restore: how long after its end an access can be renewed."""

    lifetime: int | None = None
    inactive: int | None = None
    sponsor_required: bool = False
    restore: int = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryPlan:
    """step: due now, None for nothing. due_at: when the next step is due. notices: how many the guest has received after this step."""

    step: ExpiryStep | None
    due_at: int | None
    notices: int = 0
    end: int | None = None
    cause: Cause = Cause.TIME


def end_of(person: Person, rules: Rules) -> tuple[int, Cause] | None:
    """The earliest end of this guest's access, and its cause; None without an end."""
    ends = [(person.expires_at, Cause.TIME)]
    if rules.inactive is not None and person.state is GuestState.ACTIVE:
        ends.append((_seen(person) + rules.inactive, Cause.INACTIVE))
    if rules.sponsor_required and person.orphaned_at is not None:
        ends.append((person.orphaned_at + ORPHAN_GRACE, Cause.NO_SPONSOR))
    known = [(at, cause) for at, cause in ends if at is not None]
    return min(known) if known else None


def plan(person: Person, rules: Rules, now: int) -> ExpiryPlan:
    """What is due for a person at `now`, and when something is due next."""
    if person.kind is PersonKind.MEMBER or person.state in (GuestState.BLOCKED, GuestState.DELETED):
        return ExpiryPlan(step=None, due_at=None)
    if person.state is GuestState.EXPIRED:
        at = (person.expires_at or now) + rules.restore
        return ExpiryPlan(step=ExpiryStep.FORGET if now >= at else None, due_at=at)
    found = end_of(person, rules)
    if found is None:
        return ExpiryPlan(step=None, due_at=None)
    end, cause = found
    if now >= end:
        return ExpiryPlan(step=ExpiryStep.EXPIRE, due_at=end, end=end, cause=cause)
    return _before(person, end, cause, now)


def _before(person: Person, end: int, cause: Cause, now: int) -> ExpiryPlan:
    """Notices: a later end restarts them; after a missed notice the guest receives one e-mail, not two."""
    if person.state is GuestState.INVITED:  # the guest has not redeemed yet, so there is nobody to notify
        return ExpiryPlan(step=None, due_at=end, end=end, cause=cause)
    lasting = end - (_seen(person) if cause is Cause.INACTIVE else started(person))
    times = [end - before if lasting >= 2 * before else None for before in NOTICES]
    reached = max((number for number, at in enumerate(times, 1) if at is not None and now >= at), default=0)
    following = min((at for at in times if at is not None and at > now), default=end)
    step = ExpiryStep.NOTICE if reached > person.notices else None
    return ExpiryPlan(step=step, due_at=following, notices=max(reached, person.notices) if reached else 0, end=end, cause=cause)


def renewed_until(person: Person, rules: Rules) -> int | None:
    """The end that a renewal offers: the same length again after the current end; None without an end."""
    if person.expires_at is None:
        return None
    return person.expires_at + (rules.lifetime or max(DAY, person.expires_at - started(person)))


def started(person: Person) -> int:
    """When this access began."""
    return person.redeemed_at or person.created_at


def _seen(person: Person) -> int:
    """When the guest signed in last, else when the access began."""
    return max(person.last_sign_in or 0, started(person))
