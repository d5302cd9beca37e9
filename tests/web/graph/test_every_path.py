"""Every path of the API asks who calls and what they may: a path that is added is in this test by itself."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from tests.web.graph.api import ISSUER, Api, error_of

OPEN = {"/$batch", "/openapi.json"}  # each part of a batch is a request of its own; the document is for everybody


def paths(app: Flask, thing: str) -> Iterator[tuple[str, str]]:
    """Each method and path, with an id in place of every name."""
    for rule in app.url_map.iter_rules():
        path = rule.rule.removeprefix("/v1.0")
        if not rule.rule.startswith("/v1.0") or path in OPEN or (path + "/").startswith("/me/"):  # `/me` is for no program
            continue
        while "<" in path:
            before, _, rest = path.partition("<")
            path = before + thing + rest.partition(">")[2]
        yield from ((method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def test_every_path_wants_a_token_and_a_permission(api: Api) -> None:
    """AD-02, AD-04: without a token 401; with a token of a program that has another permission never a success."""
    guest = api.guest("ada")
    found = list(paths(api.client.application, guest))
    assert ("GET", f"/users/{guest}") in found
    for method, path in found:
        assert error_of(api.client.open(f"/v1.0{path}", method=method, base_url=ISSUER))[0] == 401, (method, path)
        program = "user-invite-all" if path.startswith(("/policies", "/identity")) else "policy-read-all"
        body: dict[str, str] | None = {} if method in ("POST", "PATCH", "PUT") else None
        assert api.ask(method, path, body, by=program).status_code in (400, 403, 404), (method, path)
        if method == "GET" and "$count" not in path:
            assert error_of(api.get(path, by=program)) == (403, "Authorization_RequestDenied"), path
