"""`/groups`: groups, their members and their owners (graph group)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response, request

from broker.domain.errors import Conflict
from broker.domain.times import iso
from broker.services.access.group_references import GroupEntry
from broker.web.graph.bodies import Properties, referenced
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.lists import Lists, counted, narrowed, no_options, selected
from broker.web.graph.query.resources import GROUPS, REFERENCES
from broker.web.graph.references import already, bound, group_json, person_reference
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused
from broker.web.graph.responses import Json
from broker.web.graph.user_names import tenant_of
from broker.web.program import object_of

if TYPE_CHECKING:
    from broker.app import Broker

_MEMBERS, _OWNERS = "members@odata.bind", "owners@odata.bind"
_RULE = ("membershipRule", "membershipRuleProcessingState")
_CREATED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled", "groupTypes", *_RULE, _MEMBERS, _OWNERS)
_CHANGED = ("displayName", "membershipRule", _MEMBERS)
_ONE = "/groups/<uuid:group>"


def register(door: ApiDoor, broker: Broker) -> None:
    """The list and one group, then who is in it and who owns it."""
    _register_groups(door, broker)
    _register_people(door, broker, "members")
    _register_people(door, broker, "owners")


def _register_groups(door: ApiDoor, broker: Broker) -> None:
    lists, groups = Lists(door, broker.sealer), broker.access.group_references

    @door.opens("GET", "/groups")
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

    @door.opens("GET", "/groups/$count")
    def count(caller: Caller) -> Response:
        return door.responses.number(groups.count(caller.actor, counted(GROUPS)))

    @door.opens("POST", "/groups")
    def create(caller: Caller) -> Response:
        no_options()
        body = Properties(object_of(request), _CREATED)
        rule = _checked(body)
        base = door.responses.base
        members, owners = bound(body, _MEMBERS, base), bound(body, _OWNERS, base)
        made = groups.create(caller.actor, body.required("displayName"), rule=rule, members=members, owners=owners)
        return door.responses.entity("groups", _shown(made), status=201)

    @door.opens("GET", _ONE)
    def one(caller: Caller, group: UUID) -> Response:
        select = selected(GROUPS)
        return door.responses.entity("groups", narrowed(_shown(groups.show(caller.actor, str(group))), select))

    @door.opens("PATCH", _ONE)
    def change(caller: Caller, group: UUID) -> Response:
        no_options()
        body = Properties(object_of(request), _CHANGED)
        members = bound(body, _MEMBERS, door.responses.base)
        name, rule = body.text("displayName"), body.text("membershipRule")
        if members and (name is not None or rule is not None):
            raise body.wrong(_MEMBERS, "stands alone in its request")
        if members:
            _add(broker, caller, str(group), members)
        else:
            broker.access.groups.change(caller.actor, str(group), rename=name, rule=rule)
        return door.responses.nothing()

    @door.opens("DELETE", _ONE)
    def remove(caller: Caller, group: UUID) -> Response:
        no_options()
        broker.access.groups.remove(caller.actor, str(group))
        return door.responses.nothing()


def _register_people(door: ApiDoor, broker: Broker, relation: str) -> None:
    """relation: `members` or `owners`; both have the same paths."""
    lists, groups = Lists(door, broker.sealer), broker.access.group_references

    @door.opens("GET", f"{_ONE}/{relation}")
    def listed(caller: Caller, group: UUID) -> Response:
        asked, after = lists.read(caller, REFERENCES)
        read = groups.members if relation == "members" else groups.owners
        page = read(caller.actor, str(group), after=str(after[0]) if after else "", limit=asked.top)
        tenant = tenant_of(broker.core.settings().issuer)
        rows = [narrowed(person_reference(one, tenant), asked.select) for one in page.rows]
        return lists.answer(caller, "directoryObjects", asked, rows, None if page.next_key is None else (page.next_key,))

    @door.opens("POST", f"{_ONE}/{relation}/$ref")
    def add(caller: Caller, group: UUID) -> Response:
        no_options()
        person = referenced(Properties(object_of(request), ("@odata.id",)), door.responses.base, "users")
        if relation == "members":
            _add(broker, caller, str(group), [person])
        else:
            _own(broker, caller, str(group), person)
        return door.responses.nothing()

    @door.opens("DELETE", f"{_ONE}/{relation}/<uuid:person>/$ref")
    def remove(caller: Caller, group: UUID, person: UUID) -> Response:
        no_options()
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
    """The rule of a group with dynamic membership. Raises ApiRefused for a kind of group that there is not here."""
    if body.flag("mailEnabled"):
        raise body.wrong("mailEnabled", "must be false: no group here has a mailbox")
    if not body.flag("securityEnabled", default=True):
        raise body.wrong("securityEnabled", "must be true")
    kinds, rule = body.texts("groupTypes", limit=1), body.text("membershipRule")
    if kinds not in ([], ["DynamicMembership"]):
        raise body.wrong("groupTypes", "must be empty or DynamicMembership")
    if bool(kinds) is not bool(rule):
        raise body.wrong("membershipRule", "and groupTypes DynamicMembership belong together")
    if (body.text("membershipRuleProcessingState") or "On") != "On":
        raise body.wrong("membershipRuleProcessingState", "must be On")
    if kinds and body.has(_MEMBERS):
        raise body.wrong(_MEMBERS, "is for groups without a membershipRule")
    body.text("mailNickname", limit=64)
    return rule


def _shown(group: GroupEntry) -> Json:
    return group_json(group, iso(group.created_at))
