"""Answers errors by the one table (web/error_table.py): a page for a person, JSON for an application (HW-1, HW-2)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from flask import Flask, Request, Response, json, request
from werkzeug.exceptions import HTTPException

from broker.domain.errors import (
    BadRequest,
    BrokerError,
    CommandError,
    Conflict,
    Forbidden,
    NotFound,
    OAuthError,
    PageError,
    ServerError,
    TooMany,
    TooManyAttempts,
    Unavailable,
)
from broker.domain.ids import new_reference
from broker.domain.text import printable
from broker.web import headers
from broker.web.error_context import error_context
from broker.web.error_table import ASK, ASK_FOR_ACCESS, GO_HOME, PAGES, REASON_STATUS, REASON_TEXT, STATUS_REASON
from broker.web.oauth_errors import OAUTH
from broker.web.pages import Pages

RETRY_AFTER = 5  # seconds

_log = logging.getLogger("broker.web")


def status_of(error: PageError) -> int:
    """The HTTP status of an error page."""
    return REASON_STATUS.get(error.reason, PAGES[error.code].status)


def page_error_of(error: CommandError) -> PageError:
    """The page of a service's refusal that no handler answered itself; its message is for staff and is not shown (HW-2).

    What does not exist and what is not theirs have the same page (AD-01).
    """
    if isinstance(error, TooMany):
        page = TooManyAttempts(error.reason)
        page.retry_after = error.retry_after
        return page
    reason = "bad_value"
    if isinstance(error, NotFound):
        reason = "not_found"
    elif isinstance(error, Forbidden):
        reason = "no_right"
    elif isinstance(error, Conflict):
        reason = "changed_meanwhile"
    return BadRequest(reason, error.reason)


_AT_THE_PARTNER = ("partner_failed", "partner_untrusted")  # the partner's own people can help


def page_for(
    pages: Pages,
    error: PageError,
    *,
    reference: str,
    next_url: str | None = None,
    next_label: str | None = None,
    ui_locales: Sequence[str] = (),
    forms: Sequence[Mapping[str, object]] = (),
    account: str = "",
    contact: str = "",
    first: Mapping[str, object] | None = None,
    ask: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    note: str = "",
) -> Response:
    """The error page. It always has one primary button: `next_url`, a form, the company's help, the page again, or the panel.

    reference: the request id that `broker sign-ins --request` explains. next_url: the best next step, one of our own
    paths or a verified address. next_label: the button's text, not translated yet, if not the table's.
    forms: buttons that post, {"action", "csrf", "label" (not translated yet), "primary"}. account: who was signed in, if that matters.
    first: a form, with a "hint", that is the page's purpose before all others. ask: addresses of those who can help with this.
    contact: the address of the guest's contact. names: `application`, `partner` and `partner_help` (an address), where they are known.
    note: what the application itself says to the person, in its own words.
    """
    text, known = REASON_TEXT.get(error.words or error.reason, PAGES[error.code]), names or {}
    help_url = pages.help_url(reference)
    asks = text.asks and help_url != "" and first is None and not ask
    if first is not None:
        forms = [*forms, first]
    elif ask and next_url is None:
        next_url, next_label = pages.mail_to(ask, reference), ASK_FOR_ACCESS
    elif asks:
        next_url, next_label = help_url, ASK
    elif next_url is None and not forms:
        reload = text.again and request.method in ("GET", "HEAD")
        next_url, next_label = ("", None) if reload else (pages.path("/apps"), GO_HOME)
    return pages.render(
        "error.html",
        status=status_of(error),
        ui_locales=ui_locales,
        code=error.code,
        reference=reference,
        sentence=text.named if text.named and _placeholder(text.named) in known else text.sentence,
        advice=text.advice,
        next_url=next_url,
        next_label=next_label or text.action,
        forms=[{**form, "primary": form is first or (first is None and form["primary"] and next_url is None)} for form in forms],
        is_quiet=first is not None,
        account=account,
        note=note,
        ask=ask,
        contact=contact,
        application=known.get("application", ""),
        partner=known.get("partner", ""),
        partner_help=known.get("partner_help", "") if error.code in _AT_THE_PARTNER else "",
        help_url="" if asks else help_url,
    )


def sentence_of(code: str) -> str:
    """What an error page of this code says as its heading, where it names nothing; "" for a code of no page. Not translated."""
    return PAGES[code].sentence if code in PAGES else ""


def _placeholder(named: str) -> str:
    """The name that decides whether the sentence can be said."""
    return "application" if "%(application)s" in named else "partner"


def oauth_description(error: str) -> str:
    """The fixed error_description of an OAuth error (HP-27)."""
    return OAUTH.get(error, OAUTH["invalid_request"])[1]


def oauth_status(error: str) -> int:
    """The HTTP status of an OAuth error that is answered as JSON."""
    return OAUTH.get(error, OAUTH["invalid_request"])[0]


def oauth_json(error: OAuthError, *, status: int | None = None) -> Response:
    """An OAuth error as JSON (RFC 6749 5.2), not stored."""
    body = {"error": error.error, "error_description": oauth_description(error.error)}
    response = Response(json.dumps(body), status or oauth_status(error.error), mimetype="application/json")
    return headers.private(response)


def register(
    app: Flask,
    pages: Pages,
    *,
    record: Callable[[PageError, str], None] | None = None,
    is_protocol: Callable[[Request], bool] = lambda _request: False,
    api: Callable[[Request], Callable[[BrokerError], Response] | None] = lambda _request: None,
    count: Callable[[str, str], None] = lambda _code, _reason: None,
) -> None:
    """Answer every error of the application.

    record: called for each refusal and its reference, for the log of refusals; where it fails the page is shown all the same. count:
    called with code and reason of each refusal. is_protocol: whether an application asked, so that it gets JSON. What the handler
    knows of its login is in `error_context()`. api: how the management API says an error, for a request of it; the log of refusals does not get it.
    """

    def answer(error: PageError) -> Response:
        said_by_api = api(request)
        count(error.code, error.reason)
        reference = error_context().reference or error.reference or new_reference()
        if said_by_api is not None:
            error_context().reference = reference
            _note(error, reference, None)
            return said_by_api(error)
        _note(error, reference, record)
        return _later(said(error, reference), error.retry_after)

    def said(error: PageError, reference: str) -> Response:
        if is_protocol(request):
            return oauth_json(OAuthError(_oauth_word(error)), status=status_of(error))
        context = error_context()
        if isinstance(error, Unavailable):  # ways on would ask the database
            return page_for(pages, error, reference=reference, ui_locales=context.ui_locales)
        ways = context.ways_on(error) if context.ways_on else None
        return page_for(
            pages,
            error,
            reference=reference,
            next_url=ways.url if ways else context.retry_url,
            next_label=ways.label if ways else None,
            ui_locales=context.ui_locales,
            forms=ways.buttons if ways else (),
            first=ways.first if ways else None,
            names=context.names,
        )

    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if status >= 500:
            return answer(ServerError("http", str(status)))
        response = answer(BadRequest(STATUS_REASON.get(status, "http"), str(status)))
        if status == 405:
            response.headers["Allow"] = error.get_response().headers.get("Allow", "")
        return response

    app.register_error_handler(PageError, answer)
    app.register_error_handler(CommandError, _refused(api, answer, count))
    app.register_error_handler(OAuthError, _said_to_program(count))
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, lambda error: answer(ServerError("unhandled", _where(error))))


def _said_to_program(count: Callable[[str, str], None]) -> Callable[[OAuthError], Response]:
    """The handler of an OAuth error that no endpoint answered itself."""

    def said(error: OAuthError) -> Response:
        count(error.error, error.reason)
        return oauth_json(error)

    return said


def _refused(
    api: Callable[[Request], Callable[[BrokerError], Response] | None],
    answer: Callable[[PageError], Response],
    count: Callable[[str, str], None],
) -> Callable[[CommandError], Response]:
    """The handler of a service's refusal that reached no handler of its route: never a fault of ours (AD-01)."""

    def refused(error: CommandError) -> Response:
        said_by_api = api(request)
        if said_by_api is None:
            return answer(page_error_of(error))
        count("api", error.reason)
        return said_by_api(error)

    return refused


def _later(response: Response, seconds: int | None = None) -> Response:
    """Say when to come again, where that is what there is to do (RFC 9110 10.2.3)."""
    if response.status_code == 503 or seconds is not None:
        response.headers["Retry-After"] = str(seconds or RETRY_AFTER)
    return response


def _note(error: PageError, reference: str, record: Callable[[PageError, str], None] | None) -> None:
    """Log words and ids only (LP-01); a log of refusals that cannot be written does not change the answer."""
    level = logging.ERROR if error.code == "server_error" else logging.INFO
    _log.log(
        level, "page_error code=%s reason=%s reference=%s detail=%s", error.code, error.reason, reference, printable(error.detail)
    )
    if record is None or isinstance(error, Unavailable):
        return
    try:
        record(error, reference)
    except Exception as failure:  # noqa: BLE001 - the page matters more than its record
        _log.error("refusal_not_recorded reference=%s detail=%s", reference, _where(failure))


def _where(error: BaseException) -> str:
    """The exception's type and the place it came from; never its message, which can hold input (LP-01)."""
    trace: TracebackType | None = error.__traceback__
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{Path(code.co_filename).name}:{trace.tb_lineno}:{code.co_name}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"


def _oauth_word(error: PageError) -> str:
    """The protocol's word for an error that no endpoint answered itself."""
    if isinstance(error, Unavailable):
        return "temporarily_unavailable"
    if error.code in ("server_error", "partner_failed"):
        return "server_error"
    return "slow_down" if error.code == "too_many_attempts" else "invalid_request"
