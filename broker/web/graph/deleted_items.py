"""`/directory/deletedItems`: guests whose access has ended, until their personal data is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from broker.services.authorization import Right
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, narrowed
from broker.web.graph.operation import NOTHING, Operation, gives_one, gives_page, list_of
from broker.web.graph.query.resources import DELETED_USERS
from broker.web.graph.shapes.people import USER, USER_REFERENCE, USER_TYPE
from broker.web.graph.user_json import DEFAULT, user_json
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_ONE = "/directory/deletedItems/<item>"
_SEE = Right.SEE_GUESTS


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, one guest, and the way back."""
    lists = Lists(door, broker.sealer)

    def tenant() -> str:
        return tenant_of(broker.core.settings().issuer)

    @door.opens(
        "GET",
        "/directory/deletedItems/microsoft.graph.user",
        Operation(
            summary="List guests whose access has ended",
            rights=(_SEE,),
            query=list_of(DELETED_USERS),
            gives=gives_page(USER, "userPage"),
        ),
    )
    def listed(caller: Caller) -> Response:
        here = tenant()
        asked, after = lists.read(caller, DELETED_USERS)
        page = broker.guests.users.deleted_page(caller.actor, after=str(after[0]) if after else "", limit=asked.top)
        rows = [narrowed(user_json(one, here), asked.select or DEFAULT) for one in page.users]
        return lists.answer(caller, "users", asked, rows, page.next_key)

    @door.opens("GET", _ONE, Operation(summary="Read a deleted guest", rights=(_SEE,), gives=gives_one(USER_REFERENCE)))
    def one(caller: Caller, item: str) -> Response:
        values = user_json(broker.guests.users.deleted(caller.actor, item), tenant())
        return door.responses.entity("directoryObjects", {"@odata.type": USER_TYPE, **narrowed(values, DEFAULT)})

    @door.opens(
        "POST",
        f"{_ONE}/restore",
        Operation(summary="Give the access back", rights=(Right.RENEW,), gives=gives_one(USER_REFERENCE)),
    )
    def restore(caller: Caller, item: str) -> Response:
        values = user_json(broker.guests.users.restore(caller.actor, item), tenant())
        return door.responses.entity("directoryObjects", {"@odata.type": USER_TYPE, **narrowed(values, DEFAULT)})

    @door.opens("DELETE", _ONE, Operation(summary="Delete the personal data for good", rights=(Right.DELETE,), gives=NOTHING))
    def forget(caller: Caller, item: str) -> Response:
        broker.guests.users.forget(caller.actor, item)
        return door.responses.nothing()
