"""`/users`: guests and members; guests can be changed (graph user)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import Response, request

from broker.services.authorization import Right
from broker.services.guests.user_views import UserChanges, UserView
from broker.services.guests.users import MAX_NAME
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, counted, narrowed
from broker.web.graph.operation import COUNTED, NOTHING, Operation, count_of, entity_of, gives_one, gives_page, list_of
from broker.web.graph.query import read_entity
from broker.web.graph.query.resources import users as user_resource
from broker.web.graph.refusals import ApiRefused
from broker.web.graph.responses import Json
from broker.web.graph.shapes import Flag, Many, Record, String
from broker.web.graph.shapes.people import EXPANDED_USER, USER
from broker.web.graph.shapes.values import filled
from broker.web.graph.user_json import DEFAULT, SETTABLE, group_reference, user_json, user_reference
from broker.web.graph.user_names import address_in, tenant_of
from broker.web.program import pairs_of

if TYPE_CHECKING:
    from broker.app import Broker

_CHANGED = Record(
    name="userPatch",
    properties={
        "displayName": String(limit=MAX_NAME),
        "preferredLanguage": filled(about="One of the broker's languages, with or without a region."),
        "accountEnabled": Flag(about="false blocks the guest; true gives the earlier state back."),
        "businessPhones": Many(item=String(), limit=1),
        **dict.fromkeys(SETTABLE, String()),
    },
)
_USERS = user_resource(str)  # as the document describes it
_ONE = "/users/<user>"
_LIST = Operation(
    summary="List guests and members",
    rights=(Right.SEE_GUESTS,),
    query=list_of(_USERS),
    gives=gives_page(USER, "userPage"),
    refusals=(501,),
)
_COUNT = Operation(summary="Count guests and members", rights=(Right.SEE_GUESTS,), query=count_of(_USERS), gives=COUNTED)
_READ = Operation(
    summary="Read a person",
    rights=(Right.SEE_GUESTS,),
    query=entity_of(_USERS),
    gives=gives_one(EXPANDED_USER, has_etag=True),
)
_CHANGE = Operation(
    summary="Change a guest", rights=(Right.CHANGE,), body=_CHANGED, gives=NOTHING, refusals=(412,), if_match=True
)
_REMOVE = Operation(summary="End the access of a guest", rights=(Right.DELETE,), gives=NOTHING)


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, and one person."""
    lists = Lists(door, broker.sealer)

    def tenant() -> str:
        return tenant_of(broker.core.settings().issuer)

    @door.opens("GET", "/users", _LIST)
    def listed(caller: Caller) -> Response:
        here = tenant()
        asked, after = lists.read(caller, user_resource(partial(address_in, tenant=here)))
        if asked.expand:
            raise ApiRefused(
                501, "NotImplemented", "$expand is not supported on /users: read the relation itself.", target="$expand"
            )
        page = broker.guests.users.page(
            caller.actor,
            asked.query,
            after=tuple(map(str, after)) if after else None,
            limit=asked.top,
            count=asked.count and not asked.token,
            identities="identities" in (asked.select or ()),
        )
        rows = [narrowed(user_json(one, here), asked.select or DEFAULT) for one in page.users]
        return lists.answer(caller, "users", asked, rows, page.next_key, page.count)

    @door.opens("GET", "/users/$count", _COUNT)
    def count(caller: Caller) -> Response:
        query = counted(user_resource(partial(address_in, tenant=tenant())))
        return door.responses.number(broker.guests.users.count(caller.actor, query))

    @door.opens(
        "GET",
        _ONE,
        _READ,
    )
    def one(caller: Caller, user: str) -> Response:
        here = tenant()
        asked = read_entity(user_resource(partial(address_in, tenant=here)), pairs_of(request.query_string))
        found = broker.guests.users.show(caller.actor, address_in(user, here))
        values = {**narrowed(user_json(found, here), asked.select or DEFAULT)}
        for relation in asked.expand:
            values[relation] = _expanded(broker, caller, found, relation)
        return door.responses.entity("users", values, etag=_etag(found))

    @door.opens(
        "PATCH",
        _ONE,
        _CHANGE,
    )
    def change(caller: Caller, user: str) -> Response:
        wanted = _changes(caller.body())
        broker.guests.users.change(caller.actor, address_in(user, tenant()), wanted, version=_if_match())
        return door.responses.nothing()

    @door.opens("DELETE", _ONE, _REMOVE)
    def remove(caller: Caller, user: str) -> Response:
        broker.guests.users.remove(caller.actor, address_in(user, tenant()))
        return door.responses.nothing()


def _expanded(broker: Broker, caller: Caller, user: UserView, relation: str) -> list[Json]:
    if relation == "memberOf":
        return [group_reference(one) for one in broker.guests.users.groups(caller.actor, user.row.id).groups]
    sponsor = broker.guests.users.sponsor(caller.actor, user.row.id).sponsor
    return [user_reference(sponsor, tenant_of(broker.core.settings().issuer))] if sponsor else []


def _changes(body: Properties) -> UserChanges:
    details = {detail: body.text(name) for name, detail in SETTABLE.items() if body.has(name)}
    if body.has("businessPhones"):
        phones = body.texts("businessPhones")
        details["phone"] = phones[0] if phones else None
    return UserChanges(
        name=body.text("displayName") or "" if body.has("displayName") else None,
        language=body.required("preferredLanguage").partition("-")[0].lower() if body.has("preferredLanguage") else None,
        enabled=body.flag("accountEnabled", default=True) if body.has("accountEnabled") else None,
        details=details,
    )


def _etag(user: UserView) -> str:
    return f'W/"{user.version}"'


def _if_match() -> str | None:
    """The version of If-Match (RFC 9110 13.1.1); None without one, and for `*`. Each value that we never gave matches nothing."""
    sent = request.headers.get("If-Match")
    return None if sent is None or sent.strip() == "*" else sent.strip().removeprefix("W/").strip('"')
