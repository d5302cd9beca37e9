"""HTTP: the one Flask application, built from a Broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Request
from flask import request as asked

from broker.domain.errors import PageError
from broker.web import errors, health, op, panel, signin, static
from broker.web import request as guards
from broker.web.op import PROTOCOL_PATHS
from broker.web.pages import Pages

if TYPE_CHECKING:
    from broker.app import Broker


def create_web(broker: Broker) -> Flask:
    """The application that a WSGI server runs."""
    app = Flask("broker", static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False  # AD-06: one spelling of a path, one route
    app.json.sort_keys = False  # type: ignore[attr-defined]
    pages = Pages(broker.settings.get)
    guards.register(app, broker.settings.get)
    static.register(app, pages.assets)

    def record(error: PageError, reference: str) -> None:
        broker.receipts.refuse(error, reference, asked.remote_addr or "")

    errors.register(app, pages, record=record, is_protocol=_is_protocol)
    app.register_blueprint(op.blueprint(broker, pages))
    app.register_blueprint(signin.blueprint(broker, pages))
    app.register_blueprint(panel.blueprint(broker, pages))
    app.register_blueprint(health.blueprint(broker))
    return app


def _is_protocol(request: Request) -> bool:
    """Whether an application, not a person, reads the answer."""
    return request.path in PROTOCOL_PATHS
