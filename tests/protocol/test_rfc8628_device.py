"""RFC 8628: a device shows a code, a person enters it at /device and signs in for it (TK-30)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from broker.domain.ids import digest
from broker.provider.device import GRANT_TYPE
from broker.services.oauth.device_requests import ALPHABET, GUESSES
from broker.storage.tables import device_codes
from tests.protocol.dpop_client import DpopClient
from tests.protocol.stage import ALL_SCOPES, CALLBACK, ISSUER, SECRETS, Signed, Stage, oauth_error

FILE = f"scopes: [{ALL_SCOPES.replace(' ', ', ')}]\ndevice_grant: true\n"


def configured(stage: Stage, more: str = "") -> Stage:
    """The application travel has devices."""
    text = f"name: Travel\nclient_secret: '{SECRETS['travel']}'\nredirect_uris: ['{CALLBACK['travel']}']\n{FILE}{more}"
    stage.write("applications/travel.yaml", text)
    return stage


@pytest.fixture
def room(stage: Stage) -> Stage:
    """On SQLite."""
    return configured(stage)


@pytest.fixture
def rooms(both: Stage) -> Stage:
    """On both databases."""
    return configured(both)


class Person:
    """A browser at /device, in which somebody may be signed in."""

    def __init__(self, stage: Stage, who: Signed | None = None) -> None:
        """who: the person whose session the browser has."""
        self.web: FlaskClient = stage.app.test_client()
        if who is not None:
            name, _, value = stage.cookie(who)["Cookie"].partition("=")
            self.web.set_cookie(name, value, domain="login.contoso.example", secure=True)
        self.page = self.web.get("/device", base_url=ISSUER)

    def send(self, path: str, code: str) -> TestResponse:
        """The form of the page."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page.text)
        assert csrf is not None
        answer = self.web.post(path, data={"csrf": csrf[1], "code": code}, base_url=ISSUER)
        if answer.status_code == 200:
            self.page = answer
        return answer

    def allow(self, code: str) -> str:
        """Enters the code, continues, and signs in by the session; the path of the last page."""
        assert self.send("/device", code).status_code == 200
        answer = self.send("/device/continue", code)
        while answer.status_code == 303 and not answer.headers["Location"].startswith("/device/"):
            answer = self.web.get(answer.headers["Location"], base_url=ISSUER)
        return str(answer.headers.get("Location", answer.text))


def ask(stage: Stage, scope: str = "openid email offline_access", caller: str | None = "travel", **form: str) -> TestResponse:
    """The request of a device."""
    return stage.post("/device_authorization", {"scope": scope, **form} if scope else form, caller)


def started(stage: Stage) -> dict[str, Any]:
    """The response to it."""
    answer = ask(stage)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return dict(answer.get_json())


def poll(stage: Stage, device: dict[str, Any], client_id: str = "travel", *, wait: int = 5, **form: str) -> TestResponse:
    """The device asks again after its interval."""
    stage.clock.advance(wait)
    return stage.post("/token", {"grant_type": GRANT_TYPE, "device_code": device["device_code"], **form}, client_id)


def test_response(room: Stage):
    """RFC 8628 3.2, 6.1: both codes, the short address, times; letters without vowels; the database has hashes only."""
    device = started(room)
    code = device["user_code"].replace("-", "")
    assert len(device["device_code"]) >= 43
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", device["user_code"])
    assert (device["verification_uri"], device["expires_in"], device["interval"]) == (f"{ISSUER}/device", 600, 5)
    assert "verification_uri_complete" not in device  # 5.4
    with room.broker.core.db.read() as tx:
        row = tx.execute(select(device_codes)).one()
    assert (row.user_code, row.device_code) == (digest(code), digest(device["device_code"]))


def test_who_may_ask(room: Stage):
    """RFC 8628 3.1: an authenticated client whose file says so; scopes as at authorize; errors of RFC 6749 5.2."""
    assert oauth_error(ask(room, caller="payroll")) == (400, "unauthorized_client")
    assert oauth_error(ask(room, caller=None)) == (401, "invalid_client")
    assert oauth_error(ask(room, caller=None, client_secret="wrong")) == (401, "invalid_client")
    assert oauth_error(ask(room, scope="email")) == (400, "invalid_scope")
    assert oauth_error(ask(room, scope="", other="x")) == (400, "invalid_scope")
    assert room.get("/device_authorization").status_code == 405
    form = {"grant_type": GRANT_TYPE, "device_code": "x"}
    assert oauth_error(room.post("/token", form)) == (400, "unauthorized_client")
    assert oauth_error(room.post("/token", {"grant_type": GRANT_TYPE}, "travel")) == (400, "invalid_request")
    assert oauth_error(room.post("/token", form, "travel")) == (400, "invalid_grant")


def test_a_whole_sign_in(rooms: Stage):
    """RFC 8628 3.3 to 3.5: pending until the person is done; then tokens of that person, once."""
    device, who = started(rooms), rooms.person(application="travel")
    assert oauth_error(poll(rooms, device)) == (400, "authorization_pending")
    person = Person(rooms, who)
    assert person.send("/device", device["user_code"].lower().replace("-", " ")).status_code == 200
    assert "Travel" in person.page.text
    assert device["user_code"] in person.page.text
    assert person.allow(device["user_code"]) == "/device/done"
    answer = poll(rooms, device)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    body = answer.get_json()
    assert body["scope"] == "openid email offline_access"
    said = rooms.claims(body["id_token"])
    assert (said["aud"], said["email"]) == ("travel", who.person.email)
    assert "nonce" not in said
    assert rooms.userinfo(body["access_token"]).get_json()["sub"] == said["sub"]
    assert rooms.refresh(body["refresh_token"], "travel").status_code == 200
    assert oauth_error(poll(rooms, device)) == (400, "invalid_grant")


def test_slow_down(room: Stage):
    """RFC 8628 3.5: each question that comes too early makes the interval five seconds longer."""
    device = started(room)
    assert oauth_error(poll(room, device, wait=0)) == (400, "authorization_pending")
    assert oauth_error(poll(room, device, wait=4)) == (400, "slow_down")
    assert oauth_error(poll(room, device, wait=9)) == (400, "slow_down")
    assert oauth_error(poll(room, device, wait=15)) == (400, "authorization_pending")
    assert room.counts()["refusals"] == 0  # a device that waits is no mistake of its application


def test_expired(room: Stage):
    """RFC 8628 3.5, HT-12: over at its instant, for the device and for the person; no grant stays that nobody may use."""
    device, who = started(room), room.person(application="travel")
    late = Person(room, who)
    late.send("/device", device["user_code"])
    room.clock.advance(600)
    assert oauth_error(poll(room, device, wait=0)) == (400, "expired_token")
    assert late.send("/device/continue", device["user_code"]).status_code == 400
    assert room.broker.operations.housekeeping.run()["device_codes"] == 0
    room.clock.advance(1)
    assert room.broker.operations.housekeeping.run()["device_codes"] == 1


def test_refused_by_the_person(rooms: Stage):
    """RFC 8628 3.5, 5.4: somebody who did not start this says so; the code is worth nothing afterwards."""
    device = started(rooms)
    person = Person(rooms)
    person.send("/device", device["user_code"])
    assert person.send("/device/refuse", device["user_code"]).headers["Location"] == "/device/refused"
    assert oauth_error(poll(rooms, device)) == (400, "access_denied")
    assert person.send("/device", device["user_code"]).status_code == 400
    assert "device.refused" in rooms.audited()


def test_the_gates_decide(stage: Stage):
    """HP-36, AZ-24: an application that asks for an assignment refuses here, too; and its way back denies the device."""
    room = configured(stage, "assignment_required: true\n")
    device, who = started(room), room.person(application="travel")
    person = Person(room, who)
    page = person.allow(device["user_code"])
    assert 'data-error="not_assigned"' in page
    assert oauth_error(poll(room, device)) == (400, "authorization_pending")
    with room.broker.core.db.read() as tx:
        assert tx.execute(select(device_codes.c.grant_id)).scalar_one() is None


def test_what_ended_since(room: Stage):
    """HP-36: a session that ended between the page and the device's question gives no token."""
    from broker.domain.audit import Actor

    device, who = started(room), room.person(application="travel")
    assert Person(room, who).allow(device["user_code"]) == "/device/done"
    room.broker.sessions.end(who.session.sid, Actor.system(), "logout")
    assert oauth_error(poll(room, device)) == (400, "invalid_grant")


def test_another_client_and_another_device(room: Stage):
    """RFC 8628 5.2: a device code is of one client; two devices do not get each other's person."""
    room.write("applications/tight.yaml", f"name: Tight\nclient_secret: {SECRETS['tight']}\n{FILE}")
    one, two, who = started(room), started(room), room.person(application="travel")
    assert Person(room, who).allow(one["user_code"]) == "/device/done"
    assert oauth_error(poll(room, one, "tight")) == (400, "invalid_grant")
    assert oauth_error(poll(room, two)) == (400, "authorization_pending")
    assert poll(room, one).status_code == 200


@pytest.mark.parametrize("code", ["", "BCDF", "AAAA-AAAA", "BCDF-GHJK-BCDF", "x" * 100, "<b>", "\u00e9" * 8])
def test_a_code_that_nobody_has(room: Stage, code: str):
    """RFC 8628 5.1, 6.1: the page says so, with 400 and one text for every cause; nothing is created."""
    person = Person(room)
    with room.unchanged():
        answer = person.send("/device", code)
    assert answer.status_code == 400
    assert "No device is waiting with this code" in answer.text
    assert 'data-page="device-code"' in answer.text


def test_guessing_is_limited(room: Stage):
    """RFC 8628 5.1: thirty codes of one address in ten minutes, right ones too; then 429."""
    device, person = started(room), Person(room)
    for _ in range(GUESSES):
        assert person.send("/device", "BBBB-BBBB").status_code == 400
    answer = person.send("/device", device["user_code"])
    assert (answer.status_code, 'data-error="too_many_attempts"' in answer.text) == (429, True)


def test_forms_come_from_our_page(room: Stage):
    """HW-5, RFC 8628 5.4: no other site sends a code, and no link brings one."""
    device = started(room)
    for path in ("/device", "/device/continue", "/device/refuse"):
        answer = room.web.post(path, data={"code": device["user_code"]}, base_url=ISSUER)
        assert (answer.status_code, 'data-error="bad_request"' in answer.text) == (403, True)
    page = room.get("/device", {"user_code": device["user_code"], "code": device["user_code"]})
    assert device["user_code"] not in page.text


def test_a_public_client(stage: Stage):
    """RFC 8628 3.4: a device without a secret names itself."""
    stage.write("applications/spa.yaml", f"name: Spa\nredirect_uris: ['{CALLBACK['spa']}']\ndevice_grant: true\n")
    answer = ask(stage, "openid", None, client_id="spa")
    device, who = answer.get_json(), stage.person(application="spa", scopes="openid profile email")
    assert Person(stage, who).allow(device["user_code"]) == "/device/done"
    form = {"grant_type": GRANT_TYPE, "device_code": device["device_code"], "client_id": "spa"}
    assert stage.claims(stage.post("/token", form, None).get_json()["id_token"])["aud"] == "spa"


def test_a_device_with_a_key(room: Stage):
    """HP-59, RFC 9449 5: the proof of the question that succeeds binds the tokens; each question has a proof of its own."""
    client, device, who = DpopClient(room), started(room), room.person(application="travel")
    form = {"grant_type": GRANT_TYPE, "device_code": device["device_code"]}
    assert oauth_error(client.post("/token", form, "travel", jti="first")) == (400, "authorization_pending")
    assert Person(room, who).allow(device["user_code"]) == "/device/done"
    room.clock.advance(5)
    assert oauth_error(client.post("/token", form, "travel", jti="first")) == (400, "invalid_dpop_proof")
    body = client.post("/token", form, "travel").get_json()
    assert body["token_type"] == "DPoP"
    assert client.userinfo(body["access_token"]).status_code == 200
    assert room.userinfo(body["access_token"]).status_code == 401


def test_only_bound_tokens(stage: Stage):
    """HP-59: `dpop_bound_access_tokens` refuses the question of a device without a proof, and does not use the device code up."""
    room = configured(stage, "dpop_bound_access_tokens: true\n")
    device, who = started(room), room.person(application="travel")
    assert oauth_error(poll(room, device)) == (400, "invalid_dpop_proof")
    assert Person(room, who).allow(device["user_code"]) == "/device/done"
    assert oauth_error(poll(room, device)) == (400, "invalid_dpop_proof")
    form = {"grant_type": GRANT_TYPE, "device_code": device["device_code"]}
    assert DpopClient(room).post("/token", form, "travel").get_json()["token_type"] == "DPoP"


def test_a_public_client_with_a_key(stage: Stage):
    """RFC 9449 5: the refresh tokens of a device without a secret are bound to its key, like its access tokens."""
    scopes = "openid offline_access"
    stage.write(
        "applications/spa.yaml",
        f"name: Spa\nredirect_uris: ['{CALLBACK['spa']}']\nscopes: [openid, offline_access]\ndevice_grant: true\n",
    )
    device = ask(stage, scopes, None, client_id="spa").get_json()
    assert Person(stage, stage.person(application="spa", scopes=scopes)).allow(device["user_code"]) == "/device/done"
    client, form = DpopClient(stage), {"grant_type": GRANT_TYPE, "device_code": device["device_code"], "client_id": "spa"}
    token = client.post("/token", form, None).get_json()["refresh_token"]
    assert oauth_error(DpopClient(stage).refresh(token, "spa")) == (400, "invalid_grant")
    assert oauth_error(
        stage.post("/token", {"grant_type": "refresh_token", "refresh_token": token, "client_id": "spa"}, None)
    ) == (
        400,
        "invalid_grant",
    )
    assert client.refresh(token, "spa").status_code == 200
