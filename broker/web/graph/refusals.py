"""Errors in the shape of Microsoft Graph: status, code and message of each (graph errors, OData 4.01 JSON 21)."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import (
    BrokerError,
    CommandError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OAuthError,
    PageError,
    TooMany,
    TooManyAttempts,
    Unavailable,
)
from broker.domain.text import printable
from broker.web import errors

BAD_REQUEST = "BadRequest"
REQUEST_BAD = "Request_BadRequest"
UNSUPPORTED = "Request_UnsupportedQuery"
DENIED = "Authorization_RequestDenied"
NOT_FOUND = "Request_ResourceNotFound"
BAD_TOKEN = "InvalidAuthenticationToken"

_NO_PRIVILEGE = "Insufficient privileges to complete the operation."
_GONE = "Resource '{name}' does not exist or one of its queried reference-property objects are not present."
MAX_SHOWN = 128  # characters of a name in the path that an error repeats
_NO_RIGHT = ("not_staff", "not_administrator", "not_an_owner")  # reasons of Forbidden, in addition to no_right_...
_CONFLICTS = {
    "guest_blocked": (412, "PreconditionFailed"),
    "is_member": (400, REQUEST_BAD),
    "address_taken": (400, REQUEST_BAD),
    "sponsor_same": (400, REQUEST_BAD),
    "no_person": (400, BAD_REQUEST),
    "place_void": (410, "syncStateNotFound"),
    "version_differs": (412, "PreconditionFailed"),
}
ERRORS = {  # status -> its codes, and what it says without a sentence of its own
    400: ((BAD_REQUEST, REQUEST_BAD, UNSUPPORTED), "The request cannot be read."),
    401: ((BAD_TOKEN,), "The access token is missing, has expired, or is not one of this API."),
    403: ((DENIED,), _NO_PRIVILEGE),
    404: ((NOT_FOUND,), "There is no such path in this API."),
    405: (("MethodNotAllowed",), "This path does not support the method of the request."),
    409: (("Conflict",), "The state of the resource does not allow it."),
    410: (("syncStateNotFound",), "This place in the changes is gone: begin again without a token."),
    412: (("PreconditionFailed",), "If-Match names another version, or the guest is blocked."),
    413: (("RequestEntityTooLarge",), "The body of the request is too large."),
    414: (("UriTooLong",), "The address of the request is too long."),
    415: (("UnsupportedMediaType",), "The body of the request must be application/json."),
    429: (("TooManyRequests",), "Too many requests: wait as long as Retry-After says."),
    500: (("InternalServerError",), "The server could not answer; the cause is in its log, under the request id."),
    501: (("NotImplemented",), "This exists for one entity only, not for a list."),
    503: (("ServiceUnavailable",), "The server cannot answer at the moment."),
}
_OF_STATUS = {status: (codes[0], message) for status, (codes, message) in ERRORS.items()}
_OF_REASON = {  # of BadRequest: what exactly cannot be read
    "json": "The body of the request is not one JSON object in UTF-8, without repeated names.",
    "encoding": "The request is not UTF-8.",
    "duplicate": "A query parameter is given twice.",
    "host": "The Host of the request is not the broker's.",
    "field_count": "The query has too many parameters.",
    "header_size": "The headers of the request are too large.",
    "content_type": "The body of the request has the wrong type.",
}


class ApiRefused(BrokerError):
    """A refusal of the API's own. target: the property or query option, as the client wrote it."""

    def __init__(self, status: int, code: str, message: str, *, target: str = "") -> None:
        """message: a sentence for the client's developer."""
        super().__init__("api_refused", f"{status} {code} {target}".strip())
        self.status = status
        self.code = code
        self.message = message
        self.target = target


@dataclass(frozen=True, slots=True)
class ErrorContent:
    """The content of an error response. retry_after: seconds."""

    status: int
    code: str
    message: str
    target: str = ""
    retry_after: int | None = None


def in_file(path: str) -> ApiRefused:
    """What lives in files is read only here. path: of the file, below the home."""
    return ApiRefused(403, DENIED, f"{_NO_PRIVILEGE} This lives in a file: change {path}.")


def refusal_of(error: BrokerError, name: str = "") -> ErrorContent:
    """name: the id in the path, for the message of a thing that does not exist (AD-01: not permitted and absent read the same)."""
    if isinstance(error, ApiRefused):
        return ErrorContent(error.status, error.code, error.message, error.target, error.retry_after)
    if isinstance(error, NotFound):
        return ErrorContent(404, NOT_FOUND, _GONE.format(name=printable(name, MAX_SHOWN)))
    if isinstance(error, Forbidden):
        plain = error.reason.startswith("no_right_") or error.reason in _NO_RIGHT
        return ErrorContent(403, DENIED, _NO_PRIVILEGE if plain else error.message)
    if isinstance(error, Invalid):
        return ErrorContent(400, REQUEST_BAD, error.message)
    if isinstance(error, Conflict):
        status, code = _CONFLICTS.get(error.reason, (409, "Conflict"))
        return ErrorContent(status, code, error.message)
    if isinstance(error, TooMany | TooManyAttempts):
        return ErrorContent(429, *_OF_STATUS[429], retry_after=error.retry_after)
    if isinstance(error, CommandError):  # a refusal of no kind that the table has: its message was not written for a client
        return ErrorContent(400, *_OF_STATUS[400])
    if isinstance(error, OAuthError):
        return ErrorContent(401, *_OF_STATUS[401])
    if isinstance(error, PageError):
        return _of_page(error)
    return ErrorContent(500, *_OF_STATUS[500])


def _of_page(error: PageError) -> ErrorContent:
    """An error that was raised before a handler ran, or a fault of ours."""
    status = 415 if error.reason == "content_type" else errors.status_of(error)
    code, message = _OF_STATUS.get(status, _OF_STATUS[400 if status < 500 else 500])
    if status == 400:
        message = _OF_REASON.get(error.reason, message)
    return ErrorContent(
        status, code, message, retry_after=errors.RETRY_AFTER if isinstance(error, Unavailable) else error.retry_after
    )
