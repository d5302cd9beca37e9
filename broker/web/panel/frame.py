"""The frame of pages for signed-in people (templates/_signed_in.html): who it is, where they can go, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from broker.domain.guest import Person
from broker.web import csrf
from broker.web.pages import Pages

APPS = "/apps"
ACCOUNT = "/account"
METHODS = "/account/methods"
ADMIN = "/admin"
SCOPE = "apps"  # of the form that signs out


@dataclass(frozen=True, slots=True)
class SignedInFrame:
    """Makes the values of the frame. administers: whether a person has work in the portal; a service decides it."""

    pages: Pages
    administers: Callable[[Person], bool]

    def around(self, cookie: str, person: Person, here: str) -> dict[str, Any]:
        """What the template needs. cookie: of the session; here: the path of the page."""
        return {
            "person": person.name or person.email,
            "email": person.email,
            "places": [
                {"place": place, "url": self.pages.path(place), "current": _current(place, here)} for place in self.places(person)
            ],
            "methods_url": self.pages.path(METHODS),
            "sign_out_url": self.pages.path("/apps/sign-out"),
            "sign_out_csrf": csrf.token(cookie, SCOPE),
        }

    def places(self, person: Person) -> tuple[str, ...]:
        """Where this person can go."""
        return (APPS, ACCOUNT, ADMIN) if self.administers(person) else (APPS, ACCOUNT)


def _current(place: str, here: str) -> str:
    """The value of aria-current: `page` for the page itself, `true` for the place that it is in."""
    if here == place:
        return "page"
    return "true" if here.startswith(f"{place}/") else ""
