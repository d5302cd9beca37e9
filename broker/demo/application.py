"""The sample application of the demo: pages around a relying party (relying.py), one for each thing that applications do.

    GET  /            who is signed in here
    GET  /login       sign in; passes prompt, max_age, login_hint, domain_hint, acr_values, ui_locales, claims and scope on
    GET  /callback    the answer (POST too, for response_mode=form_post); shows claims and userinfo
    GET  /userinfo    asks userinfo again
    POST /refresh     uses the refresh token, then shows that the old one is worthless is up to you: POST /refresh {"token": ...}
    POST /logout      forgets its own session and sends the browser to sign out at the broker
    POST /backchannel-logout  the broker tells that a session ended (Back-Channel Logout)
    GET  /frontchannel-logout  the same, in a frame of the broker's page (Front-Channel Logout)
    GET  /signed-out  where the broker sends it afterwards

Each answers JSON when asked by `Accept: application/json`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from html import escape
from typing import Any

from flask import Flask, jsonify, make_response, redirect, request
from werkzeug.wrappers import Response

from broker.demo.page import button, form, page, pretty
from broker.demo.relying import PendingRequest, RelyingParty, SignInFailed, Tokens

PASSED_ON = ("prompt", "max_age", "login_hint", "domain_hint", "acr_values", "ui_locales", "claims", "scope", "response_mode")
COOKIE = "application"


@dataclass(slots=True)
class Visit:
    """One browser's session here."""

    pending: PendingRequest | None = None
    tokens: Tokens | None = None
    userinfo: dict[str, Any] | None = None


class _Pages:
    def __init__(self, name: str, party: RelyingParty, base: str, colour: str) -> None:
        self._name, self._party, self._base, self._colour = name, party, base, colour
        self._visits: dict[str, Visit] = {}

    def _visit(self) -> Visit:
        return self._visits.get(request.cookies.get(COOKIE, ""), Visit())

    def _remember(self, answer: Response, visit: Visit) -> Response:
        """A new handle at every change of who is here."""
        self._visits.pop(request.cookies.get(COOKIE, ""), None)
        handle = secrets.token_urlsafe(32)
        self._visits[handle] = visit
        answer.set_cookie(COOKIE, handle, httponly=True, samesite="Lax")
        return answer

    def _show(
        self, title: str, body: str, data: dict[str, Any], *, name: str = "application", status: int = 200, **marks: str
    ) -> Response:
        if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
            answer: Response = make_response(jsonify(data), status)
        else:
            html = page(
                title, body, name=name, who=self._name, colour=self._colour, marks={"ok": str(status == 200).lower(), **marks}
            )
            answer = make_response(html, status)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def home(self) -> Response:
        """Who is signed in here, with what the broker said about them."""
        visit = self._visit()
        if visit.tokens is None:
            body = '<p>Nobody is signed in here.</p><p><a class="button" href="/login">Sign in</a></p>'
            return self._show(f"Welcome to {self._name}", body, {"ok": True, "claims": None})
        claims = visit.tokens.claims
        data = {"ok": True, "claims": claims, "userinfo": visit.userinfo, "has_refresh": visit.tokens.refresh_token is not None}
        body = (
            f"<p>You are signed in as <strong>{escape(str(claims.get('name') or claims['sub']))}</strong>.</p>"
            '<p><a class="button" href="/login?prompt=login">Sign in again</a> <a class="button" href="/userinfo">Ask userinfo</a></p>'
            f"{form('/refresh', button('Refresh'))}{form('/logout', button('Sign out', primary=True))}"
            f"<h2>ID token</h2>{pretty(claims)}<h2>Userinfo</h2>{pretty(visit.userinfo)}"
        )
        return self._show(f"Hello from {self._name}", body, data)

    def login(self) -> Response:
        """Send the browser to the broker."""
        params = {name: request.args[name] for name in PASSED_ON if name in request.args}
        url, pending = self._party.begin(**params)
        visit = self._visit()
        return self._remember(redirect(url, 303), Visit(pending, visit.tokens, visit.userinfo))

    def callback(self) -> Response:
        """The broker's answer."""
        visit = self._visit()
        pending, visit.pending = visit.pending, None  # an answer counts once
        tokens = self._party.complete(request.values.to_dict(), pending)
        found = dict(self._party.userinfo(tokens))
        return self._remember(redirect("/", 303), Visit(None, tokens, found))

    def userinfo(self) -> Response:
        """Ask the broker again who this is."""
        visit = self._visit()
        if visit.tokens is None:
            raise SignInFailed("session", "nobody is signed in here")
        visit.userinfo = dict(self._party.userinfo(visit.tokens))
        return self._show("Userinfo", pretty(visit.userinfo), {"ok": True, "userinfo": visit.userinfo})

    def refresh(self) -> Response:
        """New tokens for old; {"token": ...} tries one that is not ours to use."""
        visit = self._visit()
        if visit.tokens is None or visit.tokens.refresh_token is None:
            raise SignInFailed("session", "there is no refresh token here")
        tried = (request.get_json(silent=True) or {}).get("token", visit.tokens.refresh_token)
        fresh = self._party.refresh(tried, visit.tokens)
        rotated = fresh.refresh_token is not None and fresh.refresh_token != tried
        visit.tokens = Tokens(fresh.claims, fresh.access_token, fresh.id_token, fresh.refresh_token or tried, fresh.raw)
        data = {"ok": True, "rotated": rotated, "claims": fresh.claims}
        return self._show(
            "Refreshed", f"<p>The refresh token {'changed' if rotated else 'stayed'}.</p>{pretty(fresh.claims)}", data
        )

    def logout(self) -> Response:
        """Forget our own session, then ask the broker to end its own."""
        visit = self._visit()
        self._visits.pop(request.cookies.get(COOKIE, ""), None)
        target = self._party.end_session(visit.tokens, f"{self._base}/signed-out") if visit.tokens else None
        answer: Response = redirect(target or "/signed-out", 303)
        answer.delete_cookie(COOKIE)
        return answer

    def backchannel_logout(self) -> Response:
        """The broker ended a session: forget every visit that began in it."""
        self._forget(self._party.ended_session(request.form.get("logout_token", "")))
        answer: Response = make_response("", 200)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def frontchannel_logout(self) -> Response:
        """A page of the broker loads this in a frame: forget the visits of that session (Front-Channel Logout 2)."""
        if request.args.get("iss") != self._party.issuer:
            raise SignInFailed("iss", "this is not our issuer")
        self._forget(request.args.get("sid", ""))
        answer: Response = make_response("", 200)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _forget(self, sid: str) -> None:
        for handle, visit in list(self._visits.items()):
            if visit.tokens is not None and visit.tokens.claims.get("sid") == sid:
                self._visits.pop(handle, None)

    def signed_out(self) -> Response:
        """The end of the way out."""
        return self._show(
            "You are signed out", '<p><a class="button" href="/">Start again</a></p>', {"ok": True}, name="application-signed-out"
        )

    def failed(self, error: SignInFailed) -> Response:
        """What went wrong, in the protocol's word."""
        data = {"ok": False, "error": error.error, "description": error.description}
        body = f'<p>{escape(error.error)}: {escape(error.description)}</p><p><a class="button" href="/login">Try again</a></p>'
        return self._show("Signing in did not work", body, data, name="application-error", status=400, reason=error.error)


def create_application(name: str, party: RelyingParty, base: str, *, colour: str = "#0b6e4f") -> Flask:
    """The Flask application. base: its own address, without a slash at the end."""
    app = Flask(__name__, static_folder=None)
    pages = _Pages(name, party, base, colour)
    for path, view, methods in (
        ("/", pages.home, ["GET"]),
        ("/login", pages.login, ["GET"]),
        ("/callback", pages.callback, ["GET", "POST"]),
        ("/userinfo", pages.userinfo, ["GET"]),
        ("/refresh", pages.refresh, ["POST"]),
        ("/logout", pages.logout, ["POST"]),
        ("/backchannel-logout", pages.backchannel_logout, ["POST"]),
        ("/frontchannel-logout", pages.frontchannel_logout, ["GET"]),
        ("/signed-out", pages.signed_out, ["GET"]),
    ):
        app.add_url_rule(path, endpoint=path, view_func=view, methods=methods)
    app.register_error_handler(SignInFailed, pages.failed)
    return app
