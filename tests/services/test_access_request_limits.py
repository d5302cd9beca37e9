"""Requests for access: what may be asked for, how often, and what ends a request without an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from broker.app import Broker
from broker.domain.access_request import RequestState
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from broker.services.access_requests.making import ANSWERED_WITHIN
from broker.services.access_requests.requests import A_DAY_AT_MOST
from broker.storage.tables import questions
from tests.clock import START, Clock
from tests.journeys.world import ACTOR
from tests.services.access_request_scene import DAY, GUEST, ask, broker, events, held, id_of, mails, opened, who

__all__ = ["broker"]  # the fixture


def test_what_may_be_asked_for(broker: Broker, clock: Clock) -> None:
    """Only applications whose file opens it, closed to this person now, once at a time, for a time that the file allows."""
    service = broker.access_requests
    with pytest.raises(NotFound):
        service.ask(who("ada"), "travel", reason="Please.")
    with pytest.raises(NotFound):
        service.ask(who("ada"), "nothing", reason="Please.")
    for until in (START, START - 1, START + 92 * DAY):
        with pytest.raises(Invalid):
            ask(broker, until=until)
    with pytest.raises(Invalid):
        service.ask(who("ada"), "payroll", reason=" ")
    with pytest.raises(Forbidden):
        service.ask(ACTOR, "payroll", reason="Please.")
    [offer] = service.offers(who("ada"))
    assert (offer.client_id, offer.role, offer.latest, offer.at_once, offer.request) == (
        "payroll",
        "viewer",
        START + 90 * DAY,
        False,
        None,
    )
    ask(broker)
    with pytest.raises(Conflict, match="asked for Payroll already"):
        ask(broker)
    broker.access.assignments.assign(ACTOR, "payroll", GUEST, role="viewer")
    assert service.offers(who("ada")) == []
    clock.advance(ANSWERED_WITHIN)
    service.look()
    with pytest.raises(Conflict, match="access to Payroll already"):
        ask(broker)


def test_a_quota_a_day(broker: Broker, clock: Clock) -> None:
    """Asking and taking back again sends no flood of e-mails to the owners."""
    for _ in range(A_DAY_AT_MOST):
        broker.access_requests.take_back(who("ada"), ask(broker).id)
    with pytest.raises(TooMany):
        ask(broker)
    clock.advance(DAY + 1)
    assert ask(broker).state is RequestState.OPEN


def test_a_guest_who_was_deleted(broker: Broker) -> None:
    """LP-05: requests and questions go with the person."""
    request = ask(broker)
    broker.guests.lifecycle.delete(ACTOR, GUEST)
    with pytest.raises(NotFound):
        broker.access_requests.approve(who("bob"), request.id, until=None)
    assert broker.access_requests.listed(ACTOR, RequestState.OPEN) == []


def test_a_hand_over_leaves_requests_alone(broker: Broker) -> None:
    """Owners are asked, no sponsor: another sponsor closes none of their links."""
    ask(broker)
    broker.guests.sponsors.hand_over(ACTOR, GUEST, "zoe@contoso.example")
    with broker.core.db.read() as tx:
        assert tx.execute(select(questions.c.answered_at)).scalars().all() == [None, None]


def test_nobody_answered(broker: Broker, tmp_path: Path, clock: Clock) -> None:
    """Housekeeping ends it at its instant, once, tells the person, and what is old is deleted."""
    request = ask(broker)
    clock.advance(ANSWERED_WITHIN - 1)
    assert broker.access_requests.look() == 0
    clock.advance(1)
    assert broker.operations.housekeeping.run()["requests_expired"] == 1
    assert broker.access_requests.look() == 0
    assert broker.access_requests.show(ACTOR, request.id).view.state is RequestState.EXPIRED
    assert (GUEST, "Nobody answered your request for Payroll at Contoso") in mails(broker, tmp_path)
    clock.advance(401 * DAY)
    assert broker.operations.housekeeping.run()["requests"] == 1


def test_without_approval(tmp_path: Path, database_url: str, clock: Clock) -> None:
    """`approval: none` gives at once, within the file's limit, on record as our own act; nobody is asked."""
    broker = opened(tmp_path, database_url, clock, more="approval: none, role: viewer, lifetime: 30d")
    try:
        settled = ask(broker, until=None)
        assert (settled.state, settled.ends_at, settled.decided_by) == (RequestState.APPROVED, START + 30 * DAY, "system")
        assert held(broker) == [("viewer", START, START + 30 * DAY)]
        assert [to for to, _ in mails(broker, tmp_path)] == [GUEST]
        assert events(broker) == [("access_request.approved", "system", ""), ("access_request.made", "person", id_of("ada"))]
        assert ask(broker, "bo", until=START + 5 * DAY).ends_at == START + 5 * DAY
    finally:
        broker.close()
