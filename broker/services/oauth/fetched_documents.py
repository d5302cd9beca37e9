"""Documents that applications' files point to: one node fetches, a row keeps the copy for all (HT-20)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import BrokerError
from broker.services.core import Core
from broker.services.keys import change_audit
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument

PAUSE = 60  # seconds between two fetches of one document, for all nodes and any number of unknown keys (HO-6)
WAIT = 10  # seconds to wait for another thread or node that is fetching


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSource:
    """Where a document comes from. owner, kind: of its row. own: the URL of the file, which decides about private addresses (FA-15).

    fetch: the checked document, and in how many seconds it must be fetched again. event: of the audit when its keys change; "" without keys.
    """

    owner: str
    kind: str
    url: str
    own: str
    fetch: Callable[[HttpClient], tuple[Mapping[str, Any], int]]
    event: str = ""


class FetchedDocuments:
    """Reads rows, and fetches what is missing, stale or lacks a key."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._http = http

    def get(self, source: DocumentSource, *, refresh: bool, ahead: int = 0) -> Mapping[str, Any] | None:
        """The document, fetched again if it is stale or for `refresh`. If that fails, the last valid copy; None without one."""
        now, row = self._clock(), self._row(source)
        good = row if row is not None and row.url == source.url and row.body is not None else None
        if good is not None and not refresh and now + ahead < good.fresh_until:
            return _body(good)
        with self._db.write() as tx:
            mine = documents.claim(tx, source.owner, source.kind, source.url, now=now, pause=PAUSE)
        if mine:
            found = self._fetch(source, row.body if row else None, now)
            if found is not None:
                return found
        elif good is None or refresh:
            good = self._settled(source) or good
        return None if good is None else _body(good)

    def is_good(self, source: DocumentSource) -> bool:
        """Whether there is a copy, and the newest fetch did not fail."""
        row = self._row(source)
        return row is not None and row.body is not None and row.problem is None

    def _row(self, source: DocumentSource) -> StoredDocument | None:
        with self._db.read() as tx:
            return documents.of_partner(tx, source.owner).get(source.kind)

    def _fetch(self, source: DocumentSource, before: str | None, now: int) -> Mapping[str, Any] | None:
        """Fetches outside any transaction; None if it failed, and then the row has the reason."""
        try:
            found, age = source.fetch(self._http((source.own,)))
        except BrokerError as error:
            with self._db.write() as tx:
                documents.fail(tx, source.owner, source.kind, problem=error.reason, next_try_at=now + PAUSE)
            return None
        body = json.dumps(found, separators=(",", ":"))
        times = {"now": now, "fresh_until": now + age, "next_try_at": now + PAUSE}
        with self._db.write() as tx:
            documents.store(tx, source.owner, source.kind, url=source.url, body=body, **times)
            if source.event:
                change_audit.record(tx, source.event, source.owner, before, found, now)
        return found

    def _settled(self, source: DocumentSource) -> StoredDocument | None:
        """The copy that another thread or node fetches at this moment; without one, the stored copy at once.

        Waiting takes a place, like a call (FA-02); None if none is free.
        """
        end = time.monotonic() + WAIT
        waits = False
        with ExitStack() as place:
            while True:
                row = self._row(source)
                if row is None or row.url != source.url:
                    return None
                claimed = row.next_try_at - PAUSE
                over = row.problem is not None or claimed <= (row.fetched_at or 0) or self._clock() - claimed > WAIT
                if over or time.monotonic() >= end:
                    return row if row.body is not None else None
                if not waits:
                    try:
                        place.enter_context(self._http((source.own,)).waiting(source.url))
                    except HttpFailure:
                        return None
                    waits = True
                time.sleep(0.05)


def _body(row: StoredDocument) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(row.body or "{}")
    return body
