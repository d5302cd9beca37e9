"""Tells applications that a session ended (OpenID Connect Back-Channel Logout; HP-56). It delays nobody's sign-out (UI-12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from broker.connectors.outbound.client import HttpClient
from broker.domain.audit import Actor, Event
from broker.domain.times import DAY, HOUR
from broker.provider.logout_token import logout_token
from broker.services.core import Core
from broker.services.delivery.dispatcher import MAX_ANSWER, CallResult, Dispatcher
from broker.services.history import audit
from broker.services.keys.ring import Keys
from broker.storage.engine import Connection
from broker.storage.oauth import logout_notices
from broker.storage.oauth.logout_notices import LeasedLogout

PAUSES = (10, 60, 300, 900, HOUR)  # seconds before the next try; the last one again and again
GIVE_UP = DAY  # seconds
_ACCEPTED = (200, 204)  # Back-Channel Logout 2.8


class LogoutNotices:
    """Brings queued notices to applications that have a `backchannel_logout_uri`; the rows of others are dropped."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient]) -> None:
        """http: gives the client for an application's own addresses (HO-16)."""
        self._dispatcher = Dispatcher(core.db, core.clock, logout_notices.QUEUE, PAUSES, self)
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._http = http

    def look(self) -> int:
        """Send if anything waits; one reading statement if not. How many applications accepted."""
        return self._dispatcher.look()

    def listeners(self, _tx: Connection) -> Mapping[str, str]:
        """client_id -> address."""
        files = self._settings().applications.values()
        return {file.client_id: str(file.backchannel_logout_uri) for file in files if file.backchannel_logout_uri is not None}

    def call(self, listener: str, notice: LeasedLogout) -> CallResult:
        """Sends one logout token. Raises HttpFailure."""
        settings, now = self._settings(), self._clock()
        token = logout_token(
            issuer=settings.issuer,
            client_id=notice.listener,
            sid=notice.sid,
            sub=notice.sub,
            key=self._keys.ring().signing(settings.applications[notice.listener].id_token_signed_response_alg, now),
            now=now,
        )
        answer = self._http((listener,)).post_form(listener, {"logout_token": token}, accept="*/*", max_bytes=MAX_ANSWER)
        return CallResult("" if answer.status in _ACCEPTED else f"it answered {answer.status}")

    def give_up(self, _listener: str) -> int:
        """The same for all; seconds."""
        return GIVE_UP

    def report(self, tx: Connection, _listener: str, notice: LeasedLogout, problem: str, now: int) -> None:
        """Records that an application was not notified."""
        data = {"application": notice.listener, "problem": problem, "ended_at": notice.created_at}
        audit.record(
            tx, Event(name="application.not_told_of_logout", actor=Actor.system(), target=notice.listener, data=data), now
        )
