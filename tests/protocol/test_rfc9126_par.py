"""RFC 9126: pushed authorization requests."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from tests.protocol.stage import CALLBACK, CHALLENGE, ISSUER, Stage, oauth_error, page_error, sent_to
from tests.race import race

REQUEST = {
    "client_id": "payroll",
    "redirect_uri": CALLBACK["payroll"],
    "response_type": "code",
    "scope": "openid",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def push(stage: Stage, client: str | None = "payroll", /, *, drop: str = "", **params: str) -> TestResponse:
    """A request that is right but for what is given, authenticated by the secret."""
    form = {name: value for name, value in {**REQUEST, **params}.items() if name not in drop.split()}
    return stage.post("/par", form, client)


def use(stage: Stage, request_uri: str, client_id: str = "payroll", **beside: str) -> TestResponse:
    """The authorization request that refers to it."""
    return stage.get("/authorize", {"client_id": client_id, "request_uri": request_uri, **beside})


def test_pushed_and_used(both: Stage):
    """2.2: 201, a request_uri that cannot be guessed and its life; not stored by caches; 4: it begins a login."""
    answer = push(both)
    body = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(body) == {"request_uri", "expires_in"}
    assert body["expires_in"] == 60
    prefix, handle = body["request_uri"].rsplit(":", 1)
    assert prefix == "urn:ietf:params:oauth:request_uri"
    assert len(handle) == 43
    assert use(both, body["request_uri"]).headers["Location"].startswith("/signin/")


def test_the_login_has_the_pushed_values(stage: Stage):
    """4: state, redirect_uri and everything else come from what was pushed, and nothing beside it is read (AZ-25, RFC 9101 6.3)."""
    request_uri = push(stage, prompt="none").get_json()["request_uri"]
    beside = {"redirect_uri": "https://evil.example/", "state": "other", "scope": "nothing", "response_type": "token"}
    first = use(stage, request_uri, **beside)
    cookie = first.headers["Set-Cookie"].split(";")[0]
    place, answer = sent_to(stage.get(first.headers["Location"], headers={"Cookie": cookie}))
    assert place == CALLBACK["payroll"]
    assert (answer["error"], answer["state"], answer["iss"]) == ("login_required", "s-1", ISSUER)


def test_a_request_uri_is_used_once(both: Stage):
    """AZ-25: twenty at the same moment: one login; 4."""
    request_uri = push(both).get_json()["request_uri"]
    answers = race(lambda _: use(both, request_uri))
    assert sorted(answer.status_code for answer in answers) == [303] + [400] * 19
    assert {page_error(answer) for answer in answers if answer.status_code == 400} == {"bad_request"}
    assert both.counts()["logins"] == 1
    assert both.counts()["pushed_requests"] == 0


@pytest.mark.parametrize(("seconds", "status"), [(59, 303), (60, 400)])
def test_its_life(stage: Stage, seconds: int, status: int):
    """AZ-25, 2.2: 60 seconds; housekeeping deletes what nobody used."""
    request_uri = push(stage).get_json()["request_uri"]
    stage.clock.advance(seconds)
    assert use(stage, request_uri).status_code == status
    push(stage)
    stage.clock.advance(61)
    stage.broker.operations.housekeeping.run()
    assert stage.counts()["pushed_requests"] == 0


def test_it_belongs_to_its_client(calm: Stage):
    """AZ-25, 4: refused for another client, and not used up by it."""
    request_uri = push(calm).get_json()["request_uri"]
    for other in ("travel", "spa", "nobody"):
        assert page_error(use(calm, request_uri, other)) == "bad_request"
    assert use(calm, request_uri).status_code == 303


@pytest.mark.parametrize("handle", ["", "x", "%00", "A" * 43, "A" * 9000])
def test_unknown_handles(calm: Stage, handle: str):
    """4: a page, since nothing is known of where to redirect to."""
    with calm.unchanged():
        answer = use(calm, f"urn:ietf:params:oauth:request_uri:{handle}", redirect_uri=CALLBACK["payroll"])
        assert page_error(answer) == "bad_request"


def test_repeated_parameters(calm: Stage):
    """HP-9: client_id or request_uri twice; the pushed request is not used up."""
    request_uri = push(calm).get_json()["request_uri"]
    for name, value in (("client_id", "travel"), ("request_uri", "https://evil.example/")):
        query = [("client_id", "payroll"), ("request_uri", request_uri), (name, value)]
        assert page_error(calm.web.get("/authorize", query_string=urlencode(query), base_url=ISSUER)) == "bad_request"
    assert use(calm, request_uri).status_code == 303


def test_a_post_without_cookie_does_not_use_it_up(calm: Stage):
    """HW-13: the answer to a cross-site POST is the same request as a GET."""
    request_uri = push(calm).get_json()["request_uri"]
    answer = calm.web.post("/authorize", data={"client_id": "payroll", "request_uri": request_uri}, base_url=ISSUER)
    assert answer.headers["Location"].startswith("/authorize?")
    again = calm.web.get(answer.headers["Location"], base_url=ISSUER)
    assert again.headers["Location"].startswith("/signin/")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request_uri": "https://payroll.contoso.example/request"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"client_id": "travel"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "root"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "x.y.z"}, "invalid_request"),
        ({"state": "x" * 513}, "invalid_request"),
        ({"state": "x" * 9000}, "invalid_request"),
    ],
)
def test_refused_at_the_push(calm: Stage, params: dict[str, str], error: str):
    """AZ-26, 2.1, 2.3: every check of an authorization request, with JSON and 400; nothing is stored."""
    with calm.unchanged():
        assert oauth_error(push(calm, **params)) == (400, error)


def test_client_authentication(calm: Stage):
    """AZ-26, 2.1: as at the token endpoint: by the one method of the file; the credential may name the client alone."""
    with calm.unchanged():
        assert oauth_error(push(calm, None)) == (401, "invalid_client")
        assert oauth_error(push(calm, None, client_secret="wrong")) == (401, "invalid_client")
        assert calm.get("/par").status_code == 405
    assert push(calm, drop="client_id").status_code == 201
    bank = {"client_id": "bank", "redirect_uri": CALLBACK["bank"], **calm.assertion()}
    assert push(calm, None, **bank).status_code == 201
    assert oauth_error(push(calm, None, **bank)) == (401, "invalid_client")
    spa = push(calm, None, client_id="spa", redirect_uri=CALLBACK["spa"]).get_json()
    assert use(calm, spa["request_uri"], "spa").status_code == 303


def test_credentials_are_not_stored(stage: Stage):
    """HT-4: neither the secret nor an assertion is in the row."""
    push(stage, None, client_secret="payroll-secret-0123456789")
    with stage.broker.core.db.read() as tx:
        from sqlalchemy import select

        from broker.storage.tables import pushed_requests

        (row,) = tx.execute(select(pushed_requests.c.parameters)).scalars()
    assert dict(row) == REQUEST


def test_only_pushed_requests(stage: Stage):
    """6: `require_pushed_authorization_requests` refuses a plain request, at its verified redirect_uri, and takes a pushed one."""
    path = stage.home / "config" / "applications" / "payroll.yaml"
    stage.write("applications/payroll.yaml", path.read_text() + "require_pushed_authorization_requests: true\n")
    with stage.unchanged():
        place, answer = sent_to(stage.authorize())
    assert (place, answer["error"], answer["state"]) == (CALLBACK["payroll"], "invalid_request", "s-1")
    assert use(stage, push(stage).get_json()["request_uri"]).status_code == 303
    assert stage.authorize("travel").headers["Location"].startswith("/signin/")


def test_the_files_of_the_moment(stage: Stage):
    """A redirect_uri that was removed after the push is refused when the request is used."""
    request_uri = push(stage).get_json()["request_uri"]
    path = stage.home / "config" / "applications" / "payroll.yaml"
    stage.write("applications/payroll.yaml", path.read_text().replace(CALLBACK["payroll"], "https://payroll.contoso.example/new"))
    assert page_error(use(stage, request_uri)) == "bad_request"


def test_a_push_is_counted_for_public_clients(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """RX-05: strangers can store no more than a number of rows an hour; RFC 9126 2.3: 429."""
    monkeypatch.setattr("broker.services.oauth.pushed_requests.PUSHED_PER_ADDRESS", 2)
    spa = {"client_id": "spa", "redirect_uri": CALLBACK["spa"]}
    assert [push(stage, None, **spa).status_code for _ in range(3)] == [201, 201, 429]
    assert push(stage).status_code == 201


def test_refusals_are_recorded_for_the_team(stage: Stage):
    """FC-02: the address that was sent, and those of the file."""
    push(stage, redirect_uri="https://payroll.contoso.example/other")
    row = stage.broker.history.receipts
    assert row is not None
    assert stage.counts()["refusals"] == 1
