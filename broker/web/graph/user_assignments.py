"""`/users/ID/appRoleAssignments`: the applications of one person (graph appRoleAssignment)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response, request

from broker.web.graph.applications import ASSIGNMENT, assigned, assignment_json
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import no_options
from broker.web.graph.user_names import address_in, tenant_of
from broker.web.program import object_of

if TYPE_CHECKING:
    from broker.app import Broker

_PATH = "/users/<user>/appRoleAssignments"


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, a new one, and one that is taken back."""
    service = broker.access.assignment_references

    def name_of(user: str) -> str:
        return address_in(user, tenant_of(broker.core.settings().issuer))

    @door.opens("GET", _PATH)
    def listed(caller: Caller, user: str) -> Response:
        no_options()
        held = service.of_person(caller.actor, name_of(user))
        return door.responses.collection("appRoleAssignments", [assignment_json(one.assignment, one.application) for one in held])

    @door.opens("POST", _PATH)
    def assign(caller: Caller, user: str) -> Response:
        no_options()
        body = Properties(object_of(request), ASSIGNMENT)
        resource = body.required("resourceId").lower()
        app = next((one for one in service.applications(caller.actor) if one.principal_id == resource), None)
        if app is None:
            raise body.wrong("resourceId", "must be the id of a service principal")
        made = assigned(broker, caller, body, app, person=name_of(user))
        return door.responses.entity("appRoleAssignments", assignment_json(made, app), status=201)

    @door.opens("DELETE", f"{_PATH}/<uuid:assignment>")
    def take_back(caller: Caller, user: str, assignment: UUID) -> Response:
        no_options()
        service.take_back_from(caller.actor, name_of(user), str(assignment))
        return door.responses.nothing()
