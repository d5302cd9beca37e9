"""`/apps`: the applications that a person may open, and what they look after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request

from broker.services.login.access_panel import OwnedAccess, PanelView
from broker.web import csrf
from broker.web.panel import asking
from broker.web.panel.frame import ADMIN, APPS, SCOPE, SignedInFrame
from broker.web.request import single
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

ADD_GUEST = f"{ADMIN}/guests/new"
QUERY = 100  # characters of a search


def register(routes: Blueprint, broker: Broker, browser: BrowserState, frame: SignedInFrame) -> None:
    """The page."""

    @routes.get(APPS)
    def apps() -> Response:
        cookie = browser.session()
        view = broker.login.access_panel.of(browser.visitor())
        if view is None or cookie is None:
            return browser.into(broker.login.sign_in.begin_panel(browser.visitor(), APPS))
        q = single(request.args, "q")[:QUERY].strip()
        return frame.pages.render(
            "apps.html",
            keep_query={"q": q} if q else {},
            q=q,
            now=view.now,
            tiles=_tiles(frame, view, q),
            groups=view.groups,
            owned=[_owned(frame, view, one) for one in view.owned],
            offers=asking.shown(broker, frame, view.person),
            said=asking.told(frame, cookie),
            csrf=csrf.token(cookie, SCOPE),
            **frame.around(cookie, view.person, APPS),
        )


def _tiles(frame: SignedInFrame, view: PanelView, q: str) -> list[dict[str, Any]]:
    """The tiles whose name has what was searched for."""
    wanted = q.casefold()
    return [
        {
            "name": one.name,
            "launch_url": one.launch_url,
            "logo": frame.pages.assets.application_logo(one.client_id),
            "last_used": one.last_used,
        }
        for one in view.applications
        if wanted in one.name.casefold()
    ]


def _owned(frame: SignedInFrame, view: PanelView, one: OwnedAccess) -> dict[str, Any]:
    """A line; the link to add a guest stands there where the portal has that page, and the person has work in the portal."""
    may_add = _has_page(ADD_GUEST) and frame.administers(view.person)
    what = {"application": one.client_id} if one.client_id else {"group": one.name}
    return {
        "name": one.name,
        "logo": frame.pages.assets.application_logo(one.client_id) if one.client_id else None,
        "is_group": bool(one.group_id),
        "guests": one.guests,
        "more": one.more,
        "ending": one.ending,
        "opens": one.opens,
        "add_url": frame.pages.path(f"{ADD_GUEST}?{urlencode(what)}") if may_add else "",
    }


def _has_page(path: str) -> bool:
    return any(rule.rule == path for rule in current_app.url_map.iter_rules())
