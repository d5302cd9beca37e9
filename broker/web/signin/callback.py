"""Where the home organization sends the browser back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, PageError
from broker.domain.times import YEAR
from broker.services.partner_setup.trial_login import is_trial
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import trial
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_REMEMBERED = YEAR  # seconds
_FIELDS = ("state", "code", "iss", "error", "error_description")  # nothing else of an answer is looked at
# Characters; real ones are far below (FA-12). A state that is not ours is unknown, whatever its length.
_DESCRIPTION = 512  # characters of a text that only staff read
_LIMITS = {"code": 4096, "iss": 2048, "error": 256}


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The OIDC redirect URI, by query and by form_post."""

    @routes.get("/oidc/<partner>/callback")
    def query(partner: str) -> Response:
        if is_trial(single(request.args, "state")):
            return trial.answered(broker, pages, browser, partner, _answer())
        return claimed(browser, partner, lambda: broker.login.upstream.complete(partner, _answer(), browser.visitor()))

    @routes.post("/oidc/<partner>/callback")
    def posted(partner: str) -> Response:
        # HO-19, HW-4: a cross-site POST brings no Lax cookie; it is parked, and the GET that follows brings it
        handle = broker.login.upstream.park(partner, _answer(), browser.address())
        return browser.go(pages.path(f"/oidc/{partner}/claim?handle={handle}"))

    @routes.get("/oidc/<partner>/claim")
    def claim(partner: str) -> Response:
        handle = single(request.args, "handle")
        return claimed(browser, partner, lambda: broker.login.upstream.claim(partner, handle, browser.visitor()))

    def _answer() -> dict[str, str]:
        values = request.form if request.method == "POST" else request.args
        if any(len(values.getlist(name)) > 1 for name in _FIELDS):
            raise BadRequest("duplicate_parameter")
        if any(len(values.get(name, "")) > limit for name, limit in _LIMITS.items()):
            raise BadRequest("parameter_size")
        found = {name: values[name] for name in _FIELDS if name in values}
        if "error_description" in found:  # HO-17: for the receipt alone; a long one is no reason to end anything
            found["error_description"] = found["error_description"][:_DESCRIPTION]
        return found


def claimed(browser: BrowserState, partner: str, complete: Callable[[], str]) -> Response:
    """Back to the dispatcher, the partner remembered; an error of a live login offers the way back into it."""
    try:
        login_id = complete()
    except PageError as error:
        browser.failed(error, partner)
        raise
    response = browser.go(browser.path(login_id))
    browser.cookies.set(response, CookiePurpose.HOME, partner, max_age=_REMEMBERED)
    return response
