"""`/subscriptions`: an application asks to be notified of changes of people (graph subscription)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Response

from broker.domain.guest_event import UserChange
from broker.domain.subscription import Subscription
from broker.domain.times import iso
from broker.services.authorization import Right
from broker.services.events.subscriptions import MAX_STATE, MAX_URL, SubscriptionRequest
from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import NOTHING, Operation, gives_one, gives_page
from broker.web.graph.query.properties import six_digits
from broker.web.graph.responses import Json
from broker.web.graph.shapes import Flag, Record, String
from broker.web.graph.shapes.values import ID, TIME, filled

if TYPE_CHECKING:
    from broker.app import Broker

_TLS = ("v1_2", "v1_3")
_END = filled(limit=64, form="date-time", about="At most 41,760 minutes from now; less than 45 minutes become 45 minutes.")
_WANTED = Record(
    name="subscriptionRequest",
    properties={
        "changeType": filled(limit=64, about="A comma-separated list of created, updated and deleted."),
        "notificationUrl": filled(limit=MAX_URL, form="uri", about="At an origin of notification_origins of the program's file."),
        "lifecycleNotificationUrl": String(limit=MAX_URL, form="uri", about="The same; receives the lifecycle event missed."),
        "resource": filled(limit=64, about="users, or users/ID."),
        "expirationDateTime": _END,
        "clientState": String(limit=MAX_STATE, about="In each notification."),
        "includeResourceData": Flag(only=False, because="notifications contain ids only"),
        "latestSupportedTlsVersion": String(values=_TLS),
    },
    required=("changeType", "notificationUrl", "resource", "expirationDateTime"),
)
_RENEWED = Record(name="subscriptionChanges", properties={"expirationDateTime": _END}, required=("expirationDateTime",))
_SUBSCRIPTION = Record(
    name="subscription",
    properties={
        "id": ID,
        "resource": String(),
        "applicationId": String(about="The program's client id."),
        "changeType": String(),
        "clientState": String(null=True, about="In the response to the creation only."),
        "notificationUrl": String(form="uri"),
        "lifecycleNotificationUrl": String(form="uri", null=True),
        "expirationDateTime": TIME,
        "includeResourceData": Flag(null=True),
        "latestSupportedTlsVersion": String(values=_TLS),
    },
)
_ONE = "/subscriptions/<uuid:subscription>"
_RIGHTS = (Right.SEE_GUESTS,)
_CREATE = Operation(
    summary="Subscribe to changes of people", rights=_RIGHTS, body=_WANTED, gives=gives_one(_SUBSCRIPTION, status=201)
)
_LIST = Operation(summary="List the program's subscriptions", rights=_RIGHTS, gives=gives_page(_SUBSCRIPTION, "subscriptionPage"))
_READ = Operation(summary="Read a subscription", rights=_RIGHTS, gives=gives_one(_SUBSCRIPTION))
_RENEW = Operation(summary="Renew a subscription", rights=_RIGHTS, body=_RENEWED, gives=gives_one(_SUBSCRIPTION))
_REMOVE = Operation(summary="End a subscription", rights=_RIGHTS, gives=NOTHING)


def register(door: ApiDoor, broker: Broker) -> None:
    """The list, and one subscription."""

    @door.opens("POST", "/subscriptions", _CREATE)
    def create(caller: Caller) -> Response:
        body = caller.body()
        made = broker.events.subscriptions.create(caller.actor, _wanted(body))
        shown = _json(made, client_state=body.text("clientState"))
        return door.responses.entity("subscriptions", shown, status=201)

    @door.opens("GET", "/subscriptions", _LIST)
    def listed(caller: Caller) -> Response:
        rows = [_json(one) for one in broker.events.subscriptions.listed(caller.actor)]
        return door.responses.collection("subscriptions", rows)

    @door.opens("GET", _ONE, _READ)
    def one(caller: Caller, subscription: UUID) -> Response:
        found = broker.events.subscriptions.show(caller.actor, str(subscription))
        return door.responses.entity("subscriptions", _json(found))

    @door.opens("PATCH", _ONE, _RENEW)
    def renew(caller: Caller, subscription: UUID) -> Response:
        found = broker.events.subscriptions.renew(caller.actor, str(subscription), _end(caller.body()))
        return door.responses.entity("subscriptions", _json(found))

    @door.opens("DELETE", _ONE, _REMOVE)
    def remove(caller: Caller, subscription: UUID) -> Response:
        broker.events.subscriptions.remove(caller.actor, str(subscription))
        return door.responses.nothing()


def _wanted(body: Properties) -> SubscriptionRequest:
    """Raises ApiRefused with the property."""
    try:
        changes = frozenset(UserChange(one.strip().lower()) for one in body.required("changeType").split(","))
    except ValueError:
        raise body.wrong("changeType", "must be a comma-separated list of created, updated and deleted") from None
    return SubscriptionRequest(
        resource=body.required("resource"),
        changes=changes,
        notification_url=body.required("notificationUrl"),
        lifecycle_url=body.text("lifecycleNotificationUrl") or "",
        client_state=body.text("clientState") or "",
        expires_at=_end(body),
    )


def _end(body: Properties) -> int:
    """Seconds since 1970. Raises ApiRefused."""
    text = body.required("expirationDateTime")
    try:
        found = datetime.fromisoformat(six_digits(text))
        return int((found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise body.wrong("expirationDateTime", "must be a date and time in UTC, as in 2026-01-31T00:00:00Z") from None


def _json(one: Subscription, *, client_state: str | None = None) -> Json:
    """client_state: shown to the application at the creation only, as at Graph."""
    return {
        "id": one.id,
        "resource": one.resource,
        "applicationId": one.application,
        "changeType": one.change_types,
        "clientState": client_state,
        "notificationUrl": one.notification_url,
        "lifecycleNotificationUrl": one.lifecycle_url or None,
        "expirationDateTime": iso(one.expires_at),
        "includeResourceData": None,
        "latestSupportedTlsVersion": "v1_2",
    }
