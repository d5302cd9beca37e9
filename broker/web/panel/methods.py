"""`/account/methods`: a person's own sign-in methods. What changes them asks for a fresh proof first (MF-07)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.domain.login import OwnPageIntent
from broker.domain.visitor import Visitor
from broker.services.factors.own_methods import NAME, NotFresh
from broker.web import csrf
from broker.web.panel.frame import METHODS, SignedInFrame
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_SCOPE = "methods"
_CARRIED = 480  # characters of an act's address
PATH = METHODS
Question = Literal["remove", "codes", "rename"]
REMOVE: Question = "remove"
CODES: Question = "codes"
RENAME: Question = "rename"


def register(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    """The list, and what its buttons send."""
    _register_list(routes, broker, browser, frame)
    _register_changes(routes, broker, browser, frame)


def _register_list(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    pages = frame.pages

    @routes.get(PATH)
    def methods() -> Response:
        cookie = browser.session()
        held = broker.login.own_page_access.open_to(browser.visitor())
        if held is None or cookie is None:
            return _prove(broker, browser, "")
        mine = broker.factors.own_methods.of(held[1].id)
        return pages.render(
            "account_methods.html",
            keep_query={},
            methods=[
                {
                    "kind": method.kind,
                    "name": method.name,
                    "created_at": method.created_at,
                    "last_used_at": method.last_used_at,
                    "copied_at": method.copied_at,
                    "rename_url": pages.path(f"{PATH}/{method.id}/rename"),
                    "remove_url": pages.path(f"{PATH}/{method.id}/remove"),
                }
                for method in mine.methods
            ],
            codes_left=mine.codes_left,
            csrf=csrf.token(cookie, _SCOPE),
            add_url=pages.path(f"{PATH}/add"),
            codes_url=pages.path(f"{PATH}/codes"),
            **frame.around(cookie, held[1], PATH),
        )

    @routes.post(f"{PATH}/add")
    def add_method() -> Response:
        _check(browser)
        kind = single(request.form, "kind")
        if kind not in (OwnPageIntent.TOTP, OwnPageIntent.PASSKEY):
            raise BadRequest("factor_unknown")
        return _prove(broker, browser, kind)

    @routes.post(f"{PATH}/saved")
    def codes_saved() -> Response:
        _check(browser)
        return browser.go(pages.path(PATH))


def _register_changes(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    """Each act has an address of its own: the proof it wants leads back to it, it asks, and its button does it."""
    changes = _Changes(broker, frame, browser)

    @routes.post(f"{PATH}/<uuid:factor>/rename")
    def rename_method(factor: str) -> Response:
        name = single(request.form, "name")
        return changes.done(
            _renaming(factor, name),
            lambda visitor: broker.factors.own_methods.rename(visitor, str(factor), name),
        )

    @routes.get(f"{PATH}/<uuid:factor>/rename")
    def ask_to_rename(factor: str) -> Response:
        name = single(request.args, "name")[:NAME]
        return changes.asked(_renaming(factor, name), RENAME, str(factor), name=name)

    @routes.post(f"{PATH}/<uuid:factor>/remove")
    def remove_method(factor: str) -> Response:
        return changes.done(
            f"{factor}/remove", lambda visitor: broker.factors.own_methods.remove(visitor, str(factor)), confirmed=True
        )

    @routes.get(f"{PATH}/<uuid:factor>/remove")
    def ask_to_remove(factor: str) -> Response:
        return changes.asked(f"{factor}/remove", REMOVE, str(factor))

    @routes.post(f"{PATH}/codes")
    def new_codes() -> Response:
        return changes.done(
            "codes", lambda visitor: changes.codes_page(broker.factors.own_methods.renew_codes(visitor)), confirmed=True
        )

    @routes.get(f"{PATH}/codes")
    def ask_for_codes() -> Response:
        return changes.asked("codes", CODES)


class _Changes:
    """What the buttons of the list do, each in its turn: prove, ask, do."""

    def __init__(self, broker: Broker, frame: SignedInFrame, browser: BrowserState) -> None:
        self._broker = broker
        self._frame = frame
        self._pages = frame.pages
        self._browser = browser

    def asked(self, act: str, question: Question, factor_id: str = "", *, name: str = "") -> Response:
        """The question before the act, after a fresh proof; without one, the proof leads back here."""
        browser = self._browser
        visitor = browser.visitor()
        held = self._broker.login.own_page_access.open_to(visitor)
        if held is None or not self._broker.factors.own_methods.is_fresh(visitor):
            return _prove(self._broker, browser, OwnPageIntent.PROVE if held else "", f"{PATH}/{act}")
        mine = self._broker.factors.own_methods.of(held[1].id)
        method = next((one for one in mine.methods if one.id == factor_id), None)
        if method is None and factor_id:
            return browser.go(self._pages.path(PATH))
        return self._pages.render(
            "account_confirm.html",
            keep_query={"name": name} if name else {},
            question=question,
            method=(method.name, method.kind) if method is not None else ("", ""),
            last=len(mine.methods) == 1,
            name=name,
            csrf=csrf.token(browser.session() or "", _SCOPE),
            action=self._pages.path(f"{PATH}/{act.partition('?')[0]}"),
            cancel_url=self._pages.path(PATH),
            **self._frame.around(browser.session() or "", held[1], f"{PATH}/{act.partition('?')[0]}"),
        )

    def done(self, act: str, change: Callable[[Visitor], Response | None], *, confirmed: bool = False) -> Response:
        """The act. confirmed: only the button of its own page may do it. A person who could not open the page now, for what the policies
        say, changes nothing on it either (SC-06).
        """
        browser = self._browser
        _check(browser)
        if confirmed and single(request.form, "confirmed") != "yes":
            return browser.go(self._pages.path(f"{PATH}/{act}"))
        visitor = browser.visitor()
        if self._broker.login.own_page_access.open_to(visitor) is None:
            return _prove(self._broker, browser, "", f"{PATH}/{act}")
        try:
            shown = change(visitor)
        except NotFresh:
            return _prove(self._broker, browser, OwnPageIntent.PROVE, f"{PATH}/{act}")
        return shown or browser.go(self._pages.path(PATH))

    def codes_page(self, codes: Sequence[str]) -> Response:
        """The only answer that they are in (MF-11)."""
        token = csrf.token(self._browser.session() or "", _SCOPE)
        return self._pages.render("recovery_codes.html", codes=codes, csrf=token, action=self._pages.path(f"{PATH}/saved"))


def _renaming(factor: str, name: str) -> str:
    """The address of the act; the login that carries it has room for so much of a name."""
    carried = name[:NAME]
    while len(path := f"{factor}/rename?{urlencode({'name': carried})}") > _CARRIED:
        carried = carried[:-1]
    return path


def _check(browser: BrowserState) -> None:
    csrf.check(request, browser.session(), _SCOPE, browser.issuer)


def _prove(broker: Broker, browser: BrowserState, intent: str, path: str = PATH) -> Response:
    """A login that comes back to this page, or to the act that wants the proof."""
    started = broker.login.sign_in.begin_panel(browser.visitor(), path, intent=intent)
    return browser.into(started)
