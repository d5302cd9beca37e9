"""`/users/ID/authentication`: sign-in methods of a person's own (graph authenticationMethod)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import no_options
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.user_json import email_method, method_json
from broker.web.graph.user_names import address_in, tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_HERE = "/users/<user>/authentication"
_KINDS = {"fido2Methods": ("passkey", "key"), "softwareOathMethods": ("app",)}  # path -> kinds of a method


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, and the methods that can be removed."""

    def name_of(user: str) -> str:
        return address_in(user, tenant_of(broker.core.settings().issuer))

    @door.opens("GET", f"{_HERE}/methods")
    def methods(caller: Caller, user: str) -> Response:
        no_options()
        person = broker.guests.users.show(caller.actor, name_of(user))
        found = broker.guests.users.methods(caller.actor, person.row.id)
        rows = [method_json(one) for one in found.methods]
        if found.by_code:
            rows.append(email_method(person.row.id, person.row.email))
        return door.responses.collection(f"users('{person.row.id}')/authentication/methods", rows)

    for path, kinds in _KINDS.items():

        @door.opens("DELETE", f"{_HERE}/{path}/<uuid:method>")
        def remove(caller: Caller, user: str, method: UUID, kinds: tuple[str, ...] = kinds) -> Response:
            no_options()
            broker.factors.removal.remove(caller.actor, name_of(user), str(method), kinds)
            return door.responses.nothing()

    @door.opens("DELETE", f"{_HERE}/emailMethods/<uuid:method>")
    def keep(caller: Caller, user: str, method: UUID) -> Response:  # noqa: ARG001  the path names it
        """The mailbox is how this guest signs in."""
        broker.guests.users.methods(caller.actor, name_of(user))
        raise ApiRefused(
            403,
            "Authorization_RequestDenied",
            "Codes by e-mail cannot be removed: reset the redemption of the guest, or block them.",
        )
