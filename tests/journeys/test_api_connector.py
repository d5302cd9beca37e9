"""The connector of an application, end to end: a real server that is asked at a sign-up and at a redemption, and denies where it fails."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from broker.connectors.outbound.client import HttpClient
from broker.domain.access_request import RequestState
from broker.domain.api_connector import MOST, PAUSE, ConnectorOutcome, ConnectorStep
from broker.services.login import connector_steps
from broker.services.sign_up.connector import ConnectorClient
from broker.settings.connector_section import ConnectorSection
from broker.storage.directory import people
from broker.storage.history import audit
from broker.storage.tables import logins
from tests.connectors.provider import Answer, Request, Server, as_json
from tests.journeys.sign_up import DONE, PENDING, guests, opened, requests, sign_up, words
from tests.journeys.world import ADA, BO, World

KEY = b"only-for-tests-0123456789-abcdef"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
STORED = (
    "logins",
    "attempts",
    "documents",
    "audit",
    "audit_personal",
    "used",
    "refusals",
    "receipts",
    "receipt_policies",
    "mail_codes",
)
CONTINUE = {"action": "Continue"}


@dataclass
class Hook:
    """The connector. answer: what it says next. asked: the questions that it read, each verified."""

    server: Server = field(default_factory=Server)
    answer: Callable[[dict[str, Any]], Answer] = lambda _: as_json(CONTINUE)
    asked: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.routes["/hook"] = self._answer

    @property
    def url(self) -> str:
        """Of the file."""
        return f"http://127.0.0.1:{self.server.port}/hook"

    def _answer(self, request: Request) -> Answer:
        message_id, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        signed = hmac.new(KEY, f"{message_id}.{at}.".encode() + request.body, hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
        self.ids.append(message_id)
        self.asked.append(json.loads(request.body))
        return self.answer(self.asked[-1])


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A connector that lets everybody go on."""
    found = Hook()
    yield found
    found.server.close()


def section(hook: Hook, steps: str = "[sign_up, redemption]") -> str:
    """Of the application's file."""
    return f"connector: {{url: '{hook.url}', secret: {SECRET}, steps: {steps}}}"


def page_of(world: World, hook: Hook, more: str = "attributes: [company]") -> str:
    """Ledger, whose sign-ups the connector decides."""
    return opened(world, f"role: viewer, {more}, {section(hook)}")


def invited_to_payroll(world: World, hook: Hook) -> None:
    """Payroll, whose redemptions the connector decides."""
    path = world.home / "config/applications/payroll.yaml"
    world.write("applications/payroll.yaml", f"{path.read_text('utf-8')}\nself_service: {{{section(hook)}}}\n")


def audited(world: World) -> list[dict[str, Any]]:
    """Its answers in the audit, the newest first."""
    with world.broker.core.db.read() as tx:
        return audit.newest(tx, name="connector.answered", limit=20)


def test_it_continues_with_more(world: World, hook: Hook) -> None:
    """SU-20: what it gets, and what is taken of its answer: attributes of the closed list, no roles, no address, no group."""
    extra = {
        "department": "Audit",
        "company": "Fabrikam Ltd",
        "roles": ["admin"],
        "email": "eve@evil.example",
        "groups": ["Admins"],
    }
    hook.answer = lambda _: as_json({**CONTINUE, "attributes": extra, "email": "eve@evil.example", "roles": ["admin"]})
    page = page_of(world, hook)
    ada = world.visitor(ADA)
    assert sign_up(ada, page, company="Fabrikam").name == PENDING
    [asked] = hook.asked
    assert asked.pop("reference")
    assert asked == {
        "step": "sign_up", "application": "ledger", "partner": "fabrikam", "email": ADA.email, "name": ADA.name,
        "reason": "I check the year-end figures.", "language": "en", "attributes": {"company": "Fabrikam"},
    }  # fmt: skip
    [request], [guest] = requests(world), guests(world)
    assert request.attributes == {"company": "Fabrikam Ltd", "department": "Audit"}
    assert (guest["email"], request.role) == (ADA.email, "viewer")
    [row] = audited(world)
    assert (row["target"], row["data"]) == (
        "ledger",
        {
            "step": "sign_up",
            "answer": "continue",
            "attributes": ["company", "department"],
            "ignored": ["email", "groups", "roles"],
        },
    )
    assert ada.walk(ada.browser.get(ada.browser.get(page).url)).name == "sign-up"
    again = world.visitor(ADA)
    assert sign_up(again, page, company="Fabrikam").name == PENDING
    assert len(hook.asked) == 1, "the first request stands, so there is nothing to decide"


def test_it_blocks(world: World, hook: Hook) -> None:
    """SU-20: nothing is stored; its words are text on the page, never HTML. Another account in the same login is another question."""
    blocked = {"action": "ShowBlockPage", "userMessage": "Ask <b>Bo</b><script>alert(1)</script>"}
    hook.answer = lambda said: as_json(CONTINUE if said["email"] == BO.email else blocked)
    page, ada = page_of(world, hook), world.visitor(ADA)
    before = world.counts(*STORED)
    refused = sign_up(ada, page, company="Fabrikam")
    assert (refused.name, refused.status, refused.error) == ("error", 403, "policy_blocked")
    assert "Ledger says: Ask <b>Bo</b><script>alert(1)</script>" in words(refused)
    assert "<script>alert" not in refused.text
    assert world.counts(*STORED) == before
    assert ada.browser.get(refused.url).error == "policy_blocked"
    assert len(hook.asked) == 1, "a reload shows the same answer"
    ada.subject = BO.subject
    assert ada.walk(ada.browser.submit(refused, press="Use another account")).name == PENDING
    assert [one["email"] for one in hook.asked] == [ADA.email, BO.email]


def test_it_wants_a_correction(world: World, hook: Hook) -> None:
    """SU-20: the form comes back in the same login, the address stays proven; then it is asked again, with another id."""
    hook.answer = lambda said: as_json(
        CONTINUE
        if said["attributes"]["company"] == "Fabrikam Ltd"
        else {"action": "ValidationError", "field": "company", "userMessage": "Write the registered <i>name</i>."}
    )
    page, ada = page_of(world, hook), world.visitor(ADA)
    form = sign_up(ada, page, company="Fabrikam")
    assert (form.name, guests(world)) == ("sign-up", [])
    assert "Write the registered <i>name</i>." in words(form)
    assert "<i>name" not in form.text
    empty = ada.browser.submit(form, {"company": "", "name": "Ada", "reason": "Figures."})
    assert (empty.name, empty.status, len(hook.asked)) == ("sign-up", 400, 1)
    done = ada.walk(ada.browser.submit(empty, {"company": "Fabrikam Ltd", "email": BO.email}))
    assert (done.name, ada.seen) == (PENDING, [PENDING])
    assert [(one["email"], one["attributes"]["company"]) for one in hook.asked] == [
        (ADA.email, "Fabrikam"),
        (ADA.email, "Fabrikam Ltd"),
    ]
    assert len(set(hook.ids)) == 2
    assert [one.attributes["company"] for one in requests(world)] == ["Fabrikam Ltd"]


def test_corrections_have_an_end(world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """SU-20: a login does not ask without end."""
    assert MOST == 10
    monkeypatch.setattr(connector_steps, "MOST", 2)
    hook.answer = lambda _: as_json({"action": "ValidationError", "userMessage": "No."})
    ada = world.visitor(ADA)
    form = sign_up(ada, page_of(world, hook), company="0")
    for number in range(1, 3):
        assert form.name == "sign-up", number
        form = ada.walk(ada.browser.submit(form, {"company": str(number), "name": "Ada", "reason": "Figures."}))
    assert (form.error, form.status, len(hook.asked)) == ("too_many_attempts", 429, 2)


def test_a_redemption(world: World, hook: Hook) -> None:
    """SU-20: it is asked once the guest accepts; a refusal redeems nothing; what it adds are details that no token has."""
    invited_to_payroll(world, hook)
    hook.answer = lambda _: as_json({"action": "ValidationError", "userMessage": "Not before May."})
    invited, ada = world.invite(), world.visitor(ADA)
    refused = ada.open(invited.redeem_url)
    assert (refused.error, ada.seen[-2:]) == ("policy_blocked", ["review-permissions", "error"])
    assert "Payroll says: Not before May." in words(refused)
    assert [one["state"] for one in guests(world)] == ["invited"]
    hook.answer = lambda _: as_json(
        {**CONTINUE, "attributes": {"company": "Fabrikam Ltd", "phone": "+31 20 123 4567", "city": "Delft"}}
    )
    again = world.visitor(ADA)
    assert world.redeem(again, invited).headers["location"].startswith(world.callback)
    assert {(one["step"], one["email"], one["invitation"]) for one in hook.asked} == {
        ("redemption", ADA.email, invited.invitation.id)
    }
    [guest] = guests(world)
    with world.broker.core.db.read() as tx:
        held = people.by_id(tx, guest["id"])
    assert held is not None
    assert (held.state.value, held.details) == ("active", {"company": "Fabrikam Ltd", "mobile": "+31 20 123 4567"})
    assert len(hook.asked) == 2


BROKEN: dict[str, Callable[[dict[str, Any]], Answer]] = {
    "answer_status": lambda _: (500, {}, b"Traceback"),
    "url_not_allowed": lambda _: (302, {"Location": "http://127.0.0.1:1/"}, b""),
    "upstream_unavailable": lambda _: (
        200,
        {"Content-Type": "application/json"},
        b'{"action": "Continue", "x": "' + b"x" * 20_000 + b'"}',
    ),
    "answer_type": lambda _: (200, {"Content-Type": "text/html"}, b'{"action": "Continue"}'),
    "answer_json": lambda _: (200, {"Content-Type": "application/json"}, b'{"action": "ShowBlockPage", "action": "Continue"}'),
    "answer_action": lambda _: as_json({"action": "continue"}),
    "answer_format": lambda _: as_json({**CONTINUE, "attributes": ["company"]}),
    "answer_company_invalid": lambda _: as_json({**CONTINUE, "attributes": {"company": "x" * 101}}),
    "answer_company_missing": lambda _: as_json({**CONTINUE, "attributes": {"company": {"a": 1}}}),
}


def test_every_failure_denies(world: World, hook: Hook) -> None:
    """SU-21: a page with a reference, nothing stored; a reload some seconds later asks again, with the same id."""
    page = page_of(world, hook)
    before = world.counts(*STORED)
    for reason, answer in BROKEN.items():
        hook.answer, hook.ids = answer, []
        ada = world.visitor(ADA)
        failed = sign_up(ada, page, company="Fabrikam")
        assert (failed.error, failed.status, audited(world)[0]["reason"]) == ("server_error", 503, reason)
        assert "Ledger" in words(failed)
        assert world.counts(*STORED) == before, reason
        assert ada.browser.get(failed.url).error == "server_error"
        assert len(hook.ids) == 1, "not at once"
        world.clock.advance(PAUSE)
    hook.answer = lambda _: as_json(CONTINUE)
    assert ada.walk(ada.browser.get(failed.url)).name == PENDING
    assert len(hook.ids) == 2
    assert len(set(hook.ids)) == 1


def test_a_slow_answer_denies(hook: Hook) -> None:
    """SU-21: a byte at a time does not hold the request longer than the deadline of every call."""
    ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
        try:
            while not ended.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        except OSError:
            pass

    hook.server.routes["/hook"] = drip
    hook.server.raw.add("/hook")
    client = HttpClient(("127.0.0.0/8",), "tests", seconds=0.3)
    file = ConnectorSection.model_validate({"url": hook.url, "secret": SECRET})
    answer = ConnectorClient(lambda _own: client, lambda: 7).ask(file, ConnectorStep.SIGN_UP, str(uuid4()), {})
    ended.set()
    client.close()
    assert (answer.outcome, answer.problem) == (ConnectorOutcome.FAILED, "upstream_unavailable")


def test_two_requests_ask_once(both: World, hook: Hook) -> None:
    """SU-20, HT-3: a page that is loaded twice while the connector thinks: one question, one person, one request."""
    arrived, go_on = threading.Event(), threading.Event()

    def answer(_said: dict[str, Any]) -> Answer:
        arrived.set()
        assert go_on.wait(20)
        return as_json(CONTINUE)

    hook.answer = answer
    page, ada = page_of(both, hook, "approval: none, attributes: [company]"), both.visitor(ADA)
    seen: list[str] = []
    first = threading.Thread(target=lambda: seen.append(sign_up(ada, page, company="Fabrikam").name))
    first.start()
    assert arrived.wait(20)
    with both.broker.core.db.read() as tx:
        login = tx.execute(select(logins.c.id).where(logins.c.purpose == "sign_up")).scalar_one()
    second = threading.Thread(target=lambda: seen.append(ada.browser.get(f"{both.url}/signin/{login}").name))
    second.start()
    go_on.set()
    first.join(20)
    second.join(20)
    assert DONE in seen
    assert len(hook.asked) == 1
    assert (len(guests(both)), len(requests(both, RequestState.APPROVED))) == (1, 1)
