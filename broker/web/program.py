"""HTTP for programs: strict forms, bearer tokens, JSON responses and errors, CORS.

Every endpoint that a program calls uses these parts, so that the same input gets the same answer everywhere (HP-27, HP-28, HW-12).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Request, Response, json, request

from broker.domain.errors import BadRequest, OAuthError, PageError, TooManyAttempts
from broker.domain.text import printable
from broker.jose.algorithms import OUR_ALGORITHMS
from broker.jose.certificates import ClientCertificate
from broker.jose.encoding import parse_object
from broker.provider.application import ApplicationView
from broker.provider.dpop import DpopProof
from broker.provider.parameters import read_form
from broker.services.access.applications import origins
from broker.web import errors, headers
from broker.web.request import client_address, client_certificate

if TYPE_CHECKING:
    from broker.app import Broker

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PROOF = "DPoP"  # the header of a proof, and the scheme of a token that is bound to a key
NONCE_NEEDED = "use_dpop_nonce"
_TOKEN = re.compile(r"(bearer|dpop) ([A-Za-z0-9._~+/-]{1,4096}=*)", re.ASCII | re.IGNORECASE)  # RFC 6750 2.1, RFC 9449 7.1
WAITING = frozenset({NONCE_NEEDED, "authorization_pending", "slow_down"})  # ordinary steps of a client (RFC 9449 8; RFC 8628 3.5)
_PREFLIGHT_SECONDS = 600  # a browser may keep the answer to OPTIONS

_log = logging.getLogger("broker.op")

Handler = Callable[[], tuple[ApplicationView | None, Response]]  # the application that asked, if known, and the response


# --- what a request contains ------------------------------------------------------------------------------------------


def pairs_of(raw: bytes) -> Sequence[tuple[str, str]]:
    """Names and values in their order. Raises BadRequest(encoding) for bytes that are not UTF-8 (HP-11)."""
    try:
        return parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadRequest("encoding") from None


def form_of(asked: Request) -> Mapping[str, str]:
    """The form of a POST, one value a name. Raises OAuthError(invalid_request) for any other content (TK-17)."""
    if asked.mimetype != FORM:
        raise OAuthError("invalid_request", "content_type")
    return read_form(pairs_of(asked.get_data(cache=True)))


def object_of(asked: Request) -> dict[str, Any]:
    """The JSON object in the body of a request, read strictly (RX-04). The guards have limited its size.

    Raises BadRequest: content_type for any other type or charset, json for anything that is not one object with unique names.
    """
    if asked.mimetype != JSON or asked.mimetype_params.get("charset", "utf-8").lower() != "utf-8" or asked.content_encoding:
        raise BadRequest("content_type")
    try:
        return parse_object(asked.get_data(cache=True), exact=True)
    except ValueError as error:
        raise BadRequest("json", str(error)) from None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """The access token of a request. is_bound: it came with the scheme DPoP, so a proof must come with it (RFC 9449 7.1)."""

    value: str
    is_bound: bool


def bearer_token() -> str:
    """The access token of a request to an endpoint that takes bearer tokens only. Raises OAuthError(invalid_token)."""
    token = presented_token()
    if token.is_bound:
        raise OAuthError("invalid_token", "token_form")
    return token.value


def presented_token(*, in_form: bool = False) -> PresentedToken:
    """The one access token of this request, from the header; never from the query (RFC 6750 2.1, 2.3, HP-37).

    in_form: the endpoint accepts the token in the form of a POST, too (RFC 6750 2.2). Raises OAuthError(invalid_token).
    """
    if "access_token" in request.args:
        raise OAuthError("invalid_token", "token_in_query")
    header = request.headers.get("Authorization")
    has_form = in_form and request.method == "POST" and request.mimetype == FORM
    posted = form_of(request).get("access_token") if has_form else None
    if header is None:
        if posted is None:
            raise OAuthError("invalid_token", "token_missing")
        return PresentedToken(posted, is_bound=False)
    match = _TOKEN.fullmatch(header)
    if posted is not None or match is None:
        raise OAuthError("invalid_token", "token_twice" if posted is not None else "token_form")
    return PresentedToken(match[2], is_bound=match[1].lower() == "dpop")


# --- what a response contains -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Challenge:
    """The WWW-Authenticate header of a 401 or 403 at one endpoint."""

    scheme: str
    realm: str

    def header(self, error: OAuthError) -> str:
        """RFC 6749 5.2 for Basic. RFC 6750 3 for Bearer: a request without any token gets no error code. RFC 9449 7.1 for DPoP."""
        start = f'{self.scheme} realm="{self.realm}"'
        if self.scheme == "Basic" or error.reason == "token_missing":
            return start
        algs = f', algs="{" ".join(OUR_ALGORITHMS)}"' if self.scheme == "DPoP" else ""
        return f'{start}, error="{error.error}", error_description="{errors.oauth_description(error.error)}"{algs}'

    def status(self, error: OAuthError) -> int | None:
        """401 for a refused proof at a resource (RFC 9449 9); None: the status of the error."""
        return 401 if self.scheme == "DPoP" and error.error in ("invalid_dpop_proof", NONCE_NEEDED) else None


def json_response(body: Mapping[str, object]) -> Response:
    """A JSON object; the caller adds headers."""
    return Response(json.dumps(body), mimetype="application/json")


def public(response: Response, max_age: int) -> Response:
    """A document that everybody may read and keep for `max_age` seconds (HW-12)."""
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class Programs:
    """Runs the handler of a request and turns an error into JSON."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def address(self) -> str:
        """The caller's address."""
        return client_address(request, self._broker.core.settings().broker.network.trusted_proxies)

    def answer(self, handler: Handler, challenge: Challenge, *, recorded: bool = False) -> Response:
        """The handler's response or its error, never stored by a cache.

        recorded: the log of refusals gets the error, for the application's team (FC-02).
        """
        try:
            application, response = handler()
        except OAuthError as error:
            self._broker.meter.refusal(error.error, error.reason)
            _log.info("oauth_error endpoint=%s error=%s reason=%s", printable(request.path), error.error, error.reason)
            if recorded and error.error not in WAITING:
                self.record(error)
            response, application = errors.oauth_json(error, status=challenge.status(error)), None
            if response.status_code in (401, 403):
                response.headers["WWW-Authenticate"] = challenge.header(error)
        except (BadRequest, TooManyAttempts) as page:
            self._broker.meter.refusal(page.code, page.reason)
            _log.info("oauth_error endpoint=%s error=%s reason=%s", printable(request.path), page.code, page.reason)
            response, application = _json_of(page), None
        if PROOF in request.headers or challenge.scheme == PROOF:
            response.headers["DPoP-Nonce"] = self._broker.oauth.proofs.nonce()  # RFC 9449 8.2
        return self._cors(headers.private(response), application)

    def certificate(self) -> ClientCertificate | None:
        """The certificate of the client's connection to the proxy (RFC 8705). Raises OAuthError(invalid_request)."""
        return client_certificate(request, self._broker.core.settings().broker.network)

    def proof(self, access_token: str | None = None) -> DpopProof | None:
        """The proof of this request (RFC 9449 4); None if it has none. Raises OAuthError. access_token: the one that comes with it."""
        url = self._broker.core.settings().issuer.rstrip("/") + request.path
        return self._broker.oauth.proofs.read(
            request.headers.get(PROOF), method=request.method, url=url, access_token=access_token
        )

    def record(self, error: OAuthError) -> None:
        """Adds an error to the log of refusals; if that fails, the response stays as it is."""
        try:
            self._broker.history.receipts.refuse_application(error, self.address())
        except Exception as failure:  # noqa: BLE001 - the answer matters more than its record
            _log.error("refusal_not_recorded reason=%s error=%s", error.reason, type(failure).__name__)

    def preflight(self, methods: str) -> Response:
        """The response to OPTIONS: a browser asks whether it may send its own headers."""
        response = self._cors(headers.private(Response(status=204)), None)
        if "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = methods
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
            response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
        return response

    def _cors(self, response: Response, application: ApplicationView | None) -> Response:
        """HW-12: allows the origins of the application's redirect_uris, without credentials.

        Without a known application, in a preflight or an error, the origins of every application: the response contains no data.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return response
        response.headers.add("Vary", "Origin")
        known = origins(application.redirect_uris) if application else None
        if origin in known if known is not None else self._broker.access.applications.of_origin(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, DPoP-Nonce"
        return response


def _json_of(page: PageError) -> Response:
    word = "slow_down" if isinstance(page, TooManyAttempts) else "invalid_request"
    return errors.oauth_json(OAuthError(word), status=errors.status_of(page))
