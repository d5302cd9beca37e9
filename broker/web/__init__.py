"""HTTP: the one Flask application, built from a Broker.

Owns: routes, cookies, headers, pages and their languages, error pages.
Does not know: SQL, keys, and the rules that a service keeps.
Offers: `create_web`, which makes the WSGI application, and `body_limit`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response
from flask import request as asked
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from broker.domain.errors import BadRequest, BrokerError, PageError
from broker.services.authorization import Right
from broker.web import admin, csrf, errors, graph, health, metrics, op, panel, setup, signin, static, upload
from broker.web import request as guards
from broker.web.op import PROTOCOL_PATHS
from broker.web.op.tenant import TOKEN_END
from broker.web.pages import Pages
from broker.web.panel.frame import SignedInFrame
from broker.web.repeats import PATH as REPEATS
from broker.web.repeats import Repeats
from broker.web.request import client_address, single
from broker.web.setup import connection
from broker.web.signin import acs

if TYPE_CHECKING:
    from broker.app import Broker

BODY_LIMITS = {  # the end of a path -> bytes, where it is not guards.BODY
    **acs.BODY_LIMITS,
    **connection.BODY_LIMITS,
    **upload.BODY_LIMITS,
}


class Web(Flask):
    """Flask, of whose handlers none is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask would look at each of them in every request."""
        return func


def create_web(broker: Broker) -> Flask:
    """The application that a WSGI server runs."""
    broker.complete()
    app = Web("broker", static_folder=None, template_folder=None)
    app.url_map.merge_slashes = False  # AD-06: one spelling of a path, one route
    app.json.sort_keys = False  # type: ignore[attr-defined]
    pages = Pages(broker.core.settings, repeats=Repeats(broker.sealer, broker.core.clock))
    metrics.register(app, broker.meter)  # first, so that the guards' time counts, too
    guards.register(app, broker.core.settings, BODY_LIMITS)
    frame = SignedInFrame(pages, administers=lambda person: broker.access.staff_rights.of(person).may(Right.SEE_HOME))
    static.register(app, pages.assets)

    def record(error: PageError, reference: str) -> None:
        broker.history.receipts.refuse(error, reference, _address(broker))

    def api(request: Request) -> Callable[[BrokerError], Response] | None:
        return graph.Responses(broker.core.settings().issuer, broker.core.clock).error if graph.is_api(request.path) else None

    errors.register(app, pages, record=record, is_protocol=_is_protocol, api=api, count=broker.meter.refusal)
    app.register_blueprint(op.blueprint(broker, pages))
    app.register_blueprint(signin.blueprint(broker, pages))
    app.register_blueprint(panel.blueprint(broker, frame))
    app.register_blueprint(admin.blueprint(broker, pages))
    app.register_blueprint(graph.blueprint(broker))
    app.register_blueprint(setup.blueprint(broker, pages))
    app.register_blueprint(health.blueprint(broker))

    @app.post(REPEATS)
    def in_another_language() -> Response:
        csrf.check_origin(asked, broker.core.settings().issuer)
        return pages.again(single(asked.form, "page"))

    prefix = urlsplit(broker.core.settings().issuer).path.rstrip("/")
    if prefix:  # an issuer below a path: we answer there, and for operators at the root, too
        app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {prefix: app.wsgi_app})  # type: ignore[method-assign]
    return app


def body_limit(request_line: bytes) -> int:
    """How large the body of a request may be, by its first line; the guards say the same with a page (RX-06)."""
    path = request_line.partition(b" ")[2].partition(b" ")[0].partition(b"?")[0]
    return next((limit for end, limit in BODY_LIMITS.items() if path.endswith(end.encode("ascii"))), guards.BODY)


def _address(broker: Broker) -> str:
    """Where the browser is, for the log of refusals; an unreadable one has none."""
    try:
        return client_address(asked, broker.core.settings().broker.network.trusted_proxies)
    except BadRequest:
        return ""


def _is_protocol(request: Request) -> bool:
    """Whether an application, not a person, reads the answer."""
    return request.path in PROTOCOL_PATHS or request.path.endswith(TOKEN_END)
