"""The management API at `/v1.0`, in the shape of Microsoft Graph.

Owns: paths, bodies, query options, responses and errors of the API, a file a resource.
Does not know: rules. Each handler calls one use case, the same that portal and command line call; rights are asked there.
Offers: `blueprint`, and `is_api` with `Responses` for errors that no handler saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from broker.web.graph import (
    applications,
    audit_logs,
    batch,
    deleted_items,
    delta,
    directory_objects,
    groups,
    invitations,
    me,
    openapi,
    policies,
    subscriptions,
    user_assignments,
    user_methods,
    user_relations,
    users,
)
from broker.web.graph.door import ApiDoor
from broker.web.graph.responses import PREFIX, Responses, is_api

if TYPE_CHECKING:
    from broker.app import Broker

__all__ = ["PREFIX", "ROOMS", "Responses", "blueprint", "is_api"]

ROOMS = (
    applications,
    audit_logs,
    batch,
    delta,
    groups,
    invitations,
    policies,
    subscriptions,
    users,
    user_assignments,
    user_methods,
    user_relations,
    deleted_items,
    directory_objects,
    me,
    openapi,
)  # each has `register(door, broker)`


def blueprint(broker: Broker) -> Blueprint:
    """Every path of the API."""
    routes = Blueprint("graph", __name__, url_prefix=PREFIX)
    door = ApiDoor(broker, routes)
    for room in ROOMS:
        room.register(door, broker)
    return routes
