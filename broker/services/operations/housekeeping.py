"""What grows is cut, what ages is renewed: in batches, by the one process that holds the lease (HT-13, HT-20)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby

from broker.domain.expiry_rules import ExpiryStep
from broker.domain.network import coarse_network
from broker.domain.times import DAY, HOUR
from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.events.deliveries import EventDeliveries
from broker.services.factors.reset import FactorResets
from broker.services.guests.expiry import Ends
from broker.services.guests.sponsors import Sponsors
from broker.services.history.audit_chain import AuditChain
from broker.services.login.abandoned import Abandoned
from broker.services.messages.outbox import KEPT, Outbox
from broker.services.oauth.client_jwks import ClientKeys
from broker.services.oauth.logout_notices import LogoutNotices
from broker.services.operations.nodes import own_name
from broker.services.partners.families import Partners
from broker.services.partners.federation_index import FederationIndex
from broker.services.reviews.upkeep import ReviewUpkeep
from broker.services.sign_up.sign_ups import SignUps
from broker.storage.batches import BATCH
from broker.storage.delivery import delivery_queue
from broker.storage.directory import access_requests, reviews
from broker.storage.engine import Connection
from broker.storage.factors import single_use
from broker.storage.login import administrator_links, logins, receipts, refusals
from broker.storage.oauth import (
    api_tokens,
    device_codes,
    grants,
    logout_notices,
    pushed_requests,
    refresh_answers,
    sessions,
    tokens,
)
from broker.storage.operations import event_deliveries, jobs, mail_questions, outbox, rate_limits, subscriptions
from broker.storage.partners import documents, metadata_readers, setup_links

LEASE = 60  # seconds; the node that holds it does the work of all nodes
ROUNDS = 20  # batches of one kind in one run
LINGER = DAY  # seconds that a login that is over can be begun again from its page
LOGINS_KEPT = 200_000  # more than so many, and the oldest go as soon as they are over (RX-05)
WHOLE_ADDRESS = 7 * DAY  # a receipt's address is then cut to its network (HT-19)
READINGS_KEPT = 400 * DAY  # of our metadata, by whom
SETUP_LINKS_KEPT = 30 * DAY  # after their end; what became of them stands in the audit
AHEAD = 90  # seconds before a document goes stale that it is fetched again
_DONE = {ExpiryStep.NOTICE: "warned", ExpiryStep.EXPIRE: "expired", ExpiryStep.FORGET: "deleted"}
FETCHES, AT_ONCE, FETCH_SECONDS = 400, 8, 40  # of one run

_log = logging.getLogger(__name__)


class Housekeeping:
    """One run is short; what is left is the next one's. Safe on several nodes at once."""

    def __init__(
        self,
        core: Core,
        partners: Partners,
        client_keys: ClientKeys,
        federations: FederationIndex,
        mails: Outbox,
        notices: LogoutNotices,
        events: EventDeliveries,
        audit_chain: AuditChain,
        sponsors: Sponsors,
        ends: Ends,
        abandoned: Abandoned,
        factor_resets: FactorResets,
        requests: AccessRequests,
        sign_ups: SignUps,
        review_upkeep: ReviewUpkeep,
    ) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners
        self._client_keys = client_keys
        self._federations = federations
        self._mails = mails
        self._notices = notices
        self._events = events
        self._audit_chain = audit_chain
        self._sponsors = sponsors
        self._ends = ends
        self._factor_resets = factor_resets
        self._access_requests = requests
        self._sign_ups = sign_ups
        self._reviews = review_upkeep
        self._abandoned = abandoned
        self._grant: tuple[int, str] = (0, "")  # where the walk through the grants goes on
        self._address: tuple[int, str] = (0, "")  # receipts up to here have no whole address any more

    def turn(self) -> Mapping[str, int] | None:
        """Run if this process holds the lease; None if another does."""
        with self._db.write() as tx:
            mine = rate_limits.take_lease(tx, "maintain", own_name(), self._clock(), LEASE)
        return self.run() if mine else None

    def run(self) -> Mapping[str, int]:
        """Everything once: what -> how many rows. A kind that fails is reported in the log and counted as `failed`."""
        done: dict[str, int] = {}
        for name, work in self._work():
            try:
                done[name] = work()
            except Exception as error:  # noqa: BLE001 - one kind that fails does not keep the others
                _log.warning("maintain.failed what=%s error=%s", name, type(error).__name__)  # its text may hold values (LP-01)
                done["failed"] = done.get("failed", 0) + 1
        return done

    def _work(self) -> Iterator[tuple[str, Callable[[], int]]]:
        """In this order: a login is explained before it is deleted, a grant goes after what hangs off it."""
        now, kept = self._clock(), self._settings().broker.retention
        yield "abandoned", self._explain
        yield "logins", lambda: self._batches(logins.purge, self._logins_before())
        yield "parked", lambda: self._batches(logins.purge_parked, now)
        yield "pushed_requests", lambda: self._batches(pushed_requests.purge, now)
        yield "codes", lambda: self._batches(grants.purge_codes, now - DAY)  # a replay within it ends the grant (HP-30)
        yield "tokens", lambda: self._batches(tokens.purge, now - HOUR)
        yield "device_codes", lambda: self._batches(device_codes.purge, now)
        yield "refresh_answers", lambda: self._batches(refresh_answers.purge, now)
        yield "api_tokens", lambda: self._batches(api_tokens.purge, now - HOUR)
        yield "sessions", lambda: self._batches(sessions.purge, now - DAY)
        yield "grants", self._grants
        yield "used", lambda: self._batches(single_use.purge, now - LEASE)
        yield "attempts", lambda: self._batches(rate_limits.purge_attempts, now - 2 * DAY)
        yield "receipts", lambda: self._batches(receipts.purge, now - kept.receipts)
        yield "administrator_links", lambda: self._batches(administrator_links.purge, now - DAY)
        yield "setup_links", lambda: self._batches(setup_links.purge, now - SETUP_LINKS_KEPT)
        yield "questions", lambda: self._batches(mail_questions.purge, now - KEPT)
        yield "sponsors", self._sponsors.look
        yield "guests_due", self._ends.look
        yield "requests_expired", self._access_requests.look
        yield "sign_ups_over", self._sign_ups.look
        yield "reviews_settled", self._reviews.look
        yield "reviews", lambda: self._batches(reviews.purge, now - kept.audit)
        yield "requests", lambda: self._batches(access_requests.purge, now - kept.audit)
        yield "jobs", lambda: self._batches(partial(jobs.purge, drafts_before=now - DAY), now - KEPT)
        yield "factor_resets", self._factor_resets.look
        for what in ExpiryStep:
            yield f"guests_{_DONE[what]}", partial(self._ends.counted, what)
        yield "refusals", lambda: self._batches(refusals.purge, now - kept.receipts)
        yield "addresses", self._addresses
        yield "leases", self._leases
        yield "metadata_fetches", lambda: self._batches(metadata_readers.purge, now - READINGS_KEPT)
        yield "audit_removed", self._audit_chain.remove_old
        yield "audit_chained", self._audit_chain.chain
        yield "audit_went_back", self._audit_chain.watch
        yield "outbox", lambda: self._batches(outbox.purge, now - KEPT)
        yield "mails", self._mails.look
        yield "logout_notices", lambda: self._batches(partial(delivery_queue.purge, queue=logout_notices.QUEUE), now - KEPT)
        yield "logouts_told", self._notices.look
        yield "event_deliveries", lambda: self._batches(partial(delivery_queue.purge, queue=event_deliveries.QUEUE), now - KEPT)
        yield "subscriptions", lambda: self._batches(subscriptions.purge, now - DAY)
        yield "events_delivered", self._events.look
        yield "documents", self._documents
        yield "federations", self._federations.look

    def _batches(self, purge: Callable[[Connection, int], int], before: int) -> int:
        """A transaction a batch, until little is left or it is enough for one run."""
        total = 0
        for _ in range(ROUNDS):
            with self._db.write() as tx:
                gone = purge(tx, before)
            total += gone
            if gone < BATCH:
                break
        return total

    def _explain(self) -> int:
        total = 0
        for _ in range(ROUNDS * 10):
            written, more = self._abandoned.some()
            total += written
            if not more:
                break
        return total

    def _logins_before(self) -> int:
        """Logins may linger for a day after their end, unless there are too many; never one that is not explained."""
        with self._db.read() as tx:
            crowd = logins.end_of_newest(tx, LOGINS_KEPT)
        return min(max(self._clock() - LINGER, crowd), self._abandoned.looked_at[0])

    def _grants(self) -> int:
        """A stretch of all grants a run: the walk begins again when it came to the end."""
        with self._db.write() as tx:
            ids, following = grants.look_through(tx, self._grant, self._clock() - DAY)
            gone = grants.purge(tx, ids) if ids else 0
        self._grant = following or (0, "")
        return gone

    def _addresses(self) -> int:
        """HT-19: after seven days a receipt knows the network only."""
        total = 0
        for _ in range(ROUNDS):
            with self._db.write() as tx:
                rows = receipts.addresses(tx, self._address, self._clock() - WHOLE_ADDRESS)
                whole = sorted((address, row_id) for row_id, _, address in rows if address and "/" not in address)
                for address, group in groupby(whole, lambda pair: pair[0]):
                    total += receipts.shorten(tx, coarse_network(address), [row_id for _, row_id in group])
            if rows:
                self._address = (rows[-1][1], rows[-1][0])
            if len(rows) < BATCH:
                break
        return total

    def _leases(self) -> int:
        with self._db.write() as tx:
            return rate_limits.purge_leases(tx, self._clock() - HOUR)

    def _documents(self) -> int:
        """Fetch what will soon be stale, some at a time, outside of any transaction; the number that is fresh again."""
        with self._db.read() as tx:
            due = documents.due(tx, now=self._clock(), ahead=AHEAD, limit=FETCHES)
        if not due:
            return 0
        end = time.monotonic() + FETCH_SECONDS
        owners = list(dict.fromkeys((owner, kind == "client_jwks") for owner, kind in due))
        with ThreadPoolExecutor(min(AT_ONCE, len(owners)), thread_name_prefix="documents") as pool:
            return sum(pool.map(lambda owner: time.monotonic() < end and self._renew(*owner), owners))

    def _renew(self, owner: str, is_application: bool) -> bool:
        settings = self._settings()
        if is_application:
            application = settings.applications.get(owner)
            if application is not None and application.jwks_uri is not None:
                return self._client_keys.renew(owner, str(application.jwks_uri), AHEAD)
        elif owner in settings.partners:
            return self._partners.renew(owner, AHEAD)
        self._forget(owner)
        return False

    def _forget(self, owner: str) -> None:
        """The files do not name it any more: its documents go when they have been stale for a day."""
        with self._db.write() as tx:
            for row in documents.of_partner(tx, owner).values():
                if row.fresh_until < self._clock() - DAY and row.next_try_at < self._clock() - DAY:
                    documents.forget(tx, owner, row.kind)
