"""`/healthz`: the process lives. `/readyz`: database, keys and config are good. `/metrics`: figures for Prometheus."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from flask import Blueprint, Response, json, request

from broker.domain.errors import BadRequest
from broker.services.operations.nodes import own_name
from broker.web import headers, metrics
from broker.web.request import client_address

if TYPE_CHECKING:
    from broker.app import Broker


def blueprint(broker: Broker) -> Blueprint:
    """The three addresses that operators watch; none shows a secret (CF-09)."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def lives() -> Response:
        return headers.private(Response("ok\n", mimetype="text/plain"))

    @routes.get("/readyz")
    def ready() -> Response:
        checks = broker.operations.health.checks()
        status = 200 if all(checks.values()) else 503
        told = {
            "ready": status == 200,
            "node": own_name(),  # which of several processes answers
            "checks": checks,
            "config": broker.core.settings().digest,
            "refused": len(broker.files.errors),  # of the files as they are now; the old set serves
            "differing": broker.operations.nodes.differing() if checks["schema"] else {},  # HT-20
            "outbox_late_seconds": broker.operations.health.outbox_late() if checks["schema"] else None,
        }
        body = json.dumps(told)
        return headers.private(Response(body + "\n", status, mimetype="application/json"))

    @routes.get("/metrics")
    def figures() -> Response:
        network = broker.core.settings().broker.network
        here = ipaddress.ip_address(client_address(request, network.trusted_proxies))
        if not any(here in ipaddress.ip_network(str(entry), strict=False) for entry in network.metrics_from):
            raise BadRequest("not_found")
        return metrics.page((*broker.meter.readings(), *broker.operations.figures.readings()))

    return routes
