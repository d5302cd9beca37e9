"""Who may do what to the directory: the command line and administrators all, owners what is theirs, guests nothing.

Files say who administers and who owns an application, the database who owns a group; both by address, which counts only
for a member of staff who is at work (services/rights.py). Asked at every act, so a right that was taken away is gone at
once (SC-06). What somebody may not touch does not exist for him (AD-01).
"""

from __future__ import annotations

from broker.domain.audit import Actor
from broker.domain.errors import Forbidden, NotFound
from broker.domain.guest import Person
from broker.services import rights
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage import people
from broker.storage.engine import Connection

_ALL = frozenset({"command", "system"})


def limited_to(tx: Connection, settings: Settings, actor: Actor, now: int) -> str | None:
    """None: everything; else the address whose own things the actor may touch. Raises Forbidden for whoever is no staff."""
    if actor.kind in _ALL:
        return None
    person = _staff(tx, actor, now)
    return None if rights.is_administrator(settings, person, now) else person.email


def administer(tx: Connection, settings: Settings, actor: Actor, now: int) -> None:
    """Raises Forbidden for everybody but the command line and administrators."""
    if limited_to(tx, settings, actor, now) is not None:
        raise Forbidden("only administrators may do that", "not_administrator")


def application(tx: Connection, settings: Settings, actor: Actor, client_id: str, now: int) -> ApplicationFile:
    """An application that the actor may give people to: any for administrators, his own for an owner. Raises NotFound."""
    owner = limited_to(tx, settings, actor, now)
    file = settings.applications.get(client_id)
    if file is None or (owner is not None and owner not in file.owners):
        raise NotFound(f"there is no application {client_id!r}", "application_unknown")
    return file


def _staff(tx: Connection, actor: Actor, now: int) -> Person:
    """The member of staff who acts. Anything else has no rights of its own here, a program neither."""
    person = people.by_id(tx, actor.id) if actor.kind == "person" else None
    if person is None or not rights.is_at_work(person, now) or not person.email_verified:
        raise Forbidden("only members of staff may do that", "not_staff")
    return person
