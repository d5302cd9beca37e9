"""Compares a response of the API with what the OpenAPI document says of it: every test of the API is a test of the document, too."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from broker.web.graph.parameters import openapi_path

Document = dict[str, Any]


def described_in(client: FlaskClient) -> Described:
    """The document that this broker serves."""
    served = client.get("/v1.0/openapi.json", base_url="http://localhost")
    if served.data not in _KNOWN:
        _KNOWN[served.data] = Described(served.get_json(), client.application.url_map)
    return _KNOWN[served.data]


class Described:
    """The document, and a validator for each response, made when first needed."""

    def __init__(self, document: Document, urls: Map) -> None:
        self.document = document
        self._urls = urls.bind("localhost")
        self._validators: dict[tuple[str, str, int], Any] = {}

    def check(self, method: str, path: str, response: TestResponse) -> None:
        """Fails for a status, type, header or body that the document does not have. What no route has is left out, and HEAD."""
        rule = self._rule(method, path)
        if rule is None or method == "HEAD":
            return
        answers = self.document["paths"][openapi_path(rule.rule.removeprefix("/v1.0"))][method.lower()]["responses"]
        said = answers.get(str(response.status_code))
        assert said is not None, f"{method} {rule.rule} gives {response.status_code}: {response.text[:300]}"
        said = self._resolved(said)
        for name, header in said.get("headers", {}).items():
            assert name in response.headers or not self._resolved(header).get("required"), (method, rule.rule, name)
        content = said.get("content")
        if content is None:
            assert response.data == b"", (method, rule.rule)
            return
        (media,) = content
        assert response.mimetype == media, (method, rule.rule)
        body = response.get_json() if media == "application/json" else int(response.text)
        key = (method, rule.rule, response.status_code)
        if key not in self._validators:
            schema = {**content[media]["schema"], "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        errors = [f"{list(error.instance_path)}: {error.message[:200]}" for error in self._validators[key].iter_errors(body)]
        assert errors == [], (method, rule.rule, response.status_code)

    def _rule(self, method: str, path: str) -> Rule | None:
        try:
            rule, _ = self._urls.match(f"/v1.0{path.partition('?')[0]}", method=method, return_rule=True)
        except Exception:  # noqa: BLE001 - no route: 404, 405 or a redirect
            return None
        return rule

    def _resolved(self, value: dict[str, Any]) -> dict[str, Any]:
        found: Any = value
        if "$ref" in value:
            found = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
        return dict(found)


_KNOWN: dict[bytes, Described] = {}  # the document is the same in every test
