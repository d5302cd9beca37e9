"""`/directoryObjects`, and the assignments of one person."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.web.graph.api import ALL, Api, error_of, program_of

GONE, DENIED = (404, "Request_ResourceNotFound"), (403, "Authorization_RequestDenied")
ASSIGN = program_of("AppRoleAssignment.ReadWrite.All")
NONE = "00000000-0000-0000-0000-000000000000"


def principal(api: Api, client_id: str) -> str:
    return str(api.get(f"/servicePrincipals(appId='{client_id}')").get_json()["id"])


def test_one_object_by_its_id(api: Api) -> None:
    """A person, a group, both faces of an application; each only with the permission that reads its list."""
    guest = api.guest("ada")
    group = api.post("/groups", {"displayName": "Finance", "mailEnabled": False}).get_json()["id"]
    app = api.get("/applications(appId='payroll')").get_json()["id"]
    kinds = {guest: "user", group: "group", app: "application", principal(api, "payroll"): "servicePrincipal"}
    readers = {"user": "User.Read.All", "group": "Group.ReadWrite.All"}
    for item, kind in kinds.items():
        found = api.get(f"/directoryObjects/{item}").get_json()
        assert (found["@odata.type"], found["id"]) == (f"#microsoft.graph.{kind}", item)
        for permission in ("User.Read.All", "Group.ReadWrite.All", "Application.ReadWrite.All"):
            answer = api.get(f"/directoryObjects/{item}", by=program_of(permission))
            permitted = permission == readers.get(kind, "Application.ReadWrite.All")
            assert answer.status_code == 200 if permitted else error_of(answer) == GONE, (kind, permission)
        assert error_of(api.get(f"/directoryObjects/{item}", by=program_of("Policy.Read.All"))) == DENIED
    assert error_of(api.get(f"/directoryObjects/{uuid4()}")) == GONE
    assert error_of(api.get("/directoryObjects/x"))[0] == 404


def test_the_assignments_of_a_person(both: Api) -> None:
    """Given and taken back by the person's path; a body for somebody else, or a group's assignment, changes nothing."""
    guest, eve, app = both.guest("ada"), both.guest("eve"), principal(both, "payroll")
    path = f"/users/{guest}/appRoleAssignments"
    body: dict[str, Any] = {"principalId": guest, "resourceId": app, "appRoleId": NONE}
    for wrong in ({"principalId": eve}, {"resourceId": guest}, {"appRoleId": str(uuid4())}, {"more": 1}):
        assert error_of(both.post(path, {**body, **wrong}, by=ASSIGN)) == (400, "Request_BadRequest"), wrong
    made = both.post(path, body, by=ASSIGN)
    assert (made.status_code, made.get_json()["principalId"], made.get_json()["resourceDisplayName"]) == (201, guest, "Payroll")
    assert error_of(both.post(path, body, by=ASSIGN)) == (400, "Request_BadRequest")
    one = made.get_json()["id"]
    assert [row["id"] for row in both.get(path).get_json()["value"]] == [one]
    group = both.post("/groups", {"displayName": "Finance", "mailEnabled": False}).get_json()["id"]
    both.post(f"/groups/{group}/members/$ref", {"@odata.id": f"/v1.0/users/{guest}"})
    shared = both.post(f"/servicePrincipals/{app}/appRoleAssignedTo", {**body, "principalId": group}).get_json()["id"]
    for program in ("User.ReadWrite.All", "Application.ReadWrite.All"):
        assert error_of(both.ask("DELETE", f"{path}/{one}", by=program_of(program))) == DENIED
    for other in (f"/users/{eve}/appRoleAssignments/{one}", f"{path}/{shared}", f"{path}/{uuid4()}"):
        assert error_of(both.ask("DELETE", other, by=ASSIGN)) == GONE, other
    assert both.ask("DELETE", f"/users/ada@fabrikam.example/appRoleAssignments/{one}", by=ASSIGN).status_code == 204
    assert [row["id"] for row in both.get(path).get_json()["value"]] == [shared]
    assert [row["actor_id"] for row in both.audited("assignment.taken_back")] == [ASSIGN]
    assert {row["actor_id"] for row in both.audited("assignment.given")} == {ASSIGN, ALL}


def test_how_a_guest_came(both: Api) -> None:
    """The creationType tells sign-ups from invitations, and finds them."""
    both.guest("ada")
    both.guest("eve", signed_up_at=both.clock())
    both.member("alice")
    expected = {"Invitation": "ada", "SelfServiceSignUp": "eve"}
    for value, name in expected.items():
        rows = both.get(f"/users?$filter=creationType eq '{value}'&$select=mail,creationType").get_json()["value"]
        assert rows == [{"mail": f"{name}@fabrikam.example", "creationType": value}]
    rows = both.get("/users?$filter=creationType eq null&$select=mail,creationType").get_json()["value"]
    assert rows == [{"mail": "alice@contoso.example", "creationType": None}]
