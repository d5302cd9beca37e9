"""SAML: where partners post their answers, our metadata, and the page for a partner that began by itself (HS-31, HS-40, HW-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest, PageError
from broker.services.login.saml_response import Unsolicited
from broker.services.partner_setup.trial_login import is_trial
from broker.web import headers
from broker.web.pages import Pages
from broker.web.request import single
from broker.web.signin import trial
from broker.web.signin.browser import BrowserState
from broker.web.signin.callback import claimed

if TYPE_CHECKING:
    from broker.app import Broker
    from broker.settings.model import PartnerFile

BODY_LIMITS = {"/acs": 512 * 1024}  # a form of a message of 256 KiB with every = and + escaped (HS-6)
_FIELDS = ("SAMLResponse", "RelayState")
_CLIENT_ID = 100  # characters; longer is no file's name


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """The addresses below `/saml`."""
    _register_metadata(routes, broker, browser)
    _register_posts(routes, broker, pages, browser)
    _register_begun(routes, broker, browser)

    @routes.get("/saml/<federation>/<entity>/claim")
    def take_federated(federation: str, entity: str) -> Response:
        return take(f"{federation}/{entity}")

    @routes.get("/saml/<partner>/claim")
    def take(partner: str) -> Response:
        handle = single(request.args, "handle")
        return claimed(browser, partner, lambda: broker.login.upstream.claim(partner, handle, browser.visitor()))


def _register_metadata(routes: Blueprint, broker: Broker, browser: BrowserState) -> None:
    @routes.get("/saml/metadata")
    def metadata() -> Response:
        return _read(None)

    @routes.get("/saml/<partner>/metadata")
    def metadata_for(partner: str) -> Response:
        found = broker.partners.families.over_saml.partner(partner)
        if found is None:
            raise BadRequest("not_found")
        return _read(found)

    def _read(partner: PartnerFile | None) -> Response:
        """That it was read is noted when it has left: nobody waits for that, and it cannot fail the answer."""
        response = _document(broker.partners.families.over_saml.our_side.metadata(partner))
        if request.method == "GET":  # a HEAD shows nobody a key
            address = browser.address()
            response.call_on_close(lambda: broker.partners.families.over_saml.metadata_readers.note(partner, address))
        return response


def _register_posts(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """No cookie is read: a cross-site POST brings none, and nothing here is for the browser that sent it."""

    @routes.post("/saml/acs")
    def posted_to_all() -> Response:
        return _arrive(None)

    @routes.post("/saml/<partner>/acs")
    def posted_to_one(partner: str) -> Response:
        return _arrive(partner)

    def _arrive(at: str | None) -> Response:
        if any(len(request.form.getlist(name)) > 1 for name in _FIELDS):
            raise BadRequest("saml_decode", "a field came twice")
        params = {name: request.form[name] for name in _FIELDS if name in request.form}
        if is_trial(params.get("RelayState", "")):
            return trial.posted(broker, pages, browser, params)
        try:
            partner, handle = broker.login.saml_response.arrive(at, params, browser.address())
        except Unsolicited:
            return _begun_elsewhere(at or "", params.get("RelayState", ""))
        except PageError as error:
            browser.failed(error, at or "")
            raise
        return browser.go(pages.path(f"/saml/{partner}/claim?handle={handle}"))

    def _begun_elsewhere(at: str, relay_state: str) -> Response:
        """HS-40: what came was not read; the button starts an ordinary sign-in, in which the person is asked for again."""
        settings = broker.core.settings()
        application = settings.applications.get(relay_state) if len(relay_state) <= _CLIENT_ID else None
        return pages.render(
            "idp_initiated.html",
            partner=settings.partners[at].name,
            application=application.name if application else "",
            client_id=application.client_id if application else "",
            action=pages.path(f"/saml/{at}/start"),
        )


def _register_begun(routes: Blueprint, broker: Broker, browser: BrowserState) -> None:
    @routes.get("/saml/<partner>/start")
    def begin_there(partner: str) -> Response:
        """A login at this partner, as `/apps` begins one; nothing but a login is made (HW-5)."""
        settings = broker.core.settings()
        found = settings.partners.get(partner)
        if found is None or not found.section.own_callback:
            raise BadRequest("not_found")
        application = settings.applications.get(single(request.args, "application"))
        path = f"/launch/{application.client_id}" if application is not None and application.launch_url else "/apps"
        started = broker.login.sign_in.begin_panel(browser.visitor(), path, partner=partner)
        return browser.into(started)


def _document(body: bytes) -> Response:
    response = headers.closed(Response(body, content_type="application/samlmetadata+xml"))  # UTF-8, as XML is
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
