"""OpenID Connect Back-Channel Logout 1.0, as a relying party: a partner ends the sessions that began there (HO-18, UI-13)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed, Tokens
from broker.jose.encoding import b64url_decode
from broker.jose.keys import generate
from broker.jose.sign import sign
from broker.services.login import partner_logout
from broker.storage.history import audit
from broker.web import create_web
from tests.clock import Clock
from tests.journeys.world import ADA, BO, World, open_world
from tests.race import race

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, clock: Clock) -> Iterator[World]:
    """Contoso and its partners."""
    yield from open_world(tmp_path / "home", sqlite_url, clock)


@pytest.fixture
def both(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[World]:
    """The same on each database."""
    yield from open_world(tmp_path / "home", database_url, clock)


def signed_in(world: World, account: Any = ADA) -> tuple[DemoPerson, Tokens]:
    """A guest who signed in at Payroll."""
    who = world.visitor(account)
    world.redeem(who, world.invite(account.email))
    return who, world.sign_in(who)


def again(world: World, account: Any = ADA) -> Tokens:
    """The same guest in another browser."""
    return world.sign_in(world.visitor(account))


def say(world: World, token: str, partner: str = "fabrikam", **more: Any) -> TestResponse:
    """The partner's POST."""
    web = create_web(world.broker).test_client(use_cookies=False)
    return web.post(f"/backchannel/{partner}", data={"logout_token": token}, base_url=world.url, **more)


def works(world: World, tokens: Tokens) -> bool:
    """Whether the application's refresh token is good: asking renews it."""
    try:
        world.party.refresh(tokens.refresh_token or "")
    except SignInFailed as error:
        return error.error != "invalid_grant"
    return True


def newest_sid(world: World) -> str:
    """The partner's own name for Ada's newest session there."""
    return str(json.loads(_payload(world.partners["fabrikam"]._last[ADA.subject]))["sid"])


def _payload(token: str) -> bytes:
    return b64url_decode(token.split(".")[1])


def test_everything_of_the_person(both: World) -> None:
    """2.4, 2.7: a token with `sub` ends each session that the partner's sign-ins began, and the grants; other people stay."""
    _, first = signed_in(both)
    second = again(both)
    _, other = signed_in(both, BO)
    answer = say(both, both.partners["fabrikam"].logout_token("contoso", sub=ADA.subject))
    assert (answer.status_code, answer.get_data(), answer.headers["Cache-Control"]) == (200, b"", "no-store")
    assert [works(both, tokens) for tokens in (first, second, other)] == [False, False, True]
    with both.broker.core.db.read() as tx:
        ended = [row for row in audit.newest(tx) if row["name"] == "session.ended"]
    assert {row["reason"] for row in ended} == {"signed out at the home organization"}
    assert ended[0]["data"]["applications"] == ["payroll"]


def test_one_session(both: World) -> None:
    """2.4: a token with `sid` ends what began in that session of the partner; the person's other browser stays signed in."""
    _, first = signed_in(both)
    sid = newest_sid(both)
    second = again(both)
    assert say(both, both.partners["fabrikam"].logout_token("contoso", sid=sid)).status_code == 200
    assert [works(both, tokens) for tokens in (first, second)] == [False, True]


def test_sub_and_sid_name_one_session(world: World) -> None:
    """2.6: where both are there, both must fit."""
    _, tokens = signed_in(world)
    provider = world.partners["fabrikam"]
    for names in ({"sub": BO.subject, "sid": newest_sid(world)}, {"sub": ADA.subject, "sid": "another"}, {"sub": "nobody"}):
        assert say(world, provider.logout_token("contoso", **names)).status_code == 200  # 2.8: nothing was left to end
    assert works(world, tokens)
    assert say(world, provider.logout_token("contoso", sub=ADA.subject, sid=newest_sid(world))).status_code == 200
    assert not works(world, tokens)


def wrong(world: World) -> dict[str, str]:
    """Tokens that are not ours, each wrong in one way."""
    provider, now = world.partners["fabrikam"], world.clock()
    make = lambda **claims: provider.logout_token("contoso", **{"sub": ADA.subject, **claims})  # noqa: E731
    good = make()
    claims = json.loads(_payload(good))
    head, body, signature = good.split(".")
    return {
        "unsigned": f"eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9.{body}.",
        "a changed signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "another key": sign(generate("ES256"), claims, typ="logout+jwt"),
        "another partner's": world.partners["northwind"].logout_token("contoso", sub=ADA.subject),
        "another issuer": make(iss=world.partners["northwind"].issuer),
        "another audience": make(aud="somebody"),
        "no audience": make(aud=None),
        "the type of an ID token": make(typ="JWT"),
        "an ID token": make(typ="JWT", events=None, nonce="n"),
        "no events": make(events=None),
        "another event": make(events={"http://schemas.openid.net/event/other": {}}),
        "an event that is no object": make(events={EVENT: True}),
        "events as a list": make(events=[EVENT]),
        "a nonce": make(nonce="n"),
        "no jti": make(jti=None),
        "a jti that is no text": make(jti=7),
        "nobody": make(sub=None),
        "an empty sub": make(sub=""),
        "a sid that is no text": make(sid=7),
        "expired": make(iat=now - 400, exp=now - 300),
        "no exp": make(exp=None),
        "no iat": make(iat=None),
        "issued in the future": make(iat=now + 600, exp=now + 900),
        "issued long ago": make(iat=now - 90000),
        "no token": "x",
        "nothing": "",
    }


def test_a_token_that_is_not_ours(world: World) -> None:
    """HO-18, UI-13, 2.6, 2.8: 400, never stored; every session stays, and so do its tokens."""
    _, tokens = signed_in(world)
    refused = (400, "invalid_request", "no-store")
    answers = {kind: say(world, token) for kind, token in wrong(world).items()}
    found = {kind: (one.status_code, one.get_json()["error"], one.headers["Cache-Control"]) for kind, one in answers.items()}
    assert found == dict.fromkeys(found, refused)
    assert works(world, tokens)


def test_replay(world: World) -> None:
    """2.6: a jti counts once; a second sign-in is not ended by the first token."""
    signed_in(world)
    token = world.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)
    assert say(world, token).status_code == 200
    tokens = again(world)
    assert say(world, token).status_code == 400
    assert works(world, tokens)


def test_at_the_wrong_address(world: World) -> None:
    """UI-13: at another partner's address, at one over SAML or at nobody's, nothing ends."""
    _, tokens = signed_in(world)
    token = world.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)
    assert [say(world, token, partner).status_code for partner in ("northwind", "nobody")] == [400, 400]
    assert say(world, token, query_string={"logout_token": token}).status_code == 400
    assert works(world, tokens)
    assert say(world, token).status_code == 200  # its jti was not used up


def test_keys_that_rotated(world: World) -> None:
    """HO-6: a token with a key that the partner has published since is accepted."""
    _, tokens = signed_in(world)
    world.clock.advance(61)
    world.partners["fabrikam"].rotate_key()
    assert say(world, world.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)).status_code == 200
    assert not works(world, tokens)


def test_too_many_refused_tokens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-02: an address that sends refused tokens is refused before anything is verified."""
    monkeypatch.setattr(partner_logout, "REFUSALS", 2)
    token = world.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)
    assert [say(world, text).status_code for text in ("x", "y", token)] == [400, 400, 429]


def test_one_token_at_twenty_nodes(both: World) -> None:
    """HT-3: taken once."""
    signed_in(both)
    token = both.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)
    webs = [create_web(both.broker).test_client(use_cookies=False) for _ in range(8)]
    data = {"logout_token": token}
    said = race(lambda n: webs[n].post("/backchannel/fabrikam", data=data, base_url=both.url).status_code, 8)
    assert sorted(said) == [200, *[400] * 7]


def test_beside_a_refresh(both: World) -> None:
    """HP-36, HP-43: whichever comes first, no token works afterwards."""
    _, tokens = signed_in(both)
    token = both.partners["fabrikam"].logout_token("contoso", sub=ADA.subject)
    found: list[Tokens] = []

    def act(number: int) -> int:
        if number == 0:
            return say(both, token).status_code
        with suppress(SignInFailed):
            found.append(both.party.refresh(tokens.refresh_token or ""))
        return 0

    assert sorted(race(act, 2)) == [0, 200]
    assert [works(both, one) for one in found] == [False] * len(found)
