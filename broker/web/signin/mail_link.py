"""A link of a mail: its ticket goes from the address into a cookie; a GET spends nothing (IN-07, IN-16)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Response, request

from broker.domain.errors import BadRequest, PageError
from broker.domain.network import counted
from broker.web import csrf
from broker.web.cookies import CookiePurpose
from broker.web.signin.browser import BrowserState

if TYPE_CHECKING:
    from broker.app import Broker

GUESSES = 60  # unknown tickets an address may try in ten minutes (IN-06)
_TICKET = 43  # characters: 256 bits as base64url


class MailLink:
    """One kind of ticket, in the browser of the request at hand."""

    def __init__(
        self, broker: Broker, browser: BrowserState, purpose: CookiePurpose, *, kept: int, counted: str, malformed: str
    ) -> None:
        """kept: seconds in the cookie. counted: under which name guesses are. malformed: the reason where there is no ticket."""
        self._broker = broker
        self._browser = browser
        self._purpose = purpose
        self._kept = kept
        self._counted = counted
        self._malformed = malformed

    def arrived(self, ticket: str, page: str) -> Response:
        """303 to the page without the ticket in its address. Raises BadRequest, TooManyAttempts."""
        with self.guessing():
            if len(ticket) != _TICKET:
                raise BadRequest(self._malformed)
        response = self._browser.go(page)
        self._browser.cookies.set(response, self._purpose, ticket, max_age=self._kept)
        return response

    def ticket(self) -> str:
        """The ticket in this browser's hands. Raises BadRequest where there is none."""
        ticket = self._browser.cookies.read(request, self._purpose)
        if ticket is None:
            raise BadRequest(self._malformed)
        return ticket

    def pressed(self, scope: str) -> str:
        """The ticket, behind a button of our own page. Raises BadRequest."""
        csrf.check_origin(request, self._browser.issuer)  # first: another site's form brings no ticket
        ticket = self.ticket()
        csrf.check(request, ticket, scope, self._browser.issuer)
        return ticket

    @contextmanager
    def guessing(self) -> Iterator[None]:
        """What is refused within counts as a guess of this address. Raises TooManyAttempts in the place of the refusal."""
        try:
            yield
        except PageError:
            self._broker.rate_limits.hit(f"{self._counted}:{counted(self._browser.address())}", limit=GUESSES, window=600)
            raise
