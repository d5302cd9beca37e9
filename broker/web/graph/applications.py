"""`/applications` and `/servicePrincipals`: two faces of an application of a file, and who is assigned to it (graph application,
servicePrincipal, appRoleAssignment). What lives in files is read only: a write names the file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote
from uuid import UUID

from flask import Response

from broker.domain.assignment import Principal
from broker.domain.errors import Conflict, NotFound
from broker.domain.times import iso
from broker.services.access.assignment_references import ApplicationEntry
from broker.services.access.views import AssignmentView
from broker.services.authorization import Right
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, in_memory, narrowed, selected
from broker.web.graph.operation import NOTHING, Operation, entity_of, gives_one, gives_page, list_of, refused_in_file
from broker.web.graph.query.resources import APPLICATIONS, ASSIGNMENTS, PRINCIPALS, REFERENCES
from broker.web.graph.references import person_reference
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused, in_file
from broker.web.graph.responses import Json
from broker.web.graph.shapes import Record
from broker.web.graph.shapes.applications import APPLICATION, ASSIGNMENT, PRINCIPAL
from broker.web.graph.shapes.people import PERSON_REFERENCE
from broker.web.graph.shapes.values import filled
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"  # the role of access without a role
_KINDS = {"applications": APPLICATIONS, "servicePrincipals": PRINCIPALS}
_RECORDS = {"applications": APPLICATION, "servicePrincipals": PRINCIPAL}
NEW_ASSIGNMENT = Record(
    name="newAppRoleAssignment",
    properties={
        "principalId": filled(form="uuid", about="A person or a group."),
        "resourceId": filled(form="uuid", about="The id of the service principal in the path."),
        "appRoleId": filled(form="uuid", about=f"{DEFAULT_ACCESS}: access without a role."),
    },
    required=("principalId", "resourceId", "appRoleId"),
)
_SEE, _ASSIGN = Right.SEE_APPLICATIONS, Right.ASSIGN
_ASSIGNED = "/servicePrincipals/<uuid:app>/appRoleAssignedTo"


def register(door: ApiDoor, broker: Broker) -> None:
    """Both faces, then the assignments."""
    for kind in _KINDS:
        _register_face(door, broker, kind)
        _register_owners(door, broker, kind)
    _register_assignments(door, broker)


def _register_face(door: ApiDoor, broker: Broker, kind: str) -> None:
    lists, resource, shown = Lists(door, broker.sealer), _KINDS[kind], _shown_as(kind)

    @door.opens(
        "GET",
        f"/{kind}",
        Operation(
            summary=f"List {kind}", rights=(_SEE,), query=list_of(resource), gives=gives_page(_RECORDS[kind], f"{kind}Page")
        ),
    )
    def listed(caller: Caller) -> Response:
        asked, after = lists.read(caller, resource)
        every = broker.access.assignment_references.applications(caller.actor)
        found = in_memory(asked.query, ((_columns(one, kind), one) for one in every))
        rows, next_key = _page(found, str(after[0]) if after else "", asked.top)
        values = [narrowed(shown(one), asked.select) for one in rows]
        count = len(found) if asked.count else None
        return lists.answer(caller, kind, asked, values, None if next_key is None else (next_key,), count)

    single = Operation(summary=f"Read one of {kind}", rights=(_SEE,), query=entity_of(resource), gives=gives_one(_RECORDS[kind]))

    @door.opens("GET", f"/{kind}/<uuid:app>", single)
    def one(caller: Caller, app: UUID) -> Response:
        select = selected(resource)
        return door.responses.entity(kind, narrowed(shown(_found(broker, caller, kind, str(app))), select))

    @door.opens("GET", f"/{kind}(appId='<app>')", single)
    def by_app_id(caller: Caller, app: str) -> Response:
        select = selected(resource)
        every = broker.access.assignment_references.applications(caller.actor)
        return door.responses.entity(kind, narrowed(shown(_first(every, lambda one: one.client_id == unquote(app))), select))

    @door.opens("POST", f"/{kind}", refused_in_file("Refused: applications live in files", _SEE))
    def create(caller: Caller) -> Response:
        broker.access.assignment_references.applications(caller.actor)
        raise in_file("config/applications/CLIENT_ID.yaml")

    for method in ("PATCH", "DELETE"):

        @door.opens(method, f"/{kind}/<uuid:app>", refused_in_file("Refused: applications live in files", _SEE))
        def change(caller: Caller, app: UUID) -> Response:
            raise in_file(_found(broker, caller, kind, str(app)).file)


def _register_owners(door: ApiDoor, broker: Broker, kind: str) -> None:
    lists = Lists(door, broker.sealer)

    @door.opens(
        "GET",
        f"/{kind}/<uuid:app>/owners",
        Operation(
            summary="List owners",
            rights=(_SEE,),
            query=list_of(REFERENCES),
            gives=gives_page(PERSON_REFERENCE, "directoryObjectPage"),
        ),
    )
    def owners(caller: Caller, app: UUID) -> Response:
        asked, after = lists.read(caller, REFERENCES)
        found = _found(broker, caller, kind, str(app))
        page = broker.access.assignment_references.owners(
            caller.actor, found.client_id, after=str(after[0]) if after else "", limit=asked.top
        )
        tenant = tenant_of(broker.core.settings().issuer)
        rows = [narrowed(person_reference(one, tenant), asked.select) for one in page.rows]
        return lists.answer(caller, "directoryObjects", asked, rows, None if page.next_key is None else (page.next_key,))

    @door.opens("POST", f"/{kind}/<uuid:app>/owners/$ref", refused_in_file("Refused: owners live in files", _SEE))
    def add(caller: Caller, app: UUID) -> Response:
        raise in_file(_found(broker, caller, kind, str(app)).file)

    @door.opens("DELETE", f"/{kind}/<uuid:app>/owners/<uuid:person>/$ref", refused_in_file("Refused: owners live in files", _SEE))
    def remove(caller: Caller, app: UUID, person: UUID) -> Response:  # noqa: ARG001  the path names them
        raise in_file(_found(broker, caller, kind, str(app)).file)


def _register_assignments(door: ApiDoor, broker: Broker) -> None:
    lists, service = Lists(door, broker.sealer), broker.access.assignment_references

    @door.opens(
        "GET",
        _ASSIGNED,
        Operation(
            summary="List who is assigned",
            rights=(_SEE,),
            query=list_of(ASSIGNMENTS),
            gives=gives_page(ASSIGNMENT, "appRoleAssignmentPage"),
        ),
    )
    def listed(caller: Caller, app: UUID) -> Response:
        asked, after = lists.read(caller, ASSIGNMENTS)
        found = _found(broker, caller, "servicePrincipals", str(app))
        place = (str(after[0]), str(after[1])) if after else None
        page = service.page(caller.actor, found.client_id, after=place, limit=asked.top)
        rows = [narrowed(assignment_json(one, found), asked.select) for one in page.rows]
        return lists.answer(caller, "appRoleAssignments", asked, rows, page.next_key)

    @door.opens(
        "POST",
        _ASSIGNED,
        Operation(
            summary="Assign a person or a group",
            rights=(Right.SEE_APPLICATIONS, Right.ASSIGN),
            body=NEW_ASSIGNMENT,
            gives=gives_one(ASSIGNMENT, status=201),
        ),
    )
    def assign(caller: Caller, app: UUID) -> Response:
        body = caller.body()
        found = _found(broker, caller, "servicePrincipals", str(app))
        if body.required("resourceId").lower() != found.principal_id:
            raise body.wrong("resourceId", "must be the id of this service principal")
        made = assigned(broker, caller, body, found)
        return door.responses.entity("appRoleAssignments", assignment_json(made, found), status=201)

    @door.opens(
        "DELETE",
        f"{_ASSIGNED}/<uuid:assignment>",
        Operation(summary="Take an assignment back", rights=(_SEE, _ASSIGN), gives=NOTHING),
    )
    def take_back(caller: Caller, app: UUID, assignment: UUID) -> Response:
        found = _found(broker, caller, "servicePrincipals", str(app))
        service.take_back(caller.actor, found.client_id, str(assignment))
        return door.responses.nothing()


def assigned(
    broker: Broker, caller: Caller, body: Properties, app: ApplicationEntry, *, person: str | None = None
) -> AssignmentView:
    """Assigns what `principalId` and `appRoleId` of a body name. person: who must be assigned, by id or address. Raises ApiRefused."""
    role_id = body.required("appRoleId").lower()
    roles = {DEFAULT_ACCESS: "", **{role.id: role.name for role in app.roles}}
    if role_id not in roles:
        raise body.wrong("appRoleId", "is none of the roles of this application")
    service, holder = broker.access.assignment_references, body.required("principalId")
    try:
        return service.assign(caller.actor, app.client_id, holder, role=roles[role_id], person=person)
    except Conflict:
        raise ApiRefused(400, REQUEST_BAD, "Permission being assigned already exists on the object") from None


def _found(broker: Broker, caller: Caller, kind: str, app_id: str) -> ApplicationEntry:
    every = broker.access.assignment_references.applications(caller.actor)
    return _first(every, lambda one: _id(one, kind) == app_id)


def _first(every: tuple[ApplicationEntry, ...], wanted: Callable[[ApplicationEntry], bool]) -> ApplicationEntry:
    found = next(filter(wanted, every), None)
    if found is None:
        raise NotFound("there is no such application", "application_unknown")
    return found


def _id(one: ApplicationEntry, kind: str) -> str:
    return one.id if kind == "applications" else one.principal_id


def _columns(one: ApplicationEntry, kind: str) -> dict[str, str]:
    return {"id": _id(one, kind), "application": one.client_id, "name": one.name.casefold()}


def _page(found: list[ApplicationEntry], after: str, limit: int) -> tuple[list[ApplicationEntry], str | None]:
    """By client_id, behind the client_id `after`."""
    rest = [one for one in found if one.client_id > after]
    return rest[:limit], rest[limit - 1].client_id if len(rest) > limit else None


def _shown_as(kind: str) -> Callable[[ApplicationEntry], Json]:
    return application_json if kind == "applications" else principal_json


def _roles(one: ApplicationEntry) -> list[Json]:
    return [
        {
            "id": role.id,
            "displayName": role.name,
            "description": role.name,
            "value": role.name,
            "isEnabled": True,
            "allowedMemberTypes": ["User"],
        }
        for role in one.roles
    ]


def application_json(one: ApplicationEntry) -> Json:
    """An `application`."""
    return {
        "id": one.id,
        "appId": one.client_id,
        "displayName": one.name,
        "appRoles": _roles(one),
        "signInAudience": "AzureADMyOrg",
        "web": {"redirectUris": list(one.redirect_uris), "homePageUrl": one.launch_url},
    }


def principal_json(one: ApplicationEntry) -> Json:
    """A `servicePrincipal`."""
    return {
        "id": one.principal_id,
        "appId": one.client_id,
        "displayName": one.name,
        "appDisplayName": one.name,
        "accountEnabled": True,
        "appRoleAssignmentRequired": one.assignment_required,
        "appRoles": _roles(one),
        "homepage": one.launch_url,
        "replyUrls": list(one.redirect_uris),
        "servicePrincipalType": "Application",
    }


def assignment_json(one: AssignmentView, app: ApplicationEntry) -> Json:
    """An `appRoleAssignment`. createdDateTime: since when it holds."""
    return {
        "id": one.id,
        "createdDateTime": iso(one.starts_at),
        "appRoleId": app.role_id(one.role) if one.role else DEFAULT_ACCESS,
        "principalId": one.principal_id,
        "principalType": "User" if one.principal is Principal.PERSON else "Group",
        "principalDisplayName": one.name,
        "resourceId": app.principal_id,
        "resourceDisplayName": app.name,
    }
