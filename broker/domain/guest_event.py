"""Events of guests that others are notified of: kinds, and the content of a notice. The audit is their only source.

A notice contains ids, kinds and times. It contains no address, no name and no secret: the receiver asks the API for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from broker.domain.audit import ActorKind
from broker.domain.login import LoginPurpose
from broker.domain.times import iso


class GuestEventKind(StrEnum):
    """What happened to a guest; `webhooks` of broker.yaml and the field `type` of a notice use these words."""

    INVITED = "guest.invited"
    DELIVERED = "guest.invitation_delivered"  # the mail server accepted the e-mail with the invitation
    BOUNCED = "guest.invitation_bounced"  # it refused that e-mail, or did not accept it for five days
    REDEEMED = "guest.redeemed"
    BLOCKED = "guest.blocked"
    EXPIRED = "guest.expired"
    DELETED = "guest.deleted"
    SIGN_IN_REFUSED = "guest.sign_in_refused"
    ACCESS_REQUESTED = "guest.access_requested"


KINDS: Mapping[str, GuestEventKind] = MappingProxyType(
    {  # name in the audit: kind
        "invitation.created": GuestEventKind.INVITED,
        "invitation.delivered": GuestEventKind.DELIVERED,
        "invitation.bounced": GuestEventKind.BOUNCED,
        "invitation.redeemed": GuestEventKind.REDEEMED,
        "guest.blocked": GuestEventKind.BLOCKED,
        "guest.expired": GuestEventKind.EXPIRED,
        "guest.deleted": GuestEventKind.DELETED,
        "sign_in.refused": GuestEventKind.SIGN_IN_REFUSED,
        "access_request.made": GuestEventKind.ACCESS_REQUESTED,
    }
)


class UserChange(StrEnum):
    """What happened to the object of a person (graph change notifications)."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


USER_CHANGES: Mapping[str, UserChange] = MappingProxyType(
    {  # name in the audit: change; `user_change` knows the exceptions
        "invitation.created": UserChange.CREATED,
        "guest.signed_up": UserChange.CREATED,
        "member.joined": UserChange.CREATED,
        "invitation.redeemed": UserChange.UPDATED,
        "guest.blocked": UserChange.UPDATED,
        "guest.unblocked": UserChange.UPDATED,
        "guest.renewed": UserChange.UPDATED,
        "guest.expired": UserChange.UPDATED,
        "guest.changed": UserChange.UPDATED,
        "guest.sponsor_changed": UserChange.UPDATED,
        "guest.moved": UserChange.UPDATED,
        "guest.reset": UserChange.UPDATED,
        "guest.deleted": UserChange.DELETED,
    }
)
HEARD = frozenset(KINDS) | frozenset(USER_CHANGES)  # names of the audit of which somebody may be notified
_INVITATIONS = (GuestEventKind.INVITED, GuestEventKind.REDEEMED)  # the target of their row is an invitation
_TO_APPLICATIONS = (GuestEventKind.SIGN_IN_REFUSED, GuestEventKind.ACCESS_REQUESTED)  # the target is an application
_OWN_PAGES = frozenset(LoginPurpose) | {""}  # targets of a sign-in that no application asked for
_NAMED_ACTORS = (ActorKind.PERSON, ActorKind.APPLICATION)  # a command's actor is the login name of somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardEvent:
    """A row of the audit of which somebody may be notified. at: seconds since 1970. subject: the person's id."""

    id: str
    at: int
    name: str
    actor_kind: str
    actor_id: str
    request_id: str
    subject: str
    target: str
    reason: str
    data: Mapping[str, Any]


def notice_of(event: HeardEvent) -> dict[str, Any]:
    """The content of a notice (Standard Webhooks, "Payload structure"): the same for the same row, also in a replay.

    The row's name is one of `KINDS`.
    """
    kind = KINDS[event.name]
    actor = {"kind": event.actor_kind} | ({"id": event.actor_id} if event.actor_kind in _NAMED_ACTORS else {})
    data: dict[str, Any] = {"guest": event.subject, "actor": actor}
    if kind in _INVITATIONS:
        data |= {"invitation": event.target, "application": event.data.get("application") or None}
    if kind in _TO_APPLICATIONS:
        data["application"] = event.target if event.target not in _OWN_PAGES else None
    if kind is GuestEventKind.ACCESS_REQUESTED:
        data["request"] = event.data.get("request")
    if kind is GuestEventKind.SIGN_IN_REFUSED:
        data["reason"] = event.reason
    return {"type": kind.value, "timestamp": iso(event.at), "data": data | {"reference": event.request_id or None}}


def user_change(event: HeardEvent) -> UserChange | None:
    """The change of the person's object; None if the event changes none. Who was in the directory already is not created again."""
    change = USER_CHANGES.get(event.name)
    if event.name == "invitation.created" and not event.data.get("is_new"):
        return UserChange.UPDATED
    if event.name == "member.joined" and event.data.get("was_invited"):
        return UserChange.UPDATED
    return change
