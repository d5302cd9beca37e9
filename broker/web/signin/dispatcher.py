"""The dispatcher: facts -> gates -> one step. Every page of a login comes back here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.connector import Outbound
from broker.domain.errors import PAGE_ERRORS
from broker.domain.login import LoginPurpose
from broker.domain.next_step import Step
from broker.services.login.result import StepResult
from broker.settings.load import Settings
from broker.web.cookies import CookiePurpose
from broker.web.error_context import error_context
from broker.web.errors import page_for
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import (
    consent,
    device,
    email_code,
    error_recovery,
    factors,
    home,
    passkey_sign_in,
    sign_up,
    stopped,
    terms,
    vouching,
)
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_ASKED = 3  # owners that the page names


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """`/signin/LOGIN`, and the ways to leave it."""
    steps: dict[Step, Callable[[StepResult], Response]] = {
        Step.UPSTREAM: lambda turn: send_out(broker, pages, browser, turn),
        Step.CODE: lambda turn: email_code.page(broker, pages, browser, turn.found.login),
        Step.HOME: lambda turn: home.page(broker, pages, browser, turn.found),
        Step.CORRECT: lambda turn: sign_up.correct(broker, pages, browser, turn.found),
        Step.REQUESTED: lambda turn: sign_up.requested(broker, pages, browser, turn.found),
        Step.REDEEM: lambda turn: consent.page(broker, pages, browser, turn.found, redeeming=True),
        Step.CONSENT: lambda turn: consent.page(broker, pages, browser, turn.found, redeeming=False),
        Step.TERMS: lambda turn: terms.page(broker, pages, browser, turn.found),
        Step.CHALLENGE: lambda turn: factors.step(broker, pages, browser, turn),
        Step.VOUCH: lambda turn: vouching.page(broker, pages, browser, turn.found),
        Step.ENROLL: lambda turn: factors.step(broker, pages, browser, turn),
    }

    over = partial(ended, broker, pages, browser)

    @routes.get("/signin/<uuid:login>")
    def step(login: str) -> Response:
        turn = broker.login.sign_in.step(str(login), browser.visitor(), browser.device())
        browser.within(turn.found.login)
        return steps.get(turn.step, over)(turn)

    @routes.post(f"/signin/<uuid:login>/{passkey_sign_in.ACTION}")
    def sign_in_by_passkey(login: str) -> Response:
        browser.check(str(login))
        if broker.login.passkey_sign_in.use(str(login), browser.visitor(), single(request.form, "credential")):
            return browser.go(browser.path(str(login)))
        turn = broker.login.sign_in.step(str(login), browser.visitor(), browser.device())  # another tab may have signed in
        browser.within(turn.found.login)
        if turn.step is Step.CODE:
            return email_code.page(broker, pages, browser, turn.found.login, passkey_refused=True)
        if turn.step is Step.HOME:
            return home.page(broker, pages, browser, turn.found, status=400, passkey_refused=True)
        return steps.get(turn.step, over)(turn)

    @routes.get("/signin/<uuid:login>/again")
    def again(login: str) -> Response:
        started = broker.login.sign_in.again(str(login), browser.visitor())
        return browser.into(started)

    @routes.post("/signin/<uuid:login>/restart")
    def restart(login: str) -> Response:
        browser.check(str(login))
        broker.login.actions.start_over(str(login), browser.visitor())
        return browser.go(browser.path(str(login)))

    @routes.post("/signin/<uuid:login>/cancel")
    def cancel(login: str) -> Response:
        browser.check(str(login))
        given_up = broker.login.actions.give_up(str(login), browser.visitor())
        if given_up.login.request is None:
            return stopped.page(broker, pages, given_up.login)
        return device.answered(broker, pages, browser, given_up.login.request, {"error": given_up.error})


def send_out(broker: Broker, pages: Pages, browser: BrowserState, turn: StepResult) -> Response:
    """To the home organization: a redirect, or a form that posts itself. Where it cannot be asked for more, on without."""
    found, how = turn.found, turn.decision.next.how
    home = found.partner.id if found.partner else None
    outbound: Outbound | None = broker.login.upstream.begin(
        found.login, browser.address(), home, how=how, with_more=turn.with_more, fresh_within=turn.fresh_within
    )
    if outbound is None:
        return browser.go(browser.path(found.login.id))
    if outbound.form is None:
        return browser.go(outbound.url)
    target = found.partner.name if found.partner else ""
    return pages.render("post_form.html", keep_query={}, target=target, action=outbound.url, fields=dict(outbound.form))


def ended(broker: Broker, pages: Pages, browser: BrowserState, turn: StepResult) -> Response:
    """The answer to the application, the way to where the login was for, or the page that says why not."""
    login = turn.found.login
    if turn.answer is not None and login.request is not None:
        response = device.answered(broker, pages, browser, login.request, turn.answer)
    elif turn.step is Step.ISSUE:
        response = browser.go(_target(pages, turn))
    else:
        return refused(broker, pages, browser, turn)
    if turn.session is not None:
        browser.cookies.set(response, CookiePurpose.SESSION, turn.session)
    if login.purpose is LoginPurpose.INVITATION:
        browser.cookies.clear(response, CookiePurpose.INVITATION)
    return response


def _target(pages: Pages, turn: StepResult) -> str:
    target = turn.target or "/apps"
    return pages.path(target) if target.startswith("/") else target


def refused(broker: Broker, pages: Pages, browser: BrowserState, turn: StepResult) -> Response:
    """One safe sentence and a reference; the login stays, so that another account can be used."""
    said = turn.decision.next
    error = PAGE_ERRORS[said.code or "server_error"](said.reason)
    login, person = turn.found.login, turn.found.person
    asserted, context = login.assertion, error_context()
    sign_up_url = home.sign_up_url(pages, turn.found) if error.code in ("not_invited", "not_assigned") else ""
    return page_for(
        pages,
        error,
        reference=login.reference,
        next_url=sign_up_url or None,
        next_label=home.SIGN_UP if sign_up_url else None,
        ui_locales=context.ui_locales,
        forms=error_recovery.buttons(browser, login, primary=True),
        first=error_recovery.fresh_link(pages, browser, error),
        ask=_whom_to_ask(turn) if error.code == "not_assigned" else (),
        contact=(person.sponsor or "") if person and said.code == "guest_expired" else "",
        names=_names(broker.core.settings(), turn) or context.names,
        note=login.progress.connector.message if said.reason == "connector_blocked" else "",
        account=(asserted.email or asserted.name or "" if asserted else person.email if person else ""),
    )


def _names(settings: Settings, turn: StepResult) -> dict[str, str]:
    """The application whose connector refused: no application may have opened this login."""
    file = turn.found.connected(settings)
    if not turn.decision.next.reason.startswith("connector_"):
        return {}
    return {"application": file.name} if file is not None else {}


def _whom_to_ask(turn: StepResult) -> tuple[str, ...]:
    """The application's owners, for somebody whom we know: they assign."""
    application = turn.found.application
    return application.owners[:_ASKED] if application is not None and turn.found.person is not None else ()
