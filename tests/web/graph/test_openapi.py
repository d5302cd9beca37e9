"""The OpenAPI document: whole, valid, and the same as the routes."""

from __future__ import annotations

import json
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from broker.services.authorization import PERMITS
from broker.web.graph.refusals import ERRORS
from tests.web.graph.api import ISSUER, Api, error_of

OPEN = {"/openapi.json"}  # needs no token
OWN = {"/$batch", "/users/{user}/sponsors/{sponsor}"}  # ask for no permission: each part asks itself, or refused


def document(api: Api) -> dict[str, Any]:
    """As anybody reads it."""
    response = api.client.get("/v1.0/openapi.json", base_url=ISSUER)
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


def operations(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(method, path) -> what the document says."""
    return {(method.upper(), path): said for path, methods in found["paths"].items() for method, said in methods.items()}


def test_anybody_reads_it(api: Api) -> None:
    """Without a token; a cache keeps it, and asks by its ETag whether it is still the same."""
    first = api.client.get("/v1.0/openapi.json", base_url=ISSUER)
    assert (first.mimetype, first.headers["Cache-Control"]) == ("application/json", "public, max-age=3600")
    assert "Set-Cookie" not in first.headers
    again = api.client.get("/v1.0/openapi.json", base_url=ISSUER, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = api.client.get("/v1.0/openapi.json", base_url=ISSUER, headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.data) == (200, first.data)
    assert error_of(api.client.get("/v1.0/openapi.json?x=1", base_url=ISSUER)) == (400, "BadRequest")
    assert api.client.head("/v1.0/openapi.json", base_url=ISSUER).status_code == 200


def test_it_is_a_valid_document(api: Api) -> None:
    """OpenAPI 3.1, by a validator that nobody here wrote; every name of an operation is unique."""
    found = document(api)
    assert found["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(found).iter_errors()] == []
    names = [said["operationId"] for said in operations(found).values()]
    assert len(set(names)) == len(names)
    assert found["servers"] == [{"url": f"{ISSUER}/v1.0"}]
    assert "payroll" not in json.dumps(found), "nothing of this company's files"


def test_it_has_every_route_and_no_other(api: Api) -> None:
    """A route that is missing in the document, or in the URL map, fails."""
    routed = set()
    for rule in api.client.application.url_map.iter_rules():
        if rule.rule.startswith("/v1.0/"):
            path = rule.rule.removeprefix("/v1.0")
            for name in rule.arguments:
                path = path.replace(f"<{name}>", f"{{{name}}}").replace(f"<uuid:{name}>", f"{{{name}}}")
            routed |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert set(operations(document(api))) == routed


def test_every_error_is_described(api: Api) -> None:
    """Each status of the table of errors is a response, and each operation names those that any request can have."""
    found = document(api)
    described = found["components"]["responses"]
    assert {int(status) for status in described} == set(ERRORS)
    assert "Retry-After" in described["429"]["headers"]
    assert "Retry-After" in described["503"]["headers"]
    for (method, path), said in operations(found).items():
        expected = {"400", "500", "503"} | (set() if path in OPEN else {"401", "429"})
        assert expected <= set(said["responses"]), (method, path)
        assert ("404" in said["responses"]) or "{" not in path, (method, path)
        assert ("415" in said["responses"]) is ("requestBody" in said), (method, path)


def test_permissions_are_those_that_count(api: Api) -> None:
    """A program with one of x-permissions gets past the door, and a program with another one does not."""
    person = api.guest("ann")
    found = operations(document(api))
    for (method, path), said in found.items():
        permissions = set(said.get("x-permissions", ()))
        if path in OPEN | OWN:
            assert not permissions
            continue
        assert permissions, (method, path)
        if path.startswith("/me"):
            assert permissions >= {"User.ReadWrite", "User.ReadWrite.All"}
            continue
        assert permissions <= set(PERMITS)
        if method != "GET" or any(name in path for name in ("{app}", "{policy}", "{partner}", "{group}")):
            continue
        asked = path.format(user=person, item=person, subscription=person)
        for permission in PERMITS:
            response = api.ask(method, asked, by=permission.lower().replace(".", "-"), headers={"ConsistencyLevel": "eventual"})
            assert (response.status_code == 403) is (permission not in permissions), (asked, permission, response.status_code)
