"""`/applications` and `/servicePrincipals`: read from the files, and assigned in the database."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from broker.domain.audit import Actor
from tests.journeys.counting import statements
from tests.web.graph.api import Api, error_of

BASE = "http://localhost/v1.0"
ASSIGN, READ = "approleassignment-readwrite-all", "application-readwrite-all"
NONE = "00000000-0000-0000-0000-000000000000"
FILE = "name: Payroll\nclient_secret: ${env:SECRET}\nroles: [reader, writer]\nowners: [zoe@contoso.example]\nassignment_required: true\n"


def payroll(api: Api, kind: str = "servicePrincipals") -> dict[str, Any]:
    api.write("applications/payroll.yaml", FILE)
    found: dict[str, Any] = api.get(f"/{kind}(appId='payroll')", by=READ).get_json()
    return found


def ids(api: Api, path: str) -> list[str]:
    return [one["id"] for one in api.get(path).get_json()["value"]]


def test_the_two_faces_of_an_application(api: Api):
    """The list, one by id and by appId; ids are stable, and a client id is the appId."""
    for kind in ("applications", "servicePrincipals"):
        found = payroll(api, kind)
        assert found["appId"] == "payroll"
        assert [role["value"] for role in found["appRoles"]] == ["reader", "writer"]
        assert {(role["isEnabled"], *role["allowedMemberTypes"]) for role in found["appRoles"]} == {(True, "User")}
        assert api.get(f"/{kind}/{found['id']}", by=READ).get_json() == found
        assert "secret" not in str(found).lower()
        listed = api.get(f"/{kind}?$filter=appId%20eq%20'payroll'", by=READ).get_json()["value"]
        assert [one["id"] for one in listed] == [found["id"]]
        assert error_of(api.get(f"/{kind}/{uuid4()}")) == (404, "Request_ResourceNotFound")
        assert error_of(api.get(f"/{kind}(appId='nothing')")) == (404, "Request_ResourceNotFound")
    assert payroll(api)["id"] != payroll(api, "applications")["id"]
    assert payroll(api)["appRoleAssignmentRequired"] is True


def test_pages_of_files(api: Api):
    """By appId, a page at a time, with a count where it is asked for; names are found in any case."""
    eventual = {"ConsistencyLevel": "eventual"}
    first = api.get("/servicePrincipals?$top=3&$count=true", headers=eventual).get_json()
    seen, link = [one["appId"] for one in first["value"]], first["@odata.nextLink"]
    while link:
        page = api.get(link.removeprefix(BASE)).get_json()
        seen += [one["appId"] for one in page["value"]]
        link = page.get("@odata.nextLink")
    assert seen == sorted(api.broker.core.settings().applications)
    assert first["@odata.count"] == len(seen)
    for text, expected in {"startswith(displayName,'pAY')": ["payroll"], "displayName eq 'travel'": ["travel"]}.items():
        found = api.get("/applications", query_string={"$filter": text}).get_json()["value"]
        assert [one["appId"] for one in found] == expected, text


def test_files_are_read_only_here(api: Api):
    """A write names the file to change; without the right to see it, it says nothing of it."""
    for kind in ("applications", "servicePrincipals"):
        found = payroll(api, kind)
        ref = {"@odata.id": f"{BASE}/users/{uuid4()}"}
        calls = [
            ("POST", f"/{kind}", {"displayName": "x"}),
            ("PATCH", f"/{kind}/{found['id']}", {"displayName": "x"}),
            ("DELETE", f"/{kind}/{found['id']}", None),
            ("POST", f"/{kind}/{found['id']}/owners/$ref", ref),
            ("DELETE", f"/{kind}/{found['id']}/owners/{uuid4()}/$ref", None),
        ]
        for method, path, body in calls:
            answer = api.ask(method, path, body, by=READ)
            assert error_of(answer) == (403, "Authorization_RequestDenied")
            assert "config/applications/" in answer.get_json()["error"]["message"]
            other = api.ask(method, path, body, by="user-read-all")
            assert error_of(other) == (403, "Authorization_RequestDenied")
            assert "config/" not in other.text


def test_owners_come_from_the_file(api: Api):
    """The addresses of the file that the directory knows, as people with their type."""
    zoe = api.member("zoe")
    for kind in ("applications", "servicePrincipals"):
        (owner,) = api.get(f"/{kind}/{payroll(api, kind)['id']}/owners", by=READ).get_json()["value"]
        assert (owner["id"], owner["@odata.type"], owner["mail"]) == (zoe, "#microsoft.graph.user", "zoe@contoso.example")


def test_an_assignment_from_beginning_to_end(both: Api):
    """201, listed, repeat 400, taken back 204; the audit names the program (graph appRoleAssignedTo)."""
    app, ann = payroll(both), both.guest("ann")
    path, reader = f"/servicePrincipals/{app['id']}/appRoleAssignedTo", app["appRoles"][0]["id"]
    body = {"principalId": ann, "resourceId": app["id"], "appRoleId": reader}
    made = both.post(path, body, by=ASSIGN)
    found = made.get_json()
    assert made.status_code == 201, made.text
    assert (found["principalId"], found["principalType"], found["appRoleId"]) == (ann, "User", reader)
    assert (found["resourceId"], found["resourceDisplayName"]) == (app["id"], "Payroll")
    assert found["createdDateTime"].endswith("Z")
    again = both.post(path, body, by=ASSIGN)
    assert error_of(again) == (400, "Request_BadRequest")
    assert again.get_json()["error"]["message"] == "Permission being assigned already exists on the object"
    assert both.post(path, {**body, "appRoleId": NONE}, by=ASSIGN).get_json()["appRoleId"] == NONE
    assert len(ids(both, path)) == 2
    assert found["id"] in ids(both, path)
    assert sorted(ids(both, f"/users/{ann}/appRoleAssignments")) == sorted(ids(both, path))
    assert sorted(ids(both, "/users/ann@fabrikam.example/appRoleAssignments")) == sorted(ids(both, path))
    assert both.ask("DELETE", f"{path}/{found['id']}", by=ASSIGN).status_code == 204
    assert error_of(both.ask("DELETE", f"{path}/{found['id']}", by=ASSIGN)) == (404, "Request_ResourceNotFound")
    assert found["id"] not in ids(both, path)
    (given, *_), (taken,) = both.audited("assignment.given"), both.audited("assignment.taken_back")
    assert {(row["actor_kind"], row["actor_id"], row["subject"]) for row in (given, taken)} == {("application", ASSIGN, ann)}


def test_an_ended_assignment_begins_anew(both: Api):
    """One that is over is none: the same id gets new times."""
    app, ann = payroll(both), both.guest("ann")
    path = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    body = {"principalId": ann, "resourceId": app["id"], "appRoleId": NONE}
    first = both.post(path, body, by=ASSIGN).get_json()["id"]
    both.broker.access.assignments.assign(Actor.command(), "payroll", ann, ends_at=both.clock() + 60)
    both.clock.advance(61)
    assert both.post(path, body, by=ASSIGN).get_json()["id"] == first


def test_groups_and_people_in_pages(both: Api):
    """Groups first, each by id; a page may hold both."""
    app = payroll(both)
    path = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    holders = [both.guest(f"guest{number}") for number in range(3)]
    holders += [both.post("/groups", {"displayName": f"G{n}", "mailEnabled": False}).get_json()["id"] for n in range(3)]
    for holder in holders:
        body = {"principalId": holder, "resourceId": app["id"], "appRoleId": NONE}
        assert both.post(path, body, by=ASSIGN).status_code == 201
    for size in (1, 2, 3, 4, 6):
        seen: list[tuple[str, str]] = []
        link = f"{path}?$top={size}"
        while link:
            page = both.get(link).get_json()
            seen += [(one["principalType"], one["principalId"]) for one in page["value"]]
            link = page.get("@odata.nextLink", "").removeprefix(BASE)
        assert [kind for kind, _ in seen] == ["Group"] * 3 + ["User"] * 3
        assert sorted(one for _, one in seen) == sorted(holders)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"principalId": str(uuid4())}, (404, "Request_ResourceNotFound")),
        ({"principalId": "ann@fabrikam.example"}, (404, "Request_ResourceNotFound")),
        ({"appRoleId": str(uuid4())}, (400, "Request_BadRequest")),
        ({"resourceId": str(uuid4())}, (400, "Request_BadRequest")),
        ({"role": "administrator"}, (400, "Request_BadRequest")),
        ({"principalId": None}, (400, "Request_BadRequest")),
    ],
)
def test_bodies_of_no_assignment(api: Api, change: dict[str, object], expected: tuple[int, str]):
    """AD-02: unknown properties and roles of nothing are refused, and nobody gets anything."""
    app, ann = payroll(api), api.guest("ann")
    path = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    body = {"principalId": ann, "resourceId": app["id"], "appRoleId": NONE, **change}
    assert error_of(api.post(path, body, by=ASSIGN)) == expected
    assert ids(api, path) == []


def test_an_assignment_of_another_application(api: Api):
    """AD-01: by the path of one application nothing of another one is taken back."""
    app, ann = payroll(api), api.guest("ann")
    travel = api.get("/servicePrincipals(appId='travel')").get_json()["id"]
    path = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    made = api.post(path, {"principalId": ann, "resourceId": app["id"], "appRoleId": NONE}).get_json()["id"]
    assert error_of(api.ask("DELETE", f"/servicePrincipals/{travel}/appRoleAssignedTo/{made}")) == (
        404,
        "Request_ResourceNotFound",
    )
    assert ids(api, path) == [made]


def test_permissions_over_applications(api: Api):
    """AD-04: Application.ReadWrite.All reads only; other permissions read nothing."""
    app, ann = payroll(api), api.guest("ann")
    path = f"/servicePrincipals/{app['id']}/appRoleAssignedTo"
    body = {"principalId": ann, "resourceId": app["id"], "appRoleId": NONE}
    denied = (403, "Authorization_RequestDenied")
    made = api.post(path, body, by=ASSIGN).get_json()["id"]
    assert error_of(api.post(path, {**body, "appRoleId": app["appRoles"][0]["id"]}, by=READ)) == denied
    assert error_of(api.ask("DELETE", f"{path}/{made}", by=READ)) == denied
    assert api.get(path, by=READ).status_code == 200
    for program in ("user-readwrite-all", "group-readwrite-all", "policy-read-all", "auditlog-read-all"):
        for method, one, sent in (
            ("GET", "/applications", None),
            ("GET", path, None),
            ("POST", path, body),
            ("DELETE", f"{path}/{made}", None),
        ):
            assert error_of(api.ask(method, one, sent, by=program)) == denied, (program, method, one)
    assert ids(api, path) == [made]


def test_a_page_of_assignments_costs_few_statements(api: Api):
    """The token, the limit of requests, groups and people."""
    app = payroll(api)
    api.bearer()
    with statements(api.broker.core.db) as seen:
        assert api.get(f"/servicePrincipals/{app['id']}/appRoleAssignedTo").status_code == 200
    assert len(seen) <= 5, seen
