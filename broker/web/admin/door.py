"""Who gets to a page of the portal, and what a button may do.

A room decorates each of its handlers: `@door.page(Right.SEE_GUESTS)` for what is looked at, `@door.button(Right.BLOCK, proof=True)` for
what is done. The handler gets a `StaffVisit` first, then the values of its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from flask import Response, request

from broker.domain.audit import Actor
from broker.domain.errors import BadRequest, CommandError
from broker.domain.guest import Person
from broker.domain.ids import new_reference
from broker.domain.login import OwnPageIntent, Session
from broker.services.authorization import Right, Rights
from broker.web import csrf, feedback
from broker.web.admin.navigation import sections
from broker.web.errors import page_error_of
from broker.web.pages import Pages
from broker.web.panel.frame import SignedInFrame
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

SCOPE = "admin"  # of the CSRF tokens of the portal's forms
_RETURN = 480  # characters of an address that a sign-in leads back to

P = ParamSpec("P")
Handler = Callable[P, Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffVisit:
    """A member of staff at a page of the portal. cookie: of the session."""

    session: Session
    person: Person
    rights: Rights
    actor: Actor
    cookie: str

    @property
    def token(self) -> str:
        """The CSRF token of every form of the portal."""
        return csrf.token(self.cookie, SCOPE)


class Door:
    """Guards the handlers of the portal, and renders its pages."""

    def __init__(self, broker: Broker, browser: BrowserState, pages: Pages) -> None:
        self.broker = broker
        self.browser = browser
        self.pages = pages  # `render` below adds the frame of the portal
        self._frame = SignedInFrame(pages, administers=lambda _person: True)  # everybody at this door does

    def page(
        self, right: Right | None, *, proof: bool = False
    ) -> Callable[[Callable[Concatenate[StaffVisit, P], Response]], Handler[P]]:
        """A page for people who have this right: a sign-in for people who are not signed in, 403 for anybody else.

        right None: the use case decides, for pages of members without a role, such as the reviews that ask them.
        proof: a page whose button needs a proof younger than ten minutes: the proof comes first, and leads back here.
        """

        def guarded(show: Callable[Concatenate[StaffVisit, P], Response]) -> Handler[P]:
            @wraps(show)
            def handler(*args: P.args, **kwargs: P.kwargs) -> Response:
                return self._let(right, proof, "", show, *args, **kwargs)

            return handler

        return guarded

    def button(
        self, right: Right | None, *, proof: bool = False, back: str = ""
    ) -> Callable[[Callable[Concatenate[StaffVisit, P], Response]], Handler[P]]:
        """A POST of the portal: nothing happens without its token, a session and the right of this moment (SC-04, SC-06).

        proof: needs a proof younger than ten minutes. back: the page that a sign-in or proof leads to; "": the same address.
        """

        def guarded(act: Callable[Concatenate[StaffVisit, P], Response]) -> Handler[P]:
            @wraps(act)
            def handler(*args: P.args, **kwargs: P.kwargs) -> Response:
                csrf.check(request, self.browser.session(), SCOPE, self.browser.issuer)
                return self._let(right, proof, back, act, *args, **kwargs)

            return handler

        return guarded

    def render(
        self,
        visit: StaffVisit,
        template: str,
        *,
        here: str,
        keep: Mapping[str, str] | None = None,
        shown_at: str = "",
        **context: Any,
    ) -> Response:
        """A page in the portal's frame. here: the path of the place in the navigation. keep: query that a change of language
        carries on; None: an answer to a POST. shown_at: where a GET shows the page that answers a POST.
        """
        return self.pages.render(
            template,
            keep_query=keep,
            here=shown_at,
            sections=sections(
                self.pages, self.pages.translator(), visit.rights, here, self.broker.attention.queues(visit.rights)
            ),
            csrf=visit.token,
            **self._frame.around(visit.cookie, visit.person, f"/admin{here.removeprefix('/admin')}"),
            **context,
        )

    def go(self, visit: StaffVisit, path: str, said: str = "", count: int = 0) -> Response:
        """303 to a page of the portal. said: a code of the page's texts, shown there in a band (`feedback.read`)."""
        return self.browser.go(self.pages.path(feedback.address(visit.cookie, path, said, count) if said else path))

    def _let(
        self,
        right: Right | None,
        proof: bool,
        back: str,
        handler: Callable[Concatenate[StaffVisit, P], Response],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response:
        visit = self._visit()
        if visit is None:
            return self._sign_in(back)
        if right is not None and not visit.rights.may(right):
            raise BadRequest("no_right", right.value)
        if proof and not self.broker.guests.self_service.is_fresh(visit.session):
            return self._sign_in(back, OwnPageIntent.PROVE)
        try:
            return handler(visit, *args, **kwargs)
        except CommandError as error:
            raise page_error_of(error) from None

    def _visit(self) -> StaffVisit | None:
        """Half a sign-in opens nothing (MF-06): every gate and policy lets the person in now, or a sign-in begins."""
        cookie, visitor = self.browser.session(), self.browser.visitor()
        held = self.broker.login.own_page_access.open_to(visitor)
        if held is None or cookie is None:
            return None
        session, person = held
        actor = Actor.person(person.id, address=visitor.address, request_id=new_reference())
        return StaffVisit(
            session=session, person=person, rights=self.broker.access.staff_rights.of(person), actor=actor, cookie=cookie
        )

    def _sign_in(self, back: str, intent: str = "") -> Response:
        """A login that comes back to this page. Filters that are too long for it are left away."""
        query = request.query_string.decode("ascii", "replace")
        path = back or (f"{request.path}?{query}" if query else request.path)
        if len(path) > _RETURN:
            path = path.partition("?")[0] if len(path.partition("?")[0]) <= _RETURN else "/admin"
        return self.browser.into(self.broker.login.sign_in.begin_panel(self.browser.visitor(), path, intent=intent))
