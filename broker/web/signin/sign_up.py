"""`/sign-up/APPLICATION`: ask for access without an invitation; then what became of it (`sign-up-pending`, `sign-up-done`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.audit import Actor
from broker.domain.errors import BadRequest, Invalid
from broker.domain.ids import new_secret
from broker.domain.sign_up import Attribute
from broker.services.login.context import LoginContext
from broker.services.sign_up.form import checked_form
from broker.services.sign_up.sign_up_facts import open_file
from broker.settings.application_file import ApplicationFile
from broker.web import csrf
from broker.web.attributes import LABELS
from broker.web.cookies import CookiePurpose
from broker.web.i18n import _
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

PATH = "/sign-up"
_KINDS = {
    Attribute.PHONE: ("tel", "tel"),
    Attribute.COMPANY: ("text", "organization"),
    Attribute.JOB_TITLE: ("text", "organization-title"),
}
_WRONG = {  # reason of a refusal -> what to do; others: _MISSING or _TOO_LONG
    "email_invalid": _("Enter an e-mail address like name@company.example"),
    "reason_missing": _("Write one sentence: what do you need it for?"),
    "reason_invalid": _("Write at most 1,000 characters."),
    "phone_invalid": _("Enter a telephone number, such as +31 20 123 4567."),
}
_MISSING, _TOO_LONG = _("Fill in this field."), _("Write one line of at most 100 characters.")


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The form, the login that it begins, and the page at its end. An application that is not open answers as an unknown address."""

    def file_of(application: str) -> ApplicationFile:
        file = open_file(broker.core.settings(), application)
        if file is None:
            raise BadRequest("not_found")
        return file

    @routes.get(f"{PATH}/<application>")
    def sign_up(application: str) -> Response:
        file, held = file_of(application), broker.sessions.find(browser.session())
        start = {"email": held[1].email, "name": held[1].name} if held else {}
        return _form(broker, pages, browser, file, start)

    @routes.post(f"{PATH}/<application>")
    def send_sign_up(application: str) -> Response:
        file = file_of(application)
        browser.check(_scope(file))
        typed = {name: single(request.form, name) for name in ("email", "name", "reason", *file.self_service.attributes)}
        try:
            email, wish = checked_form(file, typed, pages.translator().language)
        except Invalid as error:
            return _form(broker, pages, browser, file, typed, wrong=error.reason)
        held = broker.sessions.find(browser.session())
        another = held is not None and held[1].email != email
        return browser.into(broker.login.sign_in.begin_sign_up(browser.visitor(), wish, email=email, another_account=another))

    @routes.get(f"{PATH}/<application>/done")
    def signed_up(application: str) -> Response:
        file, held = file_of(application), broker.login.own_page_access.open_to(browser.visitor())
        if held is None or any(one.client_id == application for one in broker.access_requests.offers(Actor.person(held[1].id))):
            return browser.go(pages.path(f"{PATH}/{application}"))
        return pages.render(
            "sign_up_done.html",
            keep_query={},
            state="approved",
            application=file.name,
            answer="",
            next_url=str(file.launch_url) if file.launch_url else pages.path("/apps"),
            opens=file.launch_url is not None,
        )


def register_correction(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The form that the application's connector wants corrected, within the login that confirmed the address."""

    @routes.post("/signin/<uuid:login>/sign-up")
    def correct_sign_up(login: str) -> Response:
        login_id = str(login)
        browser.check(login_id)
        found = broker.login.context.read_login(login_id, browser.visitor())
        file = found.signing_up_for
        if file is None:
            raise BadRequest("not_found")
        typed = {name: single(request.form, name) for name in ("name", "reason", *file.self_service.attributes)}
        address = found.proven_address
        try:
            _email, wish = checked_form(file, {**typed, "email": address}, pages.translator().language)
        except Invalid as error:
            return _form(broker, pages, browser, file, typed, wrong=error.reason, login=(login_id, address))
        broker.login.connector_steps.correct(login_id, browser.visitor(), wish)
        return browser.go(browser.path(login_id))


def requested(broker: Broker, pages: Pages, browser: BrowserState, found: LoginContext) -> Response:
    """The page of a login whose sign-up waits for an answer, or was refused or not answered."""
    login, file = found.login, found.signing_up_for
    asked = broker.sign_ups.answer_of(login, found.person)
    if file is None or asked is None:
        raise BadRequest("not_found")
    if asked.is_open(broker.core.clock()):
        return _pending(pages, browser, found, file, asked)
    return pages.render(
        "sign_up_done.html",
        keep_query={},
        here=browser.path(login.id),
        state="refused" if asked.state is RequestState.REFUSED else "expired",
        application=file.name,
        answer=asked.answer,
        next_url=pages.path(f"{PATH}/{file.client_id}"),
        opens=False,
    )


def correct(broker: Broker, pages: Pages, browser: BrowserState, found: LoginContext) -> Response:
    """The form again, with what the application's connector wants corrected. The address is confirmed and stays."""
    login, file, wish = found.login, found.signing_up_for, found.login.sign_up
    if file is None or wish is None:
        raise BadRequest("not_found")
    said, typed = login.progress.connector, {**wish.attributes, "name": wish.name, "reason": wish.reason}
    asked = said.wrong_field if said.wrong_field in ("name", "reason", *file.self_service.attributes) else "reason"
    text = said.message or str(pages.translator().gettext(_("The application doesn't accept this. Check what you wrote.")))
    return _form(
        broker, pages, browser, file, typed, errors=[{"field": asked, "message": text}], login=(login.id, found.proven_address)
    )


def _pending(pages: Pages, browser: BrowserState, found: LoginContext, file: ApplicationFile, asked: AccessRequest) -> Response:
    login, person = found.login, found.person
    return pages.render(
        "sign_up_pending.html",
        keep_query={},
        here=browser.path(login.id),
        application=file.name,
        email=person.email if person else "",
        asked_at=asked.created_at,
        until=asked.expires_at,
        csrf=browser.token(login.id),
        restart_url=browser.path(login.id, "restart"),
        reference=login.reference,
    )


def _form(
    broker: Broker,
    pages: Pages,
    browser: BrowserState,
    file: ApplicationFile,
    typed: Mapping[str, str],
    *,
    wrong: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    login: tuple[str, str] | None = None,
) -> Response:
    """typed: what the fields hold; wrong: why the form was refused; errors: by the connector. login: its id and the address it proved."""
    say, own, settings = pages.translator(), file.self_service, broker.core.settings()
    binding = browser.binding() or new_secret()
    field = wrong.rpartition("_")[0]
    text = _WRONG.get(wrong, _MISSING if wrong.endswith("_missing") else _TOO_LONG)
    if wrong:
        errors = [{"field": field, "message": str(say.gettext(text))}]
    response = pages.render(
        "sign_up.html",
        status=400 if wrong else 200,
        keep_query=None if wrong else {},
        here=browser.path(login[0]) if login else pages.path(f"{PATH}/{file.client_id}"),
        application=file.name,
        values={
            **{name: typed.get(name, "")[:2000] for name in ("email", "name", "reason")},
            **({"email": login[1]} if login else {}),
        },
        fixed=login is not None,
        attributes=[
            {
                "name": one,
                "label": str(say.gettext(LABELS[Attribute(one)])),
                "kind": kind,
                "autocomplete": autocomplete,
                "value": typed.get(one, "")[:2000],
            }
            for one in own.attributes
            for kind, autocomplete in [_KINDS.get(Attribute(one), ("text", "off"))]
        ],
        at_once=own.approval == "none",
        errors=errors,
        csrf=browser.token(login[0]) if login else csrf.token(binding, _scope(file)),
        action=browser.path(login[0], "sign-up") if login else pages.path(f"{PATH}/{file.client_id}"),
        sign_in_url=str(file.launch_url or ""),
        terms_url=pages.path("/terms") if settings.broker.terms_of_use else "",
    )
    if browser.binding() is None:
        browser.cookies.set(response, CookiePurpose.BROWSER, binding)
    return response


def _scope(file: ApplicationFile) -> str:
    return f"sign-up:{file.client_id}"
