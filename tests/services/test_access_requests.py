"""Requests for access: asked by a person, answered once by somebody who may, given in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broker.app import Broker
from broker.domain.access_request import RequestState
from broker.domain.audit import Actor
from broker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from broker.domain.guest import GuestState
from broker.services.access_requests.making import ANSWERED_WITHIN
from broker.storage.directory import people
from broker.storage.tables import audit_personal, questions
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import ACTOR
from tests.services.access_request_scene import DAY, GUEST, ask, broker, events, held, id_of, mails, who

__all__ = ["broker"]  # the fixture


def test_asked_approved_and_given(broker: Broker, tmp_path: Path, clock: Clock) -> None:
    """Each owner gets an e-mail; the approval gives role and end, tells the person, closes the other questions, and is on record."""
    request = ask(broker)
    assert {to for to, _ in mails(broker, tmp_path)} == {"bob@contoso.example", "zoe@contoso.example"}
    clock.advance(60)
    end = START + 20 * DAY
    settled = broker.access_requests.approve(who("bob"), request.id, until=end, words="Welcome.")
    assert (settled.state, settled.ends_at, settled.decided_by, settled.answer) == (
        RequestState.APPROVED,
        end,
        id_of("bob"),
        "Welcome.",
    )
    assert held(broker) == [("viewer", START + 60, end)]
    assert (GUEST, "You have access to Payroll at Contoso") in mails(broker, tmp_path)
    assert events(broker) == [
        ("access_request.approved", "person", id_of("bob")),
        ("access_request.made", "person", id_of("ada")),
    ]
    with broker.core.db.read() as tx:
        assert all(row.answered_at is not None for row in tx.execute(select(questions)))
        words = set(tx.execute(select(audit_personal.c.value)).scalars())
    assert words == {"I check the hours of my team.", "Welcome."}


def test_refused_with_words(broker: Broker, tmp_path: Path) -> None:
    """A refusal needs words; the person reads them and may ask again."""
    request = ask(broker)
    for words in ("", "  \n ", "x" * 1001, "a\x1b[31m"):
        with pytest.raises(Invalid):
            broker.access_requests.refuse(who("zoe"), request.id, words=words)
    settled = broker.access_requests.refuse(who("zoe"), request.id, words="Ask Bo, who has it.\r\n\r\nThanks.")
    assert (settled.state, settled.answer) == (RequestState.REFUSED, "Ask Bo, who has it.\nThanks.")
    assert held(broker) == []
    assert (GUEST, "No access to Payroll at Contoso") in mails(broker, tmp_path)
    [offer] = broker.access_requests.offers(who("ada"))
    assert offer.request is not None
    assert offer.request.answer == "Ask Bo, who has it.\nThanks."
    assert ask(broker).state is RequestState.OPEN


@pytest.mark.parametrize("second", ["approve", "refuse", "take_back"])
@pytest.mark.parametrize("first", ["approve", "refuse", "take_back", "expire"])
def test_an_answer_is_final(broker: Broker, clock: Clock, first: str, second: str) -> None:
    """HT-3: whatever came first stays; the second one is refused with a sentence that names the state."""
    acts: dict[str, Callable[[str], Any]] = {
        "approve": lambda one: broker.access_requests.approve(who("bob"), one, until=None),
        "refuse": lambda one: broker.access_requests.refuse(who("bob"), one, words="No."),
        "take_back": lambda one: broker.access_requests.take_back(who("ada"), one),
    }
    request = ask(broker)
    if first == "expire":
        clock.advance(ANSWERED_WITHIN)
        broker.access_requests.look()
    else:
        acts[first](request.id)
    before = held(broker)
    with pytest.raises(Conflict, match="this request is closed"):
        acts[second](request.id)
    assert held(broker) == before


def test_who_may_answer(broker: Broker) -> None:
    """AD-01, AD-02, SC-06: owners of the application and administrators; for other owners the request does not exist."""
    request = ask(broker)
    service = broker.access_requests
    for act in (
        lambda actor: service.approve(actor, request.id, until=None),
        lambda actor: service.refuse(actor, request.id, words="No."),
        lambda actor: service.show(actor, request.id),
    ):
        with pytest.raises(NotFound, match="there is no request"):
            act(who("yves"))
        for nobody in (who("ada"), who("bo"), who("stranger"), Actor.application("payroll")):
            with pytest.raises(Forbidden):
                act(nobody)
    assert service.listed(who("yves"), RequestState.OPEN) == []
    assert [one.id for one in service.listed(who("bob"), RequestState.OPEN)] == [request.id]
    assert service.counts(who("alice"))[RequestState.OPEN] == 1
    with broker.core.db.write() as tx:
        people.change(tx, id_of("bob"), {"state": GuestState.BLOCKED.value})
    with pytest.raises(Forbidden):
        service.approve(who("bob"), request.id, until=None)
    assert service.approve(who("alice"), request.id, until=None).state is RequestState.APPROVED


def test_an_owner_who_lost_the_application(broker: Broker, tmp_path: Path) -> None:
    """SC-06: the file names somebody else since, so the former owner finds no request."""
    request = ask(broker)
    path = tmp_path / "home" / "config" / "applications" / "payroll.yaml"
    path.write_text(path.read_text().replace("bob@contoso.example, ", ""))
    assert broker.files.refresh() == []
    with pytest.raises(NotFound):
        broker.access_requests.approve(who("bob"), request.id, until=None)
    assert held(broker) == []


def test_nobody_answers_for_themselves(broker: Broker) -> None:
    """MF-12: an owner may ask for a role, another owner answers, who is the only one to get an e-mail."""
    request = ask(broker, "bob")
    with broker.core.db.read() as tx:
        assert tx.execute(select(questions.c.asked)).scalars().all() == ["zoe@contoso.example"]
    with pytest.raises(Forbidden, match="nobody answers their own request"):
        broker.access_requests.approve(who("bob"), request.id, until=None)
    assert broker.access_requests.approve(who("zoe"), request.id, until=None).state is RequestState.APPROVED


def test_an_approval_never_shortens(broker: Broker, clock: Clock) -> None:
    """An administrator gave the role for longer while the request waited: the later end stays; an old assignment begins again."""
    request = ask(broker)
    broker.access.assignments.assign(ACTOR, "payroll", GUEST, role="viewer", ends_at=START + 300 * DAY)
    settled = broker.access_requests.approve(who("bob"), request.id, until=START + 20 * DAY)
    assert (settled.ends_at, held(broker)) == (START + 300 * DAY, [("viewer", START, START + 300 * DAY)])
    broker.access.assignments.assign(ACTOR, "payroll", "bo@fabrikam.example", role="viewer", ends_at=START + 5)
    clock.advance(10)
    request = ask(broker, "bo")
    broker.access_requests.approve(who("bob"), request.id, until=None)
    assert held(broker, "bo") == [("viewer", START + 10, START + 10 + 90 * DAY)]


@pytest.mark.parametrize("state", [GuestState.BLOCKED, GuestState.EXPIRED, GuestState.INVITED])
def test_a_guest_who_was_stopped_gets_nothing(broker: Broker, state: GuestState) -> None:
    """SC-06: the request stays open, and a refusal is still possible."""
    request = ask(broker)
    with broker.core.db.write() as tx:
        people.change(tx, id_of("ada"), {"state": state.value})
    with pytest.raises(Conflict, match="has no access now"):
        broker.access_requests.approve(who("bob"), request.id, until=None)
    assert held(broker) == []
    assert broker.access_requests.refuse(who("bob"), request.id, words="Later.").state is RequestState.REFUSED


def test_the_facts_beside_a_request(broker: Broker) -> None:
    """What the person has, colleagues who have it, the last end that is allowed."""
    broker.access.assignments.assign(ACTOR, "payroll", "bo@fabrikam.example", role="viewer")
    broker.access.assignments.assign(ACTOR, "payroll", GUEST)
    found = broker.access_requests.show(who("bob"), ask(broker).id)
    assert (found.view.partner, found.view.application_name, found.colleagues) == ("Fabrikam", "Payroll", (2, 2))
    assert [one.role for one in found.held] == [""]
    assert found.latest == START + 90 * DAY


def test_pages_of_requests(broker: Broker, clock: Clock) -> None:
    """The newest first, each once, whatever the size of a page."""
    with broker.core.db.write() as tx:
        for number in range(5):
            factories.saved_person(tx, id=id_of(f"p{number}"))
    made = []
    for number in range(5):
        clock.advance(number % 2)
        made.append(ask(broker, f"p{number}").id)
    found: list[str] = []
    before = None
    while some := broker.access_requests.listed(who("bob"), RequestState.OPEN, before=before, limit=2):
        found += [one.id for one in some]
        before = (some[-1].created_at, some[-1].id)
    assert sorted(found) == sorted(made)
    assert len(found) == 5


def test_no_owner_works_here_any_more(broker: Broker) -> None:
    """The administrators are asked; where nobody can answer, nobody may ask."""
    with broker.core.db.write() as tx:
        for name in ("bob", "zoe"):
            people.change(tx, id_of(name), {"state": GuestState.BLOCKED.value})
    ask(broker)
    with broker.core.db.write() as tx:
        assert tx.execute(select(questions.c.asked)).scalars().all() == ["alice@contoso.example"]
        people.change(tx, id_of("alice"), {"state": GuestState.BLOCKED.value})
    with pytest.raises(Conflict, match="nobody can answer"):
        ask(broker, "bo")
    assert broker.access_requests.counts(ACTOR)[RequestState.OPEN] == 1
