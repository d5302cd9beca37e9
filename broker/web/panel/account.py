"""`/account`: what a person has here, and how to end it. Every button is a form; nothing needs JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, json, request

from broker.domain.audit import Actor
from broker.domain.errors import BadRequest, CommandError, Conflict
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import new_reference
from broker.domain.login import OwnPageIntent, Session
from broker.web import csrf, feedback, headers, signed_out
from broker.web.pages import Pages
from broker.web.panel import account_page
from broker.web.panel.frame import ACCOUNT, SignedInFrame
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

PATH = ACCOUNT
EXPORT, LEAVE, GIVE_UP = f"{PATH}/export", f"{PATH}/leave", f"{PATH}/give-up"
_SCOPE = "account"


class _Door:
    """Who gets to the page, and what a button may do."""

    def __init__(self, broker: Broker, pages: Pages, browser: BrowserState) -> None:
        self._broker = broker
        self._pages = pages
        self._browser = browser

    def seen(self, show: Callable[[Session, Person, str], Response]) -> Response:
        """A page for a person who may see it now; half a sign-in opens nothing (MF-06): it begins one for the page."""
        cookie = self._browser.session()
        held = self._broker.login.own_page_access.open_to(self._browser.visitor())
        if held is None or cookie is None:
            return self._begin()
        try:
            return show(*held, csrf.token(cookie, _SCOPE))
        except CommandError as error:
            raise BadRequest("not_found", error.reason) from None

    def seen_by_owner(self, path: str, show: Callable[[Session, Person, str], Response]) -> Response:
        """The same for a page whose button wants a fresh proof: the proof comes first, and leads back here (FA-28)."""
        return self.seen(
            lambda session, person, token: show(session, person, token) if self._is_fresh(session) else self._prove(path)
        )

    def pressed_by_owner(self, path: str, act: Callable[[Session, Person, Actor], Response | None]) -> Response:
        """A button for a person who just proved who they are; else the proof comes first, and leads to the page at `path`."""
        return self.pressed(
            lambda session, person, actor: act(session, person, actor) if self._is_fresh(session) else self._prove(path)
        )

    def pressed(self, act: Callable[[Session, Person, Actor], Response | None]) -> Response:
        """A button of the page: nothing happens without its token and a session that holds now (SC-04, SC-06)."""
        cookie = self._browser.session()
        csrf.check(request, cookie, _SCOPE, self._browser.issuer)
        held = self._broker.login.own_page_access.open_to(self._browser.visitor())
        if held is None:
            return self._begin()
        actor = Actor.person(held[1].id, address=self._browser.address(), request_id=new_reference())
        try:
            return act(*held, actor) or self._browser.go(self._pages.path(PATH))
        except CommandError as error:
            raise BadRequest("not_found", error.reason) from None

    def pressed_and_told(self, what: str, act: Callable[[Session, Person, Actor], object]) -> Response:
        """A button after which the page says what was done. what: one of account_page.SAID."""

        def go(session: Session, person: Person, actor: Actor) -> Response:
            act(session, person, actor)
            return self.told(what)

        return self.pressed(go)

    def told(self, what: str) -> Response:
        """Back to the page, which says what was done."""
        return self._browser.go(self._pages.path(feedback.address(self._browser.session() or "", PATH, what)))

    def goodbye(self, response: Response) -> Response:
        """The page after the last sign-in of this browser ended, without its cookies."""
        return signed_out.forget(self._broker, response)

    def _is_fresh(self, session: Session) -> bool:
        return self._broker.guests.self_service.is_fresh(session)

    def _prove(self, path: str) -> Response:
        browser = self._browser
        started = self._broker.login.sign_in.begin_panel(browser.visitor(), path, intent=OwnPageIntent.PROVE)
        return browser.into(started)

    def _begin(self) -> Response:
        browser = self._browser
        started = self._broker.login.sign_in.begin_panel(browser.visitor(), PATH)
        return browser.into(started)


def register(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    """The page, its buttons, the way out."""
    door = _Door(broker, frame.pages, browser)

    @routes.get(PATH)
    def account() -> Response:
        return door.seen(
            lambda session, person, token: account_page.shown(broker, frame, (session, browser.session() or ""), person, token)
        )

    _register_applications(routes, broker, browser, frame, door)
    _register_sessions(routes, broker, frame.pages, door)
    _register_data(routes, broker, browser, frame, door)


def _register_applications(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame, door: _Door) -> None:
    """How long access lasts, what an application was given, and giving it up."""

    @routes.post(f"{PATH}/more-time")
    def ask_for_time() -> Response:
        def ask(_session: Session, person: Person, actor: Actor) -> Response | None:
            try:
                broker.guests.self_service.ask_for_time(actor, person.id)
            except Conflict:
                return None  # asked a moment ago, or the end is another by now: the page says how it is
            return door.told("asked")

        return door.pressed(ask)

    @routes.post(f"{PATH}/consents")
    def withdraw_consent() -> Response:
        application = single(request.form, "application")
        return door.pressed(lambda _session, person, actor: broker.guests.self_service.withdraw(actor, person.id, application))

    @routes.get(f"{GIVE_UP}/<application>")
    def ask_to_give_up(application: str) -> Response:
        def ask(_session: Session, person: Person, token: str) -> Response:
            use = broker.guests.self_service.use_of(person, application)
            return account_page.give_up(frame, browser.session() or "", person, use, token)

        return door.seen(ask)

    @routes.post(f"{GIVE_UP}/<application>")
    def give_up(application: str) -> Response:
        return door.pressed_and_told(
            "given_up", lambda _session, person, actor: broker.guests.self_service.give_up(actor, person.id, application)
        )


def _register_sessions(routes: Blueprint, broker: Broker, pages: Pages, door: _Door) -> None:
    @routes.post(f"{PATH}/sessions")
    def end_session() -> Response:
        sid = single(request.form, "sid")

        def end(session: Session, person: Person, actor: Actor) -> Response | None:
            ended = broker.guests.self_service.end_session(actor, person.id, sid)
            return door.goodbye(signed_out.page(broker, pages, session, ended)) if sid == session.sid else None

        return door.pressed(end)

    @routes.post(f"{PATH}/sessions/others")
    def end_other_sessions() -> Response:
        return door.pressed_and_told(
            "others_ended",
            lambda session, person, actor: broker.guests.self_service.end_other_sessions(actor, person.id, session.sid),
        )


def _register_data(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame, door: _Door) -> None:
    def framed(person: Person, path: str) -> dict[str, Any]:
        return frame.around(browser.session() or "", person, path)

    @routes.get(EXPORT)
    def ask_to_export() -> Response:
        return door.seen_by_owner(
            EXPORT, lambda _session, person, token: _export_page(frame.pages, token, framed(person, EXPORT))
        )

    @routes.post(EXPORT)
    def export() -> Response:
        return door.pressed_by_owner(
            EXPORT, lambda _session, person, actor: _file(broker.guests.self_service.export(actor, person.id))
        )

    @routes.get(LEAVE)
    def ask_to_leave() -> Response:
        return door.seen_by_owner(
            LEAVE, lambda _session, person, token: _leave_page(broker, frame.pages, person, token, framed(person, LEAVE))
        )

    @routes.post(LEAVE)
    def leave() -> Response:
        def go(_session: Session, person: Person, actor: Actor) -> Response:
            broker.guests.self_service.leave(actor, person.id)
            return door.goodbye(frame.pages.render("account_left.html", sign_in_url=frame.pages.path("/apps")))

        return door.pressed_by_owner(LEAVE, go)


def _file(found: Mapping[str, object]) -> Response:
    """A download, not stored anywhere on the way."""
    response = headers.private(Response(json.dumps(found, ensure_ascii=False, indent=2), mimetype="application/json"))
    response.headers["Content-Disposition"] = 'attachment; filename="account.json"'
    return response


def _export_page(pages: Pages, token: str, framed: Mapping[str, Any]) -> Response:
    action, cancel_url = pages.path(EXPORT), pages.path(PATH)
    return pages.render("account_export.html", keep_query={}, csrf=token, action=action, cancel_url=cancel_url, **framed)


def _leave_page(broker: Broker, pages: Pages, person: Person, token: str, framed: Mapping[str, Any]) -> Response:
    if person.kind is PersonKind.MEMBER:
        raise BadRequest("not_found", "is_member")
    return pages.render(
        "account_leave.html",
        keep_query={},
        uses=[one.name for one in broker.guests.self_service.of(person).uses],
        csrf=token,
        action=pages.path(LEAVE),
        cancel_url=pages.path(PATH),
        **framed,
    )
