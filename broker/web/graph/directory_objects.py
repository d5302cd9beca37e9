"""`/directoryObjects/ID`: a person, a group or an application, by its id alone (graph directoryObject)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.domain.errors import Forbidden, NotFound
from broker.domain.times import iso
from broker.web.graph.applications import application_json, principal_json
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import no_options
from broker.web.graph.references import GROUP, group_json
from broker.web.graph.responses import Json
from broker.web.graph.user_json import user_reference
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker


def register(door: ApiDoor, broker: Broker) -> None:
    """One object."""

    @door.opens("GET", "/directoryObjects/<uuid:item>")
    def one(caller: Caller, item: UUID) -> Response:
        no_options()
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
    yield {"@odata.type": GROUP, **group_json(found, iso(found.created_at))}


def _application(broker: Broker, caller: Caller, item: str) -> Iterator[Json]:
    for one in broker.access.assignment_references.applications(caller.actor):
        if one.id == item:
            yield {"@odata.type": "#microsoft.graph.application", **application_json(one)}
        elif one.principal_id == item:
            yield {"@odata.type": "#microsoft.graph.servicePrincipal", **principal_json(one)}
