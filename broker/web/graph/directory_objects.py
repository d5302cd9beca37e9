"""`/directoryObjects/ID`: a person, a group or an application, by its id alone (graph directoryObject)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.domain.errors import Forbidden, NotFound
from broker.domain.times import iso
from broker.services.authorization import Right
from broker.web.graph.applications import application_json, principal_json
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import Operation, gives_any
from broker.web.graph.references import group_json
from broker.web.graph.responses import Json
from broker.web.graph.shapes.applications import APPLICATION_OBJECT, PRINCIPAL_OBJECT
from broker.web.graph.shapes.people import GROUP_OBJECT, GROUP_TYPE, USER_REFERENCE
from broker.web.graph.user_json import user_reference
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_READ = Operation(
    summary="Read a person, a group or an application by its id alone",
    either=(Right.SEE_GUESTS, Right.SEE_GROUPS, Right.SEE_APPLICATIONS),
    gives=gives_any(USER_REFERENCE, GROUP_OBJECT, APPLICATION_OBJECT, PRINCIPAL_OBJECT),
)


def register(door: ApiDoor, broker: Broker) -> None:
    """One object."""

    @door.opens("GET", "/directoryObjects/<uuid:item>", _READ)
    def one(caller: Caller, item: UUID) -> Response:
        values = next(_found(broker, caller, str(item)), None)
        if values is None:
            raise NotFound("there is no such object", "object_unknown")
        return door.responses.entity("directoryObjects", values)


def _found(broker: Broker, caller: Caller, item: str) -> Iterator[Json]:
    """The object of this id among those kinds that the caller may read. Raises Forbidden where they may read none."""
    permitted = False
    for read in (_person, _group, _application):
        with suppress(Forbidden):
            with suppress(NotFound):
                yield from read(broker, caller, item)
            permitted = True
    if not permitted:
        raise Forbidden("you may not do that", "no_right_see")


def _person(broker: Broker, caller: Caller, item: str) -> Iterator[Json]:
    yield user_reference(broker.guests.users.show(caller.actor, item), tenant_of(broker.core.settings().issuer))


def _group(broker: Broker, caller: Caller, item: str) -> Iterator[Json]:
    found = broker.access.group_references.show(caller.actor, item)
    yield {"@odata.type": GROUP_TYPE, **group_json(found, iso(found.created_at))}


def _application(broker: Broker, caller: Caller, item: str) -> Iterator[Json]:
    for one in broker.access.assignment_references.applications(caller.actor):
        if one.id == item:
            yield {"@odata.type": APPLICATION_OBJECT.kind, **application_json(one)}
        elif one.principal_id == item:
            yield {"@odata.type": PRINCIPAL_OBJECT.kind, **principal_json(one)}
