"""Key sets of applications with a jwks_uri: one node fetches, a row keeps the copy for all (HT-20)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from broker.connectors.oidc.discovery import fetch_jwks
from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.errors import BrokerError, OAuthError
from broker.jose.encrypt import EncryptionKey, encryption_key
from broker.jose.keys import PublicKey, public_keys
from broker.provider.application import ApplicationView
from broker.services.core import Core
from broker.services.keys import change_audit
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument

PAUSE = 60  # seconds between two fetches for one application, for all nodes and any number of unknown keys (HO-6)
WAIT = 10  # seconds to wait for another thread or node that is fetching
_KIND = "client_jwks"


class ClientKeys:
    """The public keys of applications that authenticate with private_key_jwt: theirs, and those that responses are encrypted with."""

    def __init__(self, core: Core, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._http = http

    def of(self, application: ApplicationView, refresh: bool) -> Sequence[PublicKey]:
        """The keys. refresh: an assertion names an unknown key. Raises OAuthError(invalid_client), JoseError."""
        return public_keys(self._key_set(application, refresh=refresh))

    def encryption_key(self, application: ApplicationView, alg: str) -> EncryptionKey:
        """Its published key for responses that are encrypted for it; an unknown one is fetched once more.

        Raises OAuthError(temporarily_unavailable): without a key nothing is sent, rather than in clear.
        """
        try:
            found = encryption_key(self._key_set(application, refresh=False), alg)
            if found is None and application.jwks_uri is not None:
                found = encryption_key(self._key_set(application, refresh=True), alg)
        except OAuthError as error:
            raise OAuthError("temporarily_unavailable", error.reason) from error
        if found is None:
            raise OAuthError("temporarily_unavailable", "client_encryption_key")
        return found

    def renew(self, client_id: str, url: str, ahead: int) -> bool:
        """Fetches the key set if it will be stale in `ahead` seconds; True if the newest copy is valid."""
        try:
            self._document(client_id, url, refresh=False, ahead=ahead)
        except OAuthError:
            return False
        row = self._row(client_id)
        return row is not None and row.problem is None

    def _key_set(self, application: ApplicationView, *, refresh: bool) -> Mapping[str, Any]:
        if application.jwks is not None:
            return application.jwks
        return self._document(application.client_id, application.jwks_uri or "", refresh=refresh)

    def _document(self, client_id: str, url: str, *, refresh: bool, ahead: int = 0) -> Mapping[str, Any]:
        """The row, fetched again if it is stale. If the fetch fails, the last valid copy is used."""
        now, row = self._clock(), self._row(client_id)
        good = row if row is not None and row.url == url and row.body is not None else None
        if good is not None and not refresh and now + ahead < good.fresh_until:
            return _body(good)
        with self._db.write() as tx:
            mine = documents.claim(tx, client_id, _KIND, url, now=now, pause=PAUSE)
        if mine:
            found = self._fetch(client_id, url, row.body if row else None, now)
            if found is not None:
                return found
        elif good is None or refresh:
            good = self._settled(client_id, url) or good
        if good is None:
            raise OAuthError("invalid_client", "client_jwks_unavailable")
        return _body(good)

    def _fetch(self, client_id: str, url: str, before: str | None, now: int) -> Mapping[str, Any] | None:
        """Fetches outside any transaction; None if it failed, and then the row has the reason."""
        try:
            found, age = fetch_jwks(self._http((url,)), url)
        except BrokerError as error:
            with self._db.write() as tx:
                documents.fail(tx, client_id, _KIND, problem=error.reason, next_try_at=now + PAUSE)
            return None
        body = json.dumps(found, separators=(",", ":"))
        with self._db.write() as tx:
            documents.store(tx, client_id, _KIND, url=url, body=body, now=now, fresh_until=now + age, next_try_at=now + PAUSE)
            change_audit.record(tx, "application.keys_changed", client_id, before, found, now)
        return found

    def _settled(self, client_id: str, url: str) -> StoredDocument | None:
        """The copy that another thread or node fetches at this moment; without one, the stored copy at once.

        Waiting takes a place, like a call (FA-02); None if none is free.
        """
        end = time.monotonic() + WAIT
        waits = False
        with ExitStack() as place:
            while True:
                row = self._row(client_id)
                if row is None or row.url != url:
                    return None
                claimed = row.next_try_at - PAUSE
                over = row.problem is not None or claimed <= (row.fetched_at or 0) or self._clock() - claimed > WAIT
                if over or time.monotonic() >= end:
                    return row if row.body is not None else None
                if not waits:
                    try:
                        place.enter_context(self._http((url,)).waiting(url))
                    except HttpFailure:
                        return None
                    waits = True
                time.sleep(0.05)

    def _row(self, client_id: str) -> StoredDocument | None:
        with self._db.read() as tx:
            return documents.of_partner(tx, client_id).get(_KIND)


def _body(row: StoredDocument) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(row.body or "{}")
    return body
