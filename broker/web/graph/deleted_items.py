"""`/directory/deletedItems`: guests whose access has ended, until their personal data is deleted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Response

from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, narrowed, no_options
from broker.web.graph.query.resources import users as user_resource
from broker.web.graph.refusals import UNSUPPORTED, ApiRefused
from broker.web.graph.user_json import DEFAULT, USER_TYPE, user_json
from broker.web.graph.user_names import address_in, tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_ONE = "/directory/deletedItems/<item>"
_ORDER = ("$filter", "$orderby", "$count", "$expand", "$search")  # the list has one order, and no filter


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, one guest, and the way back."""
    lists = Lists(door, broker.sealer)

    def tenant() -> str:
        return tenant_of(broker.core.settings().issuer)

    @door.opens("GET", "/directory/deletedItems/microsoft.graph.user")
    def listed(caller: Caller) -> Response:
        here = tenant()
        asked, after = lists.read(caller, user_resource(partial(address_in, tenant=here)))
        for name, _ in asked.sent:
            if name in _ORDER:
                raise ApiRefused(400, UNSUPPORTED, f"{name} is not supported on deleted items.", target=name)
        page = broker.guests.users.deleted_page(caller.actor, after=str(after[0]) if after else "", limit=asked.top)
        rows = [narrowed(user_json(one, here), asked.select or DEFAULT) for one in page.users]
        return lists.answer(caller, "users", asked, rows, page.next_key)

    @door.opens("GET", _ONE)
    def one(caller: Caller, item: str) -> Response:
        no_options()
        values = user_json(broker.guests.users.deleted(caller.actor, item), tenant())
        return door.responses.entity("directoryObjects", {"@odata.type": USER_TYPE, **narrowed(values, DEFAULT)})

    @door.opens("POST", f"{_ONE}/restore")
    def restore(caller: Caller, item: str) -> Response:
        no_options()
        values = user_json(broker.guests.users.restore(caller.actor, item), tenant())
        return door.responses.entity("directoryObjects", {"@odata.type": USER_TYPE, **narrowed(values, DEFAULT)})

    @door.opens("DELETE", _ONE)
    def forget(caller: Caller, item: str) -> Response:
        no_options()
        broker.guests.users.forget(caller.actor, item)
        return door.responses.nothing()
