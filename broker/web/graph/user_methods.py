"""`/users/ID/authentication`: sign-in methods of a person's own (graph authenticationMethod)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.services.authorization import Right
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import NOTHING, Operation, gives_page
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.shapes.people import METHOD
from broker.web.graph.user_json import email_method, method_json
from broker.web.graph.user_names import address_in, tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_HERE = "/users/<user>/authentication"
_KINDS = {"fido2Methods": ("passkey", "key"), "softwareOathMethods": ("app",)}  # path -> kinds of a method
_LIST = Operation(
    summary="List sign-in methods of the person's own",
    rights=(Right.SEE_GUESTS,),
    gives=gives_page(METHOD, "authenticationMethodPage"),
)
_REMOVE = Operation(summary="Remove a sign-in method", rights=(Right.RESET_FACTORS,), gives=NOTHING)
_KEEP = Operation(summary="Refused: codes by e-mail cannot be removed", rights=(Right.SEE_GUESTS,), gives=None)


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, and the methods that can be removed."""

    def name_of(user: str) -> str:
        return address_in(user, tenant_of(broker.core.settings().issuer))

    @door.opens("GET", f"{_HERE}/methods", _LIST)
    def methods(caller: Caller, user: str) -> Response:
        person = broker.guests.users.show(caller.actor, name_of(user))
        found = broker.guests.users.methods(caller.actor, person.row.id)
        rows = [method_json(one) for one in found.methods]
        if found.by_code:
            rows.append(email_method(person.row.id, person.row.email))
        return door.responses.collection(f"users('{person.row.id}')/authentication/methods", rows)

    for path, kinds in _KINDS.items():

        @door.opens("DELETE", f"{_HERE}/{path}/<uuid:method>", _REMOVE)
        def remove(caller: Caller, user: str, method: UUID, kinds: tuple[str, ...] = kinds) -> Response:
            broker.factors.removal.remove(caller.actor, name_of(user), str(method), kinds)
            return door.responses.nothing()

    @door.opens("DELETE", f"{_HERE}/emailMethods/<uuid:method>", _KEEP)
    def keep(caller: Caller, user: str, method: UUID) -> Response:  # noqa: ARG001  the path names it
        """The mailbox is how this guest signs in."""
        broker.guests.users.methods(caller.actor, name_of(user))
        raise ApiRefused(
            403,
            "Authorization_RequestDenied",
            "Codes by e-mail cannot be removed: reset the redemption of the guest, or block them.",
        )
