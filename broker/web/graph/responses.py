"""Responses of the API: entities, collections and errors, each with the id of its request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask import Response, json, request

from broker.domain.errors import BrokerError, OAuthError
from broker.domain.ids import new_reference
from broker.domain.times import Clock, iso
from broker.web import headers
from broker.web.error_context import error_context
from broker.web.graph.refusals import refusal_of
from broker.web.program import Challenge

PREFIX = "/v1.0"
_CHALLENGE = Challenge("Bearer", "api")
_THEIRS = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)  # a client's own request id that we repeat

Json = Mapping[str, object]


class Responses:
    """Makes responses; the addresses in them begin with the issuer, never with a Host header."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self.base = issuer.rstrip("/") + PREFIX
        self._clock = clock

    def entity(self, kind: str, values: Json, *, status: int = 200, etag: str = "") -> Response:
        """One object. kind: its collection, as in `users`."""
        response = self._json({"@odata.context": f"{self.base}/$metadata#{kind}/$entity", **values}, status)
        if etag:
            response.headers["ETag"] = etag
        return response

    def collection(
        self, kind: str, values: Sequence[Json], *, next_link: str = "", delta_link: str = "", count: int | None = None
    ) -> Response:
        """A page of objects. next_link: the address of the next page, "" on the last one. delta_link: of later changes.

        count: only where it was asked for.
        """
        body: dict[str, object] = {"@odata.context": f"{self.base}/$metadata#{kind}"}
        if count is not None:
            body["@odata.count"] = count
        if next_link:
            body["@odata.nextLink"] = next_link
        if delta_link:
            body["@odata.deltaLink"] = delta_link
        return self._json({**body, "value": list(values)}, 200)

    def value(self, kind: str, value: object) -> Response:
        """The result of an action."""
        return self._json({"@odata.context": f"{self.base}/$metadata#{kind}", "value": value}, 200)

    def plain(self, values: Json) -> Response:
        """An object that is no entity."""
        return self._json(values, 200)

    @staticmethod
    def number(count: int) -> Response:
        """A count, as plain text (OData URL 4.8)."""
        return named(Response(str(count), mimetype="text/plain"))

    @staticmethod
    def nothing() -> Response:
        """Done; there is nothing to show."""
        return named(Response(status=204))

    def error(self, error: BrokerError) -> Response:
        """An error of a request."""
        values = request.view_args or {}
        said = refusal_of(error, str(next(reversed(values.values()), "")))
        inner = {"date": iso(self._clock()), "request-id": request_id(), "client-request-id": client_request_id() or request_id()}
        body: dict[str, object] = {"code": said.code, "message": said.message}
        if said.target:
            body["target"] = said.target
        response = self._json({"error": {**body, "innerError": inner}}, said.status)
        if said.status == 401 and isinstance(error, OAuthError):
            response.headers["WWW-Authenticate"] = _CHALLENGE.header(error)
        if said.retry_after is not None:
            response.headers["Retry-After"] = str(said.retry_after)
        return response

    @staticmethod
    def _json(body: Json, status: int) -> Response:
        return named(Response(json.dumps(body), status, mimetype="application/json"))


def named(response: Response) -> Response:
    """The response with the ids of its request; no cache stores it."""
    response.headers["request-id"] = request_id()
    theirs = client_request_id()
    if theirs:
        response.headers["client-request-id"] = theirs
    return headers.private(response)


def request_id() -> str:
    """The id of this request: in the response, in the log and in the audit."""
    context = error_context()
    if context.reference is None:
        context.reference = new_reference()
    return context.reference


def client_request_id() -> str:
    """The client's own id of this request; "" where there is none that can be repeated."""
    sent = request.headers.get("client-request-id", "")
    return sent if _THEIRS.fullmatch(sent) else ""


def is_api(path: str) -> bool:
    """Whether a path belongs to the API, also one that does not exist."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")
