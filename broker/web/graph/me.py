"""`/me`: the person for whom an application asks (graph user)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from broker.services.authorization.permissions import CHANGE_SELF, READ_SELF
from broker.web.graph.applications import assignment_json
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import narrowed
from broker.web.graph.operation import Operation, entity_of, gives_one, gives_page, gives_true
from broker.web.graph.query import read_entity
from broker.web.graph.query.resources import OWN_USER
from broker.web.graph.shapes.applications import ASSIGNMENT
from broker.web.graph.shapes.people import GROUP_REFERENCE, USER
from broker.web.graph.user_json import DEFAULT, group_reference, user_json
from broker.web.graph.user_names import tenant_of
from broker.web.program import pairs_of

if TYPE_CHECKING:
    from broker.app import Broker

_READ = Operation(summary="Read the signed-in person", own=READ_SELF, query=entity_of(OWN_USER), gives=gives_one(USER))
_GROUPS = Operation(
    summary="List the groups of the signed-in person", own=READ_SELF, gives=gives_page(GROUP_REFERENCE, "groupReferencePage")
)
_HELD = Operation(
    summary="List the applications of the signed-in person", own=READ_SELF, gives=gives_page(ASSIGNMENT, "appRoleAssignmentPage")
)
_REVOKE = Operation(
    summary="End every session and token of the signed-in person", own=CHANGE_SELF, gives=gives_true("revokeSignInSessionsResult")
)


def register(door: ApiDoor, broker: Broker) -> None:
    """The person, what hangs off them, and the end of their sessions."""
    own = broker.guests.own_record

    @door.opens("GET", "/me", _READ)
    def me(caller: Caller) -> Response:
        asked = read_entity(OWN_USER, pairs_of(request.query_string))
        values = user_json(own.show(caller.actor), tenant_of(broker.core.settings().issuer))
        return door.responses.entity("users", narrowed(values, asked.select or DEFAULT))

    @door.opens("GET", "/me/memberOf", _GROUPS)
    def groups(caller: Caller) -> Response:
        return door.responses.collection("directoryObjects", [group_reference(one) for one in own.groups(caller.actor)])

    @door.opens("GET", "/me/appRoleAssignments", _HELD)
    def held(caller: Caller) -> Response:
        rows = [assignment_json(one.assignment, one.application) for one in own.assignments(caller.actor)]
        return door.responses.collection("appRoleAssignments", rows)

    @door.opens("POST", "/me/revokeSignInSessions", _REVOKE)
    def revoke(caller: Caller) -> Response:
        own.sign_out(caller.actor)
        return door.responses.value("Edm.Boolean", value=True)
