"""Where the home organization sends the browser back to."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, request

from broker.app import Broker
from broker.domain.errors import BadRequest, PageError
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import Browser

_FIELDS = ("state", "code", "iss", "error")  # nothing else of an answer is looked at; HO-17: no error_description


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    """The OIDC redirect URI, by query and by form_post."""

    @routes.get("/oidc/<partner>/callback")
    def query(partner: str) -> Response:
        return _go_on(browser, lambda: broker.upstream.complete(partner, _answer(), browser.binding(), browser.address()))

    @routes.post("/oidc/<partner>/callback")
    def posted(partner: str) -> Response:
        # HO-19, HW-4: a cross-site POST brings no Lax cookie; it is parked, and the GET that follows brings it
        handle = broker.upstream.park(partner, _answer())
        return browser.go(pages.path(f"/oidc/{partner}/claim?handle={handle}"))

    @routes.get("/oidc/<partner>/claim")
    def claim(partner: str) -> Response:
        handle = single(request.args, "handle")
        return _go_on(browser, lambda: broker.upstream.claim(partner, handle, browser.binding(), browser.address()))

    def _answer() -> dict[str, str]:
        values = request.form if request.method == "POST" else request.args
        if any(len(values.getlist(name)) > 1 for name in _FIELDS):
            raise BadRequest("duplicate_parameter")
        return {name: values[name] for name in _FIELDS if name in values}


def _go_on(browser: Browser, complete: Callable[[], str]) -> Response:
    """Back to the dispatcher; an error that belongs to a live login offers the way back into it."""
    try:
        login_id = complete()
    except PageError as error:
        if error.login_id is not None:
            g.reference, g.retry_url = error.reference, browser.path(error.login_id)
        raise
    return browser.go(browser.path(login_id))
