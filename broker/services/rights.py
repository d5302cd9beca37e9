"""What a member of staff may do, by the files of now: administrators everything, owners what concerns their applications."""

from __future__ import annotations

from broker.domain.guest import Kind, Person, State
from broker.settings.load import Settings


def is_at_work(person: Person | None, now: int) -> bool:
    """A member who still is one: neither blocked, expired nor deleted."""
    return person is not None and person.kind is Kind.MEMBER and person.state is State.ACTIVE and not person.is_expired(now)


def is_administrator(settings: Settings, person: Person | None, now: int) -> bool:
    """A member at work whose verified address is in `administrators:`."""
    return (
        person is not None
        and is_at_work(person, now)
        and person.email_verified
        and person.email in settings.broker.administrators
    )


def owns(settings: Settings, person: Person | None, client_id: str | None, now: int) -> bool:
    """A member at work whose verified address is in the application's `owners:`."""
    application = settings.applications.get(client_id or "")
    return (
        person is not None
        and application is not None
        and is_at_work(person, now)
        and person.email_verified
        and person.email in application.owners
    )


def may_invite(settings: Settings, person: Person | None, client_id: str | None, now: int) -> bool:
    """Administrators invite to everything, owners to the applications that they own, nobody else to anything (IN-11)."""
    return is_administrator(settings, person, now) or owns(settings, person, client_id, now)
