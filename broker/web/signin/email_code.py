"""`email-code`: eight digits from the mailbox, as the sign-in of a guest who has no other, or as an additional proof (IN-01, LP-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.login import Login
from broker.domain.mailbox import LIFETIME, Why
from broker.domain.times import MINUTE
from broker.services.login.email_code import Entered
from broker.services.login.known_browsers import KEPT
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.signin import passkey_sign_in
from broker.web.signin.browser import BrowserState
from broker.web.signin.home import about

if TYPE_CHECKING:
    from broker.app import Broker


def page(
    broker: Broker,
    pages: Pages,
    browser: BrowserState,
    login: Login,
    *,
    entered: Entered | None = None,
    passkey_refused: bool = False,
) -> Response:
    """Which mailbox to look into, and what else the person can do. Opened first, it has the code sent; a reload has not."""
    locales = locales_of(broker, login)
    say = pages.translator(locales)
    sent = broker.login.email_code.offer(login.id, browser.visitor(), say.language, browser.mailbox())
    box, said = sent.mailbox, sent.found.login.assertion
    problem = ""
    if sent.over or entered is Entered.OVER:
        problem = str(say.gettext("This code is no longer valid. Request a new one."))
    elif entered is Entered.WRONG:
        problem = str(say.gettext("That code is wrong. Enter the 8 digits from the newest e-mail."))
    beside = box.why is not Why.HOME
    return pages.render(
        "email_code.html",
        status=400 if entered is not None or passkey_refused else 200,
        ui_locales=locales,
        keep_query={},
        here=browser.path(login.id),
        application=about(sent.found),
        email=box.address,
        sure=box.person is not None or login.sign_up is not None,  # a sign-up sends the same e-mail to everybody
        why="sign_up" if login.sign_up is not None and not beside else str(box.why),
        account=(said.email or said.name or "") if said and beside else "",
        partner=sent.found.partner.name if sent.found.partner and beside else "",
        errors=[{"field": "code", "message": problem}] if problem else [],
        minutes=LIFETIME // MINUTE,
        again=sent.again,
        wait=sent.wait,
        more=sent.more,
        over=sent.over,
        csrf=browser.token(login.id),
        action=browser.path(login.id, "code"),
        again_url=browser.path(login.id, "code/again"),
        decline_url=browser.path(login.id, "code/decline") if beside else "",
        restart_url=browser.path(login.id, "restart") if beside else "",
        **passkey_sign_in.offered(broker, browser, sent.found, refused=passkey_refused),
        choose_url="" if beside else browser.path(login.id, "choose"),
        address_url="" if beside else browser.path(login.id, "address"),
    )


def locales_of(broker: Broker, login: Login) -> tuple[str, ...]:
    """What the application asks for, or the invitation's language."""
    if login.request is not None:
        return login.request.ui_locales
    invitation = broker.invitations.invitations.by_id(login.invitation_id) if login.invitation_id else None
    return (invitation.language,) if invitation else ()


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The code itself, another one, and "I can't read e-mail there"."""

    @routes.post("/signin/<uuid:login>/code")
    def enter_code(login: str) -> Response:
        browser.check(str(login))
        typed = request.form.getlist("code")
        code, offer = typed[0] if len(typed) == 1 else "", request.form.get("passkey") == "yes"
        entered, mark = broker.login.email_code.enter(str(login), browser.visitor(), code, offer=offer)
        if entered is Entered.DONE:
            response = browser.go(browser.path(str(login)))
            if mark is not None:
                browser.cookies.set(response, CookiePurpose.MAILBOX, mark, max_age=KEPT)
            return response
        found = broker.login.context.read_login(str(login), browser.visitor())
        browser.within(found.login)
        return page(broker, pages, browser, found.login, entered=entered)

    @routes.post("/signin/<uuid:login>/code/again")
    def send_again(login: str) -> Response:
        browser.check(str(login))
        found = broker.login.context.read_login(str(login), browser.visitor())
        browser.within(found.login)
        language = pages.translator(locales_of(broker, found.login)).language
        broker.login.email_code.again(str(login), browser.visitor(), language, browser.mailbox())
        return browser.go(browser.path(str(login)))

    @routes.post("/signin/<uuid:login>/code/decline")
    def not_mine(login: str) -> Response:
        browser.check(str(login))
        broker.login.email_code.decline(str(login), browser.visitor())
        return browser.go(browser.path(str(login)))
