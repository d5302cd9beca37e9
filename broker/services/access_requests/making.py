"""Makes one request in the transaction of its cause: the row, the audit event, the question to each owner, or the access at once."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.access_request import AccessRequest
from broker.domain.audit import Actor
from broker.domain.errors import Conflict
from broker.domain.guest import Person
from broker.domain.times import DAY
from broker.services.access_requests import notices, offers
from broker.services.access_requests.answering import Answering, record
from broker.services.messages.outbox import Outbox
from broker.settings.application_file import ApplicationFile
from broker.settings.load import Settings
from broker.storage.directory import access_requests
from broker.storage.engine import Connection

ANSWERED_WITHIN = 14 * DAY  # seconds; then the request expires


class Making:
    """The caller asked already whether the person may ask, and holds their row."""

    def __init__(self, settings: Callable[[], Settings], outbox: Outbox, answering: Answering) -> None:
        self._settings = settings
        self._outbox = outbox
        self._answering = answering

    def make(
        self, tx: Connection, actor: Actor, person: Person, file: ApplicationFile, request: AccessRequest, now: int
    ) -> AccessRequest:
        """`self_service.approval: none` grants it at once. Raises Conflict (asked already, nobody can answer)."""
        if not access_requests.add(tx, request):
            raise Conflict(f"you asked for {file.name} already", "request_open")
        data: dict[str, object] = {"role": request.role, "wanted_until": request.wanted_until}
        if request.signed_up:
            data |= {"signed_up": True, "attributes": sorted(request.attributes)}
        record(tx, "made", actor, request, now, data=data, personal={"reason": request.reason, **request.attributes})
        if file.self_service.approval == "none":
            end = request.wanted_until if request.wanted_until is not None else offers.latest(file, now)
            return self._answering.approve(tx, Actor.system(), request, end, "", now)
        if not notices.ask_owners(tx, self._settings(), self._outbox, request, person, now):
            raise Conflict(f"nobody can answer a request for {file.name} now", "request_unanswerable")
        if request.signed_up:  # a person with access sees their request on `/apps`
            notices.tell_requester(tx, self._settings(), self._outbox, request, person, now)
        return request
