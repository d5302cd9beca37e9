"""Never a dead end: the buttons of an error page, by what is still known of the login that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, request

from broker.domain.errors import (
    BadRequest,
    InvitationExpired,
    InvitationUsed,
    LoginExpired,
    PageError,
    PartnerFailed,
    PartnerUntrusted,
    TooManyAttempts,
)
from broker.domain.login import Login, Stage
from broker.web import csrf
from broker.web.cookies import CookiePurpose
from broker.web.error_context import error_context
from broker.web.i18n import _
from broker.web.pages import Pages
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

BACK = _("Back to the application")
OTHER = _("Use another account")
FRESH = "invitation-fresh"  # the form that asks for a new link

ANOTHER = _("Send a new code")

_EXPLAINED = (LoginExpired, PartnerFailed, PartnerUntrusted, BadRequest, TooManyAttempts)

Button = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ways:
    """url: of the primary button; label: its text, not translated yet, None for the table's. buttons: forms next to it.

    first: the form that is the page's purpose; `url` is then a quiet link, or None.
    """

    url: str | None
    label: str | None = None
    buttons: tuple[Button, ...] = ()
    first: Button | None = None


def register(routes: Blueprint, broker: Broker, pages: Pages, browser: BrowserState) -> None:
    """Tells broker.web.errors where an error of these routes leads on to."""

    @routes.before_request
    def remember() -> None:
        error_context().ways_on = lambda error: of_error(broker, pages, browser, error)


def of_error(broker: Broker, pages: Pages, browser: BrowserState, error: PageError) -> Ways | None:
    """The way on from an error; None where nothing of this browser is known."""
    again = fresh_link(pages, browser, error)
    if again is not None:
        if isinstance(error, InvitationUsed):  # who accepted it needs no link, but the way in
            return Ways(pages.path("/apps"), buttons=({**again, "primary": False},))
        return Ways(None, first=again)
    named = error.login_id or (request.view_args or {}).get("login")
    is_callback = "partner" in (request.view_args or {})  # a second answer names no login: it is this browser's newest
    if not isinstance(error, _EXPLAINED) or (named is None and not is_callback):
        return None
    login = broker.login.sign_in.over(str(named) if named else None, browser.binding())
    if login is None:
        return None
    if isinstance(error, LoginExpired):
        return _after(broker, pages, browser, login)
    if isinstance(error, TooManyAttempts):
        return _from_code(browser, error, login)
    others = () if isinstance(error, BadRequest) else tuple(buttons(browser, login, primary=False))
    return Ways(browser.path(login.id), buttons=others)


def _from_code(browser: BrowserState, error: TooManyAttempts, login: Login) -> Ways:
    """RX-07: after wrong codes a new one; after too many mails, the same page later. Another account goes at once."""
    others = tuple(buttons(browser, login, primary=False))
    if error.reason != "code_tries":
        return Ways(browser.path(login.id), buttons=others)
    path, token = browser.path(login.id, "code/again"), browser.token(login.id)
    return Ways(None, buttons=others, first={"action": path, "csrf": token, "label": ANOTHER, "primary": True})


def fresh_link(pages: Pages, browser: BrowserState, error: PageError) -> Button | None:
    """A new link by mail, for the holder of a ticket: expired, replaced, revoked and unknown ones look alike (IN-06)."""
    ticket = browser.cookies.read(request, CookiePurpose.INVITATION)
    if ticket is None or not isinstance(error, (InvitationExpired, InvitationUsed)) or error.reason == "invitation_inviter":
        return None
    return {
        "action": pages.path("/invitation/fresh"),
        "csrf": csrf.token(ticket, FRESH),
        "label": _("Send me a new link"),
        "hint": _("The new link goes to the invited address only."),
        "primary": True,
    }


def _after(broker: Broker, pages: Pages, browser: BrowserState, login: Login) -> Ways | None:
    """Where it stands, if it lives; the same request once more if it ran out; the application if it was answered."""
    if login.stage is not Stage.CLOSED and broker.core.clock() < login.expires_at:
        return Ways(browser.path(login.id))
    if login.stage is not Stage.CLOSED and login.request is not None:
        return Ways(browser.path(login.id, "again"))
    if login.stage is not Stage.CLOSED and browser.cookies.read(request, CookiePurpose.INVITATION) is not None:
        return Ways(pages.path("/invitation"))
    invitation = broker.invitations.invitations.by_id(login.invitation_id) if login.invitation_id else None
    client_id = login.request.client_id if login.request else invitation.application if invitation else None
    application = broker.core.settings().applications.get(client_id or "")
    launch = application.launch_url if application else None
    return Ways(launch, BACK) if launch else None


def buttons(browser: BrowserState, login: Login, *, primary: bool) -> list[Button]:
    """Another account, and back to the application where one asked. primary: whether the first is the page's purpose."""
    csrf = browser.token(login.id)
    ways: list[Button] = [{"action": browser.path(login.id, "restart"), "csrf": csrf, "label": OTHER, "primary": primary}]
    if login.request is not None:
        ways.append({"action": browser.path(login.id, "cancel"), "csrf": csrf, "label": BACK, "primary": False})
    return ways
