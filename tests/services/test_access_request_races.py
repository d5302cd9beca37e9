"""Requests for access at the same time: one answer counts, and each limit holds (HT-3)."""

from __future__ import annotations

from collections.abc import Callable

from broker.app import Broker
from broker.domain.access_request import AccessRequest
from broker.domain.errors import CommandError
from tests.clock import START
from tests.journeys.world import ACTOR
from tests.race import race
from tests.services.access_request_scene import DAY, GUEST, ask, crowded, events, held, who

__all__ = ["crowded"]  # the fixture


def test_twenty_answers_at_once(crowded: Broker) -> None:
    """Two owners and the person, twenty times at the same moment: one answer, one assignment at most, no deadlock."""
    request = ask(crowded)
    service = crowded.access_requests

    def answer(number: int) -> str:
        acts: tuple[Callable[[], AccessRequest], ...] = (
            lambda: service.approve(who("bob"), request.id, until=None),
            lambda: service.refuse(who("zoe"), request.id, words="No."),
            lambda: service.take_back(who("ada"), request.id),
            lambda: service.approve(who("alice"), request.id, until=START + DAY),
        )
        try:
            return acts[number % 4]().state.value
        except CommandError as error:
            return error.reason

    found = race(answer)
    [won] = [one for one in found if one != "request_closed"]
    assert service.show(ACTOR, request.id).view.state.value == won
    assert len(held(crowded)) == (won == "approved")
    assert len(events(crowded)) == 2


def test_twenty_requests_at_once(crowded: Broker) -> None:
    """One open request for a person and an application, whatever the moment."""

    def press(_number: int) -> str:
        try:
            return ask(crowded).state.value
        except CommandError as error:
            return error.reason

    assert sorted(race(press)) == ["open"] + ["request_open"] * 19


def test_approved_while_the_guest_is_deleted(crowded: Broker) -> None:
    """The two meet: either the guest had it and is gone, or the approval found nobody; nothing stays behind."""
    request = ask(crowded)

    def act(number: int) -> str:
        try:
            if number:
                crowded.guests.lifecycle.delete(ACTOR, GUEST)
                return "deleted"
            return crowded.access_requests.approve(who("bob"), request.id, until=None).state.value
        except CommandError as error:
            return error.reason

    found = race(act, 2)
    assert found[1] == "deleted"
    assert found[0] in ("approved", "request_unknown")
    assert held(crowded) == []
