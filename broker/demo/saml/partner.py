"""A SAML partner in a box: the pages of `saml_identity`, with people to sign in as and switches for what partners get wrong.

GET       /metadata   its EntityDescriptor
GET, POST /sso        a request; answered at once, or by the login page
POST      /login      somebody pressed a button of it
GET, POST /slo        a logout message of the service provider: a request is answered, a response ends our own
POST      /logout     the person signs out here, and at the service provider
GET       /tile       begins at the partner: a response that answers no request (?relay_state=)
GET, POST /faults     the switches, as page and as JSON
POST      /keys       sign with a new key from now on; {"keep": false} drops the old one at once
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape
from typing import Any

from flask import Flask, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.identity import DemoSession, ProtocolError
from broker.demo.page import button, form, page
from broker.demo.saml.faults import SAML_FAULTS
from broker.demo.saml.identity import SamlIdentityProvider, SamlRequest
from broker.demo.saml.logouts import Sending
from broker.demo.switches import switches

COOKIE = "saml_partner"


class _Pages:
    """The pages of one partner. Who is signed in, and which requests wait for a person, is kept here."""

    def __init__(self, provider: SamlIdentityProvider, colour: str) -> None:
        self._provider, self._colour = provider, colour
        self._sessions: dict[str, DemoSession] = {}
        self._waiting: dict[str, SamlRequest] = {}

    def _page(self, title: str, body: str, *, name: str, status: int = 200, **marks: str) -> AnyResponse:
        answer = make_response(page(title, body, name=name, who=self._provider.name, colour=self._colour, marks=marks), status)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def home(self) -> AnyResponse:
        """Who works here, and the way to the switches."""
        people = "".join(f"<dt>{escape(a.name)}</dt><dd>{escape(a.email)}</dd>" for a in self._provider.accounts.values())
        fault = SAML_FAULTS[self._provider.fault]
        body = (
            f"<p>This is the SAML identity provider of {escape(self._provider.name)}.</p><dl>{people}</dl>"
            f'<p>Fault: <strong>{escape(fault.name)}</strong> ({escape(fault.title)}). <a href="/faults">Change it</a></p>'
            '<p><a class="button" href="/tile">Contoso</a> begins here, as a tile of a portal does.</p>'
        )
        if self._session() is not None:
            body += form("/logout", button("Sign out here and at Contoso", primary=True))
        return self._page("Who signs in here", body, name="partner-home", fault=fault.name)

    def metadata(self) -> AnyResponse:
        """The EntityDescriptor."""
        answer = make_response(self._provider.metadata())
        answer.headers["Content-Type"] = "application/samlmetadata+xml"
        return answer

    def sso(self) -> AnyResponse:
        """SingleSignOnService, by redirect and by POST."""
        if request.method == "POST":
            checked = self._provider.by_post(request.form)
        else:
            checked = self._provider.by_redirect(request.query_string.decode("ascii"))
        session = self._session()
        if session is not None and not self._provider.must_ask(checked, session):
            return self._send(checked.acs_url, self._provider.answer(checked, session))
        if checked.wants_second_factor and not self._provider.second_factor:
            return self._send(checked.acs_url, self._provider.refusal(checked, "Responder", "NoAuthnContext"))
        if checked.passive:
            return self._send(checked.acs_url, self._provider.refusal(checked, "Responder", "NoPassive"))
        handle = secrets.token_urlsafe(16)
        self._waiting[handle] = checked
        return self._login_page(handle, checked)

    def _login_page(self, handle: str, checked: SamlRequest) -> AnyResponse:
        how = "your password and your second step" if checked.wants_second_factor else "your password"
        accounts = list(self._provider.accounts.values())
        buttons = "".join(
            f"<p>{button(f'{a.name} ({a.email})', name='subject', value=a.subject, primary=a is accounts[0])}</p>"
            for a in accounts
        )
        cancel = f"<p>{button('Cancel', name='subject', value='')}</p>"
        intro = f"<p>Choose who you are; we pretend that you gave {how}.</p>"
        return self._page("Sign in", intro + form("/login", buttons + cancel, hidden=[("request", handle)]), name="partner-login")

    def login(self) -> AnyResponse:
        """Somebody pressed a button of the login page."""
        checked = self._waiting.pop(request.form.get("request", ""), None)
        if checked is None:
            raise ProtocolError("request", "this page was used before")
        subject = request.form.get("subject", "")
        if not subject:
            return self._send(checked.acs_url, self._provider.refusal(checked, "Responder", "AuthnFailed"))
        if subject not in self._provider.accounts:
            raise ProtocolError("request", "nobody of that name works here")
        session = self._provider.sign_in(subject, second_factor=checked.wants_second_factor)
        answer = self._send(checked.acs_url, self._provider.answer(checked, session))
        handle = secrets.token_urlsafe(32)
        self._sessions[handle] = session
        answer.set_cookie(COOKIE, handle, httponly=True, samesite="Lax")
        return answer

    def _session(self) -> DemoSession | None:
        """The session of this browser, if a logout did not end it."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        return session if session is not None and session.sid in self._provider.sessions else None

    def logout(self) -> AnyResponse:
        """The person signs out here: the service provider is asked to end what began in this session (saml-profiles 4.4.3)."""
        session = self._session()
        if session is None:
            raise ProtocolError("request", "nobody is signed in in this browser")
        del self._provider.sessions[session.sid]
        return self._go(self._provider.logouts.ask(session.subject, session.sid))

    def slo(self) -> AnyResponse:
        """SingleLogoutService, by redirect and by POST, for requests and responses."""
        query, fields = request.query_string.decode("ascii"), dict(request.form)
        if "SAMLRequest" in (fields or request.args):
            return self._go(self._provider.logouts.asked(query, fields))
        answer = self._provider.logouts.answered(query, fields)
        status = " / ".join(one.rpartition(":")[2] for one in answer.status)
        return self._page("You are signed out", f"<p>Contoso answers: {escape(status)}.</p>", name="partner-signed-out")

    def _go(self, sending: Sending) -> AnyResponse:
        return redirect(sending.url, 303) if sending.form is None else self._send(sending.url, sending.form)

    def tile(self) -> AnyResponse:
        """A tile of this partner's own portal: the first of its people, unasked for (HS-40)."""
        first = next(iter(self._provider.accounts))
        return self._send(*self._provider.unsolicited(first, request.args.get("relay_state", "")))

    def _send(self, address: str, fields: Mapping[str, str]) -> AnyResponse:
        """A form that posts itself (saml-bindings 3.5.4)."""
        script = "<script>document.forms[0].submit()</script>"
        body = form(address, button("Continue", primary=True), hidden=[(name, value) for name, value in fields.items() if value])
        return self._page("One moment", body + script, name="partner-return")

    def refused(self, error: ProtocolError) -> AnyResponse:
        """What this partner does not answer."""
        return self._page("This does not work", f"<p>{escape(error.description)}</p>", name="partner-error", status=error.status)

    def faults(self) -> AnyResponse:
        """Show or turn the switches."""

        def show(body: str) -> AnyResponse:
            return self._page("What is wrong here", body, name="partner-faults", fault=self._provider.fault)

        return switches(SAML_FAULTS, self._provider, show)

    def keys(self) -> AnyResponse:
        """Change the signing key, as every partner does some day."""
        self._provider.rotate_key(keep=(request.get_json(silent=True) or {}).get("keep", True))
        return jsonify(changed=True)


def create_saml_partner(provider: SamlIdentityProvider, *, colour: str = "#3d6b2f") -> Flask:
    """The Flask application of one SAML partner."""
    app = Flask(__name__, static_folder=None)
    pages = _Pages(provider, colour)
    routes: tuple[tuple[str, Any, list[str]], ...] = (
        ("/", pages.home, ["GET"]),
        ("/metadata", pages.metadata, ["GET"]),
        ("/sso", pages.sso, ["GET", "POST"]),
        ("/login", pages.login, ["POST"]),
        ("/slo", pages.slo, ["GET", "POST"]),
        ("/logout", pages.logout, ["POST"]),
        ("/tile", pages.tile, ["GET"]),
        ("/faults", pages.faults, ["GET", "POST"]),
        ("/keys", pages.keys, ["POST"]),
    )
    for path, view, methods in routes:
        app.add_url_rule(path, endpoint=path, view_func=view, methods=methods)
    app.register_error_handler(ProtocolError, pages.refused)
    return app
