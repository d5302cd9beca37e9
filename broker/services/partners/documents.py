"""Partners and their documents: fetched by whichever node needs them first, kept as rows, read by all (HT-20)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from broker.connectors.oidc.connector import OidcConnector, PartnerView, Sources
from broker.connectors.oidc.discovery import Judgements
from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.connector import Connector
from broker.domain.errors import PageError, PartnerFailed
from broker.jose.sign import sign
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.services.keys import change_audit
from broker.services.keys.ring import Keys
from broker.services.partners import known_claims
from broker.services.partners.metadata_files import KIND as METADATA
from broker.services.partners.saml import SamlPartners
from broker.services.partners.shelf import Shelf
from broker.services.partners.views import partner_view
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.history import audit
from broker.storage.partners import documents
from broker.storage.partners.documents import StoredDocument

if TYPE_CHECKING:
    from broker.connectors.saml.connector import SamlConnector

KID_PAUSE = 60  # seconds between two refreshes for an unknown key, over all nodes (HO-6)
FETCHING = 12  # seconds that one node has for a fetch before another may try: the client's deadline and a little
RETRY_PAUSE = 2  # seconds after a failed fetch: who presses "try again" meets a partner that is back
_WAIT = 10.0  # seconds for another node that is fetching right now

Fetch = Callable[[HttpClient], tuple[dict[str, Any], int]]


class Partners:
    """A connector for each partner of the files, on documents that all nodes share."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._http = http
        self._judged = Judgements()
        self._held: tuple[Settings, dict[str, PartnerView]] | None = None
        self._parsed: dict[tuple[str, str], tuple[int, str, Mapping[str, Any]]] = {}
        self._lock = threading.Lock()
        self.saml = SamlPartners(core, keys, http)

    def connector(self, partner_id: str) -> Connector:
        """The connector of a partner. Raises PartnerFailed where the files do not name it any more."""
        settings = self._settings()
        partner = settings.partners.get(partner_id)
        if partner is None:
            raise PartnerFailed("partner_removed", f"config/partners/{partner_id}.yaml is gone")
        if partner.saml is not None:
            return self.saml.connector(partner, self)
        shelf = Shelf(self, partner)
        return OidcConnector(
            self._view(settings, partner),
            f"{settings.issuer}/oidc/{partner_id}/callback",
            Sources(discovery=shelf.discovery, keys=shelf.keys, judged=self._judged, held_back=shelf.held_back),
            self._http(partner.addresses),
            self.sign,
            canonical_email=canonical,
        )

    def saml_connector(self, partner_id: str) -> SamlConnector:
        """For a response that arrived: on the documents that are there, nothing is fetched (HS-36). Raises PartnerFailed."""
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            raise PartnerFailed("partner_removed", f"config/partners/{partner_id}.yaml is gone")
        return self.saml.connector(partner, self, fetch=False)

    def saml_connector_with_new_keys(self, partner_id: str) -> SamlConnector | None:
        """After a response by a key that the stored copy lacks: on metadata that has another one, None where there is none.

        One refresh a partner and KID_PAUSE over all nodes, as for an unknown kid of an ID token (HO-6, HS-36).
        """
        partner = self._settings().partners.get(partner_id)
        return self.saml.with_new_keys(partner, self) if partner is not None and partner.saml is not None else None

    def fetch_now(self, partner: PartnerFile, kind: str, url: str, fetch: Fetch) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """By hand: a document as it is at this moment, kept; with the copy before, {} if there was none. Raises PartnerFailed."""
        row = self.rows(partner.id).get(kind)
        before = row.body if row is not None else None
        with self._db.write() as tx:
            documents.claim(tx, partner.id, kind, url, now=self._clock(), pause=FETCHING)
        found = self._fetch(partner, kind, url, fetch, None, before=before, keep_pause=False)
        return found, json.loads(before or "{}")

    def sign(self, alg: str, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
        """For private_key_jwt: with our active key of that algorithm."""
        return sign(self._keys.ring().signing(alg, self._clock()), claims, header=header)

    def _view(self, settings: Settings, partner: PartnerFile) -> PartnerView:
        """The part of the file that the connector needs; made once a set of files, whose secrets may lie in others."""
        if (held := self._held) is None or held[0] is not settings:
            held = self._held = (settings, {})
        view = held[1].get(partner.id)
        if view is None:
            view = held[1][partner.id] = partner_view(
                settings, partner, ruled=lambda claim: known_claims.is_ruled(self._db, partner.id, claim)
            )
        return view

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
        """A document, from its row if it is fresh, else from the partner; on any failure the last good copy serves.

        refresh: a key is unknown; fetched anew if the interval allows. ahead: seconds for which it should still be fresh.
        held_back: called where a refresh was wanted and was not made, because the interval is not over.
        Raises PartnerFailed if there is no copy at all.
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
        """To wait for another's call holds a thread like a call: it takes a place (FA-02). Raises HttpFailure(upstream_busy)."""
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
        """Fetch outside any transaction, then keep what came or note why not. before: the last copy, from any address."""
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
            if kind == "jwks":
                change_audit.record(tx, "partner.keys_changed", partner.id, before, found, now)
        return found

    def _refreshed(self, partner: PartnerFile, kind: str, url: str, good: StoredDocument) -> StoredDocument:
        """What the refresh brought that somebody else made for the same unknown key, or is making now (HO-6).

        Else only the first who comes with a new key would get in. Nobody waits for a refresh that is over.
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
        """Another node is fetching at this moment: its row is ours, too."""
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
        """The parsed body, one object as long as the row is the same."""
        key, mark = (row.partner, row.kind), (row.fetched_at or 0, row.url)
        held = self._parsed.get(key)
        if held is not None and held[:2] == mark and held[0] < self._clock() - 1:  # within a second a row can change unseen
            return held[2]
        parsed: Mapping[str, Any] = json.loads(row.body or "{}")
        with self._lock:
            self._parsed[key] = (*mark, parsed)
        return parsed

    def renew(self, partner_id: str, ahead: int) -> bool:
        """Fetch the documents that will be stale in `ahead` seconds; True if the partner's newest copies are good."""
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            return False
        shelf = Shelf(self, partner, ahead=ahead)
        try:
            if partner.saml is not None:
                self.saml.idp(partner, self, ahead=ahead)
            else:
                shelf.discovery()
                shelf.keys(False)
        except PageError:
            return False
        return all(row.problem is None for row in self.rows(partner_id).values())

    def changed_keys(self, partner_id: str) -> bool:
        """Whether other keys of this partner were taken up within the interval that just passed."""
        with self._db.read() as tx:
            newest = audit.newest(tx, name="partner.keys_changed", target=partner_id, limit=1)
        return any(event["at"] > self._clock() - KID_PAUSE for event in newest)

    def entity_of(self, partner: PartnerFile) -> str:
        """What a SAML partner calls itself in the metadata that we hold; empty if we hold none."""
        try:
            return self.saml.idp(partner, self, fetch=False).entity_id
        except PartnerFailed:
            return ""

    def rows(self, partner_id: str) -> Mapping[str, StoredDocument]:
        """The documents of a partner as stored: one statement."""
        with self._db.read() as tx:
            return documents.of_partner(tx, partner_id)


def _is_over(row: StoredDocument, now: int) -> bool:
    """Metadata serves until its validUntil and not a second longer (HS-39)."""
    return row.valid_until is not None and now >= row.valid_until
