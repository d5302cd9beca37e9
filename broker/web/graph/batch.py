"""`POST /$batch`: up to twenty requests in one (graph json-batching). Each is a request of its own: permission, limit, transaction."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, current_app, request

from broker.web.graph.bodies import Properties
from broker.web.graph.door import ApiDoor, Caller
from broker.web.graph.operation import Operation, gives_one
from broker.web.graph.refusals import BAD_REQUEST, ApiRefused
from broker.web.graph.responses import PREFIX
from broker.web.graph.shapes import AnyValue, LineMap, Many, Number, Record, String
from broker.web.graph.shapes.values import filled

if TYPE_CHECKING:
    from broker.app import Broker

MOST = 20  # requests of one batch
_METHODS = ("GET", "POST", "PATCH", "DELETE")
_ITEM = Record(
    properties={
        "id": filled(limit=64, about="Another one in each request."),
        "method": filled(limit=16, about=f"{', '.join(_METHODS)}, in any case."),
        "url": filled(limit=8192, about="Begins with /users, with /v1.0/users, or is an absolute address of this API."),
        "headers": LineMap(limit=20, about="ConsistencyLevel, If-Match and client-request-id are read."),
        "body": AnyValue(about="As the request has it on its own."),
        "dependsOn": Many(item=String(), limit=MOST, about="After a request that failed, those that depend on it are 424."),
        "depends_on": Many(item=String(), limit=MOST, about="The spelling of Microsoft's SDK for Python."),
    },
    required=("id", "method", "url"),
)
_BATCH = Record(name="batchRequest", properties={"requests": Many(item=_ITEM, limit=MOST, filled=True)}, required=("requests",))
_ANSWER = Record(
    properties={"id": String(), "status": Number(), "headers": LineMap(limit=20), "body": AnyValue()}, required=("id", "status")
)
_ANSWERS = Record(name="batchResponse", properties={"responses": Many(item=_ANSWER)}, required=("responses",))
_HEADERS = {
    "consistencylevel": "HTTP_CONSISTENCYLEVEL",
    "if-match": "HTTP_IF_MATCH",
    "client-request-id": "HTTP_CLIENT_REQUEST_ID",
}
_KEPT = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "SCRIPT_NAME", "REMOTE_ADDR", "REMOTE_PORT", "HTTP_HOST", "HTTP_AUTHORIZATION",
         "HTTP_FORWARDED")  # fmt: skip
_PREFIXES = ("wsgi.", "HTTP_X_FORWARDED_")
_SHOWN = ("Content-Type", "ETag", "Location", "Retry-After", "request-id", "client-request-id", "WWW-Authenticate")


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: object
    depends_on: tuple[str, ...]


def register(door: ApiDoor, broker: Broker) -> None:
    """The one path of batches."""

    @door.opens("POST", "/$batch", Operation(summary="Up to twenty requests in one", body=_BATCH, gives=gives_one(_ANSWERS)))
    def batch(caller: Caller) -> Response:
        items = _items(caller.body())
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  Flask's documented way
        certificate = (broker.core.settings().broker.network.client_certificate_header or "").replace("-", "_").upper()
        kept = (*_KEPT, f"HTTP_{certificate}")  # a token may be bound to the certificate of the connection (RFC 8705 3)
        outer = {name: value for name, value in request.environ.items() if name in kept or name.startswith(_PREFIXES)}
        done: dict[str, dict[str, Any]] = {}
        for item in _ordered(items):
            failed = [one for one in item.depends_on if done[one]["status"] >= 400]
            done[item.id] = _failed(item, failed[0]) if failed else _answer(app, outer, door.responses.base, item)
        return door.responses.plain({"responses": [done[item.id] for item in items]})


def _items(body: Properties) -> list[_Item]:
    """Raises ApiRefused for a batch that cannot be read."""
    items = [_item(one) for one in body.objects("requests")]
    if len({item.id for item in items}) != len(items):
        raise body.wrong("requests/id", "must be another one in each request")
    known = {item.id for item in items}
    for item in items:
        if not known.issuperset(item.depends_on):
            raise body.wrong("requests/dependsOn", "names an id that is not in this batch")
    return items


def _item(one: Properties) -> _Item:
    method = one.required("method").upper()
    if method not in _METHODS:
        raise one.wrong("method", f"must be one of {', '.join(_METHODS)}")
    after = [*one.texts("dependsOn"), *one.texts("depends_on")]
    return _Item(
        id=one.required("id"),
        method=method,
        url=one.required("url"),
        headers=one.lines("headers"),
        body=one.raw("body"),
        depends_on=tuple(dict.fromkeys(after)),
    )


def _ordered(items: Sequence[_Item]) -> list[_Item]:
    """As sent, but none before those that it depends on. Raises ApiRefused for a circle."""
    ordered: list[_Item] = []
    done: set[str] = set()
    while len(ordered) < len(items):
        ready = next((item for item in items if item.id not in done and done.issuperset(item.depends_on)), None)
        if ready is None:
            raise ApiRefused(400, BAD_REQUEST, "The requests depend on each other in a circle.", target="requests/dependsOn")
        ordered.append(ready)
        done.add(ready.id)
    return ordered


def _answer(app: Flask, outer: Mapping[str, Any], base: str, item: _Item) -> dict[str, Any]:
    """Runs one request in a context of its own, with the token of the batch."""
    try:
        environ = _environ(outer, base, item)
    except ApiRefused as error:
        return {
            "id": item.id,
            "status": error.status,
            "headers": {"Content-Type": "application/json"},
            "body": {"error": {"code": error.code, "message": error.message, "target": error.target}},
        }
    with app.app_context(), app.request_context(environ):
        response = app.full_dispatch_request()
        text = response.get_data(as_text=True)
        shown = {name: value for name, value in response.headers.items() if name in _SHOWN}
        body = json.loads(text) if response.mimetype == "application/json" and text else text or None
    answer: dict[str, Any] = {"id": item.id, "status": response.status_code, "headers": shown}
    return answer if body is None else {**answer, "body": body}


def _environ(outer: Mapping[str, Any], base: str, item: _Item) -> dict[str, Any]:
    path, query = _target(item.url, base)
    content = b"" if item.body is None else json.dumps(item.body).encode()
    kept = {
        **outer,
        "REQUEST_METHOD": item.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(content),
        "CONTENT_LENGTH": str(len(content)),
    }
    if item.body is not None:
        kept["CONTENT_TYPE"] = "application/json"
    for name, value in item.headers.items():
        if (known := _HEADERS.get(name.lower())) is not None:
            kept[known] = value
    return kept


def _target(url: str, base: str) -> tuple[str, str]:
    """Path and query of `/users`, `users`, `/v1.0/users`, and of an absolute address of this API. Raises ApiRefused."""
    wrong = ApiRefused(400, BAD_REQUEST, "The url of a request in a batch must be one of this API.", target="url")
    if not url.isascii() or not url.isprintable() or "\\" in url or "#" in url or url.startswith("//"):
        raise wrong
    rest = url
    if "://" in url.partition("?")[0]:
        if not url.startswith((f"{base}/", f"{base}?")):
            raise wrong
        rest = url.removeprefix(base)
    parts = urlsplit(rest if rest.startswith("/") else f"/{rest}")
    path = parts.path.removeprefix(PREFIX) if parts.path.startswith(f"{PREFIX}/") else parts.path
    if (
        parts.scheme
        or parts.netloc
        or path.lower().startswith("/$batch")
        or "/$batch" in unquote_to_bytes(path).decode("latin-1").lower()
    ):
        raise wrong
    return PREFIX + path, parts.query


def _failed(item: _Item, dependency: str) -> dict[str, Any]:
    message = f"The request was not sent, because the request {dependency!r} that it depends on failed."
    error = {"code": "FailedDependency", "message": message}
    return {"id": item.id, "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}
