"""Events of the audit: who did what to what, and why. Personal values are separate, so that a deletion can remove them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self


class ActorKind(StrEnum):
    """The kinds of actors; the audit stores these words."""

    PERSON = "person"
    APPLICATION = "application"
    COMMAND = "command"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, from where, in which request. One of the four constructors below makes it.

    permissions: a person acts through an application, which may only use these for them; None: they act themselves. proven_at: when that
    person last signed in or proved a method, by the application's grant; None if unknown.
    """

    kind: ActorKind
    id: str = ""
    address: str = ""
    request_id: str = ""
    permissions: frozenset[str] | None = None
    proven_at: int | None = None

    @classmethod
    def person(cls, person_id: str = "", *, address: str = "", request_id: str = "") -> Self:
        """A person; without an id as long as the login has not identified them."""
        return cls(kind=ActorKind.PERSON, id=person_id, address=address, request_id=request_id)

    def through(self, permissions: frozenset[str], proven_at: int | None) -> Self:
        """The same person, for whom an application acts."""
        return replace(self, permissions=permissions, proven_at=proven_at)

    @classmethod
    def application(cls, client_id: str, *, address: str = "", request_id: str = "") -> Self:
        """A program that authenticated as a client."""
        return cls(kind=ActorKind.APPLICATION, id=client_id, address=address, request_id=request_id)

    @classmethod
    def command(cls, user: str = "") -> Self:
        """The command line. user: USER@HOST."""
        return cls(kind=ActorKind.COMMAND, id=user)

    @classmethod
    def system(cls) -> Self:
        """The broker itself, in background work."""
        return cls(kind=ActorKind.SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """A search of the audit. since: included, until: excluded, seconds since 1970. name: of the event. person: the id of the person whom it
    concerns.
    """

    since: int
    until: int | None = None
    name: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One audit row. name: dotted, past tense (`invitation.created`). data: ids and words only.

    subject: the pseudonymous id of the person concerned, or empty. personal: values for the side table (HT-18).
    """

    name: str
    actor: Actor
    target: str = ""
    subject: str = ""
    reason: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
