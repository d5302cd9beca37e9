"""`mfa-challenge`, `mfa-enroll`, `recovery-codes`: a second proof within a login, and the methods that it is given with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from markupsafe import Markup

from broker.domain.assurance_rules import is_offered, is_voluntary
from broker.domain.errors import BadRequest, PageError
from broker.domain.factor import Method
from broker.domain.login import OwnPageIntent
from broker.domain.next_step import How
from broker.factors import qr
from broker.services.login.factor_page import FactorPage
from broker.services.login.result import StepResult
from broker.web.i18n import _
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import device, stopped
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_WRONG = _("That code is wrong. Enter the one the app shows now.")
_WRONG_HERE = _("That code is wrong or was already used. Enter the one the app shows now.")
_NO_PASSKEY = _("That passkey didn't work here. Try again, or use another way.")


def page(broker: Broker, pages: Pages, browser: BrowserState, login_id: str, *, problem: str, status: int) -> Response:
    """The page that the login stands at, after an answer. problem: what was wrong with the last answer, not translated yet."""
    asked = broker.login.second_factor.asked(login_id, browser.visitor())
    if asked is None:
        return browser.go(browser.path(login_id))
    browser.within(asked.found.login)
    return _page(pages, browser, asked, problem, status)


def step(broker: Broker, pages: Pages, browser: BrowserState, turn: StepResult) -> Response:
    """The same page as a step of the dispatcher, which has looked already."""
    asked = broker.login.second_factor.shown(turn.found, turn.decision.next)
    return browser.go(browser.path(turn.found.login.id)) if asked is None else _page(pages, browser, asked)


def _page(pages: Pages, browser: BrowserState, asked: FactorPage, problem: str = "", status: int = 200) -> Response:
    return (_enroll if asked.enrolling else _challenge)(pages, browser, asked, problem, status)


def _challenge(pages: Pages, browser: BrowserState, asked: FactorPage, problem: str, status: int) -> Response:
    login = asked.found.login
    apps = [factor.name for factor in asked.held if factor.method is Method.TOTP]
    keys = [factor.name for factor in asked.held if factor.method is Method.PASSKEY]
    codes = asked.next.how is not How.PASSKEY and bool(apps or asked.codes_left)
    say = pages.translator(login.request.ui_locales if login.request else ()).gettext
    return pages.render(
        "mfa_challenge.html",
        status=status,
        ui_locales=login.request.ui_locales if login.request else (),
        keep_query={"recovery": "1"} if "recovery" in request.args else {},
        here=browser.path(login.id),
        application=asked.found.application.name if asked.found.application else "",
        apps=apps if codes else [],
        keys=keys,
        codes=codes,
        recovery=asked.codes_left > 0,
        by_recovery=codes and asked.codes_left > 0 and (not apps or "recovery" in request.args),
        recovery_url=browser.path(login.id) + "?recovery=1",
        options=json.dumps(asked.options),
        errors=[{"field": "code", "message": say(problem)}] if problem else [],
        csrf=browser.token(login.id),
        action=browser.path(login.id, "factor") + ("?recovery=1" if "recovery" in request.args else ""),
        passkey_action=browser.path(login.id, "passkey"),
        lost_url=browser.path(login.id, "lost"),
        skip_url=browser.path(login.id, "skip") if is_voluntary(asked.found.facts) else "",
        cancel_url=browser.path(login.id, "unable"),
        waits=login.request is not None,
    )


def _enroll(pages: Pages, browser: BrowserState, asked: FactorPage, problem: str, status: int) -> Response:
    login, how, offered = asked.found.login, asked.next.how, is_offered(asked.found.facts)
    say = pages.translator(login.request.ui_locales if login.request else ()).gettext
    return pages.render(
        "mfa_enroll.html",
        status=status,
        ui_locales=login.request.ui_locales if login.request else (),
        keep_query={},
        here=browser.path(login.id),
        application=asked.found.application.name if asked.found.application else "",
        asked=login.own_page_intent in ("", OwnPageIntent.OFFER) and not offered,
        offered=offered,
        apps=how in (How.ANY, How.TOTP),
        passkeys=how in (How.ANY, How.PASSKEY),
        qr=Markup(qr.svg(asked.link, say(_("QR code for an authenticator app")))),  # noqa: S704 - made here, its label escaped
        link=asked.link,
        secret=asked.secret,
        options=json.dumps(asked.options),
        errors=[{"field": "code", "message": say(problem)}] if problem else [],
        csrf=browser.token(login.id),
        action=browser.path(login.id, "enroll"),
        passkey_action=browser.path(login.id, "enroll-passkey"),
        unable_url=browser.path(login.id, "skip" if offered else "unable"),
    )


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """What the forms of these pages send."""
    _register_challenge(routes, broker, pages, browser)
    _register_enroll(routes, broker, pages, browser)

    @routes.post("/signin/<uuid:login>/saved")
    def saved(login: str) -> Response:
        browser.check(str(login))
        return browser.go(browser.path(str(login)))

    @routes.post("/signin/<uuid:login>/skip")
    def skip(login: str) -> Response:
        browser.check(str(login))
        broker.login.actions.go_without(str(login), browser.visitor())
        return browser.go(browser.path(str(login)))

    @routes.post("/signin/<uuid:login>/unable")
    def unable(login: str) -> Response:
        """The person cannot reach what is asked: the standard's error where the application called it essential (Core 5.5.1.1)."""
        browser.check(str(login))
        given_up = broker.login.actions.give_up(str(login), browser.visitor(), unable=True)
        ended = given_up.login
        if ended.request is None:
            if ended.own_page_intent:  # back to the page that asked for the proof; its act does not happen
                return browser.go(pages.path(_page_of(ended.return_path or "")))
            return stopped.page(broker, pages, ended)
        return device.answered(broker, pages, browser, ended.request, {"error": given_up.error})


def _register_challenge(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    @routes.post("/signin/<uuid:login>/factor")
    def code(login: str) -> Response:
        browser.check(str(login))
        with _of_login(browser):
            right = broker.login.second_factor.code(str(login), browser.visitor(), _typed())
        if right:
            return browser.go(browser.path(str(login)))
        return page(broker, pages, browser, str(login), problem=_WRONG_HERE, status=400)

    @routes.post("/signin/<uuid:login>/passkey")
    def passkey(login: str) -> Response:
        browser.check(str(login))
        answer = single(request.form, "credential")
        with _of_login(browser):
            right = broker.login.second_factor.passkey(str(login), browser.visitor(), answer)
        if right:
            return browser.go(browser.path(str(login)))
        return page(broker, pages, browser, str(login), problem=_NO_PASSKEY, status=400)

    @routes.post("/signin/<uuid:login>/lost")
    def ask_for_reset(login: str) -> Response:
        browser.check(str(login))
        with _of_login(browser):
            asked = broker.factors.reset.ask(str(login), browser.visitor())
        return _lost(str(login), asked=asked)

    @routes.get("/signin/<uuid:login>/lost")
    def lost(login: str) -> Response:
        return _lost(str(login), asked=False)

    def _lost(login: str, *, asked: bool) -> Response:
        stands = broker.login.second_factor.asked(str(login), browser.visitor())
        if stands is None or stands.enrolling:
            return browser.go(browser.path(str(login)))
        browser.within(stands.found.login)
        only_keys = stands.next.how is How.PASSKEY
        usable = [factor for factor in stands.held if factor.verified or not only_keys]
        prospect = broker.factors.reset.prospect(stands.person)
        return pages.render(
            "mfa_lost.html",
            ui_locales=stands.found.login.request.ui_locales if stands.found.login.request else (),
            keep_query={},
            here=browser.path(str(login), "lost"),
            only_keys=only_keys,
            weaker=only_keys and (stands.codes_left > 0 or len(usable) < len(stands.held)),
            codes=0 if only_keys else stands.codes_left,
            others=len(usable) > 1,
            may_ask=prospect.may_ask,
            asked=asked,
            due_at=prospect.due_at,
            reference=stands.found.login.reference,
            csrf=browser.token(str(login)),
            action=browser.path(str(login), "lost"),
            back_url=browser.path(str(login)),
            help_url=pages.help_url(stands.found.login.reference),
        )


def _register_enroll(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    @routes.post("/signin/<uuid:login>/enroll")
    def enroll(login: str) -> Response:
        browser.check(str(login))
        with _of_login(browser):
            fresh = broker.login.second_factor.add_app(str(login), browser.visitor(), _typed())
        return _added(str(login), fresh, _WRONG)

    @routes.post("/signin/<uuid:login>/enroll-passkey")
    def enroll_passkey(login: str) -> Response:
        browser.check(str(login))
        answer = single(request.form, "credential")
        with _of_login(browser):
            fresh = broker.login.second_factor.add_passkey(str(login), browser.visitor(), answer)
        return _added(str(login), fresh, _NO_PASSKEY)

    def _added(login_id: str, fresh: tuple[str, ...] | None, problem: str) -> Response:
        """The recovery codes are in this answer and in no other (MF-11)."""
        if fresh is None:
            return page(broker, pages, browser, login_id, problem=problem, status=400)
        if not fresh:
            return browser.go(browser.path(login_id))
        return pages.render(
            "recovery_codes.html", codes=fresh, csrf=browser.token(login_id), action=browser.path(login_id, "saved")
        )


def _page_of(act: str) -> str:
    """The page that an act began on."""
    return next((page for page in ("/account/methods", "/account") if act.startswith(page)), "/apps")


@contextmanager
def _of_login(browser: BrowserState) -> Iterator[None]:
    """An error of the login keeps its reference, and leads back into it."""
    try:
        yield
    except PageError as error:
        browser.failed(error)
        raise


def _typed() -> str:
    """What was typed; a field that came twice is no code, and is counted as one that is wrong (MF-09)."""
    values = request.form.getlist("code")
    if not values:
        raise BadRequest("code_missing")
    return values[0] if len(values) == 1 else ""
