"""`/account/methods`: a person's own sign-in methods. What changes them asks for a fresh proof first (MF-07)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.domain.login import Wish
from broker.services.methods import NotFresh, kind_of
from broker.web import csrf
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import Browser

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "methods"
PATH = "/account/methods"


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    """The list, and what its buttons send."""
    _register_list(routes, broker, pages, browser)
    _register_changes(routes, broker, pages, browser)


def _register_list(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    @routes.get(PATH)
    def methods() -> Response:
        cookie = browser.session()
        held = broker.own_pages.open_to(cookie, browser.address())
        if held is None or cookie is None:
            return _prove(broker, browser, "")
        mine = broker.methods.of(held[1].id)
        return pages.render(
            "account_methods.html",
            keep_query={},
            person=held[1].name or held[1].email,
            methods=[
                {
                    "kind": kind_of(factor),
                    "name": factor.name,
                    "created_at": factor.created_at,
                    "last_used_at": factor.last_used_at,
                    "copied_at": factor.copied_at,
                    "rename_url": pages.path(f"{PATH}/{factor.id}/rename"),
                    "remove_url": pages.path(f"{PATH}/{factor.id}/remove"),
                }
                for factor in mine.factors
            ],
            codes_left=mine.codes_left,
            csrf=csrf.token(cookie, _SCOPE),
            add_url=pages.path(f"{PATH}/add"),
            codes_url=pages.path(f"{PATH}/codes"),
            back_url=pages.path("/apps"),
        )

    @routes.post(f"{PATH}/add")
    def add_method() -> Response:
        _check(browser)
        kind = single(request.form, "kind")
        if kind not in (Wish.TOTP, Wish.PASSKEY):
            raise BadRequest("factor_unknown")
        return _prove(broker, browser, kind)

    @routes.post(f"{PATH}/saved")
    def codes_saved() -> Response:
        _check(browser)
        return browser.go(pages.path(PATH))


def _register_changes(routes: Blueprint, broker: Broker, pages: Pages, browser: Browser) -> None:
    @routes.post(f"{PATH}/<uuid:factor>/rename")
    def rename_method(factor: str) -> Response:
        _check(browser)
        name = single(request.form, "name")
        return _done(lambda: broker.methods.rename(browser.session(), str(factor), name, browser.address()))

    @routes.post(f"{PATH}/<uuid:factor>/remove")
    def remove_method(factor: str) -> Response:
        _check(browser)
        return _done(lambda: broker.methods.remove(browser.session(), str(factor), browser.address()))

    @routes.post(f"{PATH}/codes")
    def new_codes() -> Response:
        _check(browser)
        return _done(lambda: _codes_page(broker.methods.renew_codes(browser.session(), browser.address())))

    def _codes_page(codes: Sequence[str]) -> Response:
        """The only answer that they are in (MF-11)."""
        token = csrf.token(browser.session() or "", _SCOPE)
        return pages.render("recovery_codes.html", codes=codes, csrf=token, action=pages.path(f"{PATH}/saved"))

    def _done(change: Callable[[], Response | None]) -> Response:
        """Whoever could not open the page now, for what the policies say, changes nothing on it either (SC-06)."""
        if broker.own_pages.open_to(browser.session(), browser.address()) is None:
            return _prove(broker, browser, "")
        try:
            shown = change()
        except NotFresh:
            return _prove(broker, browser, Wish.PROVE)
        return shown or browser.go(pages.path(PATH))


def _check(browser: Browser) -> None:
    csrf.check(request, browser.session(), _SCOPE, browser.issuer)


def _prove(broker: Broker, browser: Browser, wish: str) -> Response:
    """A login that comes back to this page."""
    started = broker.sign_in.begin_panel(browser.binding(), browser.address(), PATH, wish=wish)
    return browser.into(started)
