"""A partner in a box: an identity provider with a login page, for the demo and for the tests of application teams.

    python -m broker.demo.partner --bind 127.0.0.2:8081 --client contoso-broker:SECRET:http://localhost:8080/oidc/fabrikam/callback

It has people to sign in as, one button each, and switches for what partners get wrong:

    GET  /          who signs in here, and what for
    GET  /faults    the switches as a page (as JSON with `Accept: application/json`)
    POST /faults    {"fault": "skewed_clock"}, JSON or form; "none" makes it honest again
    POST /keys      sign with a new key from now on; {"keep": false} drops the old one at once
    GET, POST /end-session  a relying party sends somebody to sign out; without parameters the page above
    POST /sign-out  forget who is signed in in this browser

`create_partner(provider)` is the same as a Flask application, to be run by anything that runs WSGI.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.faults import FAULTS, SKEW
from broker.demo.identity import Account, Client, DemoSession, IdentityProvider, ProtocolError, Request
from broker.demo.page import button, form, page
from broker.demo.serving import LoopbackServer, PortTaken
from broker.demo.switches import switches

COOKIE = "partner"
PEOPLE = (
    Account(subject="ada", name="Ada Fabrik", email="ada@fabrikam.example"),
    Account(subject="bo", name="Bo Fabrik", email="bo@fabrikam.example"),
)


class _Pages:
    """The pages of one partner. Who is signed in is kept here, by a random cookie."""

    def __init__(self, provider: IdentityProvider, colour: str) -> None:
        self._provider, self._colour = provider, colour
        self._sessions: dict[str, DemoSession] = {}

    def _page(self, title: str, body: str, *, name: str, status: int = 200, **marks: str) -> AnyResponse:
        html = page(title, body, name=name, who=self._provider.name, colour=self._colour, marks=marks)
        answer = make_response(html, status)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _session(self) -> DemoSession | None:
        return self._sessions.get(request.cookies.get(COOKIE, ""))

    def home(self) -> AnyResponse:
        """Who works here, who is signed in in this browser, and the way to the switches."""
        session = self._session()
        people = "".join(f"<dt>{escape(a.name)}</dt><dd>{escape(a.email)}</dd>" for a in self._provider.accounts.values())
        here = escape(self._provider.accounts[session.subject].name) if session else "nobody"
        leave = form("/sign-out", button("Sign out here")) if session else ""
        fault = FAULTS[self._provider.fault]
        body = (
            f"<p>This is the identity provider of {escape(self._provider.name)}. Signed in in this browser: {here}.</p>{leave}<dl>{people}</dl>"
            f'<p>Fault: <strong>{escape(fault.name)}</strong> ({escape(fault.title)}). <a href="/faults">Change it</a></p>'
        )
        return self._page("Who signs in here", body, name="partner-home", fault=fault.name)

    def authorize(self) -> AnyResponse:
        """The authorization endpoint, by GET and POST: an answer at once, or the login page."""
        checked = self._provider.request(request.values.to_dict())
        session = self._session()
        asks = self._provider.must_ask(checked, session)
        if session is None or asks:
            return self._login_page(checked)
        return self._send(checked, self._provider.answer(checked, session))

    def _login_page(self, checked: Request) -> AnyResponse:
        """One button a person; the one whom login_hint names is the primary one."""
        hint = checked.params.get("login_hint", "").lower()
        accounts = list(self._provider.accounts.values())
        first = next((a.subject for a in accounts if a.email.lower() == hint), accounts[0].subject)
        second = checked.wants_second_factor and self._provider.second_factor
        how = "your password and your second step" if second else "your password"
        buttons = "".join(
            f"<p>{button(f'{a.name} ({a.email})', name='subject', value=a.subject, primary=a.subject == first)}</p>"
            for a in accounts
        )
        refuse = f"<p>{button('Cancel', name='subject', value='')}</p>"
        intro = f"<p>Choose who you are; we pretend that you gave {how}.</p>"
        return self._page(
            "Sign in", intro + form("/login", buttons + refuse, hidden=checked.params.items()), name="partner-login"
        )

    def login(self) -> AnyResponse:
        """Somebody pressed a button of the login page."""
        params = request.form.to_dict()
        subject = params.pop("subject", "")
        checked = self._provider.request(params)
        if not subject:
            raise ProtocolError("access_denied", "the person cancelled", request=checked)
        if subject not in self._provider.accounts:
            raise ProtocolError("invalid_request", "nobody of that name works here")
        session = self._provider.sign_in(subject, second_factor=checked.wants_second_factor)
        answer = self._send(checked, self._provider.answer(checked, session))
        handle = secrets.token_urlsafe(32)
        self._sessions[handle] = session
        answer.set_cookie(COOKIE, handle, httponly=True, samesite="Lax")
        return answer

    def _send(self, checked: Request, params: dict[str, str]) -> AnyResponse:
        """The authorization response: 303, or a form that posts itself (Form Post 2)."""
        if checked.params.get("response_mode") == "form_post":
            script = "<script>document.forms[0].submit()</script>"
            return self._page(
                "One moment",
                form(checked.redirect_uri, button("Continue", primary=True), hidden=params.items()) + script,
                name="partner-return",
            )
        joint = "&" if "?" in checked.redirect_uri else "?"
        return redirect(f"{checked.redirect_uri}{joint}{urlencode(params)}", 303)

    def refused(self, error: ProtocolError) -> AnyResponse:
        """A protocol error: to the relying party where that is safe, as JSON for programs, else as a page."""
        if error.request is not None:
            said = {"error": error.error, "error_description": error.description}
            return self._send(error.request, self._provider.addressed(said, error.request))
        if request.path not in ("/authorize", "/login", "/end-session"):
            answer = jsonify(error=error.error, error_description=error.description)
            answer.status_code = error.status
            answer.headers["Cache-Control"] = "no-store"
            if error.status == 401:
                answer.headers["WWW-Authenticate"] = "Bearer" if request.path == "/userinfo" else "Basic"
            return answer
        return self._page("This does not work", f"<p>{escape(error.description)}</p>", name="partner-error", status=error.status)

    def faults(self) -> AnyResponse:
        """Show or turn the switches."""

        def show(body: str) -> AnyResponse:
            return self._page("What is wrong here", body, name="partner-faults", fault=self._provider.fault)

        return switches(FAULTS, self._provider, show)

    def keys(self) -> AnyResponse:
        """Change the signing key, as every partner does some day."""
        self._provider.rotate_key(keep=(request.get_json(silent=True) or {}).get("keep", True))
        return jsonify(self._provider.jwks())

    def end_session(self) -> AnyResponse:
        """The end_session_endpoint: at once with a hint of this browser's session, else the page asks."""
        if not request.values:
            return self.home()
        at_once, back = self._provider.end_session(request.values.to_dict(), self._session())
        if at_once or self._session() is None or request.method == "POST":
            self._sessions.pop(request.cookies.get(COOKIE, ""), None)
            return redirect(back or "/", 303)
        inner = button("Sign out here", primary=True)
        page = form("/end-session", inner, hidden=request.args.items())
        return self._page("Do you want to sign out?", page, name="partner-sign-out")

    def sign_out(self) -> AnyResponse:
        """Forget the session of this browser."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        return redirect("/", 303)


def create_partner(provider: IdentityProvider, *, colour: str = "#7a3e9d") -> Flask:
    """The Flask application of one partner."""
    app = Flask(__name__, static_folder=None)
    pages = _Pages(provider, colour)

    def token() -> Response:
        answer = jsonify(provider.token(request.form.to_dict(), request.headers.get("Authorization")))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    routes: tuple[tuple[str, Any, list[str]], ...] = (
        ("/", pages.home, ["GET"]),
        ("/.well-known/openid-configuration", lambda: jsonify(provider.metadata()), ["GET"]),
        ("/jwks", lambda: jsonify(provider.jwks()), ["GET"]),
        ("/authorize", pages.authorize, ["GET", "POST"]),
        ("/login", pages.login, ["POST"]),
        ("/token", token, ["POST"]),
        ("/userinfo", lambda: jsonify(provider.userinfo(request.headers.get("Authorization"))), ["GET", "POST"]),
        ("/faults", pages.faults, ["GET", "POST"]),
        ("/keys", pages.keys, ["POST"]),
        ("/sign-out", pages.sign_out, ["POST"]),
        ("/end-session", pages.end_session, ["GET", "POST"]),
    )
    for path, view, methods in routes:
        app.add_url_rule(path, endpoint=path, view_func=view, methods=methods)
    app.register_error_handler(ProtocolError, pages.refused)

    def clock(answer: AnyResponse) -> AnyResponse:
        slow = SKEW if provider.fault == "skewed_clock" else 0
        answer.date = datetime.now(UTC) - timedelta(seconds=slow)
        return answer

    app.after_request(clock)  # a server has one clock: the Date header shows it
    return app


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m broker.demo.partner", description="An identity provider to test relying parties with."
    )
    parser.add_argument(
        "--bind", default="127.0.0.2:8081", metavar="HOST:PORT", help="where it listens (%(default)s); keep it on loopback"
    )
    parser.add_argument("--issuer", help="its issuer, if not http://HOST:PORT")
    parser.add_argument("--name", default="Fabrikam", help="what its pages say (%(default)s)")
    parser.add_argument("--client", action="append", required=True, metavar="ID:SECRET:REDIRECT_URI",
                        help="a relying party; an empty SECRET makes it public; may be given several times")  # fmt: skip
    parser.add_argument(
        "--people", metavar="FILE", help='JSON: [{"subject": "ada", "name": "Ada", "email": "ada@fabrikam.example"}]'
    )
    parser.add_argument(
        "--alg", default="RS256", choices=["RS256", "PS256", "ES256", "EdDSA"], help="of its ID tokens (%(default)s)"
    )
    parser.add_argument("--fault", default="none", choices=list(FAULTS), help="what it gets wrong from the start (%(default)s)")
    parser.add_argument("--lean", action="store_true", help="send name and address by userinfo only")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, *, until: threading.Event | None = None) -> int:
    """Run one partner until Ctrl-C (or `until` is set). Returns the exit status: 2 for arguments that make no sense."""
    options = _arguments(argv)
    host, _, port = options.bind.rpartition(":")
    stop = until or threading.Event()
    try:
        accounts = (
            [Account(**item) for item in json.loads(Path(options.people).read_text("utf-8"))] if options.people else list(PEOPLE)
        )
        clients = [_client(text) for text in options.client]
        server = LoopbackServer(host, int(port))
    except (OSError, ValueError, TypeError, PortTaken) as error:
        print(f"partner: {error}", file=sys.stderr)
        return 2
    provider = IdentityProvider(
        options.issuer or server.address, name=options.name, accounts=accounts, clients=clients, alg=options.alg, fault=options.fault, lean=options.lean
    )  # fmt: skip
    server.start(create_partner(provider))
    print(f"issuer {provider.issuer}\nfaults {server.address}/faults", flush=True)
    if until is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    stop.wait()
    server.close()
    return 0


def _client(text: str) -> Client:
    """ID:SECRET:REDIRECT_URI."""
    name, _, rest = text.partition(":")
    secret, _, redirect_uri = rest.partition(":")
    if not name or not redirect_uri.startswith(("http://", "https://")):
        raise ValueError(f"--client {name}:...: write ID:SECRET:REDIRECT_URI")
    return Client(client_id=name, client_secret=secret or None, redirect_uris=(redirect_uri,))


if __name__ == "__main__":
    sys.exit(main())
