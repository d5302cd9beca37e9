"""The ONE table from error to answer: page code, status and words for a person; JSON and description for an application.

Only this module knows status codes (HW-1). Texts are fixed: no input, trace, path or library's words (HW-2, LP-03).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from flask import Flask, Request, Response, g, json, request
from werkzeug.exceptions import HTTPException

from broker.domain.errors import BadRequest, OAuthError, PageError, ServerError
from broker.domain.ids import new_reference
from broker.web import headers
from broker.web.i18n import _
from broker.web.pages import Pages

_log = logging.getLogger("broker.web")


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a page says. sentence: what happened, the heading. advice: what the person can do now. action: the button."""

    status: int
    sentence: str
    advice: str
    action: str = _("Try again")


PAGES: dict[str, ErrorText] = {
    "not_invited": ErrorText(
        403,
        _("You have no invitation yet"),
        _("Your sign-in worked, but nobody has invited you with this account. Ask your contact at %(company)s to invite you."),
        _("Use another account"),
    ),
    "invitation_expired": ErrorText(
        400,
        _("This invitation is no longer valid"),
        _(
            "It may have run out, or a newer one has replaced it. Look for a newer mail, or ask the person who invited you to send it again."
        ),
    ),
    "invitation_used": ErrorText(
        400,
        _("You have already accepted this invitation"),
        _("You do not need the link any more. Open the application and sign in as usual."),
        _("Go to your applications"),
    ),
    "invitation_mismatch": ErrorText(
        403,
        _("This invitation is for another address"),
        _(
            "The account you signed in with does not belong to the address that was invited. Sign in with the invited account, or ask for an invitation to this one."
        ),
        _("Use another account"),
    ),
    "domain_denied": ErrorText(
        403,
        _("%(company)s does not invite addresses of this organization"),
        _("Ask your contact at %(company)s which address they can invite."),
        _("Use another account"),
    ),
    "guest_blocked": ErrorText(
        403,
        _("Your access has been stopped"),
        _("Somebody at %(company)s has stopped it. Ask your contact there whether this is right."),
    ),
    "guest_expired": ErrorText(
        403,
        _("Your access has ended"),
        _("It was given for a limited time. Ask your contact at %(company)s to extend it."),
    ),
    "not_assigned": ErrorText(
        403,
        _("This application is not open to you yet"),
        _("Your sign-in worked, but this application needs a permission of its own. Ask your contact at %(company)s to add you."),
        _("Go to your applications"),
    ),
    "policy_blocked": ErrorText(
        403,
        _("A security rule of %(company)s does not let you in"),
        _(
            "It can depend on the application, or on where you are signing in from. Your contact at %(company)s can look it up with the reference below."
        ),
    ),
    "partner_failed": ErrorText(
        502,
        _("Your organization's sign-in did not work"),
        _(
            "It could not be reached, or it stopped before it was finished. Wait a minute and try again. If it keeps happening, tell the helpdesk of your own organization."
        ),
    ),
    "partner_untrusted": ErrorText(
        400,
        _("The answer of your organization could not be trusted"),
        _("To keep you safe we stopped here. Try again from the start. If it happens again, tell us the reference below."),
    ),
    "login_expired": ErrorText(
        400,
        _("This sign-in is no longer open"),
        _(
            "It took too long, was finished already, or was started in another browser. Go back to the application and sign in again."
        ),
    ),
    "too_many_attempts": ErrorText(
        429,
        _("Too many attempts"),
        _("To protect you we have paused this for a while. Wait fifteen minutes and try again."),
    ),
    "bad_request": ErrorText(
        400,
        _("This request cannot be answered"),
        _("The link or form was incomplete or out of date. Go back to the application and start again."),
    ),
    "server_error": ErrorText(
        500,
        _("Something went wrong on our side"),
        _("It is not your fault, and we have noted it. Wait a minute and try again."),
    ),
}

# Where the reason, not the code, decides: reason -> status, and words of its own if the code's do not fit.
REASON_STATUS: dict[str, int] = {
    "csrf": 403,
    "consent_login_mismatch": 403,
    "invitation_inviter": 403,
    "identity_taken": 409,
    "not_found": 404,
    "method": 405,
    "body_size": 413,
    "url_size": 414,
}
REASON_TEXT: dict[str, ErrorText] = {
    "not_found": ErrorText(
        404,
        _("There is no page here"),
        _("The address may be mistyped or out of date."),
        _("Go to your applications"),
    ),
    "csrf": ErrorText(
        403,
        _("This form is out of date"),
        _("Nothing was changed. Go back to the application and start again."),
    ),
    "consent_login_mismatch": ErrorText(
        403,
        _("This form is out of date"),
        _("Nothing was changed. Go back to the application and start again."),
    ),
}
_STATUS_REASON = {404: "not_found", 405: "method", 413: "body_size", 414: "url_size"}

# RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 9126 2.3, Core 3.1.2.6: one fixed description an error (HP-27).
OAUTH: dict[str, tuple[int, str]] = {
    "invalid_request": (400, "The request is missing a parameter, repeats one, or has one with a value that cannot be used."),
    "invalid_client": (401, "Client authentication failed."),
    "invalid_grant": (400, "The code or refresh token is invalid, expired, used or was issued to somebody else."),
    "unauthorized_client": (400, "This client may not use this grant or response type."),
    "unsupported_grant_type": (400, "This grant type is not supported."),
    "unsupported_response_type": (400, "This response type is not supported."),
    "unsupported_token_type": (400, "This token type cannot be revoked here."),
    "invalid_scope": (400, "A requested scope is unknown or not allowed for this client."),
    "invalid_target": (400, "The requested resource is unknown or not allowed for this client."),
    "invalid_dpop_proof": (400, "The DPoP proof is invalid."),
    "invalid_request_uri": (400, "The request_uri is unknown, expired or used."),
    "invalid_request_object": (400, "The request object is invalid."),
    "request_not_supported": (400, "The request parameter is not supported."),
    "request_uri_not_supported": (400, "The request_uri parameter is only supported for pushed requests."),
    "registration_not_supported": (400, "The registration parameter is not supported."),
    "access_denied": (403, "Access was denied."),
    "login_required": (400, "The person must sign in."),
    "consent_required": (400, "The person must agree first."),
    "interaction_required": (400, "The person must answer a page first."),
    "account_selection_required": (400, "The person must choose an account."),
    "unmet_authentication_requirements": (400, "The requested level of authentication was not reached."),
    "invalid_token": (401, "The access token is invalid, expired or revoked."),
    "insufficient_scope": (403, "The access token does not allow this."),
    "slow_down": (429, "Too many requests."),
    "server_error": (500, "The server could not answer; the cause is in its log."),
    "temporarily_unavailable": (503, "The server cannot answer at the moment."),
}


def status_of(error: PageError) -> int:
    """The HTTP status of an error page."""
    return REASON_STATUS.get(error.reason, PAGES[error.code].status)


def page_for(
    pages: Pages,
    error: PageError,
    *,
    reference: str,
    next_url: str | None = None,
    next_label: str | None = None,
    ui_locales: Sequence[str] = (),
    forms: Sequence[Mapping[str, object]] = (),
) -> Response:
    """The error page.

    forms: buttons that post, {"action", "csrf", "label" (translated), "primary"}, instead of `next_url`.

    reference: the request id that `broker sign-ins --request` explains. next_url: the best next step, one of our own
    paths or a verified address; None: no button. next_label: the button's text, translated already, if not the table's.
    """
    text = REASON_TEXT.get(error.reason, PAGES[error.code])
    if next_url is None and text.action == _("Go to your applications"):
        next_url = pages.path("/apps")
    return pages.render(
        "error.html",
        status=status_of(error),
        ui_locales=ui_locales,
        code=error.code,
        reference=reference,
        sentence=text.sentence,
        advice=text.advice,
        next_url=None if forms else next_url,
        next_label=next_label,
        action=text.action,
        forms=forms,
    )


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
) -> None:
    """Answer every error of the application.

    record: told of each refusal and its reference, for the log of refusals; where it fails the page is shown all the same.
    is_protocol: whether an application asked, so that it gets JSON. A handler that works on a login sets `g.reference`
    (its reference), and may set `g.retry_url` (where the person can try again) and `g.ui_locales`.
    """

    def answer(error: PageError) -> Response:
        reference = g.get("reference") or new_reference()
        _note(error, reference, record)
        if is_protocol(request):
            return oauth_json(OAuthError(_oauth_word(error)), status=status_of(error))
        return page_for(pages, error, reference=reference, next_url=g.get("retry_url"), ui_locales=g.get("ui_locales", ()))

    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            return headers.private(Response(status=status, headers=error.get_response().headers))
        if status >= 500:
            return answer(ServerError("http", str(status)))
        response = answer(BadRequest(_STATUS_REASON.get(status, "http"), str(status)))
        if status == 405:
            response.headers["Allow"] = error.get_response().headers.get("Allow", "")
        return response

    def unhandled(error: Exception) -> Response:
        return answer(ServerError("unhandled", _where(error)))

    app.register_error_handler(PageError, answer)
    app.register_error_handler(OAuthError, oauth_json)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unhandled)


def _note(error: PageError, reference: str, record: Callable[[PageError, str], None] | None) -> None:
    """Log words and ids only (LP-01); a log of refusals that cannot be written does not change the answer."""
    level = logging.ERROR if error.code == "server_error" else logging.INFO
    _log.log(level, "page_error code=%s reason=%s reference=%s detail=%s", error.code, error.reason, reference, error.detail)
    if record is None:
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
    if error.code in ("server_error", "partner_failed"):
        return "server_error"
    return "slow_down" if error.code == "too_many_attempts" else "invalid_request"
