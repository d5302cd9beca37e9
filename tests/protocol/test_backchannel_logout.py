"""OpenID Connect Back-Channel Logout 1.0: applications are told that a session ended (HP-56, HP-43)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from broker.connectors.outbound.client import HttpClient
from broker.domain.audit import Actor
from broker.domain.ids import new_id
from broker.jose.keys import public_keys
from broker.jose.verify import VerifiedToken, verify
from broker.services.delivery import dispatcher
from broker.services.oauth import logout_notices as rules
from broker.services.oauth.logout_notices import LogoutNotices
from broker.storage.oauth import grants
from broker.storage.oauth import logout_notices as rows
from broker.storage.operations import after_restore
from broker.storage.tables import logout_notices as table
from tests.connectors.provider import Answer, Request, Server
from tests.protocol.stage import ISSUER, Signed, Stage
from tests.race import race

STAFF = Actor.command("tests")


@dataclass
class Ear:
    """The back-channel endpoint of an application."""

    server: Server = field(default_factory=Server)
    heard: list[Request] = field(default_factory=list)
    status: int = 200

    def listen(self, request: Request) -> Answer:
        """Take a token."""
        self.heard.append(request)
        return self.status, {}, b""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.port}/backchannel"


@pytest.fixture
def ear() -> Iterator[Ear]:
    """An endpoint that answers 200."""
    found = Ear()
    found.server.routes["/backchannel"] = found.listen
    yield found
    found.server.close()


def hearing(stage: Stage, url: str, name: str = "payroll", *, allow: bool = True) -> Stage:
    """The application has a `backchannel_logout_uri`, and the broker may reach loopback."""
    file = stage.home / "config" / "broker.yaml"
    if allow and "network" not in file.read_text():
        stage.write("broker.yaml", file.read_text() + "network: {allow_private_addresses: [127.0.0.0/8]}\n")
    file = stage.home / "config" / "applications" / f"{name}.yaml"
    stage.write(f"applications/{name}.yaml", f"{file.read_text()}backchannel_logout_uri: {url}\n")
    return stage


def told(stage: Stage, request: Request) -> VerifiedToken:
    """The logout token of a request, verified by the JWKS."""
    keys = public_keys(stage.get("/jwks").get_json())
    return verify(request.form["logout_token"], keys, {"RS256", "ES256"}, typ=("logout+jwt",))


def look(stage: Stage) -> int:
    """What the background thread does each second."""
    return stage.broker.oauth.logout_notices.look()


def states(stage: Stage) -> list[Any]:
    """The rows."""
    with stage.broker.core.db.read() as tx:
        return list(tx.execute(select(table)).mappings())


def sign_out(stage: Stage, who: Signed) -> None:
    """The person ends this session."""
    assert stage.broker.sessions.end(who.session.sid, Actor.person(who.person.id), "logout")


def test_the_logout_token(both: Stage, ear: Ear) -> None:
    """2.4, 2.5: a POST of `logout_token`, typ logout+jwt, the application's alg; iss, aud, iat, exp, jti, events, sub and sid; no nonce."""
    hearing(both, ear.url)
    who = both.person()
    id_token = both.claims(both.tokens(who)["id_token"])
    sign_out(both, who)
    assert look(both) == 1
    (request,) = ear.heard
    assert (request.method, request.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    assert set(request.form) == {"logout_token"}
    token = told(both, request)
    assert token.alg == "RS256"
    said = dict(token.claims)
    jti = said.pop("jti")
    assert said == {
        "iss": ISSUER,
        "aud": "payroll",
        "sub": id_token["sub"],
        "sid": id_token["sid"],
        "iat": both.clock(),
        "exp": both.clock() + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    assert len(jti) == 36
    assert look(both) == 0
    (row,) = states(both)
    assert (row["sent_at"], row["tries"], row["sid"], row["sub"]) == (both.clock(), 1, "", "")


def test_each_application_of_the_session_once(stage: Stage, ear: Ear) -> None:
    """2.3, FA-14: two sign-ins at one application are one notice; each application has its own sid and alg; others hear nothing."""
    hearing(hearing(stage, ear.url), ear.url, "travel")
    who, other = stage.person(), stage.person()
    for client in ("payroll", "payroll", "travel", "tight"):
        stage.grant(who, client)
    stage.grant(other)
    sign_out(stage, who)
    assert look(stage) == 2
    tokens = [told(stage, request) for request in ear.heard]
    assert sorted((token.claims["aud"], token.alg) for token in tokens) == [("payroll", "RS256"), ("travel", "ES256")]
    assert len({token.claims["sid"] for token in tokens}) == 2
    assert {row["client_id"] for row in states(stage)} == {
        "payroll",
        "travel",
    }  # nothing is kept for an application without an address


def test_a_token_that_is_used_twice(both: Stage, ear: Ear) -> None:
    """HP-31, HP-35: the end of one grant is notified where its tokens may be stolen, and not where the application revoked them."""
    hearing(both, ear.url)
    first = both.tokens()
    assert both.refresh(first["refresh_token"]).status_code == 200
    assert both.refresh(first["refresh_token"]).status_code == 200  # two at the same moment are no theft
    assert look(both) == 0
    both.clock.advance(31)
    assert both.refresh(first["refresh_token"]).status_code == 400
    assert look(both) == 1
    assert told(both, ear.heard[0]).claims["sid"] == both.claims(first["id_token"])["sid"]
    _, code = both.grant(both.person())
    assert [both.exchange(code).status_code for _ in range(2)] == [200, 400]
    assert look(both) == 1
    revoked = both.tokens()["refresh_token"]
    assert both.post("/revoke", {"token": revoked}).status_code == 200
    assert look(both) == 0


def ends() -> dict[str, Callable[[Stage, Signed], object]]:
    """Every way in which sessions end."""
    life = lambda stage: stage.broker.guests.lifecycle  # noqa: E731
    own = lambda stage: stage.broker.guests.self_service  # noqa: E731
    return {
        "sign-out": sign_out,
        "ended in /account": lambda stage, who: own(stage).end_session(
            Actor.person(who.person.id), who.person.id, who.session.sid
        ),
        "others ended in /account": lambda stage, who: own(stage).end_other_sessions(
            Actor.person(who.person.id), who.person.id, stage.sign_in(who.person).session.sid
        ),
        "signed out by staff": lambda stage, who: life(stage).sign_out(STAFF, who.person.email),
        "blocked": lambda stage, who: life(stage).block(STAFF, who.person.email),
        "expired": lambda stage, who: life(stage).expire(STAFF, who.person.email),
        "deleted": lambda stage, who: life(stage).delete(STAFF, who.person.email),
        "left": lambda stage, who: life(stage).leave(Actor.person(who.person.id), who.person.id),
        "application given up": lambda stage, who: own(stage).give_up(Actor.person(who.person.id), who.person.id, "payroll"),
        "consent withdrawn": lambda stage, who: own(stage).withdraw(Actor.person(who.person.id), who.person.id, "payroll"),
        "restored from a backup": lambda stage, who: restored(stage),
    }


def restored(stage: Stage) -> None:
    """`broker db restored`."""
    with stage.broker.core.db.write() as tx:
        after_restore.end_everything(tx, stage.clock())


@pytest.mark.parametrize("way", ends())
def test_every_end_is_told(both: Stage, ear: Ear, way: str) -> None:
    """HP-43: whoever ends a session, the application hears of it, also of a person who is deleted."""
    hearing(both, ear.url)
    who = both.person()
    body = both.tokens(who)
    sid = both.claims(body["id_token"])["sid"]
    ends()[way](both, who)
    assert both.refresh(body["refresh_token"]).status_code == 400
    assert look(both) == 1
    assert told(both, ear.heard[0]).claims["sid"] == sid


def test_assignment_taken_back(both: Stage, ear: Ear) -> None:
    """HP-43: the end of an assignment ends the sign-ins at the application, which hears of it."""
    hearing(both, ear.url, "tight")
    who = both.person(application="tight")
    assign = both.broker.access.assignments
    assign.assign(STAFF, "tight", who.person.email)
    both.tokens(who, "tight")
    assign.unassign(STAFF, "tight", who.person.email)
    assert look(both) == 1
    assert told(both, ear.heard[0]).claims["aud"] == "tight"


def test_a_session_that_expired_tells_nobody(stage: Stage, ear: Ear) -> None:
    """HP-63: it did not end, and refresh tokens live on."""
    hearing(stage, ear.url)
    who = stage.person()
    body = stage.tokens(who)
    stage.clock.advance(13 * 3600)
    stage.broker.operations.housekeeping.run()
    assert (ear.heard, stage.refresh(body["refresh_token"]).status_code) == ([], 200)


@pytest.mark.parametrize("status", [200, 204])
def test_success(stage: Stage, ear: Ear, status: int) -> None:
    """2.8: 200, and 204 of frameworks that send it."""
    ear.status = status
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 1


@pytest.mark.parametrize("status", [201, 302, 400, 404, 500, 501, 503])
def test_tried_again(stage: Stage, ear: Ear, status: int) -> None:
    """2.8: anything else is tried again later, with a new token; a redirect is not followed."""
    ear.status = status
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 0
    assert look(stage) == 0  # not yet
    ear.status = 200
    stage.clock.advance(rules.PAUSES[0])
    assert look(stage) == 1
    first, second = (told(stage, request).claims for request in ear.heard)
    assert first["jti"] != second["jti"]
    assert second["iat"] == stage.clock()


def test_given_up_after_a_day(stage: Stage, ear: Ear) -> None:
    """Longer and longer pauses; the end is in the audit, and the doctor names it."""
    ear.status = 503
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    gaps, before = [], stage.clock()
    while (row := states(stage)[0])["next_try_at"] is not None:
        stage.clock.now = row["next_try_at"]
        gaps.append(stage.clock() - before)
        before = stage.clock()
        look(stage)
    assert gaps[: len(rules.PAUSES) + 1] == [0, *rules.PAUSES]
    assert stage.clock() - row["created_at"] >= rules.GIVE_UP
    assert (row["problem"], row["sub"]) == ("it answered 503", "")
    assert stage.audited()[0] == "application.not_told_of_logout"


def test_doctor(stage: Stage, ear: Ear) -> None:
    """The health line: well, then what is wrong, since when, and on whose side."""

    def line() -> Any:
        found = stage.broker.doctor.examine_application("payroll", offline=True).findings
        return next((one for one in found if one.check == "backchannel_logout_uri"), None)

    assert line() is None
    who = hearing(stage, ear.url).person()
    assert line().seen == "notices of logout: 0 arrived, 0 wait, 0 given up in 7 days"
    stage.grant(who)
    ear.status = 500
    sign_out(stage, who)
    look(stage)
    assert (line().level, line().side) == ("problem", "application")
    assert line().seen.startswith("notices of logout do not arrive since 2")
    assert line().seen.endswith(": it answered 500 (0 arrived, 1 wait, 0 given up in 7 days)")


def test_internal_addresses_are_not_called(stage: Stage, ear: Ear) -> None:
    """UI-12, HO-16: without network.allow_private_addresses nothing is sent; the sign-out itself does not wait for it."""
    who = hearing(stage, f"https://127.0.0.1:{ear.server.port}/backchannel", allow=False).person()
    stage.grant(who)
    sign_out(stage, who)
    assert look(stage) == 0
    assert (ear.server.requests, states(stage)[0]["problem"].split(":")[0]) == ([], "url_not_allowed")


def test_silence_of_one_application_holds_up_no_other(stage: Stage, ear: Ear) -> None:
    """UI-12: nobody listens at one address; it is asked once in a round, and the other application hears."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    hearing(hearing(stage, dead), ear.url, "travel")
    for _ in range(3):
        who = stage.person()
        stage.grant(who)
        stage.grant(who, "travel")
        sign_out(stage, who)
    assert look(stage) == 3
    waiting = [row for row in states(stage) if row["next_try_at"] is not None]
    assert [row["client_id"] for row in waiting] == ["payroll"] * 3
    assert all(row["problem"].startswith("upstream_unavailable: ") for row in waiting)


def test_a_silent_application_rests(both: Stage, ear: Ear) -> None:
    """HP-56: more notices than one batch: the application that does not answer is asked once, and again after the pause."""
    hearing(hearing(both, "http://127.0.0.1:1/x"), ear.url, "travel")
    with both.broker.core.db.write() as tx:
        rows.add(tx, {("payroll", new_id()): "s" for _ in range(2 * dispatcher.BATCH + 1)}, both.clock())
    both.clock.advance(1)
    with both.broker.core.db.write() as tx:
        rows.add(tx, {("travel", new_id()): "s"}, both.clock())
    asked: list[str] = []

    def http(own: Sequence[str]) -> HttpClient:
        asked.extend(own)
        return both.broker.partners.outbound_clients(own)

    node = LogoutNotices(both.broker.core, both.broker.keys, http)
    assert node.look() == 1
    assert asked.count("http://127.0.0.1:1/x") == 1
    assert node.look() == 0
    assert asked.count("http://127.0.0.1:1/x") == 1
    both.clock.advance(rules.PAUSES[0])
    node.look()
    assert asked.count("http://127.0.0.1:1/x") == 2


def test_a_silent_application_rests_while_people_sign_out(both: Stage, ear: Ear) -> None:
    """HP-56: new notices do not end the rest of an application that does not answer; each rest is longer, until it answers."""
    hearing(both, ear.url)
    ear.status = 302

    def one_more() -> int:
        with both.broker.core.db.write() as tx:
            rows.add(tx, {("payroll", new_id()): "s"}, both.clock())
        return look(both)

    began = both.clock()
    for second in range(0, rules.PAUSES[0] + rules.PAUSES[1], 5):
        both.clock.now = began + second
        one_more()
    assert len(ear.heard) == 2
    ear.status = 200
    both.clock.now = began + rules.PAUSES[0] + rules.PAUSES[1]
    assert one_more() == 15
    ear.status = 302
    one_more()
    both.clock.advance(rules.PAUSES[0])
    ear.status = 200
    assert one_more() == 2


def test_two_nodes_tell_once(both: Stage, ear: Ear) -> None:
    """HT-3: ten at once, each notice leaves once."""
    hearing(both, ear.url)
    for _ in range(10):
        who = both.person()
        both.grant(who)
        sign_out(both, who)
    broker = both.broker
    nodes = [LogoutNotices(broker.core, broker.keys, broker.partners.outbound_clients) for _ in range(10)]
    race(lambda number: nodes[number].deliver(limit=3), 10)
    nodes[0].deliver()
    assert len({told(both, request).claims["sid"] for request in ear.heard}) == len(ear.heard) == 10


def test_refresh_beside_sign_out(both: Stage, ear: Ear) -> None:
    """HP-36, HP-43: whichever comes first, no token works afterwards, and the application hears once."""
    hearing(both, ear.url)
    who = both.person()
    refresh = both.tokens(who)["refresh_token"]

    def act(number: int) -> object:
        if number == 0:
            return both.refresh(refresh).get_json()
        sign_out(both, who)
        return None

    answers = race(act, 2)
    with both.broker.core.db.write() as tx:
        assert grants.end_of_session(tx, who.session.sid, both.clock()) == []
    for answer in answers:
        if isinstance(answer, dict) and "access_token" in answer:
            assert both.userinfo(answer["access_token"]).status_code == 401
            assert both.refresh(answer["refresh_token"]).status_code == 400
    assert look(both) == 1


def test_kept_for_a_month(stage: Stage, ear: Ear) -> None:
    """HT-13: what became of a notice is known for thirty days."""
    who = hearing(stage, ear.url).person()
    stage.grant(who)
    sign_out(stage, who)
    look(stage)
    stage.clock.advance(30 * 86400 + 1)
    assert stage.broker.operations.housekeeping.run()["logout_notices"] == 1
    assert states(stage) == []
