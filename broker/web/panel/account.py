"""`/account`: what a person has here, and how to end it. Every button is a form; nothing needs JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Response, json, request

from broker.domain.audit import Actor
from broker.domain.device import parts_of
from broker.domain.errors import BadRequest, CommandError
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import new_reference
from broker.domain.login import OwnPageIntent, Session
from broker.domain.mailbox import PARTNER as CODES
from broker.web import csrf, headers, signed_out
from broker.web.cookies import CookiePurpose
from broker.web.pages import Pages
from broker.web.panel.frame import ACCOUNT, SignedInFrame
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

PATH = ACCOUNT
EXPORT, LEAVE = f"{PATH}/export", f"{PATH}/leave"
_SCOPE = "account"


class _Door:
    """Who gets to the page, and what a button may do."""

    def __init__(self, broker: Broker, pages: Pages, browser: BrowserState) -> None:
        self._broker = broker
        self._pages = pages
        self._browser = browser

    def seen(self, show: Callable[[Session, Person, str], Response]) -> Response:
        """A page for whoever may see it now; half a sign-in opens nothing (MF-06): it begins one for the page."""
        cookie = self._browser.session()
        held = self._broker.login.own_page_access.open_to(self._browser.visitor())
        if held is None or cookie is None:
            return self._begin()
        return show(*held, csrf.token(cookie, _SCOPE))

    def seen_by_owner(self, path: str, show: Callable[[Session, Person, str], Response]) -> Response:
        """The same for a page whose button wants a fresh proof: the proof comes first, and leads back here (FA-28)."""
        return self.seen(
            lambda session, person, token: show(session, person, token) if self._is_fresh(session) else self._prove(path)
        )

    def pressed_by_owner(self, path: str, act: Callable[[Session, Person, Actor], Response | None]) -> Response:
        """A button for whoever just proved who they are; else the proof comes first, and leads to the page at `path`."""
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

    def goodbye(self, response: Response) -> Response:
        """The page after the last sign-in of this browser ended, without its cookies."""
        self._browser.cookies.clear(response, CookiePurpose.SESSION)
        self._browser.cookies.clear(response, CookiePurpose.BROWSER)  # HW-13
        return response

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
    pages = frame.pages
    door = _Door(broker, pages, browser)

    @routes.get(PATH)
    def account() -> Response:
        return door.seen(lambda session, person, token: _page(broker, frame, (session, browser.session() or ""), person, token))

    @routes.post(f"{PATH}/consents")
    def withdraw_consent() -> Response:
        application = single(request.form, "application")
        return door.pressed(lambda _session, person, actor: broker.guests.self_service.withdraw(actor, person.id, application))

    @routes.post(f"{PATH}/sessions")
    def end_session() -> Response:
        sid = single(request.form, "sid")

        def end(session: Session, person: Person, actor: Actor) -> Response | None:
            broker.guests.self_service.end_session(actor, person.id, sid)
            return door.goodbye(signed_out.page(broker, pages, session)) if sid == session.sid else None

        return door.pressed(end)

    @routes.get(EXPORT)
    def ask_to_export() -> Response:
        return door.seen_by_owner(EXPORT, lambda _session, _person, token: _export_page(pages, token))

    @routes.post(EXPORT)
    def export() -> Response:
        return door.pressed_by_owner(
            EXPORT, lambda _session, person, actor: _file(broker.guests.self_service.export(actor, person.id))
        )

    @routes.get(LEAVE)
    def ask_to_leave() -> Response:
        return door.seen_by_owner(LEAVE, lambda _session, person, token: _leave_page(broker, pages, person, token))

    @routes.post(LEAVE)
    def leave() -> Response:
        def go(_session: Session, person: Person, actor: Actor) -> Response:
            broker.guests.self_service.leave(actor, person.id)
            return door.goodbye(pages.render("account_left.html", sign_in_url=pages.path("/apps")))

        return door.pressed_by_owner(LEAVE, go)


def _file(found: Mapping[str, object]) -> Response:
    """A download, not stored anywhere on the way."""
    response = headers.private(Response(json.dumps(found, ensure_ascii=False, indent=2), mimetype="application/json"))
    response.headers["Content-Disposition"] = 'attachment; filename="account.json"'
    return response


def _page(broker: Broker, frame: SignedInFrame, held: tuple[Session, str], person: Person, token: str) -> Response:
    """held: the session and its cookie."""
    pages = frame.pages
    session, cookie = held
    found, partners = broker.guests.self_service.of(person), broker.core.settings().partners

    def home(name: str) -> str:
        return partners[name].name if name in partners else name

    return pages.render(
        "account.html",
        keep_query={},
        name=person.name,
        homes=list(dict.fromkeys(home(one.partner) for one in found.identities if one.partner != CODES)),
        by_code=any(one.partner == CODES for one in found.identities),
        since=person.redeemed_at or person.created_at,
        until=person.expires_at or 0,
        sponsor=person.sponsor or "",
        member=person.kind is PersonKind.MEMBER,
        uses=found.uses,
        sessions=[
            {
                "sid": one.sid,
                "browser": parts_of(one.device)[0],
                "system": parts_of(one.device)[1],
                "home": home(one.partner) if one.partner != CODES else "",
                "since": one.created_at,
                "seen": one.last_seen_at,
                "here": one.sid == session.sid,
            }
            for one in found.sessions
        ],
        csrf=token,
        consents_url=pages.path(f"{PATH}/consents"),
        sessions_url=pages.path(f"{PATH}/sessions"),
        export_url=pages.path(EXPORT),
        leave_url=pages.path(LEAVE),
        **frame.around(cookie, person, PATH),
    )


def _export_page(pages: Pages, token: str) -> Response:
    return pages.render("account_export.html", keep_query={}, csrf=token, action=pages.path(EXPORT), cancel_url=pages.path(PATH))


def _leave_page(broker: Broker, pages: Pages, person: Person, token: str) -> Response:
    if person.kind is PersonKind.MEMBER:
        raise BadRequest("not_found", "is_member")
    return pages.render(
        "account_leave.html",
        keep_query={},
        email=person.email,
        uses=[one.name for one in broker.guests.self_service.of(person).uses],
        csrf=token,
        action=pages.path(LEAVE),
        cancel_url=pages.path(PATH),
    )
