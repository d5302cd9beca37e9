"""The OpenAPI 3.1 document of the API, written from the operations that the door has: it cannot say what no route does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from broker.provider.discovery import PATHS
from broker.services.authorization import PERMITS
from broker.services.authorization.permissions import CHANGE_SELF, READ_SELF
from broker.web.graph.operation import Operation, OptionsKind
from broker.web.graph.parameters import openapi_path, parameters_of
from broker.web.graph.refusals import ERRORS
from broker.web.graph.responses import PREFIX
from broker.web.graph.schema import Schema, Schemas
from broker.web.graph.shapes import Record, String
from broker.web.graph.shapes.values import TEXT, TIME

Operations = Mapping[tuple[str, str], Operation]

_ALWAYS = (400, 414, 500, 503)
_INNER = Record(
    properties={"date": TIME, "request-id": TEXT, "client-request-id": TEXT}, required=("date", "request-id", "client-request-id")
)
_ERROR = Record(
    properties={
        "code": TEXT,
        "message": TEXT,
        "target": String(about="The property or option that is wrong."),
        "innerError": _INNER,
    },
    required=("code", "message", "innerError"),
)
ERROR = Record(name="errorResponse", properties={"error": _ERROR}, required=("error",))
_SCHEME = "application"
_ABOUT = (
    "Guests, groups, assignments, policies and logs of a Guest Broker, in the shape of Microsoft Graph. A program gets a token by client "
    "credentials, an application gets one for a person who signed in; `x-permissions` of an operation lists the permissions of which the token needs one. Every response has a `request-id`."
)


def openapi_document(operations: Operations, issuer: str) -> Schema:
    """The document. issuer: the public address of the broker."""
    schemas, base = Schemas(), issuer.rstrip("/")
    paths: dict[str, Schema] = {}
    for (method, rule), operation in sorted(operations.items(), key=lambda item: item[0][1]):
        paths.setdefault(openapi_path(rule), {})[method.lower()] = _operation(method, rule, operation, schemas)
    error = schemas.of_response(ERROR)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Guest Broker management API", "version": PREFIX.strip("/"), "description": _ABOUT},
        "servers": [{"url": f"{base}{PREFIX}"}],
        "security": [{_SCHEME: []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": {str(status): _error(status, error) for status in ERRORS},
            "parameters": {"client-request-id": _client_request_id()},
            "headers": _headers(),
            "securitySchemes": {_SCHEME: _scheme(base)},
        },
    }


def statuses(method: str, rule: str, operation: Operation) -> list[int]:
    """Every status of an error that the operation can have."""
    found = {*_ALWAYS, *operation.refusals}
    if not operation.public:
        found |= {401, 403, 429}
    if (
        operation.query.kind in (OptionsKind.LIST, OptionsKind.DELTA)
        and operation.query.resource
        and operation.query.resource.unlisted
    ):
        found.add(501)
    if "<" in rule:
        found.add(404)
    if operation.body is not None:
        found |= {413, 415}
    if method != "GET" and operation.gives is not None and operation.permissions:
        found.add(409)
    return sorted(found)


def _operation(method: str, rule: str, operation: Operation, schemas: Schemas) -> Schema:
    path = openapi_path(rule)
    found: Schema = {
        "operationId": re.sub(r"[^A-Za-z0-9]+", "_", f"{method.lower()}{path.replace('()', '_call')}").strip("_"),
        "summary": operation.summary,
        "tags": [re.split(r"[/(]", path)[1]],
    }
    parameters = parameters_of(rule, operation)
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas.of_body(operation.body)}}}
    if operation.public:
        found["security"] = []
    elif operation.permissions:
        found["x-permissions"] = list(operation.permissions)
    errors: dict[str, Schema] = {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses(method, rule, operation)
    }
    found["responses"] = {**_success(operation, schemas), **errors}
    return found


def _success(operation: Operation, schemas: Schemas) -> dict[str, Schema]:
    gives = operation.gives
    if gives is None:
        return {}
    headers: Schema = {} if operation.public else _ids()
    if gives.has_etag:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    found: Schema = {"description": operation.summary, "headers": headers}
    if gives.shape is not None:
        found["content"] = {gives.media: {"schema": schemas.of_response(gives.shape)}}
    also: dict[str, Schema] = {"304": {"description": "The version of If-None-Match."}} if operation.public else {}
    return {str(gives.status): found, **also}


def _error(status: int, error: Schema) -> Schema:
    codes, message = ERRORS[status]
    headers = _ids()
    if status in (429, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    code = {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
    return {
        "description": message,
        "headers": headers,
        "content": {"application/json": {"schema": {"allOf": [error, code]}}},
    }


def _ids() -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("request-id", "client-request-id")}


def _headers() -> Schema:
    text: Schema = {"type": "string"}
    return {
        "request-id": {"description": "Of this request: in the log and in the audit.", "required": True, "schema": text},
        "client-request-id": {"description": "The client's own, repeated.", "schema": text},
        "ETag": {"description": "The version, for If-Match or If-None-Match.", "required": True, "schema": text},
        "Retry-After": {"description": "Seconds until the same request may succeed.", "required": True, "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": {"description": "RFC 6750 3.", "required": True, "schema": text},
    }  # fmt: skip


def _client_request_id() -> Schema:
    about = "An id of the client's own; the response repeats it, if it is a plain word."
    return {"name": "client-request-id", "in": "header", "schema": {"type": "string", "maxLength": 64}, "description": about}


def _scheme(base: str) -> Schema:
    """For itself an application asks for everything that its file has; for a person, for single permissions."""
    token = {"tokenUrl": base + PATHS["token_endpoint"]}
    whole = {f"{base}/.default": "All permissions of the application's file."}
    single = {f"{base}/{name}": f"{name}, as far as the person may." for name in sorted({*PERMITS, *READ_SELF, *CHANGE_SELF})}
    person = {"authorizationUrl": base + PATHS["authorization_endpoint"], **token, "scopes": single}
    return {"type": "oauth2", "flows": {"clientCredentials": {**token, "scopes": whole}, "authorizationCode": person}}
