"""What hangs off one person: sessions, sponsors, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from broker.services.authorization import Right
from broker.web.graph.bodies import REFERENCE, referenced
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import NOTHING, Operation, gives_page, gives_true
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.shapes.people import GROUP_REFERENCE, USER_REFERENCE
from broker.web.graph.user_json import group_reference, user_reference
from broker.web.graph.user_names import address_in, tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_ONE = "/users/<user>"
_REVOKE = Operation(
    summary="End every session and token", rights=(Right.SIGN_OUT,), gives=gives_true("revokeSignInSessionsResult")
)
_GROUPS = Operation(
    summary="List the groups of a person",
    rights=(Right.SEE_GUESTS,),
    gives=gives_page(GROUP_REFERENCE, "groupReferencePage"),
)
_SPONSOR = Operation(
    summary="Read who answers for a guest",
    rights=(Right.SEE_GUESTS,),
    gives=gives_page(USER_REFERENCE, "userReferencePage"),
)
_NAME_SPONSOR = Operation(summary="Name who answers for a guest", rights=(Right.CHANGE,), body=REFERENCE, gives=NOTHING)
_REMOVE_SPONSOR = Operation(summary="Remove who answers for a guest", rights=(Right.CHANGE,), gives=NOTHING)
_DELETE_SPONSOR = Operation(summary="Refused: this would delete the sponsor", gives=None)


def register(door: ApiDoor, broker: Broker) -> None:
    """Each relation is read on its own."""

    def tenant() -> str:
        return tenant_of(broker.core.settings().issuer)

    @door.opens("POST", f"{_ONE}/revokeSignInSessions", _REVOKE)
    def revoke(caller: Caller, user: str) -> Response:
        broker.guests.users.sign_out(caller.actor, address_in(user, tenant()))
        return door.responses.value("Edm.Boolean", value=True)

    @door.opens("GET", f"{_ONE}/memberOf", _GROUPS)
    def groups(caller: Caller, user: str) -> Response:
        found = broker.guests.users.groups(caller.actor, address_in(user, tenant()))
        return door.responses.collection("directoryObjects", [group_reference(one) for one in found.groups])

    @door.opens("GET", f"{_ONE}/sponsors", _SPONSOR)
    def sponsors(caller: Caller, user: str) -> Response:
        found = broker.guests.users.sponsor(caller.actor, address_in(user, tenant())).sponsor
        rows = [user_reference(found, tenant())] if found else []
        return door.responses.collection("directoryObjects", rows)

    @door.opens("POST", f"{_ONE}/sponsors/$ref", _NAME_SPONSOR)
    def add_sponsor(caller: Caller, user: str) -> Response:
        sponsor = referenced(caller.body(), door.responses.base, "users")
        broker.guests.sponsors.replace(caller.actor, address_in(user, tenant()), sponsor)
        return door.responses.nothing()

    @door.opens("DELETE", f"{_ONE}/sponsors/<sponsor>/$ref", _REMOVE_SPONSOR)
    def remove_sponsor(caller: Caller, user: str, sponsor: str) -> Response:
        broker.guests.sponsors.release(caller.actor, address_in(user, tenant()), sponsor)
        return door.responses.nothing()

    @door.opens("DELETE", f"{_ONE}/sponsors/<sponsor>", _DELETE_SPONSOR)
    def delete_sponsor(_caller: Caller, user: str, sponsor: str) -> Response:  # noqa: ARG001 - the values of the path
        """Graph would delete the sponsor themselves."""
        raise ApiRefused(
            403, "Authorization_RequestDenied", "This would delete the sponsor: end the path with /$ref to remove the reference."
        )
