"""Questions about members of staff: whether they are at work, administrate, or own an application.

The files name administrators and owners of applications, the database names owners of groups. Both use addresses; an address counts
only for an active member who has verified it. Each use case checks again, so that a withdrawn right ends at once (SC-06). An actor gets
the same answer for a thing that they may not touch and for a thing that does not exist (AD-01).
"""

from __future__ import annotations

from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import Forbidden, NotFound
from broker.domain.guest import GuestState, Person, PersonKind
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection

ALL = frozenset({ActorKind.COMMAND, ActorKind.SYSTEM})  # may do everything


def is_at_work(person: Person | None, now: int) -> bool:
    """A member who still is one: neither blocked, expired nor deleted."""
    return (
        person is not None
        and person.kind is PersonKind.MEMBER
        and person.state is GuestState.ACTIVE
        and not person.is_expired(now)
    )


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


def acting_person(tx: Connection, actor: Actor) -> Person | None:
    """The person who acts, as the directory knows them now; None for an actor of another kind."""
    return people.by_id(tx, actor.id) if actor.kind is ActorKind.PERSON else None


def limited_to(tx: Connection, settings: Settings, actor: Actor, now: int) -> str | None:
    """None: everything; else the address whose own things the actor may touch. Raises Forbidden for everybody else."""
    if actor.kind in ALL:
        return None
    person = _staff(tx, actor, now)
    return None if is_administrator(settings, person, now) else person.email


def administer(tx: Connection, settings: Settings, actor: Actor, now: int) -> None:
    """Raises Forbidden unless the actor is the command line, the broker itself or an administrator."""
    if limited_to(tx, settings, actor, now) is not None:
        raise Forbidden("only administrators may do that", "not_administrator")


def application(tx: Connection, settings: Settings, actor: Actor, client_id: str, now: int) -> ApplicationFile:
    """An application that the actor may give people to: any for administrators, their own for an owner. Raises NotFound."""
    owner = limited_to(tx, settings, actor, now)
    file = settings.applications.get(client_id)
    if file is None or (owner is not None and owner not in file.owners):
        raise NotFound(f"there is no application {client_id!r}", "application_unknown")
    return file


def _staff(tx: Connection, actor: Actor, now: int) -> Person:
    """The member of staff who acts. Raises Forbidden for guests and applications: an application has permissions, and owns nothing."""
    person = acting_person(tx, actor) if actor.permissions is None else None  # an application has single rights, and is no staff
    if person is None or not is_at_work(person, now) or not person.email_verified:
        raise Forbidden("only members of staff may do that", "not_staff")
    return person
