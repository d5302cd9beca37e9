"""A stand-in for the conformance suite: it answers the calls of the API that our driver makes, and judges almost nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

from tests.conformance.plans import ALIAS

HOST = "127.0.0.13"
SIGNS_IN, REFUSED, FAILS, STOPS, UNKNOWN = "signs-in", "refused", "fails", "stops", "unknown"


@dataclass
class Run:
    """One run of a module. urls: that a person is to visit. wants: the place of a picture, "" once it came."""

    module: str
    plan: str
    status: str = "CREATED"
    result: str | None = None
    urls: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    wants: str = ""
    pictures: list[str] = field(default_factory=list)


@dataclass
class StandIn:
    """modules: of every plan. plans: (name, variant, configuration) as they were made. tokens: the Authorization headers."""

    modules: list[str]
    address: str = ""
    plans: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    tokens: set[str | None] = field(default_factory=set)

    def app(self) -> Flask:
        """Its server."""
        app = Flask(__name__, static_folder=None)
        app.before_request(lambda: self.tokens.add(request.headers.get("Authorization")))
        app.add_url_rule("/api/plan", view_func=self.plan, methods=["POST"])
        app.add_url_rule("/api/runner", view_func=self.create, methods=["POST"])
        app.add_url_rule("/api/runner/<run>", view_func=self.start, methods=["POST"])
        app.add_url_rule("/api/info/<run>", view_func=self.info)
        app.add_url_rule("/api/runner/browser/<run>", view_func=self.browser)
        app.add_url_rule("/api/runner/browser/<run>/visit", view_func=self.visit, methods=["POST"])
        app.add_url_rule("/api/log/<run>", view_func=self.log)
        app.add_url_rule("/api/log/<run>/images/<place>", view_func=self.picture, methods=["POST"])
        app.add_url_rule(f"/test/a/{ALIAS}/callback", view_func=self.callback)
        return app

    def plan(self) -> tuple[Response, int]:
        self.plans.append((request.args["planName"], request.args["variant"], request.get_json()))
        return jsonify(
            id=str(len(self.plans) - 1), modules=[{"testModule": one, "variant": {"v": "1"}} for one in self.modules]
        ), 201

    def create(self) -> tuple[Response, int]:
        module = request.args["test"]
        if module == UNKNOWN:
            return jsonify(error="no such module"), 400
        run = f"run{len(self.runs)}"
        self.runs[run] = Run(module, request.args["plan"], "CONFIGURED")
        return jsonify(id=run, name=module), 201

    def start(self, run: str) -> Response:
        found = self.runs[run]
        assert found.status == "CONFIGURED"
        if found.module in (FAILS, STOPS):
            found.status, found.result = ("FINISHED", "FAILED") if found.module == FAILS else ("INTERRUPTED", None)
            return jsonify({})
        _, _, config = self.plans[int(found.plan)]
        query = {
            "response_type": "code",
            "client_id": config["client"]["client_id"],
            "scope": "openid",
            "state": run,
            "nonce": "n",
        }
        back = f"{self.address}/test/a/{ALIAS}/" + ("callback" if found.module == SIGNS_IN else "elsewhere")
        issuer = config["server"]["discoveryUrl"].removesuffix("/.well-known/openid-configuration")
        found.urls = [f"{issuer}/authorize?{urlencode({**query, 'redirect_uri': back})}"]
        found.wants = "place1" if found.module == REFUSED else ""
        found.status = "WAITING"
        return jsonify({})

    def info(self, run: str) -> Response:
        found = self.runs[run]
        return jsonify(_id=run, testName=found.module, status=found.status, result=found.result)

    def browser(self, run: str) -> Response:
        found = self.runs[run]
        return jsonify(id=run, urls=found.urls, visited=found.visited)

    def visit(self, run: str) -> tuple[str, int]:
        self.runs[run].visited.append(request.args["url"])
        return "", 204

    def log(self, run: str) -> Response:
        wants = self.runs[run].wants
        return jsonify([{"src": "one", "msg": "said"}, *([{"src": "two", "upload": wants}] if wants else [])])

    def picture(self, run: str, place: str) -> Response:
        found = self.runs[run]
        assert place == found.wants
        found.pictures.append(request.get_data(as_text=True))
        found.wants, found.status, found.result = "", "FINISHED", "REVIEW"
        return jsonify({})

    def callback(self) -> str:
        found = self.runs[request.args["state"]]
        found.status, found.result = "FINISHED", "PASSED" if request.args.get("code") else "FAILED"
        return "<title>The suite</title>"


@contextmanager
def stand_in(*modules: str) -> Iterator[StandIn]:
    """It, until the end of the block."""
    suite = StandIn(list(modules))
    server = make_server(HOST, 0, suite.app(), threaded=True)
    suite.address = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield suite
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
