"""The frame of one's own pages: where one can go, and the way out. /apps, /account and the sign-in methods share it."""

from __future__ import annotations

from typing import Any

from broker.domain.guest import Person
from broker.web import csrf
from broker.web.pages import Pages

APPS = "/apps"
ACCOUNT = "/account"
METHODS = "/account/methods"
SCOPE = "apps"  # of the form that signs out


def frame(pages: Pages, cookie: str, person: Person, here: str) -> dict[str, Any]:
    """What templates/_own_page.html needs. here: the path of the page; cookie: of the session."""
    return {
        "person": person.name or person.email,
        "places": [{"place": path, "url": pages.path(path), "current": path == here} for path in (APPS, ACCOUNT, METHODS)],
        "sign_out_url": pages.path("/apps/sign-out"),
        "sign_out_csrf": csrf.token(cookie, SCOPE),
    }
