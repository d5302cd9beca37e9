"""`/groups`: groups, their members and their owners (graph group)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.domain.errors import Conflict
from broker.domain.times import iso
from broker.services.access.group_references import GroupEntry
from broker.services.authorization import Right
from broker.web.graph.bodies import REFERENCE, Properties, referenced
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, counted, narrowed, selected
from broker.web.graph.operation import COUNTED, NOTHING, Operation, count_of, entity_of, gives_one, gives_page, list_of
from broker.web.graph.query.resources import GROUPS, REFERENCES
from broker.web.graph.references import MOST, already, bound, group_json, person_reference
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused
from broker.web.graph.responses import Json
from broker.web.graph.shapes import Flag, Many, Record, String
from broker.web.graph.shapes.people import GROUP, PERSON_REFERENCE
from broker.web.graph.shapes.values import filled
from broker.web.graph.user_names import tenant_of

if TYPE_CHECKING:
    from broker.app import Broker

_MEMBERS, _OWNERS = "members@odata.bind", "owners@odata.bind"
_PEOPLE = Many(item=String(form="uri"), limit=MOST, about="Addresses of people, as in BASE/users/ID.")
_CREATED = Record(
    name="newGroup",
    properties={
        "displayName": filled(),
        "mailEnabled": Flag(only=False, because="no group here has a mailbox"),
        "mailNickname": String(limit=64, about="Accepted and not kept."),
        "securityEnabled": Flag(only=True),
        "groupTypes": Many(item=String(values=("DynamicMembership",)), limit=1),
        "membershipRule": String(about="Belongs to groupTypes DynamicMembership."),
        "membershipRuleProcessingState": String(values=("On",)),
        _MEMBERS: _PEOPLE,
        _OWNERS: _PEOPLE,
    },
    required=("displayName",),
)
_CHANGED = Record(
    name="groupPatch",
    properties={"displayName": String(), "membershipRule": String(), _MEMBERS: _PEOPLE},
)
_SEE, _KEEP, _FILL = Right.SEE_GROUPS, Right.KEEP_GROUPS, Right.FILL_GROUPS
_ONE = "/groups/<uuid:group>"
_LIST = Operation(summary="List groups", rights=(_SEE,), query=list_of(GROUPS), gives=gives_page(GROUP, "groupPage"))
_COUNT = Operation(summary="Count groups", rights=(_SEE,), query=count_of(GROUPS), gives=COUNTED)
_CREATE = Operation(summary="Create a group", rights=(_KEEP,), body=_CREATED, gives=gives_one(GROUP, status=201), refusals=(404,))
_READ = Operation(summary="Read a group", rights=(_SEE,), query=entity_of(GROUPS), gives=gives_one(GROUP))
_CHANGE = Operation(summary="Change a group, or add members", rights=(_KEEP, _FILL), body=_CHANGED, gives=NOTHING)
_REMOVE = Operation(summary="Delete a group", rights=(_KEEP,), gives=NOTHING)


def register(door: ApiDoor, broker: Broker) -> None:
    """The list and one group, then who is in it and who owns it."""
    _register_groups(door, broker)
    _register_people(door, broker, "members")
    _register_people(door, broker, "owners")


def _register_groups(door: ApiDoor, broker: Broker) -> None:
    lists, groups = Lists(door, broker.sealer), broker.access.group_references

    @door.opens("GET", "/groups", _LIST)
    def listed(caller: Caller) -> Response:
        asked, after = lists.read(caller, GROUPS)
        page = groups.page(
            caller.actor,
            asked.query,
            after=tuple(map(str, after)) if after else None,
            limit=asked.top,
            counted=asked.count and not asked.token,
        )
        rows = [narrowed(_shown(one), asked.select) for one in page.rows]
        return lists.answer(caller, "groups", asked, rows, page.next_key, page.count)

    @door.opens("GET", "/groups/$count", _COUNT)
    def count(caller: Caller) -> Response:
        return door.responses.number(groups.count(caller.actor, counted(GROUPS)))

    @door.opens("POST", "/groups", _CREATE)
    def create(caller: Caller) -> Response:
        body = caller.body()
        rule = _checked(body)
        base = door.responses.base
        members, owners = bound(body, _MEMBERS, base), bound(body, _OWNERS, base)
        made = groups.create(caller.actor, body.required("displayName"), rule=rule, members=members, owners=owners)
        return door.responses.entity("groups", _shown(made), status=201)

    @door.opens("GET", _ONE, _READ)
    def one(caller: Caller, group: UUID) -> Response:
        select = selected(GROUPS)
        return door.responses.entity("groups", narrowed(_shown(groups.show(caller.actor, str(group))), select))

    @door.opens("PATCH", _ONE, _CHANGE)
    def change(caller: Caller, group: UUID) -> Response:
        body = caller.body()
        members = bound(body, _MEMBERS, door.responses.base)
        name, rule = body.text("displayName"), body.text("membershipRule")
        if members and (name is not None or rule is not None):
            raise body.wrong(_MEMBERS, "stands alone in its request")
        if members:
            _add(broker, caller, str(group), members)
        else:
            broker.access.groups.change(caller.actor, str(group), rename=name, rule=rule)
        return door.responses.nothing()

    @door.opens("DELETE", _ONE, _REMOVE)
    def remove(caller: Caller, group: UUID) -> Response:
        broker.access.groups.remove(caller.actor, str(group))
        return door.responses.nothing()


def _register_people(door: ApiDoor, broker: Broker, relation: str) -> None:
    """relation: `members` or `owners`; both have the same paths."""
    lists, groups = Lists(door, broker.sealer), broker.access.group_references

    @door.opens(
        "GET",
        f"{_ONE}/{relation}",
        Operation(
            summary=f"List {relation} of a group",
            rights=(_SEE,),
            query=list_of(REFERENCES),
            gives=gives_page(PERSON_REFERENCE, "directoryObjectPage"),
        ),
    )
    def listed(caller: Caller, group: UUID) -> Response:
        asked, after = lists.read(caller, REFERENCES)
        read = groups.members if relation == "members" else groups.owners
        page = read(caller.actor, str(group), after=str(after[0]) if after else "", limit=asked.top)
        tenant = tenant_of(broker.core.settings().issuer)
        rows = [narrowed(person_reference(one, tenant), asked.select) for one in page.rows]
        return lists.answer(caller, "directoryObjects", asked, rows, None if page.next_key is None else (page.next_key,))

    @door.opens(
        "POST",
        f"{_ONE}/{relation}/$ref",
        Operation(summary=f"Add one of the {relation}", rights=(_FILL,), body=REFERENCE, gives=NOTHING),
    )
    def add(caller: Caller, group: UUID) -> Response:
        person = referenced(caller.body(), door.responses.base, "users")
        if relation == "members":
            _add(broker, caller, str(group), [person])
        else:
            _own(broker, caller, str(group), person)
        return door.responses.nothing()

    @door.opens(
        "DELETE",
        f"{_ONE}/{relation}/<uuid:person>/$ref",
        Operation(summary=f"Remove one of the {relation}", rights=(_FILL,), gives=NOTHING),
    )
    def remove(caller: Caller, group: UUID, person: UUID) -> Response:
        if relation == "members":
            broker.access.groups.remove_members(caller.actor, str(group), [str(person)])
        else:
            groups.remove_owner(caller.actor, str(group), str(person))
        return door.responses.nothing()


def _add(broker: Broker, caller: Caller, group: str, people: list[str]) -> None:
    try:
        broker.access.group_references.add_members(caller.actor, group, people)
    except Conflict as error:
        raise _said(error, "members") from None


def _own(broker: Broker, caller: Caller, group: str, person: str) -> None:
    try:
        broker.access.group_references.add_owner(caller.actor, group, person)
    except Conflict as error:
        raise _said(error, "owners") from None


def _said(error: Conflict, relation: str) -> ApiRefused | Conflict:
    if error.reason == "reference_exists":
        return already(relation)
    if error.reason == "group_is_dynamic":
        return ApiRefused(400, REQUEST_BAD, "The members of this group are kept by its membershipRule alone.", target=relation)
    return error


def _checked(body: Properties) -> str | None:
    """The rule of a group with dynamic membership. Raises ApiRefused for properties that do not belong together."""
    kinds, rule = body.texts("groupTypes"), body.text("membershipRule")
    if bool(kinds) is not bool(rule):
        raise body.wrong("membershipRule", "and groupTypes DynamicMembership belong together")
    if kinds and body.has(_MEMBERS):
        raise body.wrong(_MEMBERS, "is for groups without a membershipRule")
    return rule


def _shown(group: GroupEntry) -> Json:
    return group_json(group, iso(group.created_at))
