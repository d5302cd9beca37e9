"""What hangs off one person: sessions, sponsors, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from broker.web.graph.bodies import Properties, referenced
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import no_options
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.user_json import group_reference, user_reference
from broker.web.graph.user_names import address_in, tenant_of
from broker.web.program import object_of

if TYPE_CHECKING:
    from broker.app import Broker

_ONE = "/users/<user>"


def register(door: ApiDoor, broker: Broker) -> None:
    """Each relation is read on its own."""

    def tenant() -> str:
        return tenant_of(broker.core.settings().issuer)

    @door.opens("POST", f"{_ONE}/revokeSignInSessions")
    def revoke(caller: Caller, user: str) -> Response:
        no_options()
        broker.guests.users.sign_out(caller.actor, address_in(user, tenant()))
        return door.responses.value("Edm.Boolean", value=True)

    @door.opens("GET", f"{_ONE}/memberOf")
    def groups(caller: Caller, user: str) -> Response:
        no_options()
        found = broker.guests.users.groups(caller.actor, address_in(user, tenant()))
        return door.responses.collection("directoryObjects", [group_reference(one) for one in found.groups])

    @door.opens("GET", f"{_ONE}/sponsors")
    def sponsors(caller: Caller, user: str) -> Response:
        no_options()
        found = broker.guests.users.sponsor(caller.actor, address_in(user, tenant())).sponsor
        rows = [user_reference(found, tenant())] if found else []
        return door.responses.collection("directoryObjects", rows)

    @door.opens("POST", f"{_ONE}/sponsors/$ref")
    def add_sponsor(caller: Caller, user: str) -> Response:
        no_options()
        body = Properties(object_of(request), ("@odata.id",))
        sponsor = referenced(body, door.responses.base, "users")
        broker.guests.sponsors.replace(caller.actor, address_in(user, tenant()), sponsor)
        return door.responses.nothing()

    @door.opens("DELETE", f"{_ONE}/sponsors/<sponsor>/$ref")
    def remove_sponsor(caller: Caller, user: str, sponsor: str) -> Response:
        no_options()
        broker.guests.sponsors.release(caller.actor, address_in(user, tenant()), sponsor)
        return door.responses.nothing()

    @door.opens("DELETE", f"{_ONE}/sponsors/<sponsor>")
    def delete_sponsor(_caller: Caller, user: str, sponsor: str) -> Response:  # noqa: ARG001 - the values of the path
        """Graph would delete the sponsor themselves."""
        raise ApiRefused(
            403, "Authorization_RequestDenied", "This would delete the sponsor: end the path with /$ref to remove the reference."
        )
