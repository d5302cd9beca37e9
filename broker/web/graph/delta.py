"""`/users/delta` and `/groups/delta`: what has changed since a program asked last (graph delta query)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from broker.domain.changes import ChangePlace
from broker.domain.times import iso
from broker.services.authorization import Right
from broker.services.guests.changes import RemovedEntry
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, narrowed
from broker.web.graph.operation import Operation, delta_of, gives_changes
from broker.web.graph.query import Key
from broker.web.graph.query.resources import CHANGED_GROUPS, CHANGED_USERS
from broker.web.graph.references import group_json
from broker.web.graph.responses import Json
from broker.web.graph.shapes.people import CHANGED_GROUP, CHANGED_USER
from broker.web.graph.user_json import DEFAULT, user_json
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_ENDS = ("delta", "delta()")  # Graph's SDKs write the parentheses
_USERS = Operation(
    summary="List changes of guests and members",
    rights=(Right.SEE_GUESTS,),
    query=delta_of(CHANGED_USERS),
    gives=gives_changes(CHANGED_USER, "userChanges"),
    refusals=(410,),
)
_GROUPS = Operation(
    summary="List changes of groups",
    rights=(Right.SEE_GROUPS,),
    query=delta_of(CHANGED_GROUPS),
    gives=gives_changes(CHANGED_GROUP, "groupChanges"),
    refusals=(410,),
)


def register(door: ApiDoor, broker: Broker) -> None:
    """Both lists."""
    lists, changes = Lists(door, broker.sealer), broker.guests.changes

    def users(caller: Caller) -> Response:
        asked, key = lists.read_delta(caller, CHANGED_USERS)
        if asked.is_latest:
            return lists.answer_delta(caller, "users", asked, [], _key(changes.people_now(caller.actor)), more=False)
        page = changes.people(caller.actor, _place(key), limit=asked.top)
        select, tenant = ("id", *asked.select) if asked.select else DEFAULT, tenant_of(broker.core.settings().issuer)
        rows = [_removed(one) if isinstance(one, RemovedEntry) else narrowed(user_json(one, tenant), select) for one in page.rows]
        return lists.answer_delta(caller, "users", asked, rows, _key(page.place), more=page.more)

    def groups(caller: Caller) -> Response:
        asked, key = lists.read_delta(caller, CHANGED_GROUPS)
        if asked.is_latest:
            return lists.answer_delta(caller, "groups", asked, [], _key(changes.groups_now(caller.actor)), more=False)
        page = changes.groups(caller.actor, _place(key), limit=asked.top)
        select = ("id", *asked.select) if asked.select else None
        rows = [
            _removed(one) if isinstance(one, RemovedEntry) else narrowed(group_json(one, iso(one.created_at)), select)
            for one in page.rows
        ]
        return lists.answer_delta(caller, "groups", asked, rows, _key(page.place), more=page.more)

    for end in _ENDS:
        door.opens("GET", f"/users/{end}", _USERS)(users)
        door.opens("GET", f"/groups/{end}", _GROUPS)(groups)


def _removed(one: RemovedEntry) -> Json:
    """`changed`: it can be restored (graph delta query)."""
    return {"id": one.id, "@removed": {"reason": "deleted" if one.for_good else "changed"}}


def _key(place: ChangePlace) -> Key:
    return (place.history, place.number, place.row, place.start)


def _place(key: Key | None) -> ChangePlace | None:
    if key is None:
        return None
    history, number, row, start = key
    return ChangePlace(history=str(history), number=int(number), row=str(row), start=int(start))
