"""One answer to one request, in the transaction of its cause: state, assignment, e-mail and audit event together.

The caller asked already whether the actor may answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, ActorKind, Event
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.expiry_rules import LAST
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.ids import new_id
from broker.domain.times import DAY
from broker.services.access_requests import notices, offers
from broker.services.history import audit
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import owners_of
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import access_requests, assignments, people
from broker.storage.engine import Connection

Admit = Callable[[Connection, Person, str | None, int], Person]  # services/guests/transitions.py

MAX_WORDS = 1000  # characters, of the reason and of the answer


class Answering:
    """Approve, refuse, withdraw, expire. Each raises Conflict for a request that is closed."""

    def __init__(self, settings: Callable[[], Settings], outbox: Outbox, admit: Admit) -> None:
        """admit: gives a person who signed up the state of a guest with access (services/guests/transitions.py)."""
        self._settings = settings
        self._outbox = outbox
        self._admit = admit

    def approve(
        self, tx: Connection, actor: Actor, request: AccessRequest, until: int | None, words: str, now: int
    ) -> AccessRequest:
        """Give the assignment, until a time or for good, and tell the person. Raises NotFound, Conflict, Invalid."""
        settings, person = self._settings(), self._held(tx, request)
        file = settings.applications.get(request.application)
        if file is None:
            raise NotFound(f"there is no application {request.application!r} any more", "application_unknown")
        if request.signed_up and person.waits and not person.is_expired(now):
            person = self._admit(tx, person, self._sponsor(tx, actor, request, now), now)
        if person.state is not GuestState.ACTIVE or person.is_expired(now):
            raise Conflict(f"{person.email} has no access now (blocked or ended), so nothing can be given", "guest_inactive")
        if request.role and request.role not in file.roles:
            raise Conflict(f"{file.name} has no role {request.role!r} any more", "role_unknown")
        end = checked_end(file, until, now)
        wish = Assignment(
            id=new_id(),
            principal=Principal.PERSON,
            holder=person.id,
            name=person.email,
            application=request.application,
            role=request.role,
            starts_at=now,
            ends_at=end if end is not None else offers.latest(file, now),
        )
        given = assignments.lengthen(tx, wish)
        answer = checked_words(words, "answer") if words.strip() else ""
        settled = self._settle(tx, request, RequestState.APPROVED, actor, now, ends_at=given.ends_at, answer=answer)
        notices.tell_requester(tx, settings, self._outbox, settled, person, now)
        data = {"assignment": given.id, "role": given.role, "ends_at": given.ends_at}
        record(tx, "approved", actor, settled, now, data=data, personal={"answer": answer} if answer else {})
        return settled

    def refuse(self, tx: Connection, actor: Actor, request: AccessRequest, words: str, now: int) -> AccessRequest:
        """Refuse with words, and tell the person. Raises NotFound, Conflict, Invalid (no words)."""
        person = self._held(tx, request)
        answer = checked_words(words, "answer")
        settled = self._settle(tx, request, RequestState.REFUSED, actor, now, answer=answer)
        if _is_told(person):
            notices.tell_requester(tx, self._settings(), self._outbox, settled, person, now)
        record(tx, "refused", actor, settled, now, personal={"answer": answer})
        return settled

    def withdraw(self, tx: Connection, actor: Actor, request: AccessRequest, now: int) -> AccessRequest:
        """The person takes the request back; nobody needs to answer."""
        settled = self._settle(tx, request, RequestState.WITHDRAWN, actor, now)
        record(tx, "withdrawn", actor, settled, now)
        return settled

    def expire(self, tx: Connection, request_id: str, now: int) -> bool:
        """Nobody answered in time; False if somebody did after all."""
        seen = access_requests.by_id(tx, request_id)
        person = people.by_id(tx, seen.person_id, lock=True) if seen else None
        settled = access_requests.settle(tx, request_id, RequestState.EXPIRED, now, by=ActorKind.SYSTEM.value) if person else None
        if settled is None or person is None:
            return False
        notices.close_questions(tx, settled, now)
        if _is_told(person):
            notices.tell_requester(tx, self._settings(), self._outbox, settled, person, now)
        record(tx, "expired", Actor.system(), settled, now)
        return True

    def _sponsor(self, tx: Connection, actor: Actor, request: AccessRequest, now: int) -> str | None:
        """Who answers for a person who signed up: the member who approved, else the first owner."""
        member = people.by_id(tx, actor.id) if actor.kind is ActorKind.PERSON and actor.id else None
        if member is not None and member.kind is PersonKind.MEMBER:
            return member.email
        return next(iter(owners_of(tx, self._settings(), request.application, now)), None)

    @staticmethod
    def _held(tx: Connection, request: AccessRequest) -> Person:
        """The person who asked, locked."""
        person = people.by_id(tx, request.person_id, lock=True)
        if person is None or person.state is GuestState.DELETED:
            raise NotFound(f"there is no request {request.id!r}", "request_unknown")
        return person

    @staticmethod
    def _settle(
        tx: Connection,
        request: AccessRequest,
        state: RequestState,
        actor: Actor,
        now: int,
        *,
        ends_at: int | None = None,
        answer: str = "",
    ) -> AccessRequest:
        by = actor.id if actor.kind is ActorKind.PERSON and actor.id else actor.kind.value
        settled = access_requests.settle(tx, request.id, state, now, by=by, ends_at=ends_at, answer=answer)
        if settled is None:
            there = access_requests.by_id(tx, request.id)
            word = there.state if there and there.state is not RequestState.OPEN else RequestState.EXPIRED
            raise Conflict(f"this request is closed: {word}", "request_closed")
        notices.close_questions(tx, settled, now)
        return settled


def _is_told(person: Person) -> bool:
    """Whether the person hears of the end of their request: one who was blocked, or whose access ended, does not."""
    return person.state is GuestState.ACTIVE or person.waits


def record(
    tx: Connection,
    what: str,
    actor: Actor,
    request: AccessRequest,
    now: int,
    *,
    data: Mapping[str, object] | None = None,
    personal: Mapping[str, str] | None = None,
) -> None:
    """The audit event of one step of a request. personal: words of people, which a deletion empties (HT-18)."""
    event = Event(
        name=f"access_request.{what}",
        actor=actor,
        target=request.application,
        subject=request.person_id,
        data={"request": request.id, **(data or {})},
        personal=personal or {},
    )
    audit.record(tx, event, now)


def checked_end(file: ApplicationFile, until: int | None, now: int) -> int | None:
    """An end that a request may have. Raises Invalid."""
    if until is None:
        return None
    if not now < until <= LAST:
        raise Invalid("the end lies in the past, or after the year 2099; choose a later day", "until_invalid")
    last = offers.latest(file, now)
    if last is not None and until > last + DAY:  # the rest of the last day counts
        days = (file.self_service.lifetime or 0) // DAY
        raise Invalid(f"{file.name} allows at most {days} days; choose an earlier day", "until_late")
    return until


def checked_words(text: str, what: str) -> str:
    """The words of a person, without empty lines. what: reason or answer. Raises Invalid."""
    words = "\n".join(line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip())
    if not words:
        raise Invalid(f"the {what} is missing; write one sentence", f"{what}_missing")
    if len(words) > MAX_WORDS or not all(c.isprintable() or c == "\n" for c in words):
        raise Invalid(f"the {what} must have at most {MAX_WORDS} characters, and no control characters", f"{what}_invalid")
    return words
