"""Ask for an application, and answer: by an owner or an administrator, by e-mail or in the portal, once.

Whatever answers a request locks the person first and then leaves the state `open` by one conditional statement. So two
owners at the same moment give one answer, and a person who is blocked or deleted meanwhile gets nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import Conflict, Forbidden, NotFound, TooMany
from broker.domain.guest import GuestState, Person
from broker.domain.ids import new_id
from broker.domain.question import Question
from broker.domain.times import DAY, after_last_moment
from broker.services import authorization
from broker.services.access_requests import offers
from broker.services.access_requests.answering import Admit, Answering, checked_end, checked_words
from broker.services.access_requests.making import ANSWERED_WITHIN, Making
from broker.services.access_requests.offers import AccessOffer
from broker.services.access_requests.views import RequestDetail, RequestView, detail, views
from broker.services.authorization import Right, Rights
from broker.services.core import Core
from broker.services.messages.mail_questions import Handler
from broker.services.messages.outbox import Outbox
from broker.settings.load import Settings
from broker.storage.directory import access_requests, people
from broker.storage.engine import Connection

A_DAY_AT_MOST = 10  # requests of one person
SOME = 500  # requests that one run of housekeeping ends
COUNTED = 1000  # a list counts no further


class AccessRequests:
    """A person asks, an owner or administrator answers, housekeeping ends what nobody answered."""

    def __init__(self, core: Core, outbox: Outbox, admit: Admit) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._answering = Answering(core.settings, outbox, admit)
        self.making = Making(core.settings, outbox, self._answering)  # for sign-ups, in the transaction of their login

    # --- the person who asks ------------------------------------------------------------------------------------------

    def offers(self, actor: Actor) -> list[AccessOffer]:
        """The applications that the person who acts may ask for, by name, with their last request of each."""
        now, files = self._clock(), offers.candidates(self._settings())
        if not files or actor.kind is not ActorKind.PERSON:
            return []
        with self._db.read() as tx:
            person = people.by_id(tx, actor.id)
            if person is None or person.state is not GuestState.ACTIVE or person.is_expired(now):
                return []
            asked: dict[str, AccessRequest] = {}
            for one in access_requests.of_person(tx, person.id, since=now - ANSWERED_WITHIN):
                if one.is_open(now) or one.state is RequestState.REFUSED:
                    asked.setdefault(one.application, one)
            return [
                offers.offer(file, asked.get(file.client_id), now) for file in files if offers.is_closed(tx, file, person, now)
            ]

    def ask(self, actor: Actor, client_id: str, *, reason: str, until: int | None = None) -> AccessRequest:
        """Ask for an application, as the person who acts. `self_service.approval: none` grants it at once.

        until: the end that the person asks for, seconds since 1970; None: as long as the file allows. Raises NotFound (no
        application that people may ask for), Forbidden (no active person), Conflict (has it, asked already, nobody can
        answer), Invalid, TooMany.
        """
        now, file = self._clock(), self._settings().applications.get(client_id)
        with self._db.write() as tx:
            person = self._person(tx, actor, now)
            if file is None or not file.self_service.request:
                raise NotFound(f"there is no application {client_id!r} that you may ask for", "application_unknown")
            if not offers.is_closed(tx, file, person, now):
                raise Conflict(f"you have access to {file.name} already", "access_held")
            request = AccessRequest(
                id=new_id(),
                person_id=person.id,
                application=client_id,
                role=file.self_service.role or "",
                reason=checked_words(reason, "reason"),
                wanted_until=checked_end(file, until, now),
                created_at=now,
                expires_at=now + ANSWERED_WITHIN,
            )
            if len(access_requests.of_person(tx, person.id, since=now - DAY)) >= A_DAY_AT_MOST:
                raise TooMany("you asked often today; try again tomorrow", "requests_many")
            return self.making.make(tx, actor, person, file, request, now)

    def take_back(self, actor: Actor, request_id: str) -> AccessRequest:
        """Withdraw one's own request. Raises NotFound, also for a request of somebody else (AD-01), Conflict (answered)."""
        now = self._clock()
        with self._db.write() as tx:
            person = self._person(tx, actor, now)
            request = access_requests.by_id(tx, request_id)
            if request is None or request.person_id != person.id:
                raise NotFound(f"there is no request {request_id!r}", "request_unknown")
            return self._answering.withdraw(tx, actor, request, now)

    # --- the people who answer ----------------------------------------------------------------------------------------

    def listed(
        self, actor: Actor, state: RequestState, *, before: tuple[int, str] | None = None, limit: int = 50
    ) -> list[RequestView]:
        """Requests of one state, the newest first, behind (created_at, id); an owner's are those for their applications."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            mine = _applications(tx, settings, actor, Right.SEE_REQUESTS, now)
            return views(tx, settings, access_requests.page(tx, state, applications=mine, before=before, limit=limit))

    def counts(self, actor: Actor) -> Mapping[RequestState, int]:
        """How many requests of each state this actor sees, counted up to COUNTED."""
        now = self._clock()
        with self._db.read() as tx:
            mine = _applications(tx, self._settings(), actor, Right.SEE_REQUESTS, now)
            return {one: access_requests.count(tx, one, applications=mine, most=COUNTED) for one in RequestState}

    def show(self, actor: Actor, request_id: str) -> RequestDetail:
        """One request with the facts that help to decide. Raises NotFound."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            request = _seen(tx, authorization.rights_of_staff(tx, settings, actor, now), request_id)
            file = settings.applications.get(request.application)
            [view] = views(tx, settings, [request])
            return detail(tx, view, offers.latest(file, now) if file else None, now)

    def approve(self, actor: Actor, request_id: str, *, until: int | None, words: str = "") -> AccessRequest:
        """Give what was asked for, until a time or for good. words: for the person who asked.

        Raises NotFound, Forbidden (one's own request), Invalid (the end), Conflict (answered, expired, the person is blocked).
        """
        now = self._clock()
        with self._db.write() as tx:
            return self._answering.approve(tx, actor, self._answerable(tx, actor, request_id, now), until, words, now)

    def refuse(self, actor: Actor, request_id: str, *, words: str) -> AccessRequest:
        """Refuse, with words for the person who asked. Raises NotFound, Forbidden, Invalid (no words), Conflict (answered)."""
        now = self._clock()
        with self._db.write() as tx:
            return self._answering.refuse(tx, actor, self._answerable(tx, actor, request_id, now), words, now)

    def answers(self) -> Mapping[str, Handler]:
        """The answers to the question that owners get by e-mail; the ticket is the right (services/messages/respondents.py)."""
        return {"approve": partial(self._answered, approve=True), "refuse": partial(self._answered, approve=False)}

    def _answered(self, tx: Connection, question: Question, actor: Actor, now: int, *, approve: bool) -> None:
        request = access_requests.by_id(tx, str(question.data["request"]))
        if request is None:
            raise NotFound("there is no such request any more", "request_unknown")
        words = question.said.get("words", "")
        if not approve:
            self._answering.refuse(tx, actor, request, words, now)
            return
        day = question.said.get("until", "").strip()
        self._answering.approve(tx, actor, request, after_last_moment(day) if day else None, words, now)

    # --- housekeeping -------------------------------------------------------------------------------------------------

    def look(self) -> int:
        """End requests that nobody answered in time, and tell the people who asked; how many. Safe to run twice at once."""
        now, counted = self._clock(), Counter[bool]()
        with self._db.read() as tx:
            due = access_requests.overdue(tx, now, SOME)
        for request_id in due:
            with self._db.write() as tx:
                counted[self._answering.expire(tx, request_id, now)] += 1
        return counted[True]

    # --- who may ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _person(tx: Connection, actor: Actor, now: int) -> Person:
        """The person who acts, locked: nobody blocks or deletes them until this transaction ends."""
        person = people.by_id(tx, actor.id, lock=True) if actor.kind is ActorKind.PERSON else None
        if person is None or person.state is not GuestState.ACTIVE or person.is_expired(now):
            raise Forbidden("only a person with access can ask for more", "not_active")
        return person

    def _answerable(self, tx: Connection, actor: Actor, request_id: str, now: int) -> AccessRequest:
        rights = authorization.rights_of_staff(tx, self._settings(), actor, now)
        request = _seen(tx, rights, request_id)
        if not rights.over_application(Right.DECIDE_REQUESTS, request.application):
            raise Forbidden("you may not do that", "no_right_decide_requests")
        if actor.kind is ActorKind.PERSON and actor.id == request.person_id:
            raise Forbidden("nobody answers their own request", "request_own")
        return request


def _seen(tx: Connection, rights: Rights, request_id: str) -> AccessRequest:
    """A request that these rights show; for anybody else there is none (AD-01)."""
    request = access_requests.by_id(tx, request_id)
    if request is None or not rights.over_application(Right.SEE_REQUESTS, request.application):
        raise NotFound(f"there is no request {request_id!r}", "request_unknown")
    return request


def _applications(tx: Connection, settings: Settings, actor: Actor, right: Right, now: int) -> frozenset[str] | None:
    """The client ids over whose requests an actor has the right; None for all. Raises Forbidden."""
    rights = authorization.require(tx, settings, actor, right, now)
    return None if rights.may_everywhere(right) else rights.applications
