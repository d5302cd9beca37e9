"""The documents of partners: the node that needs one first fetches it and keeps it as a row; all nodes read the row (HT-20)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import PageError, PartnerFailed
from broker.services.core import Core
from broker.services.keys import change_audit
from broker.settings.model import PartnerFile
from broker.storage.history import audit
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument

METADATA, JWKS = "metadata", "jwks"  # kinds of document; the third is "discovery"
KID_PAUSE = 60  # seconds between two refreshes for an unknown key, over all nodes (HO-6)
FETCHING = 12  # seconds that one node has for a fetch before another node may try: a little more than the client's deadline
RETRY_PAUSE = 2  # seconds after a failed fetch: a person who presses "try again" reaches a partner that is back
_WAIT = 10.0  # seconds to wait for another node that is fetching now

Fetch = Callable[[HttpClient], tuple[dict[str, Any], int]]


class PartnerDocuments:
    """Metadata, discovery documents and key sets: one node fetches, a row keeps, every node reads."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        """http: the outbound client for a partner, from the URLs of its file."""
        self._db = core.db
        self._clock = core.clock
        self._http = http
        self._parsed: dict[tuple[str, str], tuple[int, str, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()

    def fetch_now(self, partner: PartnerFile, kind: str, url: str, fetch: Fetch) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Fetch a document now and keep it. Returns it and the copy before, {} if there was none. Raises PartnerFailed."""
        row = self.rows(partner.id).get(kind)
        before = row.body if row is not None else None
        with self._db.write() as tx:
            documents.claim(tx, partner.id, kind, url, now=self._clock(), pause=FETCHING)
        found = self._fetch(partner, kind, url, fetch, None, before=before, keep_pause=False)
        return found, json.loads(before or "{}")

    def document(
        self,
        partner: PartnerFile,
        rows: Mapping[str, StoredDocument],
        kind: str,
        url: str,
        fetch: Fetch,
        *,
        refresh: bool,
        ahead: int = 0,
        held_back: Callable[[], None] = lambda: None,
    ) -> Mapping[str, Any]:
        """A document, from its row if the row is fresh, else from the partner; on any failure the last good copy serves.

        refresh: a key is unknown; the document is fetched again if the interval allows it. ahead: seconds for which it must
        still be fresh. held_back: called if a refresh was asked for and the interval did not allow it.
        Raises PartnerFailed if there is no copy.
        """
        now, row = self._clock(), rows.get(kind)
        good = row if row is not None and row.body is not None and row.url == url and not _is_over(row, now) else None
        if good is not None and not refresh and now + ahead < good.fresh_until:
            return self.read(good)
        with self._db.write() as tx:
            mine = documents.claim(tx, partner.id, kind, url, now=now, pause=KID_PAUSE if refresh else FETCHING)
        if mine:
            return self._fetch(partner, kind, url, fetch, good, before=row.body if row else None, keep_pause=refresh)
        if refresh:
            held_back()
        if good is not None and not refresh:
            return self.read(good)
        if good is None and row is not None and row.problem is not None and row.url == url:
            raise PartnerFailed(row.problem, f"{kind} of {partner.id} could not be had; it is tried again in a few seconds")
        try:
            return self.read(self._refreshed(partner, kind, url, good)) if good else self._await(partner, kind, url)
        except HttpFailure as error:
            raise PartnerFailed(error.reason, error.detail) from None

    def _waiting(self, partner: PartnerFile, url: str) -> AbstractContextManager[None]:
        """A place for a thread that waits for another node's call, because it is held as long as a call (FA-02).

        Raises HttpFailure(upstream_busy).
        """
        return self._http(partner.addresses).waiting(url.partition("#")[0])

    def _fetch(
        self,
        partner: PartnerFile,
        kind: str,
        url: str,
        fetch: Fetch,
        good: StoredDocument | None,
        *,
        before: str | None,
        keep_pause: bool,
    ) -> Mapping[str, Any]:
        """Fetch outside any transaction, then keep the document or the reason of the failure. before: the last copy, of any address."""
        try:
            found, age = fetch(self._http(partner.addresses))
        except PageError as error:
            now = self._clock()
            with self._db.write() as tx:
                pause = KID_PAUSE if keep_pause else RETRY_PAUSE
                change_audit.refused_document(tx, partner.id, kind, error.reason, now + pause, now)
            if good is None:
                raise
            return self.read(good)
        now = self._clock()
        body = json.dumps(found, separators=(",", ":"))
        with self._db.write() as tx:
            pause = KID_PAUSE if keep_pause else 0
            documents.store(
                tx,
                partner.id,
                kind,
                url=url,
                body=body,
                now=now,
                fresh_until=now + age,
                next_try_at=now + pause,
                valid_until=found.get("valid_until") if kind == METADATA else None,
            )
            if kind == METADATA:
                change_audit.record_certificates(tx, partner.id, before, found, now)
            if kind == JWKS:
                change_audit.record(tx, "partner.keys_changed", partner.id, before, found, now)
        return found

    def _refreshed(self, partner: PartnerFile, kind: str, url: str, good: StoredDocument) -> StoredDocument:
        """The row after another request's refresh for the same unknown key, which is done or still under way (HO-6).

        Without this, only the first person whose token names a new key could sign in. A finished refresh is not waited for.
        """
        end = time.monotonic() + _WAIT
        waits = False
        with ExitStack() as place:
            while True:
                row = self.rows(partner.id).get(kind)
                if row is None or row.url != url or row.body is None:
                    return good
                claimed = row.next_try_at - KID_PAUSE
                done = row.problem is not None or claimed <= (row.fetched_at or 0) or self._clock() - claimed > _WAIT
                if done or time.monotonic() >= end:
                    return row
                if not waits:
                    place.enter_context(self._waiting(partner, url))
                    waits = True
                time.sleep(0.05)

    def _await(self, partner: PartnerFile, kind: str, url: str) -> Mapping[str, Any]:
        """Wait for the row of the node that is fetching now."""
        end = time.monotonic() + _WAIT
        with self._waiting(partner, url):
            while time.monotonic() < end:
                time.sleep(0.1)
                row = self.rows(partner.id).get(kind)
                if row is not None and row.url == url and row.body is not None:
                    return self.read(row)
                if row is not None and row.problem is not None:
                    break
        raise PartnerFailed("upstream_unavailable", f"{kind} of {partner.id} could not be had")

    def read(self, row: StoredDocument) -> Mapping[str, Any]:
        """The parsed body: the same object as long as the row does not change."""
        key, mark = (row.partner, row.kind), (row.fetched_at or 0, row.url)
        held = self._parsed.get(key)
        if (
            held is not None and held[:2] == mark and held[0] < self._clock() - 1
        ):  # within one second a row can change without a new mark
            return held[2]
        parsed: Mapping[str, Any] = json.loads(row.body or "{}")
        with self._lock:
            self._parsed[key] = (*mark, parsed)
        return parsed

    def changed_keys(self, partner_id: str) -> bool:
        """Whether new keys of this partner were stored within the last interval."""
        with self._db.read() as tx:
            newest = audit.newest(tx, name="partner.keys_changed", target=partner_id, limit=1)
        return any(event["at"] > self._clock() - KID_PAUSE for event in newest)

    def rows(self, partner_id: str) -> Mapping[str, StoredDocument]:
        """The stored documents of a partner: one statement."""
        with self._db.read() as tx:
            return documents.of_partner(tx, partner_id)


def _is_over(row: StoredDocument, now: int) -> bool:
    """Metadata is used until its validUntil and not a second longer (HS-39)."""
    return row.valid_until is not None and now >= row.valid_until
