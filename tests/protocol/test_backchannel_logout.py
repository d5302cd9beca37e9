"""OpenID Connect Back-Channel Logout 1.0: applications are told that a session ended (HP-56, HP-43)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from broker.domain.audit import Actor
from broker.storage.oauth import grants
from broker.storage.operations import after_restore
from tests.protocol.logout_receiver import STAFF, Ear, ear, hearing, look, sign_out, states, told
from tests.protocol.stage import ISSUER, Signed, Stage
from tests.race import race

__all__ = ["ear"]  # the fixture


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
