"""`/users/ID/appRoleAssignments`: the applications of one person (graph appRoleAssignment)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.services.authorization import Right
from broker.web.graph.applications import NEW_ASSIGNMENT, assigned, assignment_json
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import NOTHING, Operation, gives_one, gives_page
from broker.web.graph.shapes.applications import ASSIGNMENT
from broker.web.graph.user_names import address_in, tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_PATH = "/users/<user>/appRoleAssignments"
_LIST = Operation(
    summary="List what a person is assigned to",
    rights=(Right.SEE_GUESTS,),
    gives=gives_page(ASSIGNMENT, "appRoleAssignmentPage"),
)
_ASSIGN = Operation(
    summary="Assign a person",
    rights=(Right.SEE_APPLICATIONS, Right.ASSIGN),
    body=NEW_ASSIGNMENT,
    gives=gives_one(ASSIGNMENT, status=201),
)
_TAKE_BACK = Operation(
    summary="Take an assignment of a person back", rights=(Right.SEE_APPLICATIONS, Right.ASSIGN), gives=NOTHING
)


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, a new one, and one that is taken back."""
    service = broker.access.assignment_references

    def name_of(user: str) -> str:
        return address_in(user, tenant_of(broker.core.settings().issuer))

    @door.opens("GET", _PATH, _LIST)
    def listed(caller: Caller, user: str) -> Response:
        held = service.of_person(caller.actor, name_of(user))
        return door.responses.collection("appRoleAssignments", [assignment_json(one.assignment, one.application) for one in held])

    @door.opens("POST", _PATH, _ASSIGN)
    def assign(caller: Caller, user: str) -> Response:
        body = caller.body()
        resource = body.required("resourceId").lower()
        app = next((one for one in service.applications(caller.actor) if one.principal_id == resource), None)
        if app is None:
            raise body.wrong("resourceId", "must be the id of a service principal")
        made = assigned(broker, caller, body, app, person=name_of(user))
        return door.responses.entity("appRoleAssignments", assignment_json(made, app), status=201)

    @door.opens("DELETE", f"{_PATH}/<uuid:assignment>", _TAKE_BACK)
    def take_back(caller: Caller, user: str, assignment: UUID) -> Response:
        service.take_back_from(caller.actor, name_of(user), str(assignment))
        return door.responses.nothing()
