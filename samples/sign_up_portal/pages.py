"""The pages: people of partners sign up, and staff answer those of whom the company does not know the partner."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, abort, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

LONGEST_NAME, LONGEST_ADDRESS, MOST_WAITING = 100, 254, 1000
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")  # the broker checks it in full
STAFF = "staff"  # the partner file of the company's own people: the claim `idp` of their tokens
_log = logging.getLogger(__name__)


class NotDone(Exception):
    """The broker did not do what was asked. The text is one line for staff."""


@dataclass(frozen=True)
class Guest:
    """A guest of the company. state: PendingAcceptance or Accepted."""

    email: str
    name: str
    state: str


class Inviting(Protocol):
    """What the pages need of the directory. Each raises NotDone."""

    def invite(self, email: str, name: str, sponsor: str | None = None) -> None:
        """Invite somebody by e-mail."""

    def guests(self) -> list[Guest]:
        """Guests, with the state of their invitation."""


class _Pages:
    """Who waits for an answer is kept in memory; an application of your own has a database."""

    def __init__(self, directory: Inviting, sign_in: Any, partners: Collection[str]) -> None:
        self._directory, self._sign_in, self._partners = directory, sign_in, partners
        self._waiting: dict[str, tuple[str, str]] = {}  # (address, name) by a random id

    def form(self, error: str = "") -> str:
        """The public page."""
        return render_template("sign_up.html", csrf=_csrf(), error=error)

    def sign_up(self) -> AnyResponse:
        """Invite the people of partners; others wait."""
        _check_csrf()
        email, name = request.form.get("email", "").strip(), request.form.get("name", "").strip()
        if not ADDRESS.fullmatch(email) or len(email) > LONGEST_ADDRESS or not 0 < len(name) <= LONGEST_NAME:
            return make_response(self.form("Enter your name and your e-mail address at work."), 400)
        if email.rpartition("@")[2].lower() in self._partners:
            try:
                self._directory.invite(email, name)
            except NotDone as error:  # the page says the same in every case: nobody learns here who is a guest
                _log.warning("not invited: %s", error)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting[secrets.token_urlsafe(16)] = email, name
        return redirect("/thanks", 303)

    def thanks(self) -> str:
        """The same page for everybody."""
        return render_template("thanks.html")

    def staff(self) -> str | AnyResponse:
        """Who waits, and the guests."""
        if "member" not in session:
            answer: AnyResponse = self._sign_in.authorize_redirect(url_for("callback", _external=True))
            return answer
        guests, error = list[Guest](), session.pop("error", "")
        try:
            guests = self._directory.guests()
        except NotDone as failed:
            error = str(failed)
        return render_template(
            "staff.html", csrf=_csrf(), member=session["member"], waiting=self._waiting, guests=guests, error=error
        )

    def callback(self) -> AnyResponse:
        """Somebody comes back from the broker: only staff stay."""
        claims = self._sign_in.authorize_access_token()["userinfo"]  # state, signature, iss, aud, exp, nonce, at_hash
        if claims.get("idp") != STAFF or claims.get("email_verified") is not True:
            abort(403, "This page is for staff.")
        session.clear()
        session["member"] = claims["email"]
        return redirect("/staff", 303)

    def answer(self) -> AnyResponse:
        """Invite somebody who waits, with the member as sponsor, or take them off the list."""
        _check_csrf()
        if "member" not in session:
            abort(403, "This page is for staff.")
        email, name = self._waiting.pop(request.form.get("id", ""), ("", ""))
        if email and request.form.get("answer") == "invite":
            try:
                self._directory.invite(email, name, sponsor=session["member"])
            except NotDone as error:
                session["error"] = f"{email}: {error}"
        return redirect("/staff", 303)

    def refused(self, error: OAuthError) -> AnyResponse:
        """The broker did not sign the member in."""
        return make_response(self.form(f"The sign-in did not work: {error.error}."), 400)


def create_portal(directory: Inviting, broker: str, client_id: str, client_secret: str, partners: Collection[str]) -> Flask:
    """The Flask application. broker: the issuer. partners: the mail domains whose people are invited at once."""
    app = Flask(__name__)
    app.config |= {
        "SECRET_KEY": secrets.token_bytes(32),
        "SESSION_COOKIE_NAME": "portal",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": 10_000,
    }
    wanted = {"scope": "openid email", "code_challenge_method": "S256"}
    metadata = f"{broker}/.well-known/openid-configuration"
    client = {"client_id": client_id, "client_secret": client_secret}
    sign_in = OAuth(app).register("broker", server_metadata_url=metadata, client_kwargs=wanted, **client)
    pages = _Pages(directory, sign_in, partners)
    app.add_url_rule("/", "form", pages.form)
    app.add_url_rule("/", "sign_up", pages.sign_up, methods=["POST"])
    app.add_url_rule("/thanks", "thanks", pages.thanks)
    app.add_url_rule("/staff", "staff", pages.staff)
    app.add_url_rule("/staff/callback", "callback", pages.callback)
    app.add_url_rule("/staff/answer", "answer", pages.answer, methods=["POST"])
    app.register_error_handler(OAuthError, pages.refused)
    return app


def _csrf() -> str:
    """The secret that the forms of this browser carry."""
    token: str = session.setdefault("csrf", secrets.token_urlsafe(16))
    return token


def _check_csrf() -> None:
    if not secrets.compare_digest(request.form.get("csrf", "").encode(), session.get("csrf", secrets.token_urlsafe(16)).encode()):
        abort(400, "This form is too old: open the page again.")
