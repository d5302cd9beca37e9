"""What the endpoints for programs share: strict forms, JSON answers and errors, CORS (HP-27, HP-28, HW-12)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Request, Response, json, request

from broker.domain.errors import BadRequest, OAuthError, PageError, TooManyAttempts
from broker.domain.text import printable
from broker.provider.application import ApplicationView
from broker.provider.parameters import read_form
from broker.services.access.applications import origins
from broker.web import errors, headers
from broker.web.request import client_address

if TYPE_CHECKING:
    from broker.app import Broker

FORM = "application/x-www-form-urlencoded"
PROTOCOL_PATHS = frozenset({"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo", "/introspect", "/revoke"})

_log = logging.getLogger("broker.op")


def pairs_of(raw: bytes) -> Sequence[tuple[str, str]]:
    """Names and values in their order. Raises BadRequest(encoding) for what is not UTF-8 (HP-11)."""
    try:
        return parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadRequest("encoding") from None


def form_of(asked: Request) -> Mapping[str, str]:
    """The form of a POST, one value a name. Raises OAuthError(invalid_request) for any other content (TK-17)."""
    if asked.mimetype != FORM:
        raise OAuthError("invalid_request", "content_type")
    return read_form(pairs_of(asked.get_data(cache=True)))


class Protocol:
    """Runs a handler and turns what it raises into JSON."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def address(self) -> str:
        """The caller's address."""
        return client_address(request, self._broker.settings.get().broker.network.trusted_proxies)

    def authenticated(self) -> tuple[ApplicationView, Mapping[str, str]]:
        """The application that sent this form; nothing may stand in the query (HP-25). Raises OAuthError, TooManyAttempts."""
        if request.query_string:
            raise OAuthError("invalid_request", "query")
        form = form_of(request)
        return self._broker.clients.authenticate(request.headers.get("Authorization"), form, self.address()), form

    def answer(
        self, handler: Callable[[], tuple[ApplicationView | None, Response]], *, challenge: str = "", recorded: bool = False
    ) -> Response:
        """The handler's answer or its error, not stored. challenge: the scheme of WWW-Authenticate for a 401.

        recorded: what is refused goes to the log of refusals, for the application's team (FC-02).
        """
        try:
            application, response = handler()
        except OAuthError as error:
            _log.info("oauth_error endpoint=%s error=%s reason=%s", printable(request.path), error.error, error.reason)
            if recorded:
                self.record(error)
            response = errors.oauth_json(error)
            if response.status_code in (401, 403) and challenge:
                response.headers["WWW-Authenticate"] = challenge_of(challenge, error)
            application = None
        except (BadRequest, TooManyAttempts) as page:
            _log.info("oauth_error endpoint=%s error=%s reason=%s", printable(request.path), page.code, page.reason)
            response, application = _json_of(page), None
        return self.cors(headers.private(response), application)

    def record(self, error: OAuthError) -> None:
        """Note what an application was refused; where that fails, the answer stays as it is."""
        try:
            self._broker.receipts.refuse_application(error, self.address())
        except Exception as failure:  # noqa: BLE001 - the answer matters more than its record
            _log.error("refusal_not_recorded reason=%s error=%s", error.reason, type(failure).__name__)

    def preflight(self, methods: str) -> Response:
        """The answer to OPTIONS: a browser asks whether it may send headers of its own."""
        response = self.cors(headers.private(Response(status=204)), None)
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = methods
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
        return response

    def cors(self, response: Response, application: ApplicationView | None) -> Response:
        """HW-12: the origins of the application's redirect_uris, without credentials.

        Where no application is known, in a preflight or an error, those of any application: nothing of anybody is in it.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return response
        response.headers.add("Vary", "Origin")
        known = origins(application.redirect_uris) if application else None
        if origin in known if known is not None else self._broker.applications.of_origin(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
        return response


def json_response(body: Mapping[str, object]) -> Response:
    """A JSON object; the caller's headers follow."""
    return Response(json.dumps(body), mimetype="application/json")


def challenge_of(scheme: str, error: OAuthError) -> str:
    """RFC 6750 3; RFC 6749 5.2. A request without any token gets the bare scheme."""
    if scheme != "Bearer":
        return f'{scheme} realm="token"'
    if error.reason == "token_missing":
        return 'Bearer realm="userinfo"'
    return f'Bearer realm="userinfo", error="{error.error}", error_description="{errors.oauth_description(error.error)}"'


def _json_of(page: PageError) -> Response:
    word = "slow_down" if isinstance(page, TooManyAttempts) else "invalid_request"
    return errors.oauth_json(OAuthError(word), status=errors.status_of(page))
