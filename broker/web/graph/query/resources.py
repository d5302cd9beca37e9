"""The lists of the API: which properties each has, and by which of them a program may filter and order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.domain.group import folded
from broker.domain.guest import GuestState, PersonKind
from broker.domain.list_query import Branch, Equals, Known, ListField, ListOrder
from broker.services.addresses import canonical
from broker.web.graph.query.properties import DateTime, Items, Property, Resource, Sort, Text, Words
from broker.web.graph.shapes import Record
from broker.web.graph.shapes.applications import APPLICATION, ASSIGNMENT, PRINCIPAL
from broker.web.graph.shapes.logs import AUDIT, SIGN_IN
from broker.web.graph.shapes.people import GROUP, PERSON_REFERENCE, USER

_F = ListField
_GUEST = Equals(_F.KIND, PersonKind.GUEST.value)
_MEMBER: tuple[Branch, ...] = ((Equals(_F.KIND, PersonKind.MEMBER.value),),)


def _in(state: GuestState, *more: Known) -> Branch:
    return (_GUEST, Equals(_F.STATE, state.value), *more)


# Pending: who was never here, and who is invited again. A guest who is blocked was here or not; one whose access has ended is not listed.
_PENDING = (_in(GuestState.INVITED), _in(GuestState.BLOCKED, Known(_F.REDEEMED, yes=False)))
_ACCEPTED = (_in(GuestState.ACTIVE), _in(GuestState.BLOCKED, Known(_F.REDEEMED, yes=True)))

_INVITED: tuple[Branch, ...] = ((_GUEST, Known(_F.SIGNED_UP, yes=False)),)
_SIGNED_UP: tuple[Branch, ...] = ((_GUEST, Known(_F.SIGNED_UP, yes=True)),)


def _states(*states: GuestState) -> tuple[Branch, ...]:
    return tuple((Equals(_F.STATE, state.value),) for state in states)


def _mail(text: str) -> str:
    return canonical(text) or text.lower()


def users(address_of: Callable[[str], str]) -> Resource:
    """Users. address_of: the address in a userPrincipalName."""

    def identity(values: Mapping[str, str]) -> tuple[Branch, ...]:
        if values["issuer"] == "mail":  # a code by e-mail: the address is the identity
            return ((Equals(_F.CODE, _mail(values["issuerAssignedId"])),),)
        return ((Equals(_F.IDENTITY, f"{values['issuer']}\n{values['issuerAssignedId']}"),),)

    filters: Mapping[str, Property] = {
        "id": Text(field=_F.ID, fold=str.lower, unique=True),
        "mail": Text(field=_F.EMAIL, fold=_mail, unique=True, begins=True, reversed=_F.EMAIL_REVERSED),
        "userPrincipalName": Text(field=_F.EMAIL, fold=address_of, unique=True),
        "displayName": Text(field=_F.NAME, fold=folded, begins=True),
        "userType": Words(values={"Guest": ((_GUEST,),), "Member": _MEMBER}),
        "creationType": Words(values={"Invitation": _INVITED, "SelfServiceSignUp": _SIGNED_UP, "null": _MEMBER}),
        "externalUserState": Words(values={"PendingAcceptance": _PENDING, "Accepted": _ACCEPTED, "null": _MEMBER}),
        "accountEnabled": Words(
            values={"true": _states(GuestState.INVITED, GuestState.ACTIVE), "false": _states(GuestState.BLOCKED)},
        ),
        "identities": Items(paths=("issuerAssignedId", "issuer"), find=identity),
    }
    return Resource(
        name="user",
        selectable=frozenset(USER.properties),
        filters=filters,
        order=ListOrder(field=_F.EMAIL),
        orders={
            "displayName": Sort(field=_F.NAME, along=frozenset({"displayName", "userType"})),
            "mail": Sort(field=_F.EMAIL, along=frozenset(filters) - {"displayName"}),
        },
        walks=(_F.NAME, _F.EMAIL_REVERSED),
        expandable=frozenset({"sponsors", "memberOf"}),
        relations=frozenset({"appRoleAssignments"}),
        searches=frozenset({"displayName", "mail"}),
    )


_APART = frozenset({"identities", "signInActivity"})
DELETED_USERS = Resource(
    name="user",
    selectable=frozenset(USER.properties),
    filters={},
    order=ListOrder(field=_F.EMAIL),
    relations=frozenset({"sponsors", "memberOf", "appRoleAssignments"}),
    counted=False,
)


OWN_USER = Resource(
    name="user",
    selectable=frozenset(USER.properties),
    filters={},
    order=ListOrder(field=_F.ID),
    relations=frozenset({"sponsors", "memberOf", "appRoleAssignments"}),
)
CHANGED_USERS = Resource(  # what is no change of the person themselves is read from one person
    name="user",
    selectable=frozenset(USER.properties) - _APART,
    unlisted=_APART,
    filters={},
    order=ListOrder(field=_F.ID),
    counted=False,
)
CHANGED_GROUPS = Resource(
    name="group", selectable=frozenset(GROUP.properties), filters={}, order=ListOrder(field=_F.ID), counted=False
)


GROUPS = Resource(
    name="group",
    selectable=frozenset(GROUP.properties),
    filters={
        "id": Text(field=_F.ID, fold=str.lower, unique=True),
        "displayName": Text(field=_F.NAME, fold=folded, unique=True, begins=True),
        "securityEnabled": Words(values={"true": ((),), "false": ()}),
        "mailEnabled": Words(values={"true": (), "false": ((),)}),
    },
    order=ListOrder(field=_F.NAME),
    orders={"displayName": Sort(field=_F.NAME, along=frozenset({"displayName", "securityEnabled", "mailEnabled"}))},
    searches=frozenset({"displayName"}),
)

REFERENCES = Resource(  # people to whom something refers
    name="directoryObject",
    selectable=frozenset(PERSON_REFERENCE.properties),
    filters={},
    order=ListOrder(field=_F.ID),
    counted=False,
)


def _application(record: Record) -> Resource:
    """An application, which lives in a file: by client_id, and few enough to be filtered in memory."""
    return Resource(
        name=record.name,
        selectable=frozenset(record.properties),
        filters={
            "id": Text(field=_F.ID, fold=str.lower, unique=True),
            "appId": Text(field=_F.APPLICATION, unique=True),
            "displayName": Text(field=_F.NAME, fold=str.casefold, begins=True),
        },
        order=ListOrder(field=_F.APPLICATION),
    )


APPLICATIONS = _application(APPLICATION)
PRINCIPALS = _application(PRINCIPAL)
ASSIGNMENTS = Resource(
    name="appRoleAssignment",
    selectable=frozenset(ASSIGNMENT.properties),
    filters={},
    order=ListOrder(field=_F.ID),
    counted=False,
)

SIGN_INS = Resource(
    name="signIn",
    selectable=frozenset(SIGN_IN.properties),
    filters={
        "createdDateTime": DateTime(field=_F.AT),
        "userId": Text(field=_F.PERSON, fold=str.lower),
        "appId": Text(field=_F.APPLICATION),
    },
    order=ListOrder(field=_F.AT, descending=True),
    orders={"createdDateTime": Sort(field=_F.AT, along=frozenset({"createdDateTime", "userId", "appId"}), only="desc")},
    default_top=1000,
    max_top=1000,
    counted=False,
    one_branch=True,
)


def _about(values: Mapping[str, str]) -> tuple[Branch, ...]:
    return ((Equals(_F.PERSON, values["id"].lower()),),)


AUDITS = Resource(
    name="directoryAudit",
    selectable=frozenset(AUDIT.properties),
    filters={
        "activityDateTime": DateTime(field=_F.AT),
        "targetResources": Items(paths=("id",), find=_about),
    },
    order=ListOrder(field=_F.AT, descending=True),
    orders={"activityDateTime": Sort(field=_F.AT, along=frozenset({"activityDateTime", "targetResources"}), only="desc")},
    default_top=1000,
    max_top=1000,
    counted=False,
    one_branch=True,
)
