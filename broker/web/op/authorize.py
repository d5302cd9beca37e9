"""The authorization endpoint: reads a GET or POST, begins a login, and redirects to the dispatcher (HP-7, HP-46)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.provider.pushed_request import reference_of
from broker.provider.request import RequestRefused, read_request
from broker.web.authorization_response import respond, see
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.program import FORM, Programs, pairs_of
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

REPEATABLE = 6000  # characters of a query that every server and browser accepts

_log = logging.getLogger("broker.op")


def register(routes: Blueprint, broker: Broker, pages: Pages) -> None:
    """`/authorize`."""
    record, browser = Programs(broker).record, BrowserState(broker, pages)

    @routes.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Response:
        settings = broker.core.settings()
        pairs = _pairs()
        visitor = browser.visitor()
        # a cross-site POST has no Lax cookie, and a new cookie would end this browser's other logins (HW-13)
        again = urlencode(pairs) if request.method == "POST" and visitor.binding is None else None
        back = see(f"{pages.path('/authorize')}?{again}") if again is not None and len(again) <= REPEATABLE else None
        reference = reference_of(pairs)
        if reference is not None and back is not None:
            return back  # before the pushed request is used up
        parameters = pairs if reference is None else broker.oauth.pushed_requests.take(*reference)
        try:
            asked = read_request(
                parameters,
                applications=broker.access.applications.view,
                hint=broker.oauth.grants.hint,
                objects=broker.oauth.request_objects.parameters,
                pushed=reference is not None,
            )
        except RequestRefused as refused:
            broker.meter.refusal(refused.error, refused.reason)
            _log.info("authorize_refused error=%s reason=%s", refused.error, refused.reason)
            record(refused)
            return respond(settings.issuer, refused, {"error": refused.error}, pages)
        if back is not None:
            return back
        started = broker.login.sign_in.begin(asked, visitor)
        response = see(pages.path(f"/signin/{started.login_id}"))
        browser.cookies.set(response, CookiePurpose.BROWSER, started.browser)
        return response


def _pairs() -> Sequence[tuple[str, str]]:
    """The query of a GET, the form of a POST (Core 3.1.2.1)."""
    if request.method != "POST":
        return pairs_of(request.query_string)
    if request.mimetype != FORM or request.query_string:
        raise BadRequest("content_type")
    return pairs_of(request.get_data(cache=True))
