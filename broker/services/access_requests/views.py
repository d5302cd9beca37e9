"""What staff see of requests: frozen views, made in the transaction that read the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.assignment import Principal
from broker.domain.guest import Person, PersonKind
from broker.services.access_requests.notices import application_name
from broker.settings.load import Settings
from broker.storage.directory import access_requests, assignments, people
from broker.storage.engine import Connection

MOST_COLLEAGUES = 1000  # of a larger partner nobody counts while a page waits


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request with the person who asked. Times: seconds since 1970, UTC.

    partner: the name of their home organization, "" before the first sign-in. application: a client_id; application_name: as
    people know it. wanted_until, ends_at None: no end of its own. signed_up, attributes: of a person who
    asked on the sign-up page. decided_by: an address, or the kind of actor; "" while open.
    """

    id: str
    state: RequestState
    person_id: str
    email: str
    name: str
    is_member: bool
    partner: str
    since: int
    last_sign_in: int | None
    application: str
    application_name: str
    role: str
    reason: str
    signed_up: bool
    attributes: Mapping[str, str]
    wanted_until: int | None
    created_at: int
    expires_at: int
    decided_at: int | None
    decided_by: str
    ends_at: int | None
    answer: str

    def is_open(self, now: int) -> bool:
        """Whether it can still be answered."""
        return self.state is RequestState.OPEN and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccess:
    """What the person holds at the application now. group: through which, "" for an assignment of their own."""

    role: str
    group: str
    ends_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetail:
    """One request in full. held: what the person has there now. latest: the last end that an approval may give.

    colleagues: how many people of the same partner hold the application, of how many; None where that is not known.
    """

    view: RequestView
    held: Sequence[HeldAccess]
    latest: int | None
    colleagues: tuple[int, int] | None


def views(tx: Connection, settings: Settings, requests: Iterable[AccessRequest]) -> list[RequestView]:
    """The views of some requests: one statement for all people."""
    found = list(requests)
    known = people.by_ids(tx, {one.person_id for one in found} | {one.decided_by for one in found})
    return [_view(settings, one, known[one.person_id], known) for one in found if one.person_id in known]


def detail(tx: Connection, view: RequestView, latest: int | None, now: int) -> RequestDetail:
    """One request with the facts that help to decide."""
    own = assignments.of(tx, Principal.PERSON, view.person_id, view.application)
    through = [one for one in assignments.through_groups(tx, view.person_id) if one.application == view.application]
    held = [
        HeldAccess(role=one.role, group=one.name if one.principal is Principal.GROUP else "", ends_at=one.ends_at)
        for one in (*own, *through)
        if one.holds(now)
    ]
    person = people.by_id(tx, view.person_id)
    colleagues = None
    if person is not None and person.partner:
        colleagues = access_requests.colleagues(tx, view.application, person.partner, now, most=MOST_COLLEAGUES)
    return RequestDetail(view=view, held=held, latest=latest, colleagues=colleagues)


def _view(settings: Settings, request: AccessRequest, person: Person, known: Mapping[str, Person]) -> RequestView:
    partner, by = settings.partners.get(person.partner or ""), request.decided_by
    return RequestView(
        id=request.id,
        state=request.state,
        person_id=person.id,
        email=person.email,
        name=person.name,
        is_member=person.kind is PersonKind.MEMBER,
        partner=partner.name if partner else "",
        since=person.redeemed_at or person.created_at,
        last_sign_in=person.last_sign_in,
        application=request.application,
        application_name=application_name(settings, request.application),
        role=request.role,
        reason=request.reason,
        signed_up=request.signed_up,
        attributes=request.attributes,
        wanted_until=request.wanted_until,
        created_at=request.created_at,
        expires_at=request.expires_at,
        decided_at=request.decided_at,
        decided_by=known[by].email if by in known else by,
        ends_at=request.ends_at,
        answer=request.answer,
    )
