"""A person's own account: they see their data and end what they want. No input reaches another person's account (AD-01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor
from broker.domain.errors import NotFound
from broker.domain.guest import Person
from broker.domain.login import Session
from broker.services.core import Core
from broker.services.guests.directory import Guests
from broker.services.guests.lifecycle import GuestLife
from broker.services.guests.views import IdentityView
from broker.services.sessions.assurance import is_fresh
from broker.services.sessions.sessions import Sessions
from broker.storage.directory import application_usage, assignments, consents, people
from broker.storage.factors import factors
from broker.storage.oauth import sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedApplication:
    """One application of a person. agreed_at: None without consent. until None: as long as the access itself lasts.

    groups: those through which the person may use it. Times: seconds since 1970, UTC.
    """

    client_id: str
    name: str
    assigned: bool
    groups: tuple[str, ...]
    agreed_at: int | None
    until: int | None
    last_used: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSessionView:
    """A browser in which a person is signed in. device: browser and system in words. Times: seconds since 1970, UTC."""

    sid: str
    partner: str
    device: str
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount:
    """What a person sees about themselves."""

    identities: tuple[IdentityView, ...]
    uses: tuple[UsedApplication, ...]
    sessions: tuple[OwnSessionView, ...]


class SelfService:
    """A person looks at their account, withdraws consents, ends sessions, exports their data, leaves."""

    def __init__(self, core: Core, guests: Guests, browsers: Sessions, life: GuestLife) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._guests = guests
        self._browsers = browsers
        self._life = life

    def of(self, person: Person) -> OwnAccount:
        """The account of a person."""
        now = self._clock()
        with self._db.read() as tx:
            given = {row["application"]: row["given_at"] for row in consents.listed(tx, person.id) if row["withdrawn_at"] is None}
            held = [*assignments.of(tx, Principal.PERSON, person.id), *assignments.through_groups(tx, person.id)]
            used = application_usage.last_used(tx, person.id)
            bound, live = people.identities_of(tx, person.id), sessions.live_of(tx, person.id, now)
        mine = [one for one in held if one.holds(now)]
        files = self._settings().applications
        ids = sorted({*given, *(one.application for one in mine)} & set(files), key=lambda one: (files[one].name.casefold(), one))
        uses = tuple(_use(one, files[one].name, mine, given.get(one), used.get(one)) for one in ids)
        idle = self._settings().broker.sessions.idle
        return OwnAccount(
            identities=tuple(IdentityView.of(one) for one in bound),
            uses=uses,
            sessions=tuple(_session(one) for one in live if one.last_seen_at > now - idle),
        )

    def withdraw(self, actor: Actor, person_id: str, application: str) -> None:
        """Withdraws the consent for an application; sign-ins there end. Raises NotFound."""
        self._guests.withdraw_consent(actor, person_id, application)

    def end_session(self, actor: Actor, person_id: str, sid: str) -> None:
        """Ends one of the person's own sessions. Raises NotFound, also for a session of somebody else (AD-01)."""
        with self._db.read() as tx:
            found = sessions.by_sid(tx, sid)
        if found is None or found.person_id != person_id or not self._browsers.end(sid, actor, "ended by the person"):
            raise NotFound("there is no such session", "session_unknown")

    def is_fresh(self, session: Session) -> bool:
        """Whether the last proof is recent enough for leaving and for the export (FA-28)."""
        now = self._clock()
        with self._db.read() as tx:
            return is_fresh(session, session.person_id, has_method=bool(factors.of_person(tx, session.person_id)), now=now)

    def export(self, actor: Actor, person_id: str) -> Mapping[str, Any]:
        """All data about the person, without secrets (AD-05). The caller checks `is_fresh`."""
        return self._guests.export(actor, person_id)

    def leave(self, actor: Actor, person_id: str) -> None:
        """Deletes the person for good. The caller checks `is_fresh`. Raises Conflict for a member."""
        self._life.leave(actor, person_id)


def _session(one: Session) -> OwnSessionView:
    return OwnSessionView(
        sid=one.sid,
        partner=one.partner,
        device=one.device,
        created_at=one.created_at,
        last_seen_at=one.last_seen_at,
    )


def _use(client_id: str, name: str, held: Sequence[Assignment], agreed_at: int | None, last_used: int | None) -> UsedApplication:
    here = [one for one in held if one.application == client_id]
    ends = [one.ends_at for one in here]
    lasting = [at for at in ends if at is not None]
    return UsedApplication(
        client_id=client_id,
        name=name,
        assigned=any(one.principal is Principal.PERSON for one in here),
        groups=tuple(sorted({one.name for one in here if one.principal is Principal.GROUP})),
        agreed_at=agreed_at,
        until=max(lasting) if here and len(lasting) == len(ends) else None,
        last_used=last_used,
    )
