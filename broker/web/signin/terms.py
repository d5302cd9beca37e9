"""`terms-of-use`: the text in force, accepted once a version."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, ServerError
from broker.services.login.context import LoginContext
from broker.services.login.terms import TermsText
from broker.web import headers, markdown
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

_DATED = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])(?:-([0-9]{2}))?", re.ASCII)


def page(broker: Broker, pages: Pages, browser: BrowserState, found: LoginContext) -> Response:
    """Version, since when, the text, a download, and the one button."""
    login = found.login
    locales = login.request.ui_locales if login.request else ()
    text = _text(broker, pages.translator(locales).language)
    earlier = broker.login.terms.accepted(found.person.id) if found.person else ()
    return pages.render(
        "terms_of_use.html",
        ui_locales=locales,
        keep_query={},
        version=text.version,
        since=since(text.version),
        before=earlier[0].accepted_at if earlier else None,
        text=markdown.to_html(text.text),
        text_language=text.language,
        download_url=pages.path(f"/terms?language={text.language}"),
        csrf=browser.token(login.id),
        action=browser.path(login.id, "terms"),
        decline_url=browser.path(login.id, "cancel"),
    )


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The button, and the text, to keep."""

    @routes.post("/signin/<uuid:login>/terms")
    def accept(login: str) -> Response:
        login_id = str(login)
        browser.check(login_id)
        if single(request.form, "accept") != "yes":
            raise BadRequest("accept")
        found = broker.login.context.read_login(login_id, browser.visitor())
        locales = found.login.request.ui_locales if found.login.request else ()
        text = _text(broker, pages.translator(locales).language)
        broker.login.terms.accept(
            login_id,
            browser.visitor(),
            version=single(request.form, "version"),
            language=text.language,
        )
        return browser.go(browser.path(login_id))

    @routes.get("/terms")
    def download() -> Response:
        wanted = single(request.args, "language")
        known = wanted if wanted in broker.core.settings().broker.languages else ""
        text = broker.login.terms.text(known)
        if text is None:
            raise BadRequest("not_found")
        response = headers.closed(Response(text.text, content_type="text/plain; charset=utf-8"))
        response.headers["Content-Disposition"] = f'attachment; filename="terms-{text.language}.txt"'
        return response


def _text(broker: Broker, language: str) -> TermsText:
    text = broker.login.terms.text(language)
    if text is None:  # the files changed between the gate and the page
        raise ServerError("terms_missing")
    return text


def since(version: str) -> int | None:
    """The day from which a version such as 2026-01 or 2026-01-15 is in force, as its name says; None for other names."""
    found = _DATED.fullmatch(version)
    if found is None:
        return None
    try:
        return int(datetime(int(found[1]), int(found[2]), int(found[3] or 1), tzinfo=UTC).timestamp())
    except ValueError:
        return None
