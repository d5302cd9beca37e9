"""Tells applications that a session ended (OpenID Connect Back-Channel Logout; HP-56). It delays nobody's sign-out (UI-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.audit import Actor, Event
from broker.domain.ids import new_id
from broker.domain.times import DAY, HOUR
from broker.provider.logout_token import logout_token
from broker.services.core import Core
from broker.services.history import audit
from broker.services.keys.ring import Keys
from broker.storage.oauth import logout_notices
from broker.storage.oauth.logout_notices import LeasedNotice

LEASE = 300  # seconds that a node may take for a batch; after a crash another node sends the rest
MARGIN = 30  # seconds before the end of its lease that a node begins no further call
PATIENCE = 10  # seconds that one application may hold up a batch
BATCH, AT_ONCE = 100, 8
PAUSES = (10, 60, 300, 900, HOUR)  # seconds before the next try; the last one again and again
GIVE_UP = DAY  # seconds
MAX_ANSWER = 16 * 1024  # bytes of an answer that nobody reads
_ACCEPTED = (200, 204)  # Back-Channel Logout 2.8


@dataclass(frozen=True, slots=True)
class _Batch:
    """Notices that this holder alone may send until a time."""

    notices: Sequence[LeasedNotice]
    holder: str
    until: int

    def of_each(self) -> Iterator[list[LeasedNotice]]:
        """The notices of one application after the other."""
        for client_id in dict.fromkeys(one.client_id for one in self.notices):
            yield [one for one in self.notices if one.client_id == client_id]


class LogoutNotices:
    """Brings queued notices to applications that have a `backchannel_logout_uri`; the rows of others are dropped."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient]) -> None:
        """http: gives the client for an application's own addresses (HO-16)."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._http = http

    def look(self) -> int:
        """Send if anything waits; one reading statement if not. How many applications accepted."""
        with self._db.read() as tx:
            waits = logout_notices.is_due(tx, self._clock())
        return self.deliver() if waits else 0

    def deliver(self, *, limit: int = 1000) -> int:
        """Send what is due, at most `limit`, to several applications at once; how many were accepted."""
        listening = self._listening()
        with self._db.write() as tx:
            logout_notices.drop_of_others(tx, listening)
        done = accepted = 0
        while done < limit:
            batch = self._lease(min(BATCH, limit - done))
            if not batch.notices:
                break
            groups = list(batch.of_each())
            with ThreadPoolExecutor(min(AT_ONCE, len(groups)), thread_name_prefix="logouts") as pool:
                accepted += sum(pool.map(partial(self._tell, batch, listening), groups))
            done += len(batch.notices)
        return accepted

    # --- parts

    def _listening(self) -> Mapping[str, str]:
        files = self._settings().applications.values()
        return {file.client_id: str(file.backchannel_logout_uri) for file in files if file.backchannel_logout_uri is not None}

    def _lease(self, limit: int) -> _Batch:
        now, holder = self._clock(), new_id()
        with self._db.write() as tx:
            return _Batch(logout_notices.lease(tx, holder=holder, now=now, until=now + LEASE, limit=limit), holder, now + LEASE)

    def _tell(self, batch: _Batch, listening: Mapping[str, str], notices: Sequence[LeasedNotice]) -> int:
        """One application's notices, one after the other. An application that does not answer is called once, and then later."""
        accepted, silence, began = 0, "", self._clock()
        for position, notice in enumerate(notices):
            if self._clock() >= min(batch.until - MARGIN, began + PATIENCE):
                with self._db.write() as tx:
                    logout_notices.let_go(tx, [one.id for one in notices[position:]], batch.holder)
                break
            problem = silence
            if not silence:
                try:
                    problem = self._problem(listening[notice.client_id], notice)
                except HttpFailure as error:
                    problem = silence = f"{error.reason}: {error.detail}"[:256]
                    self._postpone(notice)
            self._note(notice, batch.holder, problem)
            accepted += not problem
        return accepted

    def _problem(self, url: str, notice: LeasedNotice) -> str:
        """Sends one token; "" if the application accepted it. Raises HttpFailure."""
        settings, now = self._settings(), self._clock()
        token = logout_token(
            issuer=settings.issuer,
            client_id=notice.client_id,
            sid=notice.sid,
            sub=notice.sub,
            key=self._keys.ring().signing(settings.applications[notice.client_id].id_token_signed_response_alg, now),
            now=now,
        )
        answer = self._http((url,)).post_form(url, {"logout_token": token}, accept="*/*", max_bytes=MAX_ANSWER)
        return "" if answer.status in _ACCEPTED else f"it answered {answer.status}"

    def _note(self, notice: LeasedNotice, holder: str, problem: str) -> None:
        now = self._clock()
        with self._db.write() as tx:
            if not problem:
                logout_notices.sent(tx, notice.id, holder, now)
            elif now < notice.created_at + GIVE_UP:
                logout_notices.later(tx, notice.id, holder, now + _pause(notice), problem)
            elif logout_notices.given_up(tx, notice.id, holder, now, problem):
                data = {"application": notice.client_id, "problem": problem, "ended_at": notice.created_at}
                event = Event(name="application.not_told_of_logout", actor=Actor.system(), target=notice.client_id, data=data)
                audit.record(tx, event, now)

    def _postpone(self, notice: LeasedNotice) -> None:
        """The application's other notices that are due wait as long, so that those of other applications do not wait for it."""
        now = self._clock()
        with self._db.write() as tx:
            logout_notices.postpone(tx, notice.client_id, now, now + _pause(notice))


def _pause(notice: LeasedNotice) -> int:
    return PAUSES[min(notice.tries, len(PAUSES) - 1)]
