"""Requests for access: asked by a person, answered once, given in the same transaction, or expired."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broker.app import Broker, build
from broker.demo.mailbox import read_mails
from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.errors import CommandError, Conflict, Forbidden, Invalid, NotFound, TooMany
from broker.domain.guest import GuestState, PersonKind
from broker.keyring.root import create_root
from broker.services.access_requests.making import ANSWERED_WITHIN
from broker.services.access_requests.requests import A_DAY_AT_MOST
from broker.storage.directory import assignments, people
from broker.storage.tables import audit, audit_personal, questions
from tests import factories
from tests.clock import START, Clock
from tests.journeys.world import ACTOR, SECRET, write_files
from tests.race import race

DAY = 86_400
ISSUERS = {"fabrikam": "http://127.0.0.2:1", "northwind": "http://127.0.0.3:1", "staff": "http://127.0.0.4:1"}
GUEST = "ada@fabrikam.example"
OPEN = "assignment_required: true\nroles: [viewer]\nowners: [{owners}]\nself_service: {{request: true, {more}}}\n"


def id_of(name: str) -> str:
    """The id of a person of this company."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def opened(
    tmp_path: Path, database_url: str, clock: Clock, *, more: str = "approval: owners, role: viewer, lifetime: 90d"
) -> Broker:
    """Alice administers; Bob and Zoe own Payroll, which people may ask for; Travel nobody may ask for; Ada is a guest."""
    home = tmp_path / "home"
    write_files(home, "http://localhost:1", database_url, "http://127.0.0.5:1", ISSUERS)
    create_root(home / "keys")
    with (home / "config" / "applications" / "payroll.yaml").open("a") as stream:
        stream.write(OPEN.format(owners="bob@contoso.example, zoe@contoso.example", more=more))
    with (home / "config" / "applications" / "travel.yaml").open("a") as stream:
        stream.write("assignment_required: true\nowners: [yves@contoso.example]\n")
    with (home / "config" / "broker.yaml").open("a") as stream:
        stream.write("administrators: [alice@contoso.example]\n")
    built = build(home, environ={"SECRET": SECRET}, clock=clock)
    with built.core.db.write() as tx:
        for name in ("alice", "bob", "zoe", "yves"):
            factories.saved_person(tx, id=id_of(name), kind=PersonKind.MEMBER, email=f"{name}@contoso.example", partner="staff")
        factories.saved_person(tx, id=id_of("ada"), email=GUEST, name="Ada Fabrik")
        factories.saved_person(tx, id=id_of("bo"), email="bo@fabrikam.example")
    return built


@pytest.fixture
def broker(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on both databases."""
    built = opened(tmp_path, database_url, clock)
    yield built
    built.close()


@pytest.fixture
def crowded(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[Broker]:
    """The company on PostgreSQL, where two transactions meet."""
    built = opened(tmp_path, postgresql_url, clock)
    yield built
    built.close()


def who(name: str) -> Actor:
    """A person at a browser."""
    return Actor.person(id_of(name))


def ask(broker: Broker, name: str = "ada", until: int | None = START + 30 * DAY) -> AccessRequest:
    """A request for Payroll."""
    return broker.access_requests.ask(who(name), "payroll", reason="I check the hours of my team.", until=until)


def held(broker: Broker, name: str = "ada") -> list[tuple[str, int, int | None]]:
    """The person's own assignments: (role, start, end)."""
    with broker.core.db.read() as tx:
        return [(one.role, one.starts_at, one.ends_at) for one in assignments.of(tx, Principal.PERSON, id_of(name))]


def events(broker: Broker) -> list[tuple[str, str, str]]:
    """The audit of requests: (name, kind of actor, actor)."""
    with broker.core.db.read() as tx:
        rows = tx.execute(select(audit.c.name, audit.c.actor_kind, audit.c.actor_id).order_by(audit.c.at, audit.c.id))
        return sorted(tuple(row) for row in rows if row[0].startswith("access_request"))


def mails(broker: Broker, tmp_path: Path) -> list[tuple[str, str]]:
    """What was sent: (to, subject)."""
    broker.messages.outbox.deliver()
    return sorted((mail.to, mail.subject) for mail in read_mails(tmp_path / "home" / "var" / "mail"))


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
