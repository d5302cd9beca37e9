"""What a stranger or a mistaken program gets: Graph's envelope with the right code, and never a fault of ours."""

from __future__ import annotations

import pytest

from broker.services.authorization import PERMITS, Right
from broker.settings.permission_names import ApiPermission
from tests.web.graph.api import ISSUER, Api, error_of


def test_paths_that_do_not_exist(api: Api) -> None:
    """One spelling of a path (AD-06); the same with a token and without."""
    for path in (
        "",
        "/",
        "/nothing",
        "/users/x/nothing",
        "/Me",
        "//me",
        "/me/",
        "/me;x",
        "/users%2fx/y",
        "/users/..%2fme",
        "/%00",
        "/%ff",
    ):
        for answer in (api.get(path), api.client.get(f"/v1.0{path}", base_url=ISSUER)):
            expected = (400, "BadRequest") if path == "/%00" else (404, "Request_ResourceNotFound")
            assert error_of(answer) == expected, path


def test_a_long_name_is_not_repeated(api: Api) -> None:
    """LP-02: an error repeats a name of the path, on one line and shortened."""
    answer = api.get("/users/" + "x" * 4000)
    assert error_of(answer) == (404, "Request_ResourceNotFound")
    assert len(answer.text) < 600
    assert "\n" not in api.get("/users/a%0ab").get_json()["error"]["message"]
    head = api.ask("HEAD", "/users")
    assert (head.status_code, head.data) == (200, b"")


def test_methods_that_a_path_does_not_have(api: Api) -> None:
    """405 with Allow; no method is overridden by a header or a form, and no browser is invited (AD-06, AD-08)."""
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        answer = api.ask(method, "/me", headers={"X-HTTP-Method-Override": "GET", "Origin": "https://evil.example"})
        assert error_of(answer) == (405, "MethodNotAllowed"), method
        assert "GET" in answer.headers["Allow"]
        assert not any(name.startswith("Access-Control") for name, _ in answer.headers)


def test_a_fault_of_ours_says_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """LP-03: the request id, and no text of an exception."""

    def fails(_token: str) -> str:
        raise RuntimeError("secret words")

    monkeypatch.setattr(api.broker.oauth.api_access, "admit", fails)
    answer = api.get("/me")
    assert error_of(answer) == (500, "InternalServerError")
    assert "secret words" not in answer.text


def test_request_ids(api: Api) -> None:
    """A client's own id is repeated where it is a plain word; ours is the one of the audit."""
    good, bad = "6f1c9a60-0000-4000-8000-1234567890ab", "a b<script>"
    for sent, got in ((good, good), (bad, None)):
        answer = api.get("/me", headers={"client-request-id": sent})
        assert answer.headers.get("client-request-id") == got
        inner = answer.get_json()["error"]["innerError"]
        assert inner["client-request-id"] == (got or inner["request-id"])


def test_each_permission_of_a_file_has_its_rights() -> None:
    """One table: a name that a file may have gives rights, and reading never writes."""
    assert set(PERMITS) == set(ApiPermission.__args__)  # type: ignore[attr-defined]
    for name, rights in PERMITS.items():
        if ".Read." in name:
            assert all(right.startswith("see_") for right in rights), name
    assert PERMITS["User.Invite.All"] == {Right.INVITE}
