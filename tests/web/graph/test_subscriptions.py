"""Graph's change notifications: subscriptions with validation, renewal and bounds, and what they receive (HT-22, EV-07 to EV-09)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from broker.domain.audit import Actor
from broker.domain.times import DAY, HOUR, MINUTE, iso
from broker.services.events.subscriptions import AT_MOST, LONGEST
from broker.storage.tables import event_deliveries
from broker.storage.tables import subscriptions as table
from tests.connectors.provider import Answer, Request, Server
from tests.race import race
from tests.web.graph.api import ALL, Api, error_of, program_file

ACTOR = Actor.command()
HR = "hr"
LANDING = "http://127.0.0.5:1/home"  # an address of Payroll


@dataclass
class Listener:
    """An endpoint that validates as Graph demands; `answer` bends the handshake, `status` what it says to notifications."""

    server: Server = field(default_factory=Server)
    heard: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    status: int = 202
    answer: Answer | None = None

    def listen(self, request: Request) -> Answer:
        """A handshake or a notification."""
        sent = parse_qs(urlsplit(request.path).query).get("validationToken")
        if sent is not None:
            self.asked.append(request)
            return self.answer or (200, {"Content-Type": "text/plain"}, sent[0].encode())
        self.heard += json.loads(request.body)["value"]
        return self.status, {}, b""

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def changes(self) -> list[tuple[str, str]]:
        """(person, change) of what arrived."""
        return [(one["resourceData"]["id"], one["changeType"]) for one in self.heard]


@pytest.fixture
def hr() -> Iterator[Listener]:
    """An endpoint at /notify and /lifecycle."""
    found = Listener()
    found.server.routes |= {"/notify": found.listen, "/lifecycle": found.listen}
    yield found
    found.server.close()


def program(api: Api, hr: Listener, name: str = HR, *permissions: str) -> None:
    """A program that may notify this endpoint."""
    text = program_file(*(permissions or ("User.Read.All",)))
    api.write(f"applications/{name}.yaml", f"{text}notification_origins: ['{hr.origin}']\n")


def wish(api: Api, hr: Listener, **more: Any) -> dict[str, Any]:
    """The body of a request for every change of everybody."""
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{hr.origin}/notify",
        "resource": "users",
        "expirationDateTime": iso(api.clock() + DAY),
        "clientState": "a secret of both",
        **more,
    }


def subscribed(api: Api, hr: Listener, **more: Any) -> dict[str, Any]:
    """A subscription of the program HR."""
    program(api, hr)
    response = api.post("/subscriptions", wish(api, hr, **more), by=HR)
    assert response.status_code == 201, response.get_json()
    found: dict[str, Any] = response.get_json()
    return found


def look(api: Api) -> int:
    """What the background thread does each second."""
    return api.broker.events.deliveries.look()


def refused(api: Api, hr: Listener, **more: Any) -> tuple[int, str, str]:
    """Status, code and message of a request that is refused; nothing is stored."""
    response = api.post("/subscriptions", wish(api, hr, **more), by=HR)
    with api.broker.core.db.read() as tx:
        assert tx.execute(select(table)).all() == []
    return (*error_of(response), response.get_json()["error"]["message"])


def test_the_life_of_a_subscription(both: Api, hr: Listener) -> None:
    """Created after the handshake, listed, renewed, deleted; clientState is shown once and stored sealed."""
    made = subscribed(both, hr, lifecycleNotificationUrl=f"{hr.origin}/lifecycle?x=1")
    assert (made["clientState"], made["changeType"], made["resource"]) == ("a secret of both", "created,updated,deleted", "users")
    assert made["@odata.context"].endswith("/v1.0/$metadata#subscriptions/$entity")
    assert [urlsplit(one.path).path for one in hr.asked] == ["/notify", "/lifecycle"]
    assert {one.method for one in hr.asked} == {"POST"}
    assert hr.asked[0].headers["content-type"] == "text/plain; charset=utf-8"
    assert hr.asked[0].path != hr.asked[1].path.replace("lifecycle?x=1&", "notify?")  # a token for each
    with both.broker.core.db.read() as tx:
        assert "secret" not in tx.execute(select(table.c.client_state)).scalar_one()
    (listed,) = both.get("/subscriptions", by=HR).get_json()["value"]
    assert listed == {name: value for name, value in made.items() if name != "@odata.context"} | {"clientState": None}
    path = f"/subscriptions/{made['id']}"
    later = iso(both.clock() + 20 * DAY)
    renewed = both.ask("PATCH", path, {"expirationDateTime": later}, by=HR)
    assert (renewed.status_code, renewed.get_json()["expirationDateTime"]) == (200, later)
    assert both.get(path, by=HR).get_json()["expirationDateTime"] == later
    assert both.ask("DELETE", path, by=HR).status_code == 204
    assert error_of(both.get(path, by=HR)) == (404, "Request_ResourceNotFound")
    names = ["subscription.created", "subscription.renewed", "subscription.deleted"]
    assert [len(both.audited(name)) for name in names] == [1, 1, 1]


def test_changes_arrive(both: Api, hr: Listener) -> None:
    """Created, updated, deleted, in the order of each person; clientState, subscription and ids, no address."""
    made = subscribed(both, hr)
    assert (
        both.post("/invitations", {"invitedUserEmailAddress": "ada@fabrikam.example", "inviteRedirectUrl": LANDING}).status_code
        == 201
    )
    ada = both.broker.guests.directory.show("ada@fabrikam.example").person.id
    life = both.broker.guests.lifecycle
    life.block(ACTOR, "ada@fabrikam.example")
    life.delete(ACTOR, "ada@fabrikam.example")
    while look(both):
        pass
    assert hr.changes == [(ada, "created"), (ada, "updated"), (ada, "deleted")]
    first = hr.heard[0]
    assert (first["subscriptionId"], first["clientState"], first["resource"]) == (made["id"], "a secret of both", f"Users/{ada}")
    assert first["subscriptionExpirationDateTime"] == made["expirationDateTime"]
    assert first["resourceData"] == {"@odata.type": "#Microsoft.Graph.User", "@odata.id": f"Users/{ada}", "id": ada}
    assert "fabrikam" not in json.dumps(hr.heard)


def test_only_what_was_asked_for(api: Api, hr: Listener) -> None:
    """One person; `updated` alone also reports a creation, as at Graph."""
    ada, bo = api.guest("ada"), api.guest("bo")
    subscribed(api, hr, resource=f"/users/{ada}", changeType="updated")
    subscribed(api, hr, changeType="updated", notificationUrl=f"{hr.origin}/lifecycle")
    for name in ("ada", "bo"):
        api.broker.guests.lifecycle.block(ACTOR, f"{name}@fabrikam.example")
    api.post("/invitations", {"invitedUserEmailAddress": "cy@fabrikam.example", "inviteRedirectUrl": LANDING})
    cy = api.broker.guests.directory.show("cy@fabrikam.example").person.id
    while look(api):
        pass
    assert sorted(hr.changes) == sorted([(ada, "updated"), (ada, "updated"), (bo, "updated"), (cy, "updated")])


BENT: dict[str, Answer] = {
    "another token": (200, {"Content-Type": "text/plain"}, b"something else"),
    "as HTML": (200, {"Content-Type": "text/html"}, b""),
    "an error": (500, {"Content-Type": "text/plain"}, b""),
    "a redirect": (302, {"Location": "/lifecycle"}, b""),
}


@pytest.mark.parametrize("how", BENT)
def test_ev_08_the_receiver_must_want_it(how: str, api: Api, hr: Listener) -> None:
    """EV-08: whoever does not repeat the token receives nothing."""
    program(api, hr)
    hr.answer = BENT[how]
    status, code, message = refused(api, hr)
    assert (status, code) == (400, "Request_BadRequest")
    assert message.startswith("subscription validation request failed")


def test_ev_07_only_listed_origins(api: Api, hr: Listener) -> None:
    """EV-07: nothing is called that the application's file does not list, and nothing private that the network does not list."""
    program(api, hr)
    for url in (
        "https://evil.example/notify",
        f"{hr.origin}1/notify",
        "https://127.0.0.1/notify",
        "file:///etc/passwd",
        "notify",
    ):
        status, code, message = refused(api, hr, notificationUrl=url)
        assert (status, code) == (403, "Authorization_RequestDenied"), url
        assert "notification_origins in config/applications/hr.yaml" in message
        assert refused(api, hr, lifecycleNotificationUrl=url)[0] == 403
    api.write("applications/hr.yaml", program_file("User.Read.All") + "notification_origins: ['https://10.0.0.1']\n")
    assert refused(api, hr, notificationUrl="https://10.0.0.1/notify")[:2] == (400, "Request_BadRequest")
    api.program(HR, "User.Read.All")
    assert refused(api, hr)[0] == 403
    assert hr.asked == []


def test_bad_requests(api: Api, hr: Listener) -> None:
    """The exact property, and nothing is called."""
    program(api, hr)
    for name, value in {
        "changeType": "renamed",
        "resource": "groups",
        "expirationDateTime": "soon",
        "includeResourceData": True,
        "latestSupportedTlsVersion": "v1_0",
        "clientState": "x" * 129,
        "notificationUrl": None,
        "encryptionCertificate": "x",
    }.items():
        assert refused(api, hr, **{name: value})[:2] == (400, "Request_BadRequest"), name
    assert refused(api, hr, resource="users/00000000-0000-4000-8000-000000000000")[0] == 400
    past, far = iso(api.clock() - 1), iso(api.clock() + LONGEST + 1)
    assert refused(api, hr, expirationDateTime=past)[2] == "expirationDateTime lies in the past"
    assert refused(api, hr, expirationDateTime=far)[2] == "expirationDateTime can only be 41760 minutes in the future"
    assert hr.asked == []
    made = subscribed(api, hr, expirationDateTime=f"{iso(api.clock() + 60)[:-1]}.1234567Z")
    assert made["expirationDateTime"] == iso(api.clock() + 45 * MINUTE)


def test_permissions(api: Api, hr: Listener) -> None:
    """AD-02, AD-04: another permission is not enough; another application's subscription does not exist; a withdrawn one ends it."""
    made = subscribed(api, hr)
    path = f"/subscriptions/{made['id']}"
    for method, body in (("GET", None), ("PATCH", {"expirationDateTime": iso(api.clock() + DAY)}), ("DELETE", None)):
        assert error_of(api.ask(method, path, body, by=ALL)) == (404, "Request_ResourceNotFound")
        assert error_of(api.ask(method, path, body, by="policy-read-all")) == (403, "Authorization_RequestDenied")
    assert api.get("/subscriptions").get_json()["value"] == []
    api.guest("ada")
    program(api, hr, HR, "User.Invite.All")
    api.broker.guests.lifecycle.block(ACTOR, "ada@fabrikam.example")
    assert look(api) == 0
    program(api, hr)
    assert look(api) == 0
    assert hr.heard == []


def test_ev_09_bounds(both: Api, hr: Listener) -> None:
    """EV-09: twenty subscriptions of one application, also for requests at the same moment; then an end frees a place."""
    made = subscribed(both, hr)
    bodies = [wish(both, hr) for _ in range(AT_MOST + 1)]
    both.bearer(HR)
    found = race(lambda number: both.post("/subscriptions", bodies[number], by=HR).status_code, AT_MOST + 1)
    assert sorted(found) == [201] * (AT_MOST - 1) + [403] * 2
    assert both.ask("DELETE", f"/subscriptions/{made['id']}", by=HR).status_code == 204
    assert both.post("/subscriptions", wish(both, hr), by=HR).status_code == 201


def test_an_end(both: Api, hr: Listener) -> None:
    """An expired subscription reports nothing, cannot be renewed and is forgotten."""
    made = subscribed(both, hr)
    both.guest("ada")
    both.broker.guests.lifecycle.block(ACTOR, "ada@fabrikam.example")
    both.broker.events.deliveries.fan_out()
    both.clock.advance(DAY)
    assert look(both) == 0
    assert hr.heard == []
    later = {"expirationDateTime": iso(both.clock() + HOUR)}
    both.tokens.clear()
    assert both.ask("PATCH", f"/subscriptions/{made['id']}", later, by=HR).status_code == 404
    both.clock.advance(DAY + 1)
    assert both.broker.operations.housekeeping.run()["subscriptions"] == 1


def test_missed(both: Api, hr: Listener) -> None:
    """What is given up after four hours is reported once to the lifecycle address, without the id of the person."""
    subscribed(both, hr, lifecycleNotificationUrl=f"{hr.origin}/lifecycle")
    both.guest("ada")
    both.broker.guests.lifecycle.block(ACTOR, "ada@fabrikam.example")
    hr.status = 500
    look(both)
    (line,) = [one for one in both.broker.doctor.examine_application(HR, offline=True).findings if one.check == "subscriptions"]
    assert line.seen.endswith("0 delivered, 1 wait, 0 given up in 7 days; it answered 500")
    both.clock.advance(4 * HOUR)
    look(both)
    hr.heard.clear()
    hr.status = 202
    both.clock.advance(5)
    assert look(both) == 1
    (missed,) = hr.heard
    assert (missed["lifecycleEvent"], "resourceData" in missed) == ("missed", False)
    with both.broker.core.db.read() as tx:
        assert not tx.execute(select(event_deliveries.c.id).where(event_deliveries.c.next_try_at.is_not(None))).all()


def test_two_deliverers_one_notification(both: Api, hr: Listener) -> None:
    """EV-03: of twenty nodes one sends a notification."""
    subscribed(both, hr)
    guests = [both.guest(f"g{number}") for number in range(5)]
    for number in range(5):
        both.broker.guests.lifecycle.block(ACTOR, f"g{number}@fabrikam.example")
    assert sum(race(lambda _number: look(both))) + look(both) == 5
    assert sorted(hr.changes) == sorted((one, "updated") for one in guests)
