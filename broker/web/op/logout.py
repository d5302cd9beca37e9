"""The end-session endpoint: a page asks for confirmation, unless the hint proves which session it is (HP-44, HP-54, HP-64)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, json, request

from broker.domain.audit import Actor
from broker.domain.errors import BadRequest, OAuthError
from broker.domain.guest import Person
from broker.domain.login import Session
from broker.keyring.errors import SealError
from broker.provider.logout import LogoutRequest, read_logout
from broker.web import csrf, signed_out
from broker.web.authorization_response import see
from broker.web.cookies import CookiePurpose, Cookies
from broker.web.pages import Pages
from broker.web.program import FORM, Programs, pairs_of
from broker.web.request import client_address, single

if TYPE_CHECKING:
    from broker.app import Broker

SCOPE = "logout"  # of the form's token
PARKED_SECONDS = 600
MAX_PARKED = 6000  # characters of sealed text, which is part of a query
_PURPOSE = "logout"


def register(routes: Blueprint, broker: Broker, pages: Pages) -> None:
    """`/logout`, and its confirmation."""
    endpoint = _Logout(broker, pages)
    routes.add_url_rule("/logout", "logout", endpoint.asked, methods=["GET"])
    routes.add_url_rule("/logout", "logout_posted", endpoint.posted, methods=["POST"])
    routes.add_url_rule("/logout/confirm", "logout_confirmed", endpoint.confirmed, methods=["POST"])


class _Logout:
    def __init__(self, broker: Broker, pages: Pages) -> None:
        self._broker = broker
        self._pages = pages

    def asked(self) -> Response:
        """GET: ends the session of a verified hint. Another session, or an address that is not registered, needs a confirmation."""
        parked = single(request.args, "parked")
        pairs = self._unpark(parked) if parked else pairs_of(request.query_string)
        asked = self._read(pairs)
        held = self._broker.sessions.find(self._cookie)
        if held is None:
            return self._leave(asked, None)
        if asked.is_about(held[0].sid) and not asked.unregistered:
            return self._end(asked, held)
        return self._pages.render(
            "sign_out.html",
            ui_locales=asked.ui_locales,
            keep_query={"parked": parked or self._park(pairs)},
            csrf=csrf.token(self._cookie or "", SCOPE),
            action=self._pages.path("/logout/confirm") + "?" + urlencode({"parked": self._park(_meant(asked))}),
            application=asked.application.name if asked.application else "",
            stays=bool(asked.unregistered),
            cancel_url=self._pages.path("/apps"),
        )

    def posted(self) -> Response:
        """POST: it can be cross-site, so no cookie is read. A redirect repeats it as a GET (HP-64)."""
        if request.mimetype != FORM or request.query_string:
            raise BadRequest("content_type")
        parked = self._park(pairs_of(request.get_data(cache=True)))
        return see(self._pages.path("/logout") + "?" + urlencode({"parked": parked}))

    def confirmed(self) -> Response:
        """The person confirmed on our page."""
        csrf.check(request, self._cookie, SCOPE, self._broker.core.settings().issuer)
        if single(request.form, "accept") != "yes":
            raise BadRequest("accept")
        asked = self._read(self._unpark(single(request.args, "parked")))
        held = self._broker.sessions.find(self._cookie)
        return self._leave(asked, None) if held is None else self._end(asked, held)

    # --- parts

    @property
    def _cookie(self) -> str | None:
        return Cookies(self._broker.core.settings().issuer).read(request, CookiePurpose.SESSION)

    def _read(self, pairs: Sequence[tuple[str, str]]) -> LogoutRequest:
        asked = read_logout(pairs, applications=self._broker.access.applications.view, hint=self._broker.oauth.grants.hint)
        if asked.application is not None and asked.unregistered:
            application = asked.application
            error = OAuthError("invalid_request", "post_logout_redirect_uri")
            registered = application.post_logout_redirect_uris
            Programs(self._broker).record(error.of_application(application.client_id, asked.unregistered, registered))
        return asked

    def _end(self, asked: LogoutRequest, held: tuple[Session, Person]) -> Response:
        """Ends the session, its grants, codes and tokens (HP-43)."""
        session, person = held
        settings = self._broker.core.settings()
        address = client_address(request, settings.broker.network.trusted_proxies)
        ended = self._broker.sessions.end(session.sid, Actor.person(person.id, address=address), "logout")
        return signed_out.forget(self._broker, self._leave(asked, session, ended or ()))

    def _leave(self, asked: LogoutRequest, session: Session | None, ended: Sequence[str] = ()) -> Response:
        """A redirect to the application's verified address, or the page that lists what ended and what did not.

        Applications that hear in the browser (Front-Channel Logout 3) are loaded in frames of a page first, which then goes on.
        """
        if asked.redirect_uri is None or asked.application is None:
            return signed_out.page(self._broker, self._pages, session, ended, asked.ui_locales)
        separator = "&" if "?" in asked.redirect_uri else "?"
        query = f"{separator}{urlencode({'state': asked.state})}" if asked.state is not None else ""
        back = asked.redirect_uri + query
        if session is None or not signed_out.frames(self._broker, session.sid, ended):
            return see(back)
        return signed_out.on_the_way(self._broker, self._pages, session, ended, asked.ui_locales, back, asked.application.name)

    def _park(self, pairs: Sequence[tuple[str, str]]) -> str:
        """The parameters, sealed for ten minutes; so no stranger can fill a table (HT-13)."""
        content: dict[str, Any] = {"pairs": [list(pair) for pair in pairs], "until": self._broker.core.clock() + PARKED_SECONDS}
        sealed = self._broker.sealer.seal(json.dumps(content).encode(), _PURPOSE)
        if len(sealed) > MAX_PARKED:
            raise BadRequest("size")
        return sealed

    def _unpark(self, sealed: str) -> Sequence[tuple[str, str]]:
        try:
            content = json.loads(self._broker.sealer.open(sealed, _PURPOSE))
        except SealError:
            raise BadRequest("logout_parked") from None
        if self._broker.core.clock() >= content["until"]:
            raise BadRequest("logout_parked")
        return [(name, value) for name, value in content["pairs"]]


def _meant(asked: LogoutRequest) -> Sequence[tuple[str, str]]:
    """The parameters of the confirmation: verified values only, no hint."""
    values = {
        "client_id": asked.application.client_id if asked.application else None,
        "post_logout_redirect_uri": asked.redirect_uri,
        "state": asked.state,
        "ui_locales": " ".join(asked.ui_locales),
    }
    return [(name, value) for name, value in values.items() if value]
