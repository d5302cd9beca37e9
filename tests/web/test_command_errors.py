"""AD-01, HW-1: what a service refuses is a refusal on every route: for a person, for an application and in the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Request, Response
from flask.testing import FlaskClient

from broker.domain.errors import BrokerError, CommandError, Conflict, Forbidden, Invalid, NotFound, TooMany
from broker.settings.load import Settings
from broker.web import errors
from broker.web.graph import Responses, is_api
from broker.web.pages import Pages
from tests.clock import START
from tests.web.markup import read

SECRET = "there is no guest 'gerda@fabrikam.example'"
KINDS: dict[str, type[CommandError]] = {
    "missing": NotFound,
    "forbidden": Forbidden,
    "conflict": Conflict,
    "quota": TooMany,
    "invalid": Invalid,
    "other": CommandError,
}
STATUS = {"missing": 404, "forbidden": 403, "conflict": 409, "quota": 429, "invalid": 400, "other": 400}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A page, an endpoint of the protocol and a path of the API, whose handlers let each kind of refusal through."""
    app = Flask("t", static_folder=None)

    def api(asked: Request) -> Callable[[BrokerError], Response] | None:
        return Responses("https://login.contoso.example", lambda: START).error if is_api(asked.path) else None

    errors.register(app, Pages(lambda: settings), is_protocol=lambda asked: asked.path.startswith("/token"), api=api)

    def fails(kind: type[CommandError]) -> Response:
        raise kind(SECRET, "guest_unknown").later(7)

    for name, kind in KINDS.items():
        for place in ("page", "token", "v1.0"):
            app.add_url_rule(f"/{place}/{name}", f"{place} {name}".replace(".", "_"), fails, defaults={"kind": kind})
    return app.test_client()


def test_every_kind_is_tried() -> None:
    """A new kind joins this table."""
    assert set(CommandError.__subclasses__()) | {CommandError} == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_page(client: FlaskClient, kind: str) -> None:
    """The status of the kind, fixed words, nothing of the message."""
    answer = client.get(f"/page/{kind}")
    assert answer.status_code == STATUS[kind]
    assert read(answer.text).one("main")["data-error"] == ("too_many_attempts" if kind == "quota" else "bad_request")
    assert "gerda" not in answer.text
    assert "guest_unknown" not in answer.text


def test_missing_page_is_that_of_an_unknown_address(client: FlaskClient) -> None:
    """AD-01: a stranger cannot see whether there was something."""
    missing, unknown = (read(client.get(path).text).one("h1").text for path in ("/page/missing", "/page/nowhere"))
    assert missing == unknown


@pytest.mark.parametrize("kind", KINDS)
def test_protocol(client: FlaskClient, kind: str) -> None:
    """An application gets JSON of RFC 6749."""
    answer = client.get(f"/token/{kind}")
    assert answer.status_code == STATUS[kind]
    assert answer.get_json()["error"] == ("slow_down" if kind == "quota" else "invalid_request")
    assert "gerda" not in answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_api(client: FlaskClient, kind: str) -> None:
    """The shape of Graph, also where no door stands before the handler."""
    answer = client.get(f"/v1.0/{kind}")
    assert answer.status_code == STATUS[kind]
    assert answer.get_json()["error"]["code"]


def test_time_to_wait(client: FlaskClient) -> None:
    """RFC 9110 10.2.3: a quota says when it is free again."""
    assert client.get("/page/quota").headers["Retry-After"] == "7"
